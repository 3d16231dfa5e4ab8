package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"caretaker/internal/setting"
	limitraiser "caretaker/limit-raiser"
)

// caller is an alarm that calls the limit-raiser. None holds a number that a raise
// would make wrong: it is a share of what there is, or a refusal.
type caller struct {
	// name is unique among the callers, and follows the function's name in the alarm's. A slash
	// parts a table from its index, since the names of neither hold one.
	name string
	// happened says, in its description, what happened; raises, what becomes of it.
	happened, raises string
	// expression is over the ids of the metrics. Empty is the one metric itself.
	expression string
	metrics    []measured
	threshold  float64
	period     time.Duration
	// Of so many periods, datapoints must be over the threshold.
	periods, datapoints int
}

// measured is a metric of a caller.
type measured struct {
	id, namespace, name, statistic string
	dimensions                     [][2]string
}

// callers are the alarms for what a configuration lists and allows to be raised.
func callers(cfg limitraiser.Config) []caller {
	var all []caller
	for _, table := range cfg.Tables {
		above := share(table.AlarmAbove, cfg.AlarmAbove)
		if above == 0 {
			continue
		}
		all = append(all, throughput("table "+table.Name, "table-"+table.Name, [][2]string{{"TableName", table.Name}}, table.Read.Max, table.Write.Max, above)...)
		for _, index := range table.Indexes {
			all = append(all, throughput("index "+index.Name+" of the table "+table.Name, "index-"+table.Name+"/"+index.Name,
				[][2]string{{"TableName", table.Name}, {"GlobalSecondaryIndexName", index.Name}}, index.Read.Max, index.Write.Max, above)...)
		}
	}
	for _, quota := range cfg.Quotas {
		if above := share(quota.AlarmAbove, cfg.AlarmAbove); above > 0 && quota.Max > 0 {
			if watched, ok := quota.Usage.Watched(); ok {
				all = append(all, usage(quota, watched, above))
			}
		}
	}
	if cfg.AlarmAbove == 0 {
		return all
	}
	for _, stream := range cfg.Streams {
		if stream.MaxShards > 0 {
			all = append(all, refused("stream-"+stream.Name, fmt.Sprintf("the shards of the stream %s refused records", stream.Name),
				fmt.Sprintf("doubles the shards, up to %d", stream.MaxShards),
				measured{namespace: "AWS/Kinesis", name: "WriteProvisionedThroughputExceeded", dimensions: [][2]string{{"StreamName", stream.Name}}}))
		}
	}
	for _, function := range cfg.Functions {
		if function.MaxConcurrency > 0 {
			all = append(all, refused("function-"+function.Name, fmt.Sprintf("Lambda refused to run the function %s", function.Name),
				fmt.Sprintf("raises its reserved concurrency, where some is reserved, up to %d", function.MaxConcurrency),
				measured{namespace: "AWS/Lambda", name: "Throttles", dimensions: [][2]string{{"FunctionName", function.Name}}}))
		}
	}
	return all
}

// share is what an entry says, or else what holds for all.
func share(own, all setting.Percent) setting.Percent {
	if own > 0 {
		return own
	}
	return all
}

// throughput are the callers of a table or an index: for the units that are used up, and
// for the requests that are refused although they are not, as on a hot partition, or
// on demand, where nothing is provisioned.
func throughput(what, name string, dimensions [][2]string, mostRead, mostWrite int64, above setting.Percent) []caller {
	var all []caller
	for _, units := range []struct {
		kind, metric string
		most         int64
	}{{"read", "Read", mostRead}, {"write", "Write", mostWrite}} {
		if units.most == 0 {
			continue
		}
		raises := fmt.Sprintf("raises its %s units up to %d a second", units.kind, units.most)
		metric := func(id, name, statistic string) measured {
			return measured{id, "AWS/DynamoDB", name, statistic, dimensions}
		}
		all = append(all, caller{
			name:     name + "-" + units.kind,
			happened: fmt.Sprintf("the %s used more than %s of its provisioned %s units", what, above, units.kind), raises: raises,
			// DynamoDB sums up what was consumed each minute, and says every five what is
			// provisioned: the minutes between take the last value.
			// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
			expression: "100 * (consumed / 60) / FILL(provisioned, REPEAT)",
			metrics: []measured{
				metric("consumed", "Consumed"+units.metric+"CapacityUnits", "Sum"),
				metric("provisioned", "Provisioned"+units.metric+"CapacityUnits", "Maximum"),
			},
			threshold: float64(above), period: time.Minute, periods: limitraiser.CallsInMinutes, datapoints: limitraiser.CallsOfMinutes,
		}, refused(name+"-"+units.kind+"-throttles", fmt.Sprintf("DynamoDB refused %ss of the %s", units.kind, what), raises,
			metric("", units.metric+"ThrottleEvents", "")))
	}
	return all
}

// refused is the caller for something that is refused.
func refused(name, happened, raises string, metric measured) caller {
	metric.statistic = "Sum"
	return caller{
		name: name, happened: happened, raises: raises, metrics: []measured{metric},
		period: time.Minute, periods: limitraiser.CallsInMinutes, datapoints: limitraiser.CallsOfMinutes,
	}
}

// usage is the caller of a quota. Some quotas' usage comes every minute and some every
// five; asking for more takes longer than either.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-Quotas-Visualize-Alarms.html
func usage(quota limitraiser.Quota, watched limitraiser.UsageMetric, above setting.Percent) caller {
	metric := measured{id: "used", namespace: watched.Namespace, name: watched.Name, statistic: "Maximum", dimensions: watched.Dimensions}
	what, expression := strings.TrimSpace(quota.Usage.Service+" "+quota.Usage.Resource), "100 * used / SERVICE_QUOTA(used)"
	if what == "" {
		what = strings.TrimPrefix(watched.Namespace, "AWS/") + " " + watched.Name
	}
	if quota.Usage.Type == limitraiser.UsageOfAPI {
		metric.statistic = "Sum"
		expression = "100 * (used / 300) / SERVICE_QUOTA(used)"
	}
	return caller{
		name:       "quota-" + quota.Service + "-" + quota.Code,
		happened:   fmt.Sprintf("%s used more than %s of the quota %s", what, above, quota.Code),
		raises:     fmt.Sprintf("asks Service Quotas for more, up to %s", strconv.FormatFloat(quota.Max, 'f', -1, 64)),
		expression: expression, metrics: []measured{metric},
		threshold: float64(above), period: 5 * time.Minute, periods: 3, datapoints: 2,
	}
}

const dryCaller = " DRY RUN: NOTHING IS RAISED, and the messages say what would be, until limitRaiser.dryRun is false."

// addCallers adds the alarms, which publish to the topic. They are in a scope of their
// own, in which names that differ in a dot or a hyphen alone are different resources.
func (fn function) addCallers(all []caller, topic awssns.Topic, dryRun bool) {
	scope := constructs.NewConstruct(fn.scope, jsii.String("Callers"))
	dry := ""
	if dryRun {
		dry = dryCaller
	}
	for _, c := range all {
		props := &awscloudwatch.CfnAlarmProps{
			AlarmName:          jsii.String(shortened(fn.fullName+"-"+c.name, longestName)),
			AlarmDescription:   jsii.String(c.description(fn.fullName, dry+fn.runbookOf("calls"))),
			AlarmActions:       &[]any{topic.TopicArn()},
			ComparisonOperator: jsii.String("GreaterThanThreshold"),
			Threshold:          jsii.Number(c.threshold),
			EvaluationPeriods:  jsii.Number(c.periods),
			DatapointsToAlarm:  jsii.Number(c.datapoints),
			// No traffic is no lack; where a metric does not exist there is nothing to raise by it.
			TreatMissingData: jsii.String("notBreaching"),
		}
		c.watch(props)
		awscloudwatch.NewCfnAlarm(scope, jsii.String(strings.ReplaceAll(c.name, "/", " ")), props) // an id has no slash
	}
}

// longestDescription is the longest of an alarm:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
const longestDescription = 1024

// description says what happened and what follows, with an ending that is never cut. Names that make it too long are cut: the alarm's
// metric has them whole.
func (c caller) description(function, ending string) string {
	tell := func(happened string) string {
		return fmt.Sprintf("In %d of %d minutes %s. This calls %s, which %s. It reports to the topic of the same name what it did, and when the maximum is reached, a raise refused or the alarm stays on all the same: only then is there something to do by hand.",
			minutes(c.datapoints, c.period), minutes(c.periods, c.period), happened, function, c.raises) + ending
	}
	text := tell(c.happened)
	if over := len(text) - longestDescription; over > 0 {
		text = tell(c.happened[:len(c.happened)-over-len("...")] + "...")
	}
	return text
}

func minutes(periods int, period time.Duration) int {
	return periods * int(period/time.Minute)
}

// watch sets what the alarm looks at.
func (c caller) watch(props *awscloudwatch.CfnAlarmProps) {
	period := jsii.Number(c.period.Seconds())
	if c.expression == "" {
		metric := c.metrics[0]
		props.Namespace, props.MetricName = jsii.String(metric.namespace), jsii.String(metric.name)
		props.Dimensions, props.Statistic, props.Period = metric.properties(), jsii.String(metric.statistic), period
		return
	}
	queries := []any{&awscloudwatch.CfnAlarm_MetricDataQueryProperty{
		Id: jsii.String("share"), Label: jsii.String("percent"), Expression: jsii.String(c.expression), ReturnData: jsii.Bool(true),
	}}
	for _, metric := range c.metrics {
		queries = append(queries, &awscloudwatch.CfnAlarm_MetricDataQueryProperty{
			Id: jsii.String(metric.id), ReturnData: jsii.Bool(false),
			MetricStat: &awscloudwatch.CfnAlarm_MetricStatProperty{
				Metric: &awscloudwatch.CfnAlarm_MetricProperty{
					Namespace: jsii.String(metric.namespace), MetricName: jsii.String(metric.name), Dimensions: metric.properties(),
				},
				Period: period, Stat: jsii.String(metric.statistic),
			},
		})
	}
	props.Metrics = &queries
}

func (m measured) properties() *[]any {
	properties := make([]any, 0, len(m.dimensions))
	for _, dimension := range m.dimensions {
		properties = append(properties, &awscloudwatch.CfnAlarm_DimensionProperty{Name: jsii.String(dimension[0]), Value: jsii.String(dimension[1])})
	}
	return &properties
}

// longestName is the longest name of an alarm:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
const longestName = 255
