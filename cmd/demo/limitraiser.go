package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/jedib0t/go-pretty/v6/text"

	"caretaker/internal/config"
	"caretaker/internal/metric"
	"caretaker/internal/metric/reading"
)

var limitRaiserPart = part{
	name: "limit-raiser", stack: "LimitRaiser",
	file: `limitRaiser:
  enabled: true
  dryRun: false
  limits: {cooldown: 0s, addedCostAMonth: 1000}
  tables:
    - name: orders
      write: {max: 2000}
      indexes: [{name: by-customer, write: {max: 2000}}]
`,
	why:   "it ships off and in dry run, and nobody shall wait here",
	look:  hint{"dist/caretaker limit-raiser simulate", "what it would raise under a load; asks nobody"},
	begin: func(s *stage) act { return newRaiserAct(s) },
}

const (
	// raiserName begins the names of what the limit-raiser's stack deploys.
	raiserName = "caretaker-" + config.DefaultStage + "-limit-raiser"
	shortTable = "orders"
	shortIndex = "by-customer"
	// shortUnits are the write units that the table and its index begin with.
	shortUnits = 50
)

// raiserAct is a table under load, and the limit-raiser that its alarms call.
type raiserAct struct {
	*stage
	tables *dynamodb.Client
	alarms *cloudwatch.Client
	mail   mail
	load   load
}

func newRaiserAct(s *stage) *raiserAct {
	return &raiserAct{stage: s, tables: dynamodb.NewFromConfig(s.AWS()), alarms: cloudwatch.NewFromConfig(s.AWS()), mail: newMail(s)}
}

// prepare makes the table.
func (a *raiserAct) prepare(ctx context.Context) error {
	a.out.heading("A table with an index, as it was sized last year")
	units := &dynamodbtypes.ProvisionedThroughput{ReadCapacityUnits: aws.Int64(shortUnits), WriteCapacityUnits: aws.Int64(shortUnits)}
	attribute := func(name string) dynamodbtypes.AttributeDefinition {
		return dynamodbtypes.AttributeDefinition{AttributeName: &name, AttributeType: dynamodbtypes.ScalarAttributeTypeS}
	}
	by := func(name string) []dynamodbtypes.KeySchemaElement {
		return []dynamodbtypes.KeySchemaElement{{AttributeName: &name, KeyType: dynamodbtypes.KeyTypeHash}}
	}
	_, err := a.tables.CreateTable(ctx, &dynamodb.CreateTableInput{
		TableName: aws.String(shortTable), ProvisionedThroughput: units,
		AttributeDefinitions: []dynamodbtypes.AttributeDefinition{attribute("id"), attribute("customer")}, KeySchema: by("id"),
		GlobalSecondaryIndexes: []dynamodbtypes.GlobalSecondaryIndex{{
			IndexName: aws.String(shortIndex), ProvisionedThroughput: units, KeySchema: by("customer"),
			Projection: &dynamodbtypes.Projection{ProjectionType: dynamodbtypes.ProjectionTypeAll},
		}},
	})
	if err != nil {
		return fmt.Errorf("making the table %s: %w", shortTable, err)
	}
	a.out.fact("table", "%s with the index %s, %d write units a second each", shortTable, shortIndex, shortUnits)
	return nil
}

// perform lets the load grow and shows what comes of it.
func (a *raiserAct) perform(ctx context.Context) error {
	if err := a.mail.subscribe(ctx); err != nil {
		return err
	}
	a.load = newLoad(time.Now())
	for _, scene := range []func(context.Context) error{a.first, a.trail, a.again, a.later} {
		if err := scene(ctx); err != nil {
			return err
		}
	}
	return nil
}

// first is the shortage, and the raise.
func (a *raiserAct) first(ctx context.Context) error {
	a.out.heading("250 writes a second come to a table that takes 50")
	a.out.aside("The emulator counts no units and evaluates no metric math. So the demo puts into CloudWatch what DynamoDB would count, a burst " +
		"served from what the table had saved, each refused write sent three times in all, computes the deployed alarms' own expressions from it, and moves the alarms with SetAlarmState. " +
		"From there on nothing is helped: alarm, SNS, SQS, the function under its own role.")
	for _, demand := range []float64{30, 250, 250} {
		if err := a.minute(ctx, demand, shortUnits); err != nil {
			return err
		}
	}
	a.load.show(a.out)
	a.ForgetCalls()
	moved, err := a.moveAlarms(ctx)
	if err != nil {
		return err
	}
	if moved == 0 {
		return errors.New("no alarm is on, though the table is short")
	}
	a.out.heading("The deployed limit-raiser, in earnest")
	want := int64(250 * 1.3)
	if err := a.raised(ctx, want); err != nil {
		return err
	}
	a.out.fact("raised", "%s", a.out.paint(fmt.Sprintf("table and index from %d to %d, by %d call of UpdateTable for %d alarms", shortUnits, want, a.calls("UpdateTable"), moved), text.Bold))
	a.figure("a short table is raised by one call", a.calls("UpdateTable") == 1, "%d to %d write units, %d call for %d alarms", shortUnits, want, a.calls("UpdateTable"), moved)
	told, err := a.mail.read(ctx, a.mail.people)
	if err != nil {
		return err
	}
	a.figure("people are told, once", len(told) == 1, "%d message", len(told))
	a.out.fact("message", "what people get, by mail or wherever the topic leads:")
	a.out.say("")
	for _, message := range told {
		for line := range strings.Lines(message) {
			a.out.say("     %s", strings.TrimRight(line, "\n"))
		}
	}
	return nil
}

// minute plays one minute of load.
func (a *raiserAct) minute(ctx context.Context, demand, provisioned float64) error {
	return a.load.add(ctx, a.alarms, demand, provisioned)
}

// moveAlarms evaluates what the stack deployed and moves what changed; it answers how many came on.
func (a *raiserAct) moveAlarms(ctx context.Context) (on int, err error) {
	output, err := a.alarms.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{AlarmNamePrefix: aws.String(raiserName)})
	if err != nil {
		return 0, fmt.Errorf("describing the alarms: %w", err)
	}
	for _, alarm := range output.MetricAlarms {
		if !strings.Contains(aws.ToString(alarm.AlarmName), shortTable) {
			continue // the raiser's own health
		}
		found, err := reading.Judge(ctx, a.alarms, alarm, a.load.end())
		if err != nil {
			return on, err
		}
		if found.State != metric.On {
			continue
		}
		a.showAlarm(alarm, found)
		if alarm.StateValue == cloudwatchtypes.StateValueAlarm {
			continue
		}
		on++
		_, err = a.alarms.SetAlarmState(ctx, &cloudwatch.SetAlarmStateInput{
			AlarmName: alarm.AlarmName, StateValue: cloudwatchtypes.StateValueAlarm,
			StateReason: aws.String(fmt.Sprintf("Threshold Crossed: %d of the last %d datapoints were over %g, the last of them %.0f.",
				found.Breaching, aws.ToInt32(alarm.EvaluationPeriods), aws.ToFloat64(alarm.Threshold), found.Last)),
		})
		if err != nil {
			return on, fmt.Errorf("moving %s: %w", aws.ToString(alarm.AlarmName), err)
		}
	}
	return on, nil
}

func (a *raiserAct) showAlarm(alarm cloudwatchtypes.MetricAlarm, found reading.Verdict) {
	what := aws.ToString(alarm.MetricName)
	for _, query := range alarm.Metrics {
		if query.Expression != nil {
			what = *query.Expression
		}
	}
	a.out.fact(string(found.State), "%s", strings.TrimPrefix(aws.ToString(alarm.AlarmName), raiserName+"-"))
	a.out.fact("", "%s", a.out.paint(fmt.Sprintf("%s = %.0f > %g in %d of %d minutes", what, found.Last, aws.ToFloat64(alarm.Threshold), found.Breaching, aws.ToInt32(alarm.EvaluationPeriods)), text.Faint))
}

// raised waits until table and index have so many write units and every event is answered.
func (a *raiserAct) raised(ctx context.Context, units int64) error {
	return a.mail.answered(ctx, fmt.Sprintf("table and index have %d write units", units), func() (bool, error) {
		table, index, err := a.units(ctx)
		return table == units && index == units, err
	})
}

// units are the write units of the table and of its index.
func (a *raiserAct) units(ctx context.Context) (table, index int64, err error) {
	output, err := a.tables.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: aws.String(shortTable)})
	if err != nil {
		return 0, 0, fmt.Errorf("describing the table %s: %w", shortTable, err)
	}
	return aws.ToInt64(output.Table.ProvisionedThroughput.WriteCapacityUnits),
		aws.ToInt64(output.Table.GlobalSecondaryIndexes[0].ProvisionedThroughput.WriteCapacityUnits), nil
}

// calls counts what the proxy has seen since the last ForgetCalls.
func (a *raiserAct) calls(operation string) int {
	count := 0
	for _, call := range a.Calls() {
		if call.Operation == operation {
			count++
		}
	}
	return count
}
