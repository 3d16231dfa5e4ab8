package config_test

import (
	"strings"
	"testing"

	"caretaker/internal/config"
)

func TestLoad_takesGuardRailsThatAWSTakes(t *testing.T) {
	const id, shared = "1234abcd-12ab-34cd-56ef-1234567890ab", "mrk-1234abcd12ab34cd56ef1234567890ab"
	for _, test := range []struct{ regions, deployment, want string }{
		{"", "permissionsBoundary: team/developer-boundary", ""},
		{"", "permissionsBoundary: 'arn:aws:iam::aws:policy/PowerUserAccess'", ""},
		{"", "permissionsBoundary: 'arn:aws:iam::111122223333:role/x'", `"arn:aws:iam::111122223333:role/x" is not allowed: the name or ARN of a managed policy`},
		{"", "rolePath: /a/b/", ""},
		{"", "rolePath: a", `"a" is not allowed: a path that begins and ends with /`},
		{"", "rolePath: ''", `"" is not allowed: a path that begins and ends with /`},
		{"", "roleNamePrefix: acme-", ""},
		{"", "roleNamePrefix: 'acme/'", `"acme/" is not allowed: up to 32 letters`},
		{"", "bootstrapQualifier: acme", ""},
		{"", "bootstrapQualifier: longerthan10", `"longerthan10" is not allowed: up to 10 letters`},
		{"", "kmsKey: " + id, ""},
		{"", "kmsKey: alias/caretaker", `"alias/caretaker" is not allowed: the ARN or the id of a key, not an alias`},
		{"eu-west-1", "kmsKey: 'arn:aws:kms:eu-west-1:444455556666:key/" + id + "'", ""},
		{"eu-west-1", "kmsKey: 'arn:aws:kms:us-east-1:444455556666:key/" + id + "'", "is not allowed: a key of the Region eu-west-1"},
		{"eu-west-1, us-east-1", "kmsKey: " + shared, ""},
		{"eu-west-1, us-east-1", "kmsKey: " + id, "is not allowed: the id of a multi-Region key"},
		{"eu-west-1, us-east-1", "kmsKey: 'arn:aws:kms:us-east-1:444455556666:key/" + shared + "'", "is not allowed: the id of a multi-Region key"},
	} {
		_, err := load(t, "version: 1\nregions: ["+test.regions+"]\ndeployment:\n  "+test.deployment, config.Options{})
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), "caretaker.yaml:4: deployment.") || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s in %s: %v", test.deployment, test.regions, err)
		}
	}
}
