package schedule_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the table must not depend on the machine's zones

	"caretaker/internal/schedule"
)

const day = 24 * time.Hour

func TestParse_measuresTheGaps(t *testing.T) {
	for _, test := range []struct {
		expression, zone  string
		shortest, longest time.Duration
	}{
		{"rate(1 minute)", "", time.Minute, time.Minute},
		{"rate(6 hours)", "Europe/Berlin", 6 * time.Hour, 6 * time.Hour},
		{"rate(1 day)", "", day, day},
		{"rate(10 days)", "", 10 * day, 10 * day},

		{"cron(* * * * ? *)", "", time.Minute, time.Minute},
		{"cron(0/15 * * * ? *)", "", 15 * time.Minute, 15 * time.Minute},
		{"cron(*/25 * * * ? *)", "", 10 * time.Minute, 25 * time.Minute},
		{"cron(1/10 * * * ? *)", "", 10 * time.Minute, 10 * time.Minute},
		{"cron(0 3 * * ? *)", "UTC", day, day},
		{"cron(0 0,6,12,18 * * ? *)", "", 6 * time.Hour, 6 * time.Hour},
		{"cron(0 9-17 ? * MON-FRI *)", "", time.Hour, 64 * time.Hour},
		{"cron(0 9 ? * mon *)", "", 7 * day, 7 * day},
		{"cron(0 9 ? * 2 *)", "", 7 * day, 7 * day},
		{"cron(0 9 ? * L *)", "", 7 * day, 7 * day},
		{"cron(0 9 1,15 * ? *)", "", 14 * day, 17 * day},
		{"cron(0 9 L * ? *)", "", 28 * day, 31 * day},
		{"cron(0 9 1 JAN ? *)", "", 365 * day, 366 * day},
		{"cron(0 9 29 2 ? *)", "", 4*365*day + day, 4*365*day + day},
		{"cron(0 9 ? * 6L *)", "", 28 * day, 35 * day},
		{"cron(0 9 ? * TUE#2 *)", "", 28 * day, 35 * day},
		// The 1st on a Saturday is served on Monday the 3rd, since W stays within its month.
		{"cron(0 9 1W * ? *)", "", 28 * day, 33 * day},
		{"cron(0 9 1-31/30 * ? *)", "", day, 30 * day},

		// What the clocks skip does not run: 02:30 on the last Sunday of March.
		{"cron(30 2 * * ? *)", "Europe/Berlin", day, 47 * time.Hour},
		{"cron(0 12 * * ? *)", "Europe/Berlin", 23 * time.Hour, 25 * time.Hour},
		{"cron(0 * * * ? *)", "Europe/Berlin", time.Hour, 2 * time.Hour},
		{"cron(*/5 * * * ? *)", "America/New_York", 5 * time.Minute, 65 * time.Minute},
		// Lord Howe's clocks change by half an hour.
		{"cron(0 12 * * ? *)", "Australia/Lord_Howe", 23*time.Hour + 30*time.Minute, 24*time.Hour + 30*time.Minute},
		{"cron(0 12 * * ? *)", "Asia/Kolkata", day, day},

		{"cron(0 9 * * ? 2027)", "", day, schedule.Unbounded},
		{"cron(0 9 1 1 ? 2027)", "", schedule.Unbounded, schedule.Unbounded},
		{"cron(0 9 * * ? 1970-2199)", "", day, day},
	} {
		t.Run(test.expression+" "+test.zone, func(t *testing.T) {
			parsed, err := schedule.Parse(test.expression, test.zone)
			if err != nil {
				t.Fatal(err)
			}
			if parsed.ShortestGap() != test.shortest || parsed.LongestGap() != test.longest {
				t.Errorf("gaps are %v to %v, want %v to %v", parsed.ShortestGap(), parsed.LongestGap(), test.shortest, test.longest)
			}
		})
	}
}

func TestParse_refusesWhatAWSRefusesAndSaysWhatIsAllowed(t *testing.T) {
	for expression, allowed := range map[string]string{
		"":                               "rate(6 hours) or cron",
		"6h":                             "rate(6 hours) or cron",
		"at(2027-01-01T00:00:00)":        "rate(6 hours) or cron",
		"rate(10 seconds)":               "minutes, hours or days",
		"rate( 10 minutes )":             "one space",
		"rate(10  minutes)":              "one space",
		"rate(0 minutes)":                "whole number",
		"rate(-1 minutes)":               "whole number",
		"rate(1.5 hours)":                "whole number",
		"rate(1 hours)":                  "singular",
		"rate(6 hour)":                   "plural",
		"rate(999999 days)":              "36500 days",
		"cron(0 3 * * *)":                "six fields",
		"cron(0 3 * * ? * *)":            "six fields",
		"cron(0  3 * * ? *)":             "six fields",
		"cron(0 3 * * * *)":              "exactly one",
		"cron(0 3 ? * ? *)":              "exactly one",
		"cron(0 3 1 * MON *)":            "exactly one",
		"cron(60 3 * * ? *)":             "0 to 59 in the field minutes",
		"cron(*/60 3 * * ? *)":           "a step from 1 to 59",
		"cron(*/0 3 * * ? *)":            "a step from 1 to 59",
		"cron(0 24 * * ? *)":             "0 to 23 in the field hours",
		"cron(0 +3 * * ? *)":             "0 to 23 in the field hours",
		"cron(0 ٣ * * ? *)":              "0 to 23 in the field hours",
		"cron(0 5-3 * * ? *)":            "from low to high",
		"cron(0 3 0 * ? *)":              "1 to 31 in the field day of month",
		"cron(0 3 32W * ? *)":            "1 to 31 in the field day of month",
		"cron(0 3 1,L * ? *)":            "1 to 31 in the field day of month",
		"cron(0 3 * 13 ? *)":             "1 to 12 in the field month",
		"cron(0 3 ? * 0 *)":              "1 to 7 in the field day of week",
		"cron(0 3 ? * 8L *)":             "1 to 7 in the field day of week",
		"cron(0 3 ? * 3#6 *)":            "1 to 5 after the #",
		"cron(0 3 ? * 3#1,6#3 *)":        "1 to 5 after the #",
		"cron(0 3 ? * MON,,TUE *)":       "1 to 7 in the field day of week",
		"cron(0 3 * * ? 1969)":           "1970 to 2199 in the field year",
		"cron(0 3 30 2 ? *)":             "a schedule that runs",
		"cron(0 3 29 2 ? 2027,2029)":     "a schedule that runs",
		"cron(0, 3, *, *, ?, *)":         "0 to 59 in the field minutes",
		"cron(0 3 * * ? *":               "rate(6 hours) or cron",
		"rate(5 minutes) rate(1 minute)": "whole number",
	} {
		_, err := schedule.Parse(expression, "")
		if err == nil || !strings.Contains(err.Error(), allowed) {
			t.Errorf("%q: the error is %v, and does not say %q", expression, err, allowed)
		}
	}
}

func TestParse_refusesAnUnknownZone(t *testing.T) {
	for _, zone := range []string{"Mars/Olympus", "Local", "../etc/passwd"} {
		if _, err := schedule.Parse("rate(6 hours)", zone); err == nil || !strings.Contains(err.Error(), "IANA") {
			t.Errorf("%s: the error is %v", zone, err)
		}
	}
}

// FuzzParse looks for panics, for gaps that cannot be and for errors that come with a value.
func FuzzParse(f *testing.F) {
	f.Add("0 3 * * ? *", "Europe/Berlin")
	f.Add("*/7 1-5,20 L * ? *", "America/New_York")
	f.Add("0 9 ? * 3#2 *", "Australia/Lord_Howe")
	f.Add("0 0 15W 1/2 ? *", "")
	f.Fuzz(func(t *testing.T, fields, zone string) {
		parsed, err := schedule.Parse("cron("+fields+")", zone)
		if err != nil {
			if parsed != (schedule.Schedule{}) {
				t.Errorf("an error came with %+v", parsed)
			}
			return
		}
		if parsed.ShortestGap() < time.Minute || parsed.LongestGap() < parsed.ShortestGap() && parsed.LongestGap() != schedule.Unbounded {
			t.Errorf("gaps are %v to %v", parsed.ShortestGap(), parsed.LongestGap())
		}
	})
}

// The walk is slow and plain: every minute of some years, as the zone's clocks show it.
func TestParse_agreesWithAWalkThroughEveryMinute(t *testing.T) {
	for _, zone := range []string{"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"} {
		location, err := schedule.Zone(zone)
		if err != nil {
			t.Fatal(err)
		}
		for _, hour := range []int{0, 1, 2, 3, 12, 23} {
			expression := fmt.Sprintf("cron(30 %d * * ? *)", hour)
			parsed, err := schedule.Parse(expression, zone)
			if err != nil {
				t.Fatal(err)
			}
			var last time.Time
			var shortest, longest time.Duration = schedule.Unbounded, 0
			for at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC); at.Year() < 2029; at = at.Add(30 * time.Minute) {
				shown := at.In(location)
				if shown.Hour() != hour || shown.Minute() != 30 {
					continue
				}
				// The second showing of a repeated time is not a run of its own.
				if !last.IsZero() && last.In(location).YearDay() == shown.YearDay() && last.In(location).Year() == shown.Year() {
					continue
				}
				if !last.IsZero() {
					shortest, longest = min(shortest, at.Sub(last)), max(longest, at.Sub(last))
				}
				last = at
			}
			if parsed.LongestGap() < longest || parsed.ShortestGap() > shortest || parsed.LongestGap() > longest+time.Hour {
				t.Errorf("%s in %s: gaps are %v to %v, the walk found %v to %v",
					expression, zone, parsed.ShortestGap(), parsed.LongestGap(), shortest, longest)
			}
		}
	}
}

func BenchmarkParse(b *testing.B) {
	for b.Loop() {
		if _, err := schedule.Parse("cron(*/5 * * * ? *)", "Europe/Berlin"); err != nil {
			b.Fatal(err)
		}
	}
}
