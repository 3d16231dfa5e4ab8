package emulator_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	autoscalingtypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"

	"caretaker/internal/emulator"
)

func TestMoto_standsInForAutoScalingAndQuotas(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	moto, err := emulator.StartMoto(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	defer moto.Stop()
	targets := applicationautoscaling.NewFromConfig(moto.AWS("us-east-1"))
	_, err = targets.RegisterScalableTarget(ctx, &applicationautoscaling.RegisterScalableTargetInput{
		ServiceNamespace: autoscalingtypes.ServiceNamespaceDynamodb, ResourceId: aws.String("table/orders"),
		ScalableDimension: autoscalingtypes.ScalableDimensionDynamoDBTableReadCapacityUnits, MinCapacity: aws.Int32(1), MaxCapacity: aws.Int32(7),
	})
	if err != nil {
		t.Fatal(err)
	}
	count := func() int {
		t.Helper()
		found, err := targets.DescribeScalableTargets(ctx, &applicationautoscaling.DescribeScalableTargetsInput{ServiceNamespace: autoscalingtypes.ServiceNamespaceDynamodb})
		if err != nil {
			t.Fatal(err)
		}
		return len(found.ScalableTargets)
	}
	if got := count(); got != 1 {
		t.Errorf("%d targets, want 1", got)
	}
	quota, err := servicequotas.NewFromConfig(moto.AWS("us-east-1")).GetServiceQuota(ctx, &servicequotas.GetServiceQuotaInput{
		ServiceCode: aws.String("vpc"), QuotaCode: aws.String("L-F678F1CE"),
	})
	if err != nil || aws.ToFloat64(quota.Quota.Value) != 5 {
		t.Errorf("%+v, %v", quota, err)
	}
	if err := moto.Reset(ctx); err != nil {
		t.Fatal(err)
	}
	if got := count(); got != 0 {
		t.Errorf("%d targets after a reset", got)
	}
	endpoint := moto.Endpoint()
	moto.Stop()
	moto.Stop()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, endpoint, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if response, err := http.DefaultClient.Do(request); err == nil {
		_ = response.Body.Close()
		t.Error("it still answers")
	}
}
