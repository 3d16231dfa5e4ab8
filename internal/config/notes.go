package config

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"caretaker/internal/setting"
	limitraiser "caretaker/limit-raiser"
)

// variant is what holds for one stage, and where each of its values was written.
type variant struct {
	stage    string
	sections Sections
	places   map[string]place
}

// notes say for each stage what is allowed and yet mostly a mistake.
func (l *loading) notes(variants []variant) map[string]Problems {
	notes := map[string]Problems{}
	for _, v := range variants {
		var own Problems
		for _, note := range append(v.sections.notes(), v.idle(variants)...) {
			at := find(v.places, note.Key)
			own.add(Problem{Source: cmp.Or(at.source, l.path), Line: at.line, Key: join(at.stage, note.Key), Text: note.Text})
		}
		notes[v.stage] = own.sorted(l.path)
	}
	return notes
}

// idle are the values that no deployment reads, since their part is off in every stage that they hold in:
// one note a section, at the first of its values.
func (v variant) idle(variants []variant) []setting.Note {
	var notes []setting.Note
	shipped := Default().Parts()
	for index, p := range v.sections.Parts() {
		if p.Enabled {
			continue
		}
		noted := map[string]bool{}
		for _, key := range differing(p.Key, reflect.ValueOf(p.Section), reflect.ValueOf(shipped[index].Section)) {
			section := strings.Join(strings.SplitN(key, ".", 3)[:2], ".")
			read := slices.ContainsFunc(variants, func(other variant) bool {
				return other.sections.Parts()[index].Enabled && find(other.places, key) == find(v.places, key)
			})
			if key != p.Key+".enabled" && !read && !noted[section] {
				noted[section] = true
				notes = append(notes, setting.Note{Key: key, Text: fmt.Sprintf("nothing that is deployed reads %s while %s.enabled is false", section, p.Key)})
			}
		}
	}
	return notes
}

// differing are the keys of a section whose values are not the defaults, in the order of its fields.
func differing(key string, value, shipped reflect.Value) []string {
	if value.Kind() != reflect.Struct {
		if reflect.DeepEqual(value.Interface(), shipped.Interface()) {
			return nil
		}
		return []string{key}
	}
	var keys []string
	for index := range value.NumField() {
		name, _, _ := strings.Cut(value.Type().Field(index).Tag.Get("yaml"), ",")
		keys = append(keys, differing(join(key, name), value.Field(index), shipped.Field(index))...)
	}
	return keys
}

// notes are what is allowed and yet mostly a mistake, by itself.
func (s Sections) notes() []setting.Note {
	var notes []setting.Note
	note := func(when bool, key, text string) {
		if when {
			notes = append(notes, setting.Note{Key: key, Text: text})
		}
	}
	note(s.Account == "", "account", `no account is named, and whichever the credentials lead to is taken: write the digits of yours, such as account: "111122223333"`)
	note(len(s.Notify.Email) == 0 && slices.ContainsFunc(s.Parts(), func(p Part) bool { return p.Enabled }), "notify.email",
		"nobody hears of an alarm: write the address of whoever is on call")
	note(s.Notify.Slack.Secret != "" && !s.Alerts.Notify.Enabled, secretKey, "nothing is posted to Slack while alerts.notify.enabled is false")
	note(len(s.Notify.SMS) > 0 && !s.Alerts.Notify.Enabled, "notify.sms", "nobody gets an SMS while alerts.notify.enabled is false")
	note(s.Alerts.Notify.Enabled && s.Notify.Slack.Secret == "" && s.Alerts.Notify.AmazonQ.Topic == "" && len(s.Notify.Email)+len(s.Notify.SMS) == 0, "alerts.notify.enabled",
		"it is enabled and can tell nobody: name notify.slack.secret, alerts.notify.amazonQ.topic, or addresses in notify.email")
	note(s.Alerts.Notify.Chart > 0 && s.Notify.Slack.Channel == "", "alerts.notify.chart", "no chart is drawn: that takes a bot, and notify.slack.channel names no channel for one")
	if s.Janitor.Enabled {
		note(s.Janitor.TimeZone != Default().Janitor.TimeZone && strings.HasPrefix(s.Janitor.Schedule, "rate("), "janitor.timeZone",
			"a rate has no time zone: janitor.schedule is "+s.Janitor.Schedule)
		note(s.Janitor.Pressure.Newest != Default().Janitor.Pressure.Newest && s.Janitor.Pressure.TightenAbove == 0, "janitor.pressure.newest",
			"it never holds: janitor.pressure.tightenAbove is 0%")
	}
	if s.Warmer.Enabled {
		note(s.Warmer.TimeZone != Default().Warmer.TimeZone && strings.HasPrefix(s.Warmer.Schedule, "rate("), "warmer.timeZone",
			"a rate has no time zone, and warmer.schedule is "+s.Warmer.Schedule+": windows have one of their own")
		notes = append(notes, s.Warmer.Notes()...)
	}
	if s.LimitRaiser.Enabled {
		notes = append(notes, raiserNotes(s.LimitRaiser)...)
		notes = append(notes, s.LimitRaiser.Notes()...)
	}
	return notes
}

// raiserNotes are those of what the limit-raiser never raises, or never uses.
func raiserNotes(c limitraiser.Config) []setting.Note {
	var notes []setting.Note
	never := unraised(c)
	switch {
	case c.ByTag: // a table's tag gives it a maximum
		never = slices.DeleteFunc(never, func(n setting.Note) bool { return strings.HasPrefix(n.Key, "limitRaiser.tables[") })
	case len(never) == len(c.Tables)+len(c.Streams)+len(c.Functions)+len(c.Quotas):
		return []setting.Note{{Key: "limitRaiser", Text: "it is enabled and can raise nothing: list tables, streams, functions or quotas, each with a maximum, or set byTag with a ceiling"}}
	case c.Ceiling > 0:
		notes = append(notes, setting.Note{Key: "limitRaiser.ceiling", Text: "it bounds what a tag may allow, and limitRaiser.byTag is false"})
	}
	if c.Sizing.RetryFactor != limitraiser.Default().Sizing.RetryFactor && !c.Sizing.ToDemand {
		notes = append(notes, setting.Note{Key: "limitRaiser.sizing.retryFactor", Text: "it is part of the demand, and limitRaiser.sizing.toDemand is false"})
	}
	return append(notes, never...)
}

// unraised are the entries of the lists that have no maximum.
func unraised(c limitraiser.Config) []setting.Note {
	var notes []setting.Note
	note := func(raised bool, list string, index int, name, key string) {
		if !raised {
			notes = append(notes, setting.Note{Key: fmt.Sprintf("limitRaiser.%s[%d]", list, index), Text: fmt.Sprintf("nothing of %s is raised: write %s", name, key)})
		}
	}
	units := func(read, write limitraiser.Capacity) bool { return read.Max > 0 || write.Max > 0 }
	for index, t := range c.Tables {
		some := units(t.Read, t.Write) || slices.ContainsFunc(t.Indexes, func(i limitraiser.Index) bool { return units(i.Read, i.Write) })
		note(some, "tables", index, t.Name, "read or write with a max, such as read: {max: 4000}")
	}
	for index, stream := range c.Streams {
		note(stream.MaxShards > 0, "streams", index, stream.Name, "maxShards")
	}
	for index, f := range c.Functions {
		note(f.MaxConcurrency > 0, "functions", index, f.Name, "maxConcurrency")
	}
	for index, q := range c.Quotas {
		note(q.Max > 0, "quotas", index, q.Service+" "+q.Code, "max")
	}
	return notes
}
