package alerts

import (
	"fmt"
	"strings"

	"caretaker/alerts/trust"
	"caretaker/cmd/caretaker/command"
)

// readingData is the phase in which datapoints are read.
const readingData = "reading datapoints"

// auditor looks at the alarms of a Region.
func (l looking) auditor(region string) (*trust.Auditor, error) {
	reconciler, err := l.in(region)
	if err != nil {
		return nil, err
	}
	return trust.New(l.file.Alerts.Config, trust.Connect(l.account.In(region)), reconciler, trust.Options{
		Stage: l.Stage(), Account: l.account.Number, Region: region, Now: l.Now(),
		Say: func(price trust.Price) {
			if price.Metrics > 0 {
				l.Say("%s: reading %s of %s takes %s of GetMetricData or more, and costs %s.", region, plural(price.Metrics, "metric", "metrics"),
					plural(price.Alarms, "alarm", "alarms"), plural(price.Calls, "call", "calls"), little(price.Dollars()))
			}
		},
		Progress: func(done, of int) { l.progress.Move(region, readingData, done, of) },
	}), nil
}

// little is an amount of money that is often less than a cent.
func little(dollars float64) string {
	if dollars < 0.01 {
		return "less than a cent"
	}
	return fmt.Sprintf("about $%.2f", dollars)
}

// looks is what the three commands are given.
type looks struct {
	Target command.Target `embed:""`
	All    bool           `short:"a" xor:"format" help:"Every line, not only those about which there is something to say."`
	JSON   bool           `name:"json" xor:"format" help:"One JSON document, with everything."`
}

// few is a list of which a line of a table shows the first.
func few(list []string) string {
	const shown = 3
	if len(list) <= shown {
		return strings.Join(list, ", ")
	}
	return strings.Join(list[:shown], ", ") + ", ..."
}
