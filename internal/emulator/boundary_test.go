package emulator_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/iam"
)

func TestCloudFormation_boundsRoles(t *testing.T) {
	cfg := fresh(t)
	boundary := "arn:aws:iam::aws:policy/ReadOnlyAccess"
	template := `{"Resources": {"Role": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "bounded", "PermissionsBoundary": "` + boundary + `",
		"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}}}}}`
	stacks := cloudformation.NewFromConfig(cfg)
	if _, err := stacks.CreateStack(t.Context(), &cloudformation.CreateStackInput{StackName: aws.String("roles"), TemplateBody: &template}); err != nil {
		t.Fatal(err)
	}
	if err := cloudformation.NewStackCreateCompleteWaiter(stacks, func(o *cloudformation.StackCreateCompleteWaiterOptions) {
		o.MinDelay = 50 * time.Millisecond
	}).Wait(t.Context(), &cloudformation.DescribeStacksInput{StackName: aws.String("roles")}, time.Minute); err != nil {
		t.Fatal(err)
	}
	found, err := iam.NewFromConfig(cfg).GetRole(t.Context(), &iam.GetRoleInput{RoleName: aws.String("bounded")})
	if err != nil {
		t.Fatal(err)
	}
	if got := found.Role.PermissionsBoundary; got == nil || aws.ToString(got.PermissionsBoundaryArn) != boundary {
		t.Errorf("the boundary of the role: %+v, want %s", got, boundary)
	}
}
