package config_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"caretaker/internal/config"
)

// noted are the notes on a stage of a file that begins with a version, a Region and an account.
func noted(t *testing.T, text, stage string) []string {
	t.Helper()
	file, err := config.Parse("f", []byte("version: 1\naccount: '111122223333'\n"+text), config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var notes []string
	for _, note := range file.Notes[stage] {
		notes = append(notes, note.Error())
	}
	return notes
}

func TestNotes_tellWhatIsSilentlyNothingWithItsLine(t *testing.T) {
	const (
		heard   = "notify: {email: [a@example.com]}\n"
		nothing = "f:4: limitRaiser: it is enabled and can raise nothing: list tables, streams, functions or quotas, each with a maximum, or set byTag with a ceiling"
	)
	for text, want := range map[string][]string{
		heard:                               nil,
		"":                                  {"f: notify.email: nobody hears of an alarm: write the address of whoever is on call"},
		"regions: []\nnotify:\n  email: []": {"f:5: notify.email: nobody hears of an alarm: write the address of whoever is on call"},
		"janitor: {enabled: false}":         nil,
		"notify: {email: [a@example.com],\n  slack: {secret: caretaker/slack}}":                                                                {"f:4: notify.slack.secret: nothing is posted to Slack while alerts.notify.enabled is false"},
		heard + "alerts:\n  notify:\n    enabled: true\n    chart: 3h":                                                                         {"f:7: alerts.notify.chart: no chart is drawn: that takes a bot, and notify.slack.channel names no channel for one"},
		"notify: {email: [a@example.com], slack: {secret: caretaker/slack, channel: '#alerts'}}\nalerts: {notify: {enabled: true, chart: 3h}}": nil,

		heard + "janitor:\n  timeZone: Europe/Berlin":                             {"f:5: janitor.timeZone: a rate has no time zone: janitor.schedule is rate(6 hours)"},
		heard + "janitor: {timeZone: Europe/Berlin, schedule: cron(0 3 * * ? *)}": nil,
		heard + "janitor: {pressure: {tightenAbove: 0%, newest: 1}}":              {"f:4: janitor.pressure.newest: it never holds: janitor.pressure.tightenAbove is 0%"},
		"janitor:\n  enabled: false\n  keep:\n    newest: 3\n    supersededFor: 7d\n    invokedWithin: 30d\n  belts: {maxDeletions: 9}": {
			"f:7: janitor.keep.supersededFor: nothing that is deployed reads janitor.keep while janitor.enabled is false",
			"f:9: janitor.belts.maxDeletions: nothing that is deployed reads janitor.belts while janitor.enabled is false",
		},
		heard + "limitRaiser:\n  limits: {raisesADay: 3}\n  tables: [{name: orders, read: {max: 1}}]": {
			"f:5: limitRaiser.limits.raisesADay: nothing that is deployed reads limitRaiser.limits while limitRaiser.enabled is false",
			"f:6: limitRaiser.tables: nothing that is deployed reads limitRaiser.tables while limitRaiser.enabled is false",
		},

		heard + "limitRaiser: {enabled: true}":                                                                      {nothing},
		heard + "limitRaiser: {enabled: true, tables: [{name: orders}]}":                                            {nothing},
		heard + "limitRaiser: {enabled: true, tables: [{name: orders, indexes: [{name: byDate, read: {max: 1}}]}]}": nil,
		heard + "limitRaiser: {enabled: true, byTag: true, ceiling: 9, tables: [{name: orders}]}":                   nil,
		heard + "limitRaiser: {enabled: true, functions: [{name: checkout, maxConcurrency: 9}],\n  ceiling: 9,\n  sizing: {toDemand: false, retryFactor: 2}}": {
			"f:5: limitRaiser.ceiling: it bounds what a tag may allow, and limitRaiser.byTag is false",
			"f:6: limitRaiser.sizing.retryFactor: it is part of the demand, and limitRaiser.sizing.toDemand is false",
		},
		heard + "limitRaiser:\n  enabled: true\n  functions: [{name: checkout, maxConcurrency: 9}]\n  tables:\n    - name: orders\n  streams:\n    - name: clicks\n  quotas:\n    - {service: lambda, code: L-B99A9384}": {
			"f:8: limitRaiser.tables[0]: nothing of orders is raised: write read or write with a max, such as read: {max: 4000}",
			"f:10: limitRaiser.streams[0]: nothing of clicks is raised: write maxShards",
			"f:12: limitRaiser.quotas[0]: nothing of lambda L-B99A9384 is raised: write max",
		},
		heard + "limitRaiser: {enabled: true, byTag: true, ceiling: 9, alarmAbove: 60%,\n  tables: [{name: one}, {name: two, alarmAbove: 76%}],\n  quotas: [{service: vpc, code: L-1, max: 1, alarmAbove: 90%}]}": {
			"f:4: limitRaiser.alarmAbove: 60%: the alarm calls, and with 30% headroom nothing is raised below 77%: write alarmAbove: 77% or more, or sizing.headroom: 67% or more",
			"f:5: limitRaiser.tables[1].alarmAbove: 76%: the alarm calls, and with 30% headroom nothing is raised below 77%: write alarmAbove: 77% or more, or sizing.headroom: 32% or more",
		},
	} {
		if diff := cmp.Diff(want, noted(t, text, config.DefaultStage)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
}

func TestNotes_wantAnAccount(t *testing.T) {
	const any = `account: no account is named, and whichever the credentials lead to is taken: write the digits of yours, such as account: "111122223333"`
	for text, want := range map[string]string{"version: 1": "f: " + any, "version: 1\naccount: ''": "f:2: " + any} {
		file, err := config.Parse("f", []byte(text+"\njanitor: {enabled: false}"), config.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got := file.Notes[config.DefaultStage].Error(); got != want {
			t.Errorf("%q: the notes are %s", text, got)
		}
	}
}

// What a stage changes is noted in its own line, and what another stage reads is not for nothing.
func TestNotes_areThoseOfEachStage(t *testing.T) {
	const text = `notify: {email: [a@example.com]}
limitRaiser:
  tables: [{name: orders, read: {max: 1}}]
stages:
  dev:
    janitor: {enabled: false, keep: {newest: 9}}
  prod:
    notify: {email: []}
    limitRaiser: {enabled: true}
`
	for stage, want := range map[string][]string{
		config.DefaultStage: nil,
		"dev":               {"f:8: stages.dev.janitor.keep.newest: nothing that is deployed reads janitor.keep while janitor.enabled is false"},
		"prod":              {"f:10: stages.prod.notify.email: nobody hears of an alarm: write the address of whoever is on call"},
	} {
		if diff := cmp.Diff(want, noted(t, text, stage)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", stage, diff)
		}
	}
}
