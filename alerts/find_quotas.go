package alerts

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
	quotastypes "github.com/aws/aws-sdk-go-v2/service/servicequotas/types"

	"caretaker/internal/paged"
)

// A sweep of quotas is good for a day. Quotas change by a person's request, and are in lists that take two calls a
// service, of ten that AWS allows an account in a second; a run comes every quarter of an hour. The sweep is kept in
// memory, so that nothing else has to hold it: a new environment of the function makes one more.
const sweepGoodFor = 24 * time.Hour

// sweep are the quotas as they were last read.
type sweep struct {
	mutex sync.Mutex
	at    time.Time
	found []Resource
}

// watchedElsewhere is watched by the check account.concurrency.
const watchedElsewhere = "lambda/L-B99A9384"

// quotas are the quotas of which AWS says what counts their usage. A list that fails has the whole sweep made again by
// the next run.
func (r *Reconciler) quotas(ctx context.Context) ([]Resource, error) {
	if !r.cfg.Quotas.Enabled {
		return nil, nil
	}
	r.swept.mutex.Lock()
	defer r.swept.mutex.Unlock()
	now := time.Now()
	if !r.swept.at.IsZero() && now.Sub(r.swept.at) < sweepGoodFor {
		return slices.Clone(r.swept.found), nil
	}
	var found []Resource
	for _, service := range r.cfg.Quotas.Services { // one after the other, for others use the same calls
		of, err := r.quotasOf(ctx, service)
		if err != nil {
			return nil, err
		}
		for _, quota := range of {
			if resource, is := quotaOf(quota); is {
				found = append(found, resource)
			}
		}
	}
	if err := r.markUsed(ctx, found); err != nil {
		return nil, err
	}
	r.swept.at, r.swept.found = now, found
	return slices.Clone(found), nil
}

// quotasOf are a service's, those that hold in the account before AWS's defaults: a quota that was never changed may be
// known by its default only.
// https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_ListServiceQuotas.html
func (r *Reconciler) quotasOf(ctx context.Context, service string) ([]quotastypes.ServiceQuota, error) {
	byCode := map[string]quotastypes.ServiceQuota{}
	add := func(quotas []quotastypes.ServiceQuota) {
		for _, quota := range quotas {
			if code := aws.ToString(quota.QuotaCode); byCode[code].QuotaCode == nil {
				byCode[code] = quota
			}
		}
	}
	inCode := func() []quotastypes.ServiceQuota {
		return slices.SortedFunc(maps.Values(byCode), func(a, b quotastypes.ServiceQuota) int {
			return strings.Compare(aws.ToString(a.QuotaCode), aws.ToString(b.QuotaCode))
		})
	}
	err := paged.Every(func(token *string) (*string, error) {
		page, err := r.aws.Quotas.ListServiceQuotas(ctx, &servicequotas.ListServiceQuotasInput{ServiceCode: &service, MaxResults: aws.Int32(100), NextToken: token})
		if err != nil {
			return nil, unlessUnknown(err)
		}
		add(page.Quotas)
		return page.NextToken, nil
	})
	if err != nil {
		return inCode(), fmt.Errorf("listing the quotas of %s (servicequotas:ListServiceQuotas): %w", service, err)
	}
	err = paged.Every(func(token *string) (*string, error) {
		page, err := r.aws.Quotas.ListAWSDefaultServiceQuotas(ctx, &servicequotas.ListAWSDefaultServiceQuotasInput{ServiceCode: &service, MaxResults: aws.Int32(100), NextToken: token})
		if err != nil {
			return nil, unlessUnknown(err)
		}
		add(page.Quotas)
		return page.NextToken, nil
	})
	if err != nil {
		return inCode(), fmt.Errorf("listing AWS's quotas of %s (servicequotas:ListAWSDefaultServiceQuotas): %w", service, err)
	}
	return inCode(), nil
}

// unlessUnknown is no error for a service that Service Quotas does not know in this Region.
func unlessUnknown(err error) error {
	var unknown *quotastypes.NoSuchResourceException
	if errors.As(err, &unknown) {
		return nil
	}
	return err
}

// quotaOf is a quota as it is watched; false where AWS does not say what counts its usage.
func quotaOf(quota quotastypes.ServiceQuota) (Resource, bool) {
	usage, name := quota.UsageMetric, aws.ToString(quota.ServiceCode)+"/"+aws.ToString(quota.QuotaCode)
	if usage == nil || aws.ToString(usage.MetricName) == "" || aws.ToFloat64(quota.Value) <= 0 || name == watchedElsewhere {
		return Resource{}, false
	}
	facts := QuotaFacts{
		Title: fmt.Sprintf("%q of %s", aws.ToString(quota.QuotaName), aws.ToString(quota.ServiceName)), Value: aws.ToFloat64(quota.Value), Adjustable: quota.Adjustable,
		Usage: Measure{Namespace: aws.ToString(usage.MetricNamespace), Name: aws.ToString(usage.MetricName), Statistic: aws.ToString(usage.MetricStatisticRecommendation)},
	}
	// What AWS recommends is wrong for some: a sum over what there is at a time comes to more than there is, and a call
	// counts as 1, so that the maximum over calls is always 1.
	switch {
	case facts.Usage.Name == callCount:
		facts.Usage.Statistic = statisticSum
	case facts.Usage.Name == resourceCount, facts.Usage.Statistic == "":
		facts.Usage.Statistic = "Maximum"
	}
	if facts.calls() { // others have a time too, which says nothing
		facts.Per = perOf(quota.Period)
	}
	for _, key := range slices.Sorted(keysOf(usage.MetricDimensions)) {
		facts.Dimensions = append(facts.Dimensions, Dimension{key, usage.MetricDimensions[key]})
	}
	return Resource{Kind: Quota, Name: name, ARN: aws.ToString(quota.QuotaArn), Quota: &facts}, true
}

// perOf is the time of a quota; zero where AWS names none.
func perOf(period *quotastypes.QuotaPeriod) time.Duration {
	if period == nil {
		return 0
	}
	unit := map[quotastypes.PeriodUnit]time.Duration{
		quotastypes.PeriodUnitMicrosecond: time.Microsecond, quotastypes.PeriodUnitMillisecond: time.Millisecond, quotastypes.PeriodUnitSecond: time.Second,
		quotastypes.PeriodUnitMinute: time.Minute, quotastypes.PeriodUnitHour: time.Hour, quotastypes.PeriodUnitDay: 24 * time.Hour, quotastypes.PeriodUnitWeek: 7 * 24 * time.Hour,
	}[period.PeriodUnit]
	return time.Duration(aws.ToInt32(period.PeriodValue)) * unit
}

// markUsed marks the quotas whose usage has a datapoint in the last two weeks, which is what ListMetrics names. An alarm on
// another could not be on, and would cost as much.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_ListMetrics.html
func (r *Reconciler) markUsed(ctx context.Context, found []Resource) error {
	asked, used := map[Measure]bool{}, map[string]bool{}
	for _, resource := range found {
		ask := Measure{Namespace: resource.Quota.Usage.Namespace}
		if ask.Namespace != usageNamespace { // all of another is more than anybody needs
			ask.Name = resource.Quota.Usage.Name
		}
		asked[ask] = true
	}
	for ask := range asked {
		input := &cloudwatch.ListMetricsInput{Namespace: &ask.Namespace}
		if ask.Name != "" {
			input.MetricName = &ask.Name
		}
		err := paged.Every(func(token *string) (*string, error) {
			input.NextToken = token
			page, err := r.aws.CloudWatch.ListMetrics(ctx, input)
			if err != nil {
				return nil, err
			}
			for _, metric := range page.Metrics {
				of := metricOf(aws.ToString(metric.Namespace), aws.ToString(metric.MetricName), "", metric.Dimensions, nil)
				used[identityOf(of.Namespace, of.Name, of.Dimensions)] = true
			}
			return page.NextToken, nil
		})
		if err != nil {
			return fmt.Errorf("listing what is used of quotas (cloudwatch:ListMetrics): %w", err)
		}
	}
	for at, resource := range found {
		found[at].Quota.Used = used[identityOf(resource.Quota.Usage.Namespace, resource.Quota.Usage.Name, resource.Quota.Dimensions)]
	}
	return nil
}

// identityOf tells metrics apart. The dimensions are sorted.
func identityOf(namespace, name string, by []Dimension) string {
	return fmt.Sprintf("%q %q %q", namespace, name, by)
}
