package emulator_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"caretaker/internal/want"
)

// makeStack makes a stack of a role, and waits for it.
func makeStack(t *testing.T, cfg aws.Config, properties string) {
	t.Helper()
	template := `{"Resources": {"Role": {"Type": "AWS::IAM::Role", "Properties": {` + properties + `
		"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}}}}}`
	stacks := cloudformation.NewFromConfig(cfg)
	_, err := stacks.CreateStack(t.Context(), &cloudformation.CreateStackInput{StackName: aws.String("roles"), TemplateBody: &template})
	want.NoError(t, "making a stack", err)
	want.NoError(t, "waiting for it", cloudformation.NewStackCreateCompleteWaiter(stacks, func(o *cloudformation.StackCreateCompleteWaiterOptions) {
		o.MinDelay = 50 * time.Millisecond
	}).Wait(t.Context(), &cloudformation.DescribeStacksInput{StackName: aws.String("roles")}, time.Minute))
}

func TestCloudFormation_makesANameForEachRegion(t *testing.T) {
	cfg := fresh(t)
	makeStack(t, cfg, "")
	elsewhere := cfg.Copy()
	elsewhere.Region = "us-east-1"
	makeStack(t, elsewhere, "")
	found, err := iam.NewFromConfig(cfg).ListRoles(t.Context(), &iam.ListRolesInput{})
	want.NoError(t, "listing roles", err)
	want.Equal(t, "roles of two stacks", len(found.Roles), 2)
}

func TestCloudFormation_boundsRoles(t *testing.T) {
	cfg := fresh(t)
	boundary := "arn:aws:iam::aws:policy/ReadOnlyAccess"
	makeStack(t, cfg, `"RoleName": "bounded", "PermissionsBoundary": "`+boundary+`",`)
	found, err := iam.NewFromConfig(cfg).GetRole(t.Context(), &iam.GetRoleInput{RoleName: aws.String("bounded")})
	if err != nil {
		t.Fatal(err)
	}
	if got := found.Role.PermissionsBoundary; got == nil || aws.ToString(got.PermissionsBoundaryArn) != boundary {
		t.Errorf("the boundary of the role: %+v, want %s", got, boundary)
	}
}
