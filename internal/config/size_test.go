package config_test

import (
	"fmt"
	"strings"
	"testing"

	"caretaker/internal/config"
)

// listed is a file with so many entries of a list.
func listed(head, entry string, count int) string {
	var b strings.Builder
	b.WriteString("version: 1\n" + head)
	for number := range count {
		b.WriteString(strings.ReplaceAll(entry, "%", fmt.Sprintf("%03d", number)))
	}
	return b.String()
}

func TestLoad_refusesWhatAWSWouldRefuseForItsSize(t *testing.T) {
	const (
		patterns = "janitor:\n  exclude:\n    names:\n"
		raiser   = "limitRaiser:\n  enabled: true\n"
		table    = "    - {name: team-orders-%, read: {max: 100}, write: {max: 100}}\n"
		indexed  = "    - {name: team-orders-%, read: {max: 100}, write: {max: 100}, indexes: [{name: all, read: {max: 100}, write: {max: 100}}]}\n"
	)
	for name, test := range map[string]struct{ text, want string }{
		"patterns that fit":                     {listed(patterns, "    - payments-%-*\n", 30), ""},
		"patterns that do not":                  {listed(patterns, "    - payments-%-*\n", 60), `caretaker.yaml:5: janitor.exclude.names: "60 patterns" is not allowed: what fits into a role, in which IAM takes 10240 characters, and this makes one of `},
		"patterns of a janitor that is off":     {listed("janitor:\n  enabled: false\n  exclude:\n    names:\n", "    - payments-%-*\n", 60), ""},
		"patterns of a stage":                   {listed("stages:\n  prod:\n    janitor:\n      exclude:\n        names:\n", "        - payments-%-*\n", 60), `caretaker.yaml:7: stages.prod.janitor.exclude.names: "60 patterns" is not allowed: `},
		"tables that fit":                       {listed(raiser+"  tables:\n", table, 100), ""},
		"tables whose names do not fit":         {listed(raiser+"  tables:\n", table, 300), `caretaker.yaml:5: limitRaiser.tables: "300 tables" is not allowed: what fits into a role, in which IAM takes 10240 characters, and this makes one of `},
		"what to do with them":                  {listed(raiser+"  tables:\n", table, 300), "Tag tables with caretaker:raise instead of listing them, and write limitRaiser.byTag: true"},
		"tables whose alarms do not fit":        {listed(raiser+"  tables:\n", indexed, 70), `caretaker.yaml:5: limitRaiser.tables: "70 tables" is not allowed: what fits into a stack, of which CloudFormation takes 500 resources, and this one has `},
		"what to do with their alarms":          {listed(raiser+"  tables:\n", indexed, 70), "Write limitRaiser.alarmAbove: 0% and an alarmAbove of its own for each table"},
		"tables without alarms":                 {listed(raiser+"  alarmAbove: 0%\n  tables:\n", indexed, 70), ""},
		"tables of a raiser that is off":        {listed("limitRaiser:\n  tables:\n", table, 300), ""},
		"functions whose names do not fit":      {listed(raiser+"  functions:\n", "    - {name: team-checkout-%, maxConcurrency: 10}\n", 200), `limitRaiser.functions: "200 functions" is not allowed: `},
		"what to do with functions":             {listed(raiser+"  functions:\n", "    - {name: team-checkout-%, maxConcurrency: 10}\n", 200), "Let a second stage look after some of them"},
		"more tags than a resource takes":       {listed("tags:\n", "  t%: x\n", 50), `caretaker.yaml:3: tags: "50 tags" is not allowed: up to 49`},
		"as many tags as it takes":              {listed("tags:\n", "  t%: x\n", 49), ""},
		"more addresses than are sensible":      {listed("notify:\n  email:\n", "    - a%@example.com\n", 101), `notify.email: "101 addresses" is not allowed: up to 100`},
		"a pattern that is an ARN":              {"version: 1\njanitor: {exclude: {names: ['arn:aws:lambda:*:*:function:x']}}", `janitor.exclude.names[0]: "arn:aws:lambda:*:*:function:x" is not allowed: a function's name, not its ARN`},
		"a pattern with a placeholder of IAM":   {"version: 1\njanitor: {exclude: {names: ['${Account}']}}", `janitor.exclude.names[0]: "${Account}" is not allowed`},
		"a schedule of the past":                {"version: 1\njanitor: {schedule: cron(0 3 * * ? 2020-2024)}", `janitor.schedule: "cron(0 3 * * ? 2020-2024)" is not allowed: a schedule that runs again: the last run of this one was on 2024-12-31`},
		"a schedule that ends, but not yet":     {"version: 1\njanitor: {schedule: cron(0 3 * * ? 2020-2190)}", ""},
		"true or false in quotes":               {"version: 1\njanitor: {dryRun: \"false\"}", `janitor.dryRun: "false" is not allowed: true or false, without quotes`},
		"what is neither, in quotes or not":     {"version: 1\njanitor: {dryRun: \"no\"}", `janitor.dryRun: "no" is not allowed: true or false`},
		"true or false for one command, quoted": {"version: 1\njanitor: {enabled: 'true'}", `janitor.enabled: "true" is not allowed: true or false, without quotes`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := load(t, test.text, config.Options{})
			switch {
			case test.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("%v, want %s", err, test.want)
			}
		})
	}
}
