package groups

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"caretaker/internal/want"
)

const (
	shipper = "arn:aws:lambda:eu-west-1:111122223333:function:caretaker-prod-log-shipper"
	other   = "arn:aws:firehose:eu-west-1:111122223333:deliverystream/security"
)

var target = Target{Destination: shipper}

// checkout is the group of a function with these filters.
func checkout(filters ...Filter) Group {
	return Group{Name: "/aws/lambda/checkout", Class: "STANDARD", Read: true, Filters: filters}
}

func (g Group) tagged(pairs ...string) Group {
	g.Tags = map[string]string{}
	for position := 0; position < len(pairs); position += 2 {
		g.Tags[pairs[position]] = pairs[position+1]
	}
	return g
}

func (g Group) called(name string) Group { g.Name = name; return g }

func (g Group) class(class string) Group { g.Class = class; return g }

func (g Group) kept(days int) Group { g.RetentionDays = days; return g }

var ours = Filter{Name: "caretaker-prod", Destination: shipper}

func changed(change func(*Config)) Config {
	cfg := Default()
	change(&cfg)
	return cfg
}

func TestDecide_saysOfEachGroupWhatAndWhy(t *testing.T) {
	stream := Target{"arn:aws:kinesis:eu-west-1:111122223333:stream/logs", "arn:aws:iam::111122223333:role/logs"}
	unread := Group{Name: "/aws/lambda/checkout"}
	refused := unread
	refused.Unread = "AccessDeniedException"
	for _, test := range []struct {
		name   string
		group  Group
		cfg    Config
		target Target
		want   string
	}{
		{name: "a filter that is missing", group: checkout(), want: "to subscribe: has no filter of this stage"},
		{name: "one filter of others", group: checkout(Filter{Name: "security"}), want: "to subscribe: has no filter of this stage: beside 1 filter of others"},
		{name: "two filters of others", group: checkout(Filter{Name: "a"}, Filter{Name: "b"}), want: "to subscribe: has no filter of this stage: beside 2 filters of others: AWS may refuse one more"},
		{name: "the filter of another stage", group: checkout(Filter{Name: "caretaker-dev", Destination: shipper}), want: "to subscribe: has no filter of this stage: beside 1 filter of others"},
		{name: "a filter that stands", group: checkout(Filter{Name: "security"}, ours), want: "subscribed: its filter stands"},
		{name: "a filter that points elsewhere", group: checkout(Filter{Name: "caretaker-prod", Destination: other}), want: "to change: its filter points elsewhere: " + other},
		{name: "a filter with a pattern", group: checkout(Filter{Name: "caretaker-prod", Destination: shipper, Pattern: "ERROR"}), want: "to change: its filter lets only a part through: ERROR"},
		{name: "a filter with another role", group: checkout(Filter{Name: "caretaker-prod", Destination: stream.Destination, Role: "r"}), target: stream, want: "to change: its filter points elsewhere: by another role"},
		{
			name: "a role that nobody knows", group: checkout(Filter{Name: "caretaker-prod", Destination: stream.Destination, Role: "r"}), target: Target{Destination: stream.Destination},
			want: "subscribed: its filter stands",
		},
		{name: "the class infrequent access", group: checkout().class("INFREQUENT_ACCESS"), want: "left alone: its class has no subscriptions: INFREQUENT_ACCESS"},
		{name: "a class that is new to us", group: checkout().class("GLACIAL"), want: "left alone: its class has no subscriptions: GLACIAL"},
		{name: "no class at all", group: checkout().class(""), want: "to subscribe: has no filter of this stage"},
		{name: "a name that nobody included", group: checkout().called("/aws/rds/orders"), want: "left alone: not included: by name"},
		{name: "every name", group: checkout().called("/aws/rds/orders"), cfg: changed(func(c *Config) { c.Include.Names = nil }), want: "to subscribe: has no filter of this stage"},
		{name: "a tag that is missing", group: checkout().tagged("team", "ops"), cfg: changed(func(c *Config) { c.Include.Tags = map[string]string{"team": "shop"} }), want: "left alone: not included: by tag"},
		{name: "a tag with any value", group: checkout().tagged("team", "ops"), cfg: changed(func(c *Config) { c.Include.Tags = map[string]string{"team": "*"} }), want: "to subscribe: has no filter of this stage"},
		{name: "a name that is excluded", group: checkout(), cfg: changed(func(c *Config) { c.Exclude.Names = []string{"*/pay*", "*/check?ut"} }), want: "left alone: excluded by name: */check?ut"},
		{name: "a tag that is excluded", group: checkout().tagged("logs", "private"), cfg: changed(func(c *Config) { c.Exclude.Tags = map[string]string{"logs": "private"} }), want: "left alone: excluded by tag: logs"},
		{name: "tagged off", group: checkout().tagged("caretaker:logs", "off"), want: "left alone: tagged caretaker:logs=off"},
		{name: "tagged on", group: checkout().tagged("caretaker:logs", "on"), want: "to subscribe: has no filter of this stage"},
		{name: "tagged by someone who meant something", group: checkout().tagged("caretaker:logs", "Off"), want: `left alone: unreadable caretaker tag: caretaker:logs="Off" is neither on nor off`},
		{name: "a tag of ours that is none", group: checkout().tagged("caretaker:log", "off"), want: "left alone: unreadable caretaker tag: no part of Caretaker knows caretaker:log"},
		{name: "tagged off when it was subscribed", group: checkout(ours).tagged("caretaker:logs", "off"), want: "to unsubscribe: tagged caretaker:logs=off"},
		{name: "excluded when it was subscribed", group: checkout(ours).called("/aws/rds/orders"), want: "to unsubscribe: not included: by name"},
		{name: "its own group", group: checkout().called("/aws/lambda/caretaker-prod-log-shipper"), want: "left alone: own: it would be written for ever"},
		{name: "its own group that somebody subscribed", group: checkout(ours).called("/aws/lambda/caretaker-prod-log-shipper"), want: "to unsubscribe: own: it would be written for ever"},
		{name: "filters that nobody came to", group: unread, want: "not looked at: no time for it in this run"},
		{name: "filters that could not be read", group: refused, want: "not looked at: its filters could not be read: AccessDeniedException"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.target == (Target{}) {
				test.target = target
			}
			if test.cfg.Schedule == "" {
				test.cfg = Default()
			}
			want.Equal(t, "the decision", said(Decide(test.group, "prod", test.target, test.cfg)), test.want)
		})
	}
}

func said(d Decision) string {
	return strings.TrimSuffix(fmt.Sprintf("%s: %s: %s", d.Outcome, d.Reason, d.Detail), ": ")
}

func TestDecide_setsARetentionOnlyWhereThereIsNone(t *testing.T) {
	thirty := changed(func(c *Config) { c.RetentionDays = 30 })
	for _, test := range []struct {
		name  string
		group Group
		cfg   Config
		want  int
	}{
		{"none there", checkout(), thirty, 30},
		{"none there, and subscribed", checkout(ours), thirty, 30},
		{"a shorter one", checkout().kept(7), thirty, 0},
		{"a longer one", checkout().kept(400), thirty, 0},
		{"none asked for", checkout(), Default(), 0},
		{"a group that nobody chose", checkout().called("/aws/rds/orders"), thirty, 0},
		{"a group that is tagged off", checkout().tagged("caretaker:logs", "off"), thirty, 0},
		{"its own group", checkout().called("/aws/lambda/caretaker-dev-log-shipper"), thirty, 0},
		{"a class without subscriptions", checkout().class("INFREQUENT_ACCESS"), thirty, 30},
		{"the class whose retention AWS sets", checkout().class("DELIVERY"), thirty, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			want.Equal(t, "days of retention to be set", Decide(test.group, "prod", target, test.cfg).Retention, test.want)
		})
	}
}

func TestLeave_takesTheStagesOwnFilterAlone(t *testing.T) {
	for _, test := range []struct {
		name  string
		group Group
		want  string
	}{
		{"its filter", checkout(Filter{Name: "security"}, ours), "to unsubscribe: its filter stands: " + shipper},
		{"its filter, wherever it points", checkout(Filter{Name: "caretaker-prod", Destination: other}), "to unsubscribe: its filter stands: " + other},
		{"filters of others", checkout(Filter{Name: "security", Destination: shipper}, Filter{Name: "caretaker-dev", Destination: shipper}), "left alone: has no filter of this stage"},
		{"filters that nobody came to", Group{Name: "/aws/lambda/checkout"}, "not looked at: no time for it in this run"},
	} {
		t.Run(test.name, func(t *testing.T) { want.Equal(t, "the decision", said(Leave(test.group, "prod")), test.want) })
	}
}

// A filter that points to the group of the function it calls, or to what writes a line for each that it
// gets, never ends.
func TestOwn_isWhatWouldBeWrittenForEver(t *testing.T) {
	for name, own := range map[string]bool{
		"/aws/lambda/caretaker-prod-log-shipper":               true,
		"/aws/lambda/caretaker-default-log-shipper":            true,
		"/aws/lambda/caretaker-a-b-log-shipper":                true,
		"/aws/lambda/caretaker-prod-log-shipper-subscriber":    true,
		"/aws/kinesisfirehose/logs":                            true,
		"/aws/OpenSearchService/domains/logs/application-logs": true,
		"/aws/aes/domains/logs/search-slow-logs":               true,
		"/aws/lambda/caretaker-prod-log-shipper-of-ours":       false,
		"/aws/lambda/caretaker-prod-janitor":                   false,
		"/aws/lambda/log-shipper":                              false,
		"/aws/lambda/my-caretaker-prod-log-shipper":            false,
		"/elsewhere/aws/lambda/caretaker-prod-log-shipper":     false,
		"/aws/lambda/caretaker-log-shipper":                    false,
		"":                                                     false,
	} {
		want.Equal(t, name+" is own", Own(name), own)
	}
}

func TestMatch_passesOverSlashes(t *testing.T) {
	for _, test := range []struct {
		pattern, name string
		want          bool
	}{
		{"/aws/lambda/*", "/aws/lambda/checkout", true},
		{"/aws/lambda/*", "/aws/lambda/", true},
		{"/aws/lambda/*", "/aws/lambda", false},
		{"/aws/*", "/aws/lambda/checkout", true},
		{"*", "", true},
		{"", "", true},
		{"", "a", false},
		{"*-prod", "/a/b-prod", true},
		{"*-prod", "/a/b-prod-2", false},
		{"a*b*c", "a-b-b-c", true},
		{"a*b*c", "a-c-b", false},
		{"a?c", "abc", true},
		{"a?c", "a/c", true},
		{"a?c", "ac", false},
		{"[ab]", "a", false},
		{strings.Repeat("*a", 200) + "b", strings.Repeat("a", 500), false}, // tried one by one it would never end
	} {
		want.Equal(t, fmt.Sprintf("%.40q matches %.40q", test.pattern, test.name), match(test.pattern, test.name), test.want)
	}
}

// someGroup draws a group that may be anything.
func someGroup(t *rapid.T) Group {
	group := Group{
		Name:          rapid.SampledFrom([]string{"/aws/lambda/a", "/aws/lambda/b", "/aws/rds/c", "/aws/lambda/caretaker-prod-log-shipper", "/aws/kinesisfirehose/d"}).Draw(t, "name"),
		Class:         rapid.SampledFrom([]string{"", "STANDARD", "INFREQUENT_ACCESS", "DELIVERY"}).Draw(t, "class"),
		RetentionDays: rapid.SampledFrom([]int{0, 1, 30}).Draw(t, "retention"),
		Tags:          map[string]string{}, Read: rapid.IntRange(0, 5).Draw(t, "read") > 0,
	}
	if rapid.IntRange(0, 3).Draw(t, "tagged") == 0 {
		group.Tags["caretaker:logs"] = rapid.SampledFrom([]string{"on", "off", "x"}).Draw(t, "tag")
	}
	for range rapid.IntRange(0, 3).Draw(t, "filters") {
		name := rapid.SampledFrom([]string{"caretaker-prod", "caretaker-dev", "security", "audit"}).Draw(t, "filter")
		if group.Read && !slices.ContainsFunc(group.Filters, func(f Filter) bool { return f.Name == name }) {
			group.Filters = append(group.Filters, Filter{
				name, rapid.SampledFrom([]string{"", "ERROR"}).Draw(t, "pattern"), rapid.SampledFrom([]string{shipper, other}).Draw(t, "destination"), "",
			})
		}
	}
	return group
}

func someConfig(t *rapid.T) Config {
	cfg := Default()
	cfg.RetentionDays = rapid.SampledFrom([]int{0, 7}).Draw(t, "days")
	cfg.Include.Names = rapid.SampledFrom([][]string{nil, {"/aws/lambda/*"}, {"*c"}}).Draw(t, "include")
	cfg.Exclude.Names = rapid.SampledFrom([][]string{nil, {"*a"}}).Draw(t, "exclude")
	return cfg
}

// done is a group after its decision was carried out.
func done(group Group, decision Decision) Group {
	group.Filters = slices.Clone(group.Filters)
	at := slices.IndexFunc(group.Filters, func(f Filter) bool { return f.Name == "caretaker-prod" })
	switch decision.Outcome {
	case ToSubscribe:
		group.Filters = append(group.Filters, ours)
	case ToChange:
		group.Filters[at] = ours
	case ToRemove:
		group.Filters = slices.Delete(group.Filters, at, at+1)
	}
	if decision.Retention > 0 {
		group.RetentionDays = decision.Retention
	}
	return group
}

func TestDecide_againAfterwardsChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		group, cfg := someGroup(t), someConfig(t)
		first := Decide(group, "prod", target, cfg)
		if again := Decide(done(group, first), "prod", target, cfg); again.Changes() {
			t.Fatalf("%+v: %q, and then again %q with retention %d", group, said(first), said(again), again.Retention)
		}
	})
}

func TestDecide_neverSubscribesWhatIsOwnTaggedOrOfAnotherClass(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		group, cfg := someGroup(t), someConfig(t)
		d := Decide(group, "prod", target, cfg)
		if d.Reason == "" || d.Outcome == "" {
			t.Fatalf("%+v has no reason: %+v", group, d)
		}
		off := group.Tags["caretaker:logs"] != "" && group.Tags["caretaker:logs"] != "on"
		if puts := d.Outcome == ToSubscribe || d.Outcome == ToChange; puts && (Own(group.Name) || off || !Subscribes(group.Class) || !group.Read) {
			t.Fatalf("%+v: %q", group, said(d))
		}
		if d.Retention > 0 && group.RetentionDays > 0 {
			t.Fatalf("%+v has a retention, and is to be given %d days", group, d.Retention)
		}
	})
}
