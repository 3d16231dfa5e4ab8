// Package alerts holds the commands about alarms and dashboards: which there should be, making them so, looking
// at them, and taking them away again.
package alerts

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"caretaker/alerts"
	"caretaker/cmd/caretaker/command"
	"caretaker/cmd/caretaker/console"
	"caretaker/internal/config"
)

// Commands are those of alerts.
type Commands struct {
	Plan     planCommand     `cmd:"" help:"Show which alarms and dashboards would be made, changed and deleted, why, and what they cost in a month. Changes nothing; needs read rights only."`
	Apply    applyCommand    `cmd:"" help:"Make, change and delete alarms and dashboards from here, after asking."`
	Coverage coverageCommand `cmd:"" help:"Show what nobody watches, and why. Changes nothing; needs read rights only."`
	Lint     lintCommand     `cmd:"" help:"Show alarms that cannot fire or that nobody hears, of all alarms in the Region. Changes nothing; needs read rights only."`
	Backtest backtestCommand `cmd:"" help:"Show how often alarms would have fired in the last days, planned ones and those that are there, and a threshold that would not have. Changes nothing; needs read rights only."`
	Preview  previewCommand  `cmd:"" help:"Write the dashboards as one page that needs nothing else, with the account's data or with samples. Changes nothing; needs read rights only."`
	Destroy  destroyCommand  `cmd:"" help:"Delete all alarms and dashboards that the reconciler of the stage made, after asking. They go with its stack by themselves, unless alerts.deleteWithStack is false."`
}

// looking is what the commands begin with: the account, and the Regions with their progress.
type looking struct {
	*command.Job
	file     config.File
	account  command.Account
	progress *console.Progress
}

// writing is the phase in which alarms and dashboards are written.
const writing = "writing"

func open(j *command.Job, target command.Target, wantsFile bool) (looking, error) {
	file, account, err := target.Begin(j, wantsFile)
	if err != nil {
		return looking{}, err
	}
	return looking{j, file, account, j.Console.Progress(len(account.Regions), []string{readingData, writing})}, nil
}

// in is the reconciler of a Region.
func (l looking) in(region string) (*alerts.Reconciler, error) {
	topic := arn.ARN{Partition: l.account.Partition(), Service: "sns", Region: region, AccountID: l.account.Number, Resource: "caretaker-" + l.Stage() + "-alerts"}
	return alerts.New(l.file.Alerts.Config, alerts.Connect(l.account.In(region)), alerts.Options{
		Stage: l.Stage(), Topic: topic.String(), Runbook: l.file.Runbook,
		Progress: func(done, of int) { l.progress.Move(region, writing, done, of) },
	})
}

// regionPlan is the plan of a Region.
type regionPlan struct {
	Region string `json:"region"`
	// PricesOf is the Region whose list prices the costs are reckoned with.
	PricesOf string `json:"pricesOf"`
	alerts.Plan
	Errors []string `json:"errors"`

	reconciler *alerts.Reconciler
}

// plan plans in a Region. What could not be read is in the plan's errors.
func (l looking) plan(region string) (regionPlan, error) {
	reconciler, err := l.in(region)
	if err != nil {
		return regionPlan{}, err
	}
	plan, failures, err := reconciler.Plan(l.Stopping)
	l.progress.Leave(region)
	if err != nil {
		return regionPlan{}, fmt.Errorf("%s: %w", region, err)
	}
	return regionPlan{Region: region, PricesOf: alerts.PricesOf, Plan: plan, Errors: command.Texts(failures), reconciler: reconciler}, nil
}
