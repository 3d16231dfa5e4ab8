package emulator_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"caretaker/internal/emulator/suite"
	"caretaker/internal/want"
)

func TestFunctionScalingConfig_isWhatSomebodyRequestedOfAVersionOnACapacityProvider(t *testing.T) {
	ctx, client := t.Context(), lambdas(t)
	suite.Function(t, client, "managed", func(input *lambdasvc.CreateFunctionInput) {
		input.Publish = true
		input.CapacityProviderConfig = &types.CapacityProviderConfig{
			LambdaManagedInstancesCapacityProviderConfig: &types.LambdaManagedInstancesCapacityProviderConfig{
				CapacityProviderArn: aws.String("arn:aws:lambda:eu-west-1:000000000000:capacity-provider:fleet"),
			},
		}
	})
	seed(t, client, "plain", 1)
	read := func(function string) (*lambdasvc.GetFunctionScalingConfigOutput, error) {
		return client.GetFunctionScalingConfig(ctx, &lambdasvc.GetFunctionScalingConfigInput{FunctionName: &function, Qualifier: aws.String("1")})
	}
	before, err := read("managed")
	want.NoError(t, "reading what nobody requested", err)
	if before.RequestedFunctionScalingConfig != nil || aws.ToInt32(before.AppliedFunctionScalingConfig.MinExecutionEnvironments) != 3 {
		t.Errorf("requested %v, applied %v; want nothing requested and AWS's default of 3", before.RequestedFunctionScalingConfig, before.AppliedFunctionScalingConfig)
	}
	_, err = client.PutFunctionScalingConfig(ctx, &lambdasvc.PutFunctionScalingConfigInput{
		FunctionName: aws.String("managed"), Qualifier: aws.String("1"),
		FunctionScalingConfig: &types.FunctionScalingConfig{MinExecutionEnvironments: aws.Int32(4)},
	})
	want.NoError(t, "requesting four", err)
	after, err := read("managed")
	want.NoError(t, "reading what was requested", err)
	if after.RequestedFunctionScalingConfig == nil || aws.ToInt32(after.RequestedFunctionScalingConfig.MinExecutionEnvironments) != 4 {
		t.Errorf("requested: %v, want at least 4 environments", after.RequestedFunctionScalingConfig)
	}
	_, err = read("plain")
	want.Equal(t, "a version without a capacity provider", outcome(err), "AccessDeniedException")
}
