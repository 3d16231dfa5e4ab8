package config

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"caretaker/internal/setting"
)

// Deployment is what a company requires of everything that is deployed in its accounts.
type Deployment struct {
	// PermissionsBoundary is the managed policy that is the boundary of every role: its name, with its
	// path if it has one, or its ARN. Empty means none.
	PermissionsBoundary string `json:"permissionsBoundary" yaml:"permissionsBoundary" form:"^([A-Za-z0-9+=,.@_/-]{1,512}|arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/[A-Za-z0-9+=,.@_/-]{1,512})?$" allowed:"the name or ARN of a managed policy, such as developer-boundary"`
	// RolePath is the path of every role. / means none.
	RolePath string `json:"rolePath" yaml:"rolePath" form:"^/([A-Za-z0-9+=,.@_-]{1,100}/){0,5}$" allowed:"a path that begins and ends with /, such as /platform/"`
	// RoleNamePrefix is how the name of every role begins. Empty lets CloudFormation choose the names.
	RoleNamePrefix string `json:"roleNamePrefix" yaml:"roleNamePrefix" form:"^[A-Za-z0-9+=,.@_-]{0,32}$" allowed:"up to 32 letters, digits and +=,.@_-"`
	// KMSKey encrypts topics, queues, log groups, tables and buckets: the ARN of a key, or the id of one in the
	// account that is deployed to. Empty means AWS's own encryption.
	KMSKey string `json:"kmsKey" yaml:"kmsKey" form:"^((arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/)?(mrk-[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}))?$" allowed:"the ARN or the id of a key, not an alias, which CloudWatch Logs does not take"`
	// BootstrapQualifier is that of the CDK's bootstrap in the account. Empty means the CDK's default, hnb659fds.
	BootstrapQualifier string `json:"bootstrapQualifier" yaml:"bootstrapQualifier" form:"^[A-Za-z0-9_-]{0,10}$" allowed:"up to 10 letters, digits and _-, as cdk bootstrap --qualifier has it"`
}

// validate says what is wrong, for stacks in these Regions.
func (d Deployment) validate(regions []string) []setting.Problem {
	problems := setting.Check("deployment", d)
	if len(problems) > 0 {
		return problems
	}
	for _, region := range regions {
		if allowed := d.KeyIn(region, len(regions) > 1); allowed != "" {
			return []setting.Problem{{Key: "deployment.kmsKey", Value: d.KMSKey, Allowed: allowed}}
		}
	}
	return nil
}

// KeyIn says what is allowed instead where a stack of the Region cannot use the key; empty where it can.
// https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-overview.html
func (d Deployment) KeyIn(region string, amongOthers bool) string {
	const everywhere = "the id of a multi-Region key, such as mrk-1234abcd12ab34cd56ef1234567890ab, that is in each of the Regions"
	key, err := arn.Parse(d.KMSKey)
	switch byID := err != nil; {
	case d.KMSKey == "" || region == "":
	case byID && amongOthers && !strings.HasPrefix(d.KMSKey, "mrk-"):
		return everywhere
	case !byID && key.Region != region && amongOthers:
		return everywhere
	case !byID && key.Region != region:
		return "a key of the Region " + region + ", in which the stack is"
	}
	return ""
}
