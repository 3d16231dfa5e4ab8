package emulator_test

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	autoscalingtypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"

	"caretaker/internal/emulator"
)

// manage registers the table orders as a scalable target.
func manage(ctx context.Context, cfg aws.Config, most int32) error {
	_, err := applicationautoscaling.NewFromConfig(cfg).RegisterScalableTarget(ctx, &applicationautoscaling.RegisterScalableTargetInput{
		ServiceNamespace: autoscalingtypes.ServiceNamespaceDynamodb, ResourceId: aws.String("table/orders"),
		ScalableDimension: autoscalingtypes.ScalableDimensionDynamoDBTableReadCapacityUnits, MinCapacity: aws.Int32(1), MaxCapacity: &most,
	})
	return err
}

// managed counts the scalable targets.
func managed(ctx context.Context, cfg aws.Config) (int, error) {
	output, err := applicationautoscaling.NewFromConfig(cfg).DescribeScalableTargets(ctx, &applicationautoscaling.DescribeScalableTargetsInput{
		ServiceNamespace: autoscalingtypes.ServiceNamespaceDynamodb,
	})
	if err != nil {
		return 0, err
	}
	return len(output.ScalableTargets), nil
}

func TestSecond_keepsScalableTargetsBehindTheSameProxyUntilAReset(t *testing.T) {
	empty(t, enforced)
	cfg := once(enforced.AWS())
	if err := manage(t.Context(), cfg, 7); err != nil {
		t.Fatal(err)
	}
	if got, err := managed(t.Context(), cfg); got != 1 || err != nil {
		t.Errorf("%d targets, %v", got, err)
	}
	if calls := enforced.Calls(); len(calls) != 2 || calls[1].Service != "application-autoscaling" || calls[1].Operation != "DescribeScalableTargets" {
		t.Errorf("recorded: %+v", calls)
	}
	empty(t, enforced)
	if got, err := managed(t.Context(), cfg); got != 0 || err != nil {
		t.Errorf("%d targets after a reset, %v", got, err)
	}
}

func TestSecond_withoutItNothingIsManagedAndNothingCanBe(t *testing.T) {
	cfg := fresh(t)
	if got, err := managed(t.Context(), cfg); got != 0 || err != nil {
		t.Errorf("%d targets, %v", got, err)
	}
	if got := outcome(manage(t.Context(), cfg, 7)); got != "UnknownOperationException" {
		t.Errorf("registering: %s", got)
	}
	if got := outcome(request(t.Context(), cfg, 10)); got != "UnknownOperationException" {
		t.Errorf("asking for a quota: %s", got)
	}
}

func TestStartMoto_endsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	moto, err := emulator.StartMoto(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	both, err := emulator.Start(t.Context(), emulator.Options{Second: moto})
	if err != nil {
		t.Fatal(err)
	}
	defer both.Stop()
	if _, err := managed(t.Context(), once(both.AWS())); err != nil {
		t.Fatal(err)
	}
	cancel()
	for deadline := time.Now().Add(10 * time.Second); err == nil; _, err = managed(t.Context(), once(both.AWS())) {
		if time.Now().After(deadline) {
			t.Fatal("it still answers")
		}
	}
	moto.Stop()
	moto.Stop() // more calls do nothing
}
