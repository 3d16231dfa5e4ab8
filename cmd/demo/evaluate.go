package main

import (
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// series are a metric's values by minute. A minute without a value is not in it.
type series map[time.Time]float64

// verdict is what an alarm comes to.
type verdict struct {
	state cloudwatchtypes.StateValue
	// over is how many of the minutes looked at were over the threshold; last is the newest value.
	over int
	last float64
}

// evaluate does what CloudWatch does and the emulator does not: it computes a deployed alarm over
// the minutes before end, from the metrics that are there.
func evaluate(ctx context.Context, client *cloudwatch.Client, alarm cloudwatchtypes.MetricAlarm, end time.Time) (verdict, error) {
	minutes := make([]time.Time, aws.ToInt32(alarm.EvaluationPeriods))
	for i := range minutes {
		minutes[i] = end.Add(time.Duration(i-len(minutes)) * time.Minute)
	}
	values, err := compute(ctx, client, alarm, minutes)
	if err != nil {
		return verdict{}, fmt.Errorf("evaluating %s: %w", aws.ToString(alarm.AlarmName), err)
	}
	found := verdict{state: cloudwatchtypes.StateValueOk}
	for _, minute := range minutes {
		value, there := values[minute]
		if !there {
			continue // as the alarms say: notBreaching
		}
		found.last = value
		if value > aws.ToFloat64(alarm.Threshold) {
			found.over++
		}
	}
	if found.over >= int(aws.ToInt32(alarm.DatapointsToAlarm)) {
		found.state = cloudwatchtypes.StateValueAlarm
	}
	return found, nil
}

// compute are the values that an alarm is about: its one metric's, or its expression's.
func compute(ctx context.Context, client *cloudwatch.Client, alarm cloudwatchtypes.MetricAlarm, minutes []time.Time) (series, error) {
	if alarm.MetricName != nil {
		metric := &cloudwatchtypes.Metric{Namespace: alarm.Namespace, MetricName: alarm.MetricName, Dimensions: alarm.Dimensions}
		stat := &cloudwatchtypes.MetricStat{Metric: metric, Period: alarm.Period, Stat: aws.String(string(alarm.Statistic))}
		return measured(ctx, client, stat, minutes)
	}
	metrics, expression := map[string]series{}, ""
	for _, query := range alarm.Metrics {
		if query.MetricStat == nil {
			expression = aws.ToString(query.Expression)
			continue
		}
		values, err := measured(ctx, client, query.MetricStat, minutes)
		if err != nil {
			return nil, err
		}
		metrics[aws.ToString(query.Id)] = values
	}
	tree, err := parser.ParseExpr(expression) // what the alarms use of metric math reads as Go does
	if err != nil {
		return nil, fmt.Errorf("reading %q: %w", expression, err)
	}
	return value(tree, metrics, minutes)
}

// measured reads a metric from CloudWatch.
func measured(ctx context.Context, client *cloudwatch.Client, stat *cloudwatchtypes.MetricStat, minutes []time.Time) (series, error) {
	output, err := client.GetMetricData(ctx, &cloudwatch.GetMetricDataInput{
		StartTime: &minutes[0], EndTime: aws.Time(minutes[len(minutes)-1].Add(time.Minute)),
		MetricDataQueries: []cloudwatchtypes.MetricDataQuery{{Id: aws.String("m"), MetricStat: stat}},
	})
	if err != nil {
		return nil, err
	}
	values := series{}
	for _, result := range output.MetricDataResults {
		for i, at := range result.Timestamps {
			values[at.UTC().Truncate(time.Minute)] = result.Values[i]
		}
	}
	return values, nil
}

// value computes an expression. It knows what the deployed alarms use: numbers, metrics, * and /
// minute by minute, and FILL(metric, REPEAT). Anything else is an error.
func value(tree ast.Expr, metrics map[string]series, minutes []time.Time) (series, error) {
	switch tree := tree.(type) {
	case *ast.ParenExpr:
		return value(tree.X, metrics, minutes)
	case *ast.BasicLit:
		number, err := strconv.ParseFloat(tree.Value, 64)
		constant := series{}
		for _, minute := range minutes {
			constant[minute] = number
		}
		return constant, err
	case *ast.Ident:
		if values, known := metrics[tree.Name]; known {
			return values, nil
		}
		return nil, fmt.Errorf("there is no metric %s", tree.Name)
	case *ast.BinaryExpr:
		return operate(tree, metrics, minutes)
	case *ast.CallExpr:
		return fill(tree, metrics, minutes)
	}
	return nil, fmt.Errorf("the demo does not know %T", tree)
}

// operate multiplies or divides the minutes that both sides have.
func operate(tree *ast.BinaryExpr, metrics map[string]series, minutes []time.Time) (series, error) {
	if tree.Op != token.MUL && tree.Op != token.QUO {
		return nil, fmt.Errorf("the demo does not know %s", tree.Op)
	}
	left, err := value(tree.X, metrics, minutes)
	if err != nil {
		return nil, err
	}
	right, err := value(tree.Y, metrics, minutes)
	if err != nil {
		return nil, err
	}
	result := series{}
	for minute, a := range left {
		b, there := right[minute]
		switch {
		case there && tree.Op == token.MUL:
			result[minute] = a * b
		case there && b != 0:
			result[minute] = a / b
		}
	}
	return result, nil
}

// fill is FILL(metric, REPEAT): a minute without a value has the last one before it.
func fill(tree *ast.CallExpr, metrics map[string]series, minutes []time.Time) (series, error) {
	name, _ := tree.Fun.(*ast.Ident)
	if name == nil || name.Name != "FILL" || len(tree.Args) != 2 {
		return nil, fmt.Errorf("the demo knows no function but FILL of two arguments")
	}
	if how, _ := tree.Args[1].(*ast.Ident); how == nil || how.Name != "REPEAT" {
		return nil, fmt.Errorf("the demo knows no FILL but with REPEAT")
	}
	values, err := value(tree.Args[0], metrics, minutes)
	if err != nil {
		return nil, err
	}
	filled := series{}
	var last float64
	known := false
	for _, minute := range minutes {
		if now, there := values[minute]; there {
			last, known = now, true
		}
		if known {
			filled[minute] = last
		}
	}
	return filled, nil
}
