package limitraiser

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
	quotastypes "github.com/aws/aws-sdk-go-v2/service/servicequotas/types"

	"caretaker/internal/alarm"
	"caretaker/internal/iam"
)

// quotas are service quotas, of which AWS is asked for more: it may take days, or refuse.
type quotas struct{ plain }

// KindQuota is a service quota.
const KindQuota Kind = "quota"

// QuotaValue is the value of a quota.
const QuotaValue Dimension = "value"

// Requested is asked of AWS, which may take days or refuse.
const Requested Means = "quota request"

type quotasAPI interface {
	GetAWSDefaultServiceQuota(context.Context, *servicequotas.GetAWSDefaultServiceQuotaInput, ...func(*servicequotas.Options)) (*servicequotas.GetAWSDefaultServiceQuotaOutput, error)
	GetServiceQuota(context.Context, *servicequotas.GetServiceQuotaInput, ...func(*servicequotas.Options)) (*servicequotas.GetServiceQuotaOutput, error)
	ListRequestedServiceQuotaChangeHistoryByQuota(context.Context, *servicequotas.ListRequestedServiceQuotaChangeHistoryByQuotaInput, ...func(*servicequotas.Options)) (*servicequotas.ListRequestedServiceQuotaChangeHistoryByQuotaOutput, error)
	RequestServiceQuotaIncrease(context.Context, *servicequotas.RequestServiceQuotaIncreaseInput, ...func(*servicequotas.Options)) (*servicequotas.RequestServiceQuotaIncreaseOutput, error)
}

// usageNamespace is where AWS counts what most quotas limit.
const usageNamespace = "AWS/Usage"

// find finds the quotas whose usage one of the metrics counts. One of which AWS does not say what
// counts it keeps no other from being found.
func (quotas) find(ctx context.Context, r *Raiser, metrics []alarm.Metric) ([]Shortage, error) {
	if len(metrics) == 0 {
		return nil, nil
	}
	var found []Shortage
	var failures []error
	for _, quota := range r.cfg.Quotas {
		description, err := describeQuota(ctx, r.aws.Quotas, quota)
		if err != nil {
			failures = append(failures, fmt.Errorf("reading the quota %s/%s: %w", quota.Service, quota.Code, err))
			continue
		}
		if description == nil || description.UsageMetric == nil {
			continue
		}
		for _, metric := range metrics {
			usage := description.UsageMetric
			if metric.Namespace == aws.ToString(usage.MetricNamespace) && metric.Name == aws.ToString(usage.MetricName) &&
				maps.Equal(metric.Dimensions, usage.MetricDimensions) {
				resource := Resource{KindQuota, quota.Service + "/" + quota.Code}
				found = append(found, Shortage{resource, []Part{{Dimension: QuotaValue}}})
				break
			}
		}
	}
	return found, errors.Join(failures...)
}

func (quotas) may(cfg Config, metric alarm.Metric) bool {
	return slices.ContainsFunc(cfg.Quotas, func(quota Quota) bool {
		watched, named := quota.Usage.Watched()
		return metric.Namespace == usageNamespace || named && metric.Namespace == watched.Namespace && metric.Name == watched.Name
	})
}

// describeQuota is nil where AWS has no such quota. One that never was changed may be known by
// its default only.
func describeQuota(ctx context.Context, client quotasAPI, quota Quota) (*quotastypes.ServiceQuota, error) {
	applied, err := client.GetServiceQuota(ctx, &servicequotas.GetServiceQuotaInput{ServiceCode: &quota.Service, QuotaCode: &quota.Code})
	if err == nil {
		return applied.Quota, nil
	}
	var absent *quotastypes.NoSuchResourceException
	if !errors.As(err, &absent) {
		return nil, err
	}
	usual, err := client.GetAWSDefaultServiceQuota(ctx, &servicequotas.GetAWSDefaultServiceQuotaInput{ServiceCode: &quota.Service, QuotaCode: &quota.Code})
	if errors.As(err, &absent) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return usual.Quota, nil
}

// read reads a quota, its open request and its usage.
func (quotas) read(ctx context.Context, r *Raiser, shortage Shortage) (Facts, error) {
	facts := Facts{Resource: shortage.Resource}
	quota, listed := r.cfg.quota(shortage.Resource.Name)
	if !listed {
		return unlisted(facts, shortage.Parts), nil
	}
	facts.AlarmAbove = cmp.Or(quota.AlarmAbove, r.cfg.AlarmAbove)
	description, err := describeQuota(ctx, r.aws.Quotas, quota)
	if err != nil || description == nil {
		return facts, err
	}
	facts.ARN = cmp.Or(aws.ToString(description.QuotaArn), r.home(ctx).arn("servicequotas", shortage.Resource.Name))
	current := Current{
		Part: Part{Dimension: QuotaValue}, Means: Requested, Now: aws.ToFloat64(description.Value), Max: quota.Max,
		Note: aws.ToString(description.QuotaName),
	}
	if !description.Adjustable {
		current.Means, current.Note = NoMeans, "AWS does not adjust this quota for anybody"
	}
	if facts.OpenRequest, facts.Unapproved, err = requests(ctx, r.aws.Quotas, quota, current.Now, r.now().Add(-quotaRest)); err != nil {
		return Facts{}, err
	}
	facts.Parts = []Current{current}
	if usage, known := quotaLoad(description.UsageMetric, description.Period); known {
		if err := r.readLoads(ctx, facts.Parts, []load{usage}); err != nil {
			return Facts{}, err
		}
	}
	return facts, nil
}

func (c Config) quota(name string) (Quota, bool) {
	service, code, _ := strings.Cut(name, "/")
	for _, quota := range c.Quotas {
		if quota.Service == service && quota.Code == code {
			return quota, true
		}
	}
	return Quota{}, false
}

// requests are the highest value that an open request asks for, and the lowest over the present
// one that AWS did not approve of late; 0 where there is none. A case that is closed need not have
// been granted.
func requests(ctx context.Context, client quotasAPI, quota Quota, present float64, since time.Time) (open, unapproved float64, err error) {
	pages := servicequotas.NewListRequestedServiceQuotaChangeHistoryByQuotaPaginator(client,
		&servicequotas.ListRequestedServiceQuotaChangeHistoryByQuotaInput{ServiceCode: &quota.Service, QuotaCode: &quota.Code})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return 0, 0, err
		}
		for _, request := range page.RequestedQuotas {
			value := aws.ToFloat64(request.DesiredValue)
			switch request.Status {
			case quotastypes.RequestStatusPending, quotastypes.RequestStatusCaseOpened:
				open = max(open, value)
			case quotastypes.RequestStatusApproved:
			default:
				answered := cmp.Or(aws.ToTime(request.LastUpdated), aws.ToTime(request.Created))
				if answered.After(since) && value > present && (unapproved == 0 || value < unapproved) {
					unapproved = value
				}
			}
		}
	}
	return open, unapproved, nil
}

// periods are how many seconds the units have in which a quota on calls may be stated. A minute
// does not tell what an hour or a day comes to.
var periods = map[quotastypes.PeriodUnit]float64{
	quotastypes.PeriodUnitMicrosecond: 1e-6, quotastypes.PeriodUnitMillisecond: 1e-3, quotastypes.PeriodUnitSecond: 1, quotastypes.PeriodUnitMinute: 60,
}

// quotaLoad is the usage as it is: AWS counts no refusals by quota. A quota on calls is for each
// so many seconds, all others are for what there is at a time. It is false where no metric tells.
func quotaLoad(usage *quotastypes.MetricInfo, period *quotastypes.QuotaPeriod) (load, bool) {
	if usage == nil || aws.ToString(usage.MetricName) == "" {
		return load{}, false
	}
	ofQuota, known := 60.0, true
	if period != nil {
		ofQuota, known = periods[period.PeriodUnit]
		ofQuota *= float64(aws.ToInt32(period.PeriodValue))
	}
	return load{
		// What AWS/Usage counts is there until it says otherwise; other metrics are of what goes on.
		lasts: period == nil && aws.ToString(usage.MetricNamespace) == usageNamespace, tell: 1,
		series: []series{{
			aws.ToString(usage.MetricNamespace), aws.ToString(usage.MetricName),
			cmp.Or(aws.ToString(usage.MetricStatisticRecommendation), "Maximum"), usage.MetricDimensions,
		}},
		sample: func(values []float64) Sample { return Sample{Consumed: values[0] * ofQuota} },
	}, known
}

func (quotas) raise(ctx context.Context, r *Raiser, facts Facts, decisions []Decision) error {
	quota, _ := r.cfg.quota(facts.Resource.Name)
	_, err := r.aws.Quotas.RequestServiceQuotaIncrease(ctx, &servicequotas.RequestServiceQuotaIncreaseInput{
		ServiceCode: &quota.Service, QuotaCode: &quota.Code, DesiredValue: &decisions[0].To, SupportCaseAllowed: &quota.SupportCase,
	}, func(o *servicequotas.Options) { o.Retryer = retryThrottled() })
	return err
}

func (quotas) threshold(_ alarm.Metric, threshold float64) (float64, bool) { return threshold, true }

func (quotas) link(name, _ string) string {
	service, code, _ := strings.Cut(name, "/")
	return "servicequotas/home/services/" + service + "/quotas/" + code
}

func (quotas) statements(cfg Config) []iam.Statement {
	listed := each(cfg.Quotas, func(q Quota) string {
		return "arn:${Partition}:servicequotas:${Region}:${Account}:" + q.Service + "/" + q.Code
	})
	if len(listed) == 0 {
		return nil
	}
	return []iam.Statement{{
		Sid: "AskForQuotas", Resources: listed, Actions: []string{"servicequotas:RequestServiceQuotaIncrease"},
	}, {
		Sid: "ReadQuotas", Resources: []string{anyResource},
		Actions: []string{
			"servicequotas:GetAWSDefaultServiceQuota", "servicequotas:GetServiceQuota",
			"servicequotas:ListRequestedServiceQuotaChangeHistoryByQuota",
		},
		WhyStar: "reading quotas has no narrower resource",
	}}
}
