package policy

import (
	"maps"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"caretaker/alerts"
	"caretaker/alerts/notify"
	"caretaker/alerts/trust"
	"caretaker/cmd/caretaker/alerts/preview"
	"caretaker/cmd/caretaker/status"
	"caretaker/internal/config"
	"caretaker/internal/iam"
	"caretaker/janitor"
	limitraiser "caretaker/limit-raiser"
	logshipper "caretaker/log-shipper"
	"caretaker/log-shipper/subscriber"
	"caretaker/warmer"
)

// part is what a part's functions may do, as the CDK app grants it.
type part struct {
	// title is the part in the names of its stacks.
	title string
	// run are the statements of the function, and plan those that the command plan needs; nil where there is none.
	run, plan func(config.File, string) []iam.Statement
	// looks are those of other commands that only read, by their names.
	looks map[string]func(config.File, string) []iam.Statement
}

// reasons are all that a policy of the part can be for.
func (p part) reasons() map[string]func(config.File, string) []iam.Statement {
	all := maps.Clone(p.looks)
	if all == nil {
		all = map[string]func(config.File, string) []iam.Statement{}
	}
	for name, statements := range map[string]func(config.File, string) []iam.Statement{"run": p.run, "plan": p.plan} {
		if statements != nil {
			all[name] = statements
		}
	}
	return all
}

// parts are the functions by the names that they are deployed under.
var parts = map[string]part{
	"alerts":                 watching(),
	"janitor":                both("Janitor", func(f config.File, _ string) []iam.Statement { return janitor.Statements(f.Janitor) }),
	"limit-raiser":           both("LimitRaiser", func(f config.File, _ string) []iam.Statement { return limitraiser.Statements(f.LimitRaiser) }),
	"log-shipper":            {title: "LogShipper", run: shipping, plan: func(f config.File, stage string) []iam.Statement { return iam.Reading(subscribing(f, stage)) }},
	"log-shipper-subscriber": {title: "LogShipper", run: subscribing},
	"notify":                 {title: "Notify", run: func(f config.File, _ string) []iam.Statement { return notify.Statements(f.Alerts.Notify, f.Target()) }},
	"status":                 {plan: looking},
	"warmer":                 both("Warmer", func(f config.File, _ string) []iam.Statement { return warmer.Statements(f.Warmer) }),
}

// both is a part whose plan needs what of its run only reads.
func both(title string, run func(config.File, string) []iam.Statement) part {
	return part{title: title, run: run, plan: func(f config.File, stage string) []iam.Statement { return iam.Reading(run(f, stage)) }}
}

// watching is the reconciler. What looks at its alarms needs what a plan does, and something beside.
func watching() part {
	p := both("Alerts", func(f config.File, stage string) []iam.Statement { return alerts.Statements(f.Alerts.Config, stage) })
	p.looks = map[string]func(config.File, string) []iam.Statement{}
	for name, beside := range map[string][]iam.Statement{
		"coverage": trust.Statements("coverage"), "lint": trust.Statements("lint"), "backtest": trust.Statements("backtest"), "preview": preview.Statements(),
	} {
		p.looks[name] = func(f config.File, stage string) []iam.Statement { return append(p.plan(f, stage), beside...) }
	}
	return p
}

func shipping(f config.File, _ string) []iam.Statement { return logshipper.Statements(f.LogShipper) }

func subscribing(f config.File, _ string) []iam.Statement {
	return subscriber.Statements(subscriber.Config{DryRun: f.LogShipper.DryRun, Subscribe: f.LogShipper.Subscribe})
}

func looking(config.File, string) []iam.Statement {
	return []iam.Statement{{Sid: "Look", Actions: status.Actions, Resources: []string{"*"}, WhyStar: "what the file no longer knows may be anywhere"}}
}

// place is where a policy holds. An empty account or Region is any.
type place struct{ account, region, stage string }

// fill fills the placeholders of a function's statements in. What CloudFormation chooses the end of the name of
// has a * there.
func (p place) fill(name, title string) *strings.Replacer {
	partition := partitionOf(p.region)
	account, region := orAny(p.account), orAny(p.region)
	own, stack := "caretaker-"+p.stage+"-"+name, config.StackPrefix(p.stage)+title
	of := func(service, resource string) string {
		return arn.ARN{Partition: partition, Service: service, Region: region, AccountID: account, Resource: resource}.String()
	}
	queue := stack + "-Queue*"
	if name == "notify" { // it alone has a name that others know
		queue = own
	}
	return strings.NewReplacer(
		"${Partition}", partition, "${Region}", region, "${Account}", account,
		"${Topic}", of("sns", own), "${Ledger}", of("dynamodb", "table/"+own), "${Queue}", of("sqs", queue),
		"${Bucket}", "arn:"+partition+":s3:::"+strings.ToLower(stack)+"-bucket*",
		"${Role}", "arn:"+partition+":iam::"+account+":role/*"+stack+"-StreamRole*",
	)
}

func orAny(text string) string {
	if text == "" {
		return "*"
	}
	return text
}

// partitionOf is the partition that a Region is in.
func partitionOf(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	case strings.HasPrefix(region, "eusc-"):
		return "aws-eusc"
	}
	return "aws"
}
