package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"caretaker/internal/config"
	"caretaker/internal/setting"
)

// load loads text as caretaker.yaml.
func load(t *testing.T, text string, options config.Options) (config.File, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "caretaker.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := config.Load(path, options)
	if err == nil {
		file.Notes = nil // they have tests of their own
		return file, nil
	}
	var problems config.Problems
	if !errors.As(err, &problems) {
		t.Fatalf("Load = %v, want config.Problems", err)
	}
	return file, errors.New(strings.ReplaceAll(err.Error(), path, "caretaker.yaml"))
}

func TestLoad_takesTheDefaultForEachKeyLeftOut(t *testing.T) {
	file, err := load(t, "version: 1\n", config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(config.Default(), file); diff != "" {
		t.Errorf("-default +loaded\n%s", diff)
	}
}

func TestLoad_readsEachTypeOfValue(t *testing.T) {
	file, err := load(t, `
version: 1
regions: [eu-west-1, us-gov-west-1, eusc-de-east-1]
tags: {team: platform, cost: "42"}
notify:
  email: [oncall@example.com]
  slack: {secret: "arn:aws:ssm:eu-west-1:111122223333:parameter/caretaker/slack"}
janitor:
  dryRun: false
  schedule: cron(0 3 * * ? *)
  rate: 7.5
  keep: {newest: 5, supersededFor: 1d12h}
  exclude: {names: [checkout-*, 'pay?']}
  pressure: {above: 12.5%}
`, config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := config.Default()
	want.Regions = []string{"eu-west-1", "us-gov-west-1", "eusc-de-east-1"}
	want.Tags = map[string]string{"team": "platform", "cost": "42"}
	want.Notify.Email = []string{"oncall@example.com"}
	want.Notify.Slack.Secret = "arn:aws:ssm:eu-west-1:111122223333:parameter/caretaker/slack"
	want.Janitor.DryRun = false
	want.Janitor.Schedule = "cron(0 3 * * ? *)"
	want.Janitor.Rate = 7.5
	want.Janitor.Keep.Newest = 5
	want.Janitor.Keep.SupersededFor = setting.Duration(36 * time.Hour)
	want.Janitor.Exclude.Names = []string{"checkout-*", "pay?"}
	want.Janitor.Pressure.Above = 12.5
	if diff := cmp.Diff(want, file); diff != "" {
		t.Errorf("-want +loaded\n%s", diff)
	}
}

func TestLoad_refuses(t *testing.T) {
	const janitorKeys = "belts, checks, dryRun, enabled, exclude, function, include, keep, pressure, qualifiedDelete, rate, schedule, timeZone"
	for name, c := range map[string]struct{ text, want string }{
		"an empty file":                          {"", "caretaker.yaml:1: version: the key is missing: write version: 1"},
		"a file of comments":                     {"# nothing\n", "caretaker.yaml:1: version: the key is missing: write version: 1"},
		"another version":                        {"version: 2", `caretaker.yaml:1: version: "2" is not allowed: 1`},
		"a version as a text":                    {`version: "1"`, `caretaker.yaml:1: version: "1" is not allowed: a whole number, without quotes`},
		"what is not YAML":                       {"version: 1\njanitor: {rate: 8", "caretaker.yaml:2: not YAML: could not find flow mapping end token '}'"},
		"a tab":                                  {"version: 1\njanitor:\n\tdryRun: true", "caretaker.yaml:3: not YAML: a tab: indent with spaces, not tabs"},
		"Latin-1":                                {"version: 1\ntags: {team: caf\xe9}", "caretaker.yaml:2: not UTF-8: save the file as UTF-8"},
		"UTF-16":                                 {"\xff\xfev\x00e\x00", "caretaker.yaml:1: not UTF-8, but perhaps UTF-16: save the file as UTF-8"},
		"two documents":                          {"version: 1\n---\nversion: 1", "caretaker.yaml: holds more than one YAML document: write one"},
		"a list for the file":                    {"- version: 1", "caretaker.yaml:1: \"[...]\" is not allowed: a section with keys of its own\ncaretaker.yaml:1: version: the key is missing: write version: 1"},
		"an unknown key":                         {"version: 1\njanitor:\n  keep:\n    newst: 1", "caretaker.yaml:4: janitor.keep.newst: unknown key; did you mean newest? (allowed here: invokedWithin, newest, supersededFor)"},
		"an unknown key that is like no other":   {"version: 1\njanitor: {colour: red}", "caretaker.yaml:2: janitor.colour: unknown key (allowed here: " + janitorKeys + ")"},
		"a key in another case":                  {"version: 1\njanitor: {dryrun: false}", "caretaker.yaml:2: janitor.dryrun: unknown key; did you mean dryRun? (allowed here: " + janitorKeys + ")"},
		"a key given twice":                      {"version: 1\njanitor:\n  rate: 8\n  rate: 9", "caretaker.yaml:4: janitor.rate: the key is given twice, first in line 3"},
		"a key that is not a text":               {"version: 1\n7: x", `caretaker.yaml:2: "7" is not a key: write a plain name`},
		"a key without a value":                  {"version: 1\njanitor:\n  keep:\n    newest:", `caretaker.yaml:4: janitor.keep.newest: "null" is not allowed: a whole number from 1 to 10000`},
		"a null":                                 {"version: 1\njanitor: {dryRun: null}", `caretaker.yaml:2: janitor.dryRun: "null" is not allowed: true or false`},
		"a tilde":                                {"version: 1\nregions: ~", `caretaker.yaml:2: regions: "null" is not allowed: a list such as [a, b], or [] for none`},
		"a section without keys":                 {"version: 1\njanitor:", `caretaker.yaml:2: janitor: "null" is not allowed: a section with keys of its own`},
		"a number as a text":                     {"version: 1\njanitor: {keep: {newest: \"3\"}}", `caretaker.yaml:2: janitor.keep.newest: "3" is not allowed: a whole number from 1 to 10000, without quotes`},
		"a number in words":                      {"version: 1\njanitor: {keep: {newest: three}}", `caretaker.yaml:2: janitor.keep.newest: "three" is not allowed: a whole number from 1 to 10000`},
		"half a version":                         {"version: 1\njanitor: {keep: {newest: 2.5}}", `caretaker.yaml:2: janitor.keep.newest: "2.5" is not allowed: a whole number from 1 to 10000`},
		"a number that YAML reads as octal":      {"version: 1\njanitor: {keep: {newest: 010}}", `caretaker.yaml:2: janitor.keep.newest: "010" is not allowed: a whole number from 1 to 10000`},
		"a number too large for any":             {"version: 1\njanitor: {keep: {newest: 99999999999999999999}}", `caretaker.yaml:2: janitor.keep.newest: "99999999999999999999" is not allowed: a whole number from 1 to 10000`},
		"zero newest":                            {"version: 1\njanitor: {keep: {newest: 0}}", `caretaker.yaml:2: janitor.keep.newest: "0" is not allowed: a whole number from 1 to 10000`},
		"negative newest":                        {"version: 1\njanitor: {keep: {newest: -1}}", `caretaker.yaml:2: janitor.keep.newest: "-1" is not allowed: a whole number from 1 to 10000`},
		"infinity":                               {"version: 1\njanitor: {rate: .inf}", `caretaker.yaml:2: janitor.rate: ".inf" is not allowed: calls a second from 1 to 15`},
		"no number":                              {"version: 1\njanitor: {rate: .nan}", `caretaker.yaml:2: janitor.rate: ".nan" is not allowed: calls a second from 1 to 15`},
		"yes for true":                           {"version: 1\njanitor: {dryRun: yes}", `caretaker.yaml:2: janitor.dryRun: "yes" is not allowed: true or false`},
		"a duration without a unit":              {"version: 1\njanitor: {keep: {supersededFor: 24}}", `caretaker.yaml:2: janitor.keep.supersededFor: "24" is not allowed: 0s for off, or a duration from 30m to 90d; the unit is missing: 24s, 24m, 24h or 24d`},
		"a duration of an unknown unit":          {"version: 1\njanitor: {keep: {supersededFor: 2w}}", `caretaker.yaml:2: janitor.keep.supersededFor: "2w" is not allowed: 0s for off, or a duration from 30m to 90d`},
		"a duration out of range":                {"version: 1\njanitor: {keep: {supersededFor: 5m}}", `caretaker.yaml:2: janitor.keep.supersededFor: "5m" is not allowed: 0s for off, or a duration from 30m to 90d`},
		"a share without its sign":               {"version: 1\njanitor: {pressure: {above: 50}}", `caretaker.yaml:2: janitor.pressure.above: "50" is not allowed: a percentage such as 80%, from 0% to 100%; the sign is missing: 50%`},
		"a share over the whole":                 {"version: 1\njanitor: {pressure: {above: 101%}}", `caretaker.yaml:2: janitor.pressure.above: "101%" is not allowed: a percentage such as 80%, from 0% to 100%`},
		"a text for a list":                      {"version: 1\nregions: eu-west-1", `caretaker.yaml:2: regions: "eu-west-1" is not allowed: a list such as [a, b], or [] for none`},
		"a section for a text":                   {"version: 1\njanitor: {schedule: {rate: 6}}", `caretaker.yaml:2: janitor.schedule: "{...}" is not allowed: a text, in quotes where it looks like a number, true, false or null`},
		"a null in a list":                       {"version: 1\nregions:\n- eu-west-1\n-", `caretaker.yaml:4: regions[1]: "null" is not allowed: a text, in quotes where it looks like a number, true, false or null`},
		"a number as a tag":                      {"version: 1\ntags: {cost: 42}", `caretaker.yaml:2: tags.cost: "42" is not allowed: a text: write it in quotes, "42"`},
		"a tag of AWS's own":                     {"version: 1\ntags:\n  AWS:team: x", `caretaker.yaml:3: tags.AWS:team: "AWS:team" is not allowed: a key of up to 128 letters, digits, spaces and _.:/=+-@ that does not begin with aws:`},
		"an anchor":                              {"version: 1\njanitor: {rate: &r 8}", "caretaker.yaml:2: janitor.rate: anchors, aliases and tags of YAML are not read here: write the value itself"},
		"what is not a Region":                   {"version: 1\nregions:\n- eu-west-1\n- Ireland", `caretaker.yaml:4: regions[1]: "Ireland" is not allowed: a Region such as eu-west-1`},
		"a Region that AWS does not have":        {"version: 1\nregions:\n- eu-west-1\n- eu-wst-2", `caretaker.yaml:4: regions[1]: "eu-wst-2" is not allowed: a Region of AWS, did you mean eu-west-2? One that is newer than this Caretaker also goes into newRegions`},
		"a Region that is like no other":         {"version: 1\nregions: [mars-polar-1]", `caretaker.yaml:2: regions[0]: "mars-polar-1" is not allowed: a Region of AWS. One that is newer than this Caretaker also goes into newRegions`},
		"a new Region that is not one":           {"version: 1\nnewRegions: [Mars]", `caretaker.yaml:2: newRegions[0]: "Mars" is not allowed: a Region such as eu-west-1`},
		"a runbook without https":                {"version: 1\nrunbook: http://wiki.example.com", `caretaker.yaml:2: runbook: "http://wiki.example.com" is not allowed: an address that begins https://, of up to 200 letters without #, such as https://wiki.example.com/caretaker; each alarm puts its heading after it`},
		"an account without quotes":              {"version: 1\naccount: 111122223333", `caretaker.yaml:2: account: "111122223333" is not allowed: a text: write it in quotes, "111122223333"`},
		"an account with zeros, without quotes":  {"version: 1\naccount: 000011112222", `caretaker.yaml:2: account: "000011112222" is not allowed: a text: write it in quotes, "000011112222"`},
		"an account that lacks a digit":          {"version: 1\nstages: {prod: {account: '11112222333'}}", `caretaker.yaml:2: stages.prod.account: "11112222333" is not allowed: the 12 digits of an AWS account in quotes, such as "111122223333"`},
		"units where a section is due":           {"version: 1\nlimitRaiser:\n  tables:\n  - name: orders\n    write: 2000", `caretaker.yaml:5: limitRaiser.tables[0].write: "2000" is not allowed: a section with keys of its own: {max: 2000}`},
		"what only one of the keys can hold":     {"version: 1\njanitor: {keep: 3, pressure: 80%}", `caretaker.yaml:2: janitor.keep: "3" is not allowed: a section with keys of its own: {newest: 3}` + "\n" + `caretaker.yaml:2: janitor.pressure: "80%" is not allowed: a section with keys of its own: above, newest, tightenAbove`},
		"a quoted duration without a unit":       {"version: 1\njanitor: {function: {timeout: '300'}}", `caretaker.yaml:2: janitor.function.timeout: "300" is not allowed: whole seconds from 1s to 15m; the unit is missing: 300s, 300m, 300h or 300d`},
		"a Region twice":                         {"version: 1\nregions:\n- eu-west-1\n- eu-west-1", `caretaker.yaml:4: regions[1]: "eu-west-1" is not allowed: each Region once`},
		"what is not an address":                 {"version: 1\nnotify: {email: [oncall]}", `caretaker.yaml:2: notify.email[0]: "oncall" is not allowed: an address such as oncall@example.com`},
		"an address with a name":                 {"version: 1\nnotify: {email: [On Call <oncall@example.com>]}", `caretaker.yaml:2: notify.email[0]: "On Call <oncall@example.com>" is not allowed: an address such as oncall@example.com`},
		"a pattern that cannot match":            {"version: 1\njanitor:\n  exclude:\n    names:\n    - a*\n    - ''", `caretaker.yaml:6: janitor.exclude.names[1]: "" is not allowed: a pattern with * and ? such as checkout-*`},
		"an unknown time zone":                   {"version: 1\njanitor: {timeZone: Mars/Base}", `caretaker.yaml:2: janitor.timeZone: "Mars/Base" is not allowed: a time zone by its IANA name, such as Europe/Berlin: unknown time zone Mars/Base`},
		"a schedule that is none":                {"version: 1\njanitor: {schedule: rate(1 hours)}", `caretaker.yaml:2: janitor.schedule: "rate(1 hours)" is not allowed: the singular for 1 and the plural for all else: rate(1 hour), rate(6 hours)`},
		"a schedule of a stage":                  {"version: 1\nstages: {a: {janitor: {schedule: cron(0 25 * * ? *), timeZone: Europe/Berlin}}}", `caretaker.yaml:2: stages.a.janitor.schedule: "cron(0 25 * * ? *)" is not allowed: 0 to 23 in the field hours, not "25"`},
		"a stage that is null":                   {"version: 1\nstages: {prod: }", `caretaker.yaml:2: stages.prod: "null" is not allowed: a section with keys of its own`},
		"stages that are null":                   {"version: 1\nstages:", `caretaker.yaml:2: stages: "null" is not allowed: the stages by their names, such as {prod: {janitor: {dryRun: false}}}`},
		"a stage of the base's name":             {"version: 1\nstages: {default: {}}", "caretaker.yaml:2: stages.default: the name is taken: it stands for the file without a stage"},
		"a stage no stack can be named after":    {"version: 1\nstages: {pr_1: {}}", "caretaker.yaml:2: stages.pr_1: a stage's name has up to 32 letters, digits and hyphens and begins with a letter"},
		"a stage twice":                          {"version: 1\nstages:\n  a: {}\n  a: {}", "caretaker.yaml:4: stages.a: the key is given twice, first in line 3"},
		"a version in a stage":                   {"version: 1\nstages: {a: {version: 1}}", "caretaker.yaml:2: stages.a.version: unknown key (allowed here: account, alerts, deployment, janitor, limitRaiser, logShipper, newRegions, notify, regions, runbook, tags, warmer)"},
		"an unknown key in a stage nobody asks":  {"version: 1\nstages:\n  a:\n    janitor: {drRun: true}", "caretaker.yaml:4: stages.a.janitor.drRun: unknown key; did you mean dryRun? (allowed here: " + janitorKeys + ")"},
		"a bad value in a stage nobody asks":     {"version: 1\nstages:\n  a:\n    janitor: {rate: 16}", `caretaker.yaml:4: stages.a.janitor.rate: "16" is not allowed: calls a second from 1 to 15`},
		"a base that only its stage makes right": {"version: 1\njanitor: {rate: 16}\nstages: {a: {janitor: {rate: 8}}}", `caretaker.yaml:2: janitor.rate: "16" is not allowed: calls a second from 1 to 15`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := load(t, c.text, config.Options{})
			if err == nil {
				t.Fatalf("loaded, want %s", c.want)
			}
			if diff := cmp.Diff(c.want, err.Error()); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestLoad_reportsAllProblemsByLine(t *testing.T) {
	_, err := load(t, `version: 1
stages:
  prod:
    janitor: {rate: 0.5}
janitor:
  rate: fast
  keep:
    newest: 0
    newst: 1
  belts: {maxPercent: 0}
regions: [mars]
`, config.Options{Stage: "prod", Set: []string{"janitor.rate=20"}})
	want := `caretaker.yaml:4: stages.prod.janitor.rate: "0.5" is not allowed: calls a second from 1 to 15
caretaker.yaml:6: janitor.rate: "fast" is not allowed: calls a second from 1 to 15
caretaker.yaml:8: janitor.keep.newest: "0" is not allowed: a whole number from 1 to 10000
caretaker.yaml:9: janitor.keep.newst: unknown key; did you mean newest? (allowed here: invokedWithin, newest, supersededFor)
caretaker.yaml:10: janitor.belts.maxPercent: "0" is not allowed: a number from 1 to 100
caretaker.yaml:11: regions[0]: "mars" is not allowed: a Region such as eu-west-1
--set janitor.rate: "20" is not allowed: calls a second from 1 to 15`
	if err == nil {
		t.Fatal("loaded")
	}
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

const staged = `version: 1
regions: [eu-west-1]
tags: {team: platform, env: dev}
janitor:
  rate: 8
  pressure: {above: 50%, tightenAbove: 80%}
  exclude: {names: [a, b]}
stages:
  prod:
    tags: {env: prod}
    janitor:
      dryRun: false
      exclude: {names: [c]}
  late: {janitor: {schedule: cron(0 3 * * ? *)}}
`

func TestLoad_laysTheStageOverTheBaseKeyByKey(t *testing.T) {
	file, err := load(t, staged, config.Options{Stage: "prod"})
	if err != nil {
		t.Fatal(err)
	}
	want, err := load(t, staged, config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !want.Janitor.DryRun {
		t.Error("the base took a value of its stage")
	}
	want.Tags = map[string]string{"env": "prod"} // a map is one value
	want.Janitor.DryRun = false
	want.Janitor.Exclude.Names = []string{"c"} // a list too
	if diff := cmp.Diff(want, file); diff != "" {
		t.Errorf("-want +loaded\n%s", diff)
	}
	if diff := cmp.Diff(file.Sections, file.Stages["prod"]); diff != "" {
		t.Errorf("-chosen +among the stages\n%s", diff)
	}
}

func TestLoad_namesTheStagesThereAre(t *testing.T) {
	_, err := load(t, staged, config.Options{Stage: "prd"})
	if want := `caretaker.yaml: there is no stage "prd": the file has late, prod`; err == nil || err.Error() != want {
		t.Errorf("Load = %v, want %s", err, want)
	}
	_, err = load(t, "version: 1", config.Options{Stage: "prod"})
	if want := `caretaker.yaml: there is no stage "prod": the file has no stages`; err == nil || err.Error() != want {
		t.Errorf("Load = %v, want %s", err, want)
	}
	if _, err := load(t, staged, config.Options{Stage: config.DefaultStage}); err != nil {
		t.Errorf("the default stage: %v", err)
	}
}

func TestLoad_namesTheStageThatMakesAValueOfTheBaseWrong(t *testing.T) {
	_, err := load(t, staged+"  strict: {janitor: {pressure: {above: 90%}}}\n", config.Options{})
	want := `caretaker.yaml:6: janitor.pressure.tightenAbove: "80%" is not allowed: 0% for never, or at least pressure.above (in stage strict)`
	if err == nil || err.Error() != want {
		t.Errorf("Load = %v, want %s", err, want)
	}
	_, err = load(t, staged, config.Options{Set: []string{"janitor.pressure.above=90%"}})
	want = `caretaker.yaml:6: janitor.pressure.tightenAbove: "80%" is not allowed: 0% for never, or at least pressure.above (with --set)`
	if err == nil || err.Error() != want {
		t.Errorf("Load = %v, want %s", err, want)
	}
}

func TestLoad_setsKeysOverTheStage(t *testing.T) {
	file, err := load(t, staged, config.Options{Stage: "prod", Set: []string{
		"janitor.dryRun=true", "janitor.keep.newest=2", "janitor.keep.supersededFor=7d", "janitor.pressure={above: 1%, newest: 1}",
		"janitor.exclude.names=[x, y]", "regions=[]", "tags={a: b}", "janitor.schedule=cron(0 3 * * ? *)", "janitor.rate=3", "janitor.rate=4",
	}})
	if err != nil {
		t.Fatal(err)
	}
	want, err := load(t, staged, config.Options{Stage: "prod"})
	if err != nil {
		t.Fatal(err)
	}
	want.Regions, want.Tags = nil, map[string]string{"a": "b"}
	want.Janitor.DryRun = true
	want.Janitor.Schedule = "cron(0 3 * * ? *)"
	want.Janitor.Rate = 4
	want.Janitor.Keep.Newest, want.Janitor.Keep.SupersededFor = 2, setting.Duration(7*setting.Day)
	want.Janitor.Pressure.Above, want.Janitor.Pressure.Newest = 1, 1
	want.Janitor.Exclude.Names = []string{"x", "y"}
	if diff := cmp.Diff(want, file); diff != "" {
		t.Errorf("-want +loaded\n%s", diff)
	}
}

// The key and the value by which an operator tightens a single plan.
func TestLoad_setsNewestToOneOverTheDefaults(t *testing.T) {
	file, err := load(t, "version: 1", config.Options{Set: []string{"janitor.keep.newest=1"}})
	if err != nil {
		t.Fatal(err)
	}
	if file.Janitor.Keep.Newest != 1 {
		t.Errorf("keep.newest = %d, want 1", file.Janitor.Keep.Newest)
	}
}

func TestLoad_refusesToSet(t *testing.T) {
	for assignment, want := range map[string]string{
		"janitor.keep.newst=1":               "--set janitor.keep.newst: unknown key; did you mean newest? (allowed here: invokedWithin, newest, supersededFor)",
		"janitor.keep.newest=0":              `--set janitor.keep.newest: "0" is not allowed: a whole number from 1 to 10000`,
		"janitor.keep.newest=":               "--set janitor.keep.newest: no value: a whole number",
		"janitor.keep.newest=null":           `--set janitor.keep.newest: "null" is not allowed: a whole number from 1 to 10000`,
		`janitor.keep.newest="2"`:            `--set janitor.keep.newest: "2" is not allowed: a whole number from 1 to 10000, without quotes`,
		"janitor.keep.newest=[1":             "--set janitor.keep.newest: the value is not YAML",
		"janitor.keep.newest":                "--set janitor.keep.newest: no value: write it like janitor.keep.newest=1",
		"janitor.keep={newest: 0, newst: 1}": "--set janitor.keep: janitor.keep.newest: \"0\" is not allowed: a whole number from 1 to 10000\n--set janitor.keep: janitor.keep.newst: unknown key; did you mean newest? (allowed here: invokedWithin, newest, supersededFor)",
		"regions=eu-west-1":                  `--set regions: "eu-west-1" is not allowed: a list such as [a, b], or [] for none`,
		"regions=[Ireland]":                  `--set regions: regions[0]: "Ireland" is not allowed: a Region such as eu-west-1`,
		"tags.team=x":                        "--set tags.team: tags: is one value: set it whole, names with texts such as {team: platform}, or {} for none",
		"stages.prod.janitor.dryRun=false":   "--set stages.prod.janitor.dryRun: stages: unknown key (allowed here: account, alerts, deployment, janitor, limitRaiser, logShipper, newRegions, notify, regions, runbook, tags, warmer)",
		"version=2":                          "--set version: unknown key (allowed here: account, alerts, deployment, janitor, limitRaiser, logShipper, newRegions, notify, regions, runbook, tags, warmer)",
		"=1":                                 "--set : unknown key (allowed here: account, alerts, deployment, janitor, limitRaiser, logShipper, newRegions, notify, regions, runbook, tags, warmer)",
	} {
		t.Run(assignment, func(t *testing.T) {
			_, err := load(t, staged, config.Options{Set: []string{assignment}})
			if err == nil {
				t.Fatalf("set, want %s", want)
			}
			if diff := cmp.Diff(want, err.Error()); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestLoad_takesTheNameOfASecretAndNeverShowsASecret(t *testing.T) {
	for _, name := range []string{
		"caretaker/slack", "slack-token", "/caretaker/slack", "",
		"arn:aws:secretsmanager:eu-west-1:111122223333:secret:caretaker/slack-AbCdEf",
		"arn:aws-us-gov:ssm:us-gov-west-1:111122223333:parameter/caretaker/slack",
	} {
		if _, err := load(t, "version: 1\nnotify: {slack: {secret: '"+name+"'}}", config.Options{}); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, secret := range []string{
		"https://hooks.slack.example/services/x", "hooks.slack.com/services/T0", "xoxb-0000-1111-abc", "xapp-1-A0-b", "XOXP-1",
		"T00000000/B00000000/XXXXXXXX", "services/T00000000/B00000000/XXXXXXXX", "two words", "arn:aws:iam::111122223333:role/x",
	} {
		for _, options := range []config.Options{{}, {Set: []string{"notify.slack.secret=" + secret}}} {
			text := "version: 1\nnotify: {slack: {secret: '" + secret + "'}}"
			if options.Set != nil {
				text = "version: 1"
			}
			_, err := load(t, text, options)
			if err == nil {
				t.Errorf("%q was taken", secret)
			} else if strings.Contains(err.Error(), secret) || !strings.Contains(err.Error(), "never the webhook URL or token itself") {
				t.Errorf("%q: %v", secret, err)
			}
		}
	}
}

func TestLoad_showsNoSecretThatStandsWhereItsSectionIsDue(t *testing.T) {
	const secret = "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXX"
	for text, want := range map[string]string{
		"notify: " + secret:                                                           `caretaker.yaml:2: notify: "(not shown)" is not allowed: a section with keys of its own: accountName, email, hosts, slack, sms`,
		"notify:\n  slack: " + secret:                                                 `caretaker.yaml:3: notify.slack: "(not shown)" is not allowed: a section with keys of its own: {secret: (not shown)}`,
		"notify:\n  slack:\n    secret:" + secret:                                     `caretaker.yaml:4: notify.slack: "(not shown)" is not allowed: a section with keys of its own: {secret: (not shown)}`,
		"notify:\n  slack:\n    secret " + secret:                                     `caretaker.yaml:4: notify.slack: "(not shown)" is not allowed: a section with keys of its own: {secret: (not shown)}`,
		"notify:\n  email: []\n  slack\n    secret: x":                                "caretaker.yaml:4: no colon with a space behind slack: write slack: and its value",
		"janitor:\n  rate: 8\nnotify:\n  slack:\n    secret " + secret + "\n    x: y": "caretaker.yaml:6: no colon with a space behind secret: write secret: and its value",
	} {
		_, err := load(t, "version: 1\n"+text, config.Options{})
		if err == nil || err.Error() != want {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestLoad_namesTheFileThatIsNotThere(t *testing.T) {
	_, err := config.Load(filepath.Join(t.TempDir(), "caretaker.yaml"), config.Options{})
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Load = %v, want os.ErrNotExist", err)
	}
}
