// Package guarded_test deploys both parts within a company's guard rails, into an account where IAM is
// enforced: a permissions boundary, a path and a prefix for roles, a key, a bootstrap of its own.
package guarded_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	iamsvc "github.com/aws/aws-sdk-go-v2/service/iam"

	"caretaker/internal/emulator"
	"caretaker/janitor"
	"caretaker/test/deployed"
	"caretaker/test/janitor/fleet"
)

var root, _ = filepath.Abs(filepath.Join("..", ".."))

// within is everything that the boundary allows a role; a statement takes something out of it.
func within(statement string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}` + statement + `]}`
}

const noDeletion = `,{"Effect":"Deny","Action":"lambda:DeleteFunction","Resource":"*"}`

func TestDeploy_worksWithinACompanysGuardRails(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	e, err := emulator.Start(ctx, emulator.Options{Auth: true, CloudTrail: true})
	must(t, err)
	defer e.Stop()
	_, err = fleet.Seed(ctx, e, fleet.Small)
	must(t, err)
	client := iamsvc.NewFromConfig(e.AWS())
	boundary, err := client.CreatePolicy(ctx, &iamsvc.CreatePolicyInput{
		PolicyName: aws.String("developer-boundary"), Path: aws.String("/platform/"), PolicyDocument: aws.String(within(noDeletion)),
	})
	must(t, err)

	output, err := os.MkdirTemp("", "caretaker-test-")
	must(t, err)
	defer func() { _ = os.RemoveAll(output) }()
	must(t, deployed.CDK(ctx, e, root, output, "bootstrap", "--app", "", "--qualifier", "acme", "--toolkit-stack-name", "AcmeToolkit", "aws://"+e.Account()+"/"+e.Region()))
	must(t, deployed.CDK(ctx, e, root, output, "deploy", "--all", "--require-approval", "never", "-c", "set="+strings.Join([]string{
		"deployment.permissionsBoundary=platform/developer-boundary", "deployment.rolePath=/platform/caretaker/", "deployment.roleNamePrefix=acme-",
		"deployment.kmsKey=mrk-1234abcd12ab34cd56ef1234567890ab", "deployment.bootstrapQualifier=acme",
		"janitor.dryRun=false", "janitor.rate=15", "limitRaiser.enabled=true", "limitRaiser.tables=[{name: orders, write: {max: 100}}]",
	}, ",")))

	listed, err := client.ListRoles(ctx, &iamsvc.ListRolesInput{PathPrefix: aws.String("/platform/caretaker/")})
	must(t, err)
	if len(listed.Roles) != 3 {
		t.Errorf("%d roles have the path, want those of two functions and of a schedule", len(listed.Roles))
	}
	for _, role := range listed.Roles {
		found, err := client.GetRole(ctx, &iamsvc.GetRoleInput{RoleName: role.RoleName})
		must(t, err)
		attached := found.Role.PermissionsBoundary
		if !strings.HasPrefix(*role.RoleName, "acme-") || attached == nil || aws.ToString(attached.PermissionsBoundaryArn) != *boundary.Policy.Arn {
			t.Errorf("%s has the boundary %+v", *role.RoleName, attached)
		}
	}

	function, err := deployed.Find(ctx, e, "caretaker-default-janitor")
	must(t, err)
	var report janitor.Report
	if err := function.Invoke(ctx, []byte("{}"), &report); err == nil || !strings.Contains(err.Error(), "lambda:DeleteFunction") {
		t.Errorf("a deletion outside the boundary: %v, %+v", err, report)
	}
	_, err = client.CreatePolicyVersion(ctx, &iamsvc.CreatePolicyVersionInput{PolicyArn: boundary.Policy.Arn, PolicyDocument: aws.String(within("")), SetAsDefault: true})
	must(t, err)
	if err := function.Invoke(ctx, []byte("{}"), &report); err != nil || report.Outcomes[janitor.Deleted] == 0 {
		t.Errorf("within the boundary: %v, %+v", err, report)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
