package emulator_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"caretaker/internal/want"
)

// What AWS was recorded to answer: the work has begun, 409 for a version that has it both ways, 400 for an alias with weights.
func TestPutProvisionedConcurrencyConfig_answersAsAWSWasRecordedTo(t *testing.T) {
	client := lambdas(t)
	seed(t, client, "fn", 2)
	alias := func(name, version string, weights map[string]float64) {
		t.Helper()
		input := &lambdasvc.CreateAliasInput{FunctionName: aws.String("fn"), Name: &name, FunctionVersion: &version}
		if weights != nil {
			input.RoutingConfig = &types.AliasRoutingConfiguration{AdditionalVersionWeights: weights}
		}
		_, err := client.CreateAlias(t.Context(), input)
		want.NoError(t, "making the alias "+name, err)
	}
	put := func(qualifier string) (*lambdasvc.PutProvisionedConcurrencyConfigOutput, error) {
		return client.PutProvisionedConcurrencyConfig(t.Context(), &lambdasvc.PutProvisionedConcurrencyConfigInput{
			FunctionName: aws.String("fn"), Qualifier: &qualifier, ProvisionedConcurrentExecutions: aws.Int32(2),
		})
	}
	alias("live", "1", nil)
	alias("shifting", "1", map[string]float64{"2": 0.5})
	alias("next", "2", nil)
	out, err := put("live")
	want.NoError(t, "putting it on an alias", err)
	want.Equal(t, "the status", out.Status, types.ProvisionedConcurrencyStatusEnumInProgress)
	want.Equal(t, "requested, allocated, available", []int32{*out.RequestedProvisionedConcurrentExecutions, *out.AllocatedProvisionedConcurrentExecutions, *out.AvailableProvisionedConcurrentExecutions}, []int32{2, 0, 0})
	if _, err := time.Parse("2006-01-02T15:04:05-0700", aws.ToString(out.LastModified)); err != nil {
		t.Errorf("it was put at %q, want whole seconds: %v", aws.ToString(out.LastModified), err)
	}
	_, err = put("1")
	want.Equal(t, "on the version that the alias points at", outcome(err), "ResourceConflictException")
	_, err = put("shifting")
	want.Equal(t, "on an alias with weights", outcome(err), "InvalidParameterValueException")
	_, err = put("2")
	want.NoError(t, "putting it on a version", err)
	_, err = put("next")
	want.Equal(t, "on an alias of it", outcome(err), "ResourceConflictException")
	_, err = client.DeleteProvisionedConcurrencyConfig(t.Context(), &lambdasvc.DeleteProvisionedConcurrencyConfigInput{FunctionName: aws.String("fn"), Qualifier: aws.String("2")})
	want.NoError(t, "taking it from the version", err)
	_, err = put("next")
	want.NoError(t, "putting it on the alias then", err)
	list, err := client.ListProvisionedConcurrencyConfigs(t.Context(), &lambdasvc.ListProvisionedConcurrencyConfigsInput{FunctionName: aws.String("fn")})
	want.NoError(t, "listing", err)
	want.Equal(t, "those listed", len(list.ProvisionedConcurrencyConfigs), 2)
	want.Equal(t, "the time of the first", aws.ToString(list.ProvisionedConcurrencyConfigs[0].LastModified), aws.ToString(out.LastModified))
}

// AWS judges these two by the alias or the version, never by the function alone.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html
func TestAuth_ofProvisionedConcurrencyIsJudgedByTheAlias(t *testing.T) {
	empty(t, enforced)
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	_, err := iam.NewFromConfig(enforced.AWS()).CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: aws.String("any"), AssumeRolePolicyDocument: &trust})
	want.NoError(t, "making the role of the function", err)
	root := lambdasvc.NewFromConfig(once(enforced.AWS()))
	seed(t, root, "fn", 1)
	_, err = root.CreateAlias(t.Context(), &lambdasvc.CreateAliasInput{FunctionName: aws.String("fn"), Name: aws.String("live"), FunctionVersion: aws.String("1")})
	want.NoError(t, "making an alias", err)
	for name, c := range map[string]struct {
		resource string
		denied   bool
	}{
		"provisions-alias": {"arn:aws:lambda:*:*:function:fn:live", false}, "provisions-function": {"arn:aws:lambda:*:*:function:fn", true}, "provisions-other": {"arn:aws:lambda:*:*:function:fn:other", true},
	} {
		client := lambdasvc.NewFromConfig(user(t, name))
		allow(t, name, "Allow", "lambda:*ProvisionedConcurrencyConfig", c.resource, "")
		_, err := client.PutProvisionedConcurrencyConfig(t.Context(), &lambdasvc.PutProvisionedConcurrencyConfigInput{FunctionName: aws.String("fn"), Qualifier: aws.String("live"), ProvisionedConcurrentExecutions: aws.Int32(1)})
		want.Equal(t, name+": setting it is denied", denied(err), c.denied)
		_, err = client.DeleteProvisionedConcurrencyConfig(t.Context(), &lambdasvc.DeleteProvisionedConcurrencyConfigInput{FunctionName: aws.String("fn"), Qualifier: aws.String("live")})
		want.Equal(t, name+": taking it away is denied", denied(err), c.denied)
	}
}
