package emulator_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	autoscalingtypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"

	"caretaker/internal/want"
)

// manage registers a table's reads as a scalable target, or changes its bounds.
func manage(ctx context.Context, cfg aws.Config, table string, least, most *int32) error {
	_, err := applicationautoscaling.NewFromConfig(cfg).RegisterScalableTarget(ctx, &applicationautoscaling.RegisterScalableTargetInput{
		ServiceNamespace: autoscalingtypes.ServiceNamespaceDynamodb, ResourceId: aws.String("table/" + table),
		ScalableDimension: autoscalingtypes.ScalableDimensionDynamoDBTableReadCapacityUnits, MinCapacity: least, MaxCapacity: most,
	})
	return err
}

// managed lists the scalable targets of DynamoDB, page by page.
func managed(ctx context.Context, cfg aws.Config, ids ...string) (list []string, err error) {
	pages := applicationautoscaling.NewDescribeScalableTargetsPaginator(applicationautoscaling.NewFromConfig(cfg),
		&applicationautoscaling.DescribeScalableTargetsInput{ServiceNamespace: autoscalingtypes.ServiceNamespaceDynamodb, ResourceIds: ids})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, target := range page.ScalableTargets {
			list = append(list, fmt.Sprintf("%s %d-%d", *target.ResourceId, *target.MinCapacity, *target.MaxCapacity))
		}
	}
	return list, nil
}

func TestScalableTargets_areKeptForEachAccountUntilAReset(t *testing.T) {
	empty(t, enforced)
	ctx, cfg, other := t.Context(), once(enforced.AWS()), once(enforced.AWSIn("123123123123", "us-east-1"))
	for _, step := range []struct {
		table       string
		least, most *int32
		refusal     string
	}{
		{"orders", nil, aws.Int32(7), "ValidationException"},
		{"orders", aws.Int32(1), aws.Int32(7), ""},
		{"orders", nil, aws.Int32(9), ""},
		{"orders", aws.Int32(10), nil, "ValidationException"},
		{"carts", aws.Int32(2), aws.Int32(3), ""},
	} {
		err := manage(ctx, cfg, step.table, step.least, step.most)
		if (err == nil) != (step.refusal == "") || err != nil && outcome(err) != step.refusal {
			t.Errorf("registering %s from %v to %v: %v, want %q", step.table, step.least, step.most, err, step.refusal)
		}
	}
	expect := func(cfg aws.Config, wanted []string, ids ...string) {
		t.Helper()
		got, err := managed(ctx, cfg, ids...)
		want.NoError(t, fmt.Sprintf("listing %v", ids), err)
		want.Equal(t, fmt.Sprintf("the targets listed for %v", ids), got, wanted)
	}
	expect(cfg, []string{"table/carts 2-3", "table/orders 1-9"})
	expect(cfg, []string{"table/carts 2-3"}, "table/carts")
	expect(other, nil)
	if calls := enforced.Calls(); calls[len(calls)-1].Service != "application-autoscaling" || calls[len(calls)-1].Operation != "DescribeScalableTargets" {
		t.Errorf("the last recorded call is %+v, want DescribeScalableTargets of application-autoscaling", calls[len(calls)-1])
	}
	empty(t, enforced)
	expect(cfg, nil)
}

func TestScalableTargets_areListedInPages(t *testing.T) {
	empty(t, enforced)
	ctx, cfg := t.Context(), once(enforced.AWS())
	for i := range 51 {
		if err := manage(ctx, cfg, fmt.Sprint("table-", i), aws.Int32(1), aws.Int32(2)); err != nil {
			t.Fatal(err)
		}
	}
	before := len(enforced.Calls())
	if got, err := managed(ctx, cfg); len(got) != 51 || err != nil {
		t.Errorf("%d targets, %v, want 51", len(got), err)
	}
	if got := len(enforced.Calls()) - before; got != 2 {
		t.Errorf("%d calls listed them, want 2", got)
	}
}
