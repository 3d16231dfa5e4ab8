package emulator_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"

	"caretaker/internal/emulator"
	"caretaker/internal/want"
)

// vpcs is the quota of VPCs in a Region: 5 by default.
const vpcs = "L-F678F1CE"

// request asks for a higher quota of VPCs.
func request(ctx context.Context, cfg aws.Config, value float64) error {
	_, err := servicequotas.NewFromConfig(cfg).RequestServiceQuotaIncrease(ctx, &servicequotas.RequestServiceQuotaIncreaseInput{
		ServiceCode: aws.String("vpc"), QuotaCode: aws.String(vpcs), DesiredValue: &value, SupportCaseAllowed: aws.Bool(false),
	})
	return err
}

// asked lists the statuses of all requests for VPCs, page by page.
func asked(ctx context.Context, cfg aws.Config) (statuses []string, err error) {
	pages := servicequotas.NewListRequestedServiceQuotaChangeHistoryByQuotaPaginator(servicequotas.NewFromConfig(cfg),
		&servicequotas.ListRequestedServiceQuotaChangeHistoryByQuotaInput{ServiceCode: aws.String("vpc"), QuotaCode: aws.String(vpcs)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, request := range page.RequestedQuotas {
			statuses = append(statuses, string(request.Status))
		}
	}
	return statuses, nil
}

func TestQuotas_takeOneOpenRequestAndAreRaisedByItsApproval(t *testing.T) {
	empty(t, enforced)
	ctx, cfg := t.Context(), once(enforced.AWS())
	value := func() float64 {
		t.Helper()
		output, err := servicequotas.NewFromConfig(cfg).GetServiceQuota(ctx, &servicequotas.GetServiceQuotaInput{ServiceCode: aws.String("vpc"), QuotaCode: aws.String(vpcs)})
		if err != nil {
			t.Fatal(err)
		}
		return aws.ToFloat64(output.Quota.Value)
	}
	for _, step := range []struct {
		desired float64
		refusal string
		answer  string
		value   float64
	}{
		{5, "IllegalArgumentException", "", 5},
		{6, "", "", 5},
		{9, "ResourceAlreadyExistsException", "DENIED", 5},
		{9, "", "CASE_OPENED", 5},
		{10, "ResourceAlreadyExistsException", "APPROVED", 9},
		{9, "IllegalArgumentException", "", 9},
		{10, "", "", 9},
	} {
		err := request(ctx, cfg, step.desired)
		if (err == nil) != (step.refusal == "") || err != nil && outcome(err) != step.refusal {
			t.Errorf("asking for %g: %v, want %q", step.desired, err, step.refusal)
		}
		if step.answer != "" {
			enforced.AnswerQuotaRequest("vpc", vpcs, emulator.QuotaAnswer{Status: step.answer})
		}
		if got := value(); got != step.value {
			t.Errorf("after asking for %g and %q it is %g, want %g", step.desired, step.answer, got, step.value)
		}
	}
	statuses, err := asked(ctx, cfg)
	want.NoError(t, "listing the requests", err)
	want.Equal(t, "the statuses of the requests", statuses, []string{"DENIED", "APPROVED", "PENDING"})
	if got := enforced.QuotaRequests("vpc", vpcs); len(got) != 3 || got[1].Value != 9 || got[1].SupportCase {
		t.Errorf("the requests: %+v, want three, the second for 9 and without a support case", got)
	}
}

func TestQuotas_areAsTheyWereSet(t *testing.T) {
	empty(t, enforced)
	ctx := t.Context()
	client := servicequotas.NewFromConfig(once(enforced.AWS()))
	enforced.SetQuota(emulator.Quota{
		Service: "vpc", Code: vpcs, Metric: "ResourceCount", Dimensions: map[string]string{"Service": "VPC"}, Fixed: true, DefaultOnly: true,
	})
	_, err := client.GetServiceQuota(ctx, &servicequotas.GetServiceQuotaInput{ServiceCode: aws.String("vpc"), QuotaCode: aws.String(vpcs)})
	want.Equal(t, "the answer for what is known by its default only", outcome(err), "NoSuchResourceException")
	output, err := client.GetAWSDefaultServiceQuota(ctx, &servicequotas.GetAWSDefaultServiceQuotaInput{ServiceCode: aws.String("vpc"), QuotaCode: aws.String(vpcs)})
	if err != nil {
		t.Fatal(err)
	}
	usage := output.Quota.UsageMetric
	if usage == nil || aws.ToString(usage.MetricNamespace) != "AWS/Usage" || aws.ToString(usage.MetricName) != "ResourceCount" || usage.MetricDimensions["Service"] != "VPC" {
		t.Errorf("its usage is %+v, want the metric ResourceCount of AWS/Usage for the service VPC", usage)
	}
	want.Equal(t, "AWS adjusts it", output.Quota.Adjustable, false)
	want.Equal(t, "its ARN", aws.ToString(output.Quota.QuotaArn), "arn:aws:servicequotas:us-east-1:000000000000:vpc/"+vpcs)
	want.Equal(t, "the answer for what AWS adjusts for nobody", outcome(request(ctx, once(enforced.AWS()), 10)), "IllegalArgumentException")
	for _, absent := range [][2]string{{"vpc", "L-00000000"}, {"none", vpcs}} {
		_, err := client.GetAWSDefaultServiceQuota(ctx, &servicequotas.GetAWSDefaultServiceQuotaInput{ServiceCode: &absent[0], QuotaCode: &absent[1]})
		want.Equal(t, fmt.Sprintf("the answer for %v", absent), outcome(err), "NoSuchResourceException")
	}
}

func TestQuotas_areListedByPages(t *testing.T) {
	empty(t, enforced)
	ctx, client := t.Context(), servicequotas.NewFromConfig(once(enforced.AWS()))
	enforced.SetQuota(emulator.Quota{Service: "vpc", Code: vpcs, DefaultOnly: true})
	enforced.SetQuota(emulator.Quota{
		Service: "vpc", Code: "L-00000001", Name: "Rate of calls", OfService: "VPC", Default: 20, Per: time.Second, Metric: "CallCount", Dimensions: map[string]string{"Service": "VPC"},
	})
	var applied, shipped []string
	for token := (*string)(nil); ; {
		page, err := client.ListServiceQuotas(ctx, &servicequotas.ListServiceQuotasInput{ServiceCode: aws.String("vpc"), MaxResults: aws.Int32(2), NextToken: token})
		want.NoError(t, "listing quotas", err)
		want.Equal(t, "whether a page holds more than was asked for", len(page.Quotas) > 2, false)
		for _, quota := range page.Quotas {
			applied = append(applied, aws.ToString(quota.QuotaCode))
			if quota.Period != nil {
				want.Equal(t, "the quota of calls", fmt.Sprint(aws.ToString(quota.QuotaName), *quota.Value, quota.Period.PeriodUnit, *quota.Period.PeriodValue, aws.ToString(quota.UsageMetric.MetricStatisticRecommendation)), "Rate of calls20SECOND1Sum")
			}
		}
		if token = page.NextToken; token == nil {
			break
		}
	}
	want.Equal(t, "those that hold in the account", applied, []string{"L-00000001", "L-45FE3B85", "L-A4707A72"})
	page, err := client.ListAWSDefaultServiceQuotas(ctx, &servicequotas.ListAWSDefaultServiceQuotasInput{ServiceCode: aws.String("vpc")})
	want.NoError(t, "listing AWS's", err)
	for _, quota := range page.Quotas {
		shipped = append(shipped, aws.ToString(quota.QuotaCode))
	}
	want.Equal(t, "AWS's own", shipped, []string{"L-00000001", "L-45FE3B85", "L-A4707A72", vpcs})
	_, err = client.ListServiceQuotas(ctx, &servicequotas.ListServiceQuotasInput{ServiceCode: aws.String("none")})
	want.Equal(t, "the answer for a service that is not there", outcome(err), "NoSuchResourceException")
	enforced.ForgetQuota("vpc", "L-00000001")
	page, err = client.ListAWSDefaultServiceQuotas(ctx, &servicequotas.ListAWSDefaultServiceQuotasInput{ServiceCode: aws.String("vpc")})
	want.NoError(t, "listing AWS's again", err)
	want.Equal(t, "what is left of them", len(page.Quotas), 3)
}
