package warmer

import (
	"testing"
	"time"

	"caretaker/internal/want"
)

// on tells whether a window of this configuration is on at a local time of its zone, such as
// 2026-03-29 01:59 +0100: the offset tells apart what the clocks show twice.
func on(t *testing.T, window Window, local string) bool {
	t.Helper()
	at, err := time.Parse("2006-01-02 15:04 -0700", local)
	want.NoError(t, "reading the time", err)
	cfg := Default()
	cfg.Windows = map[string]Window{"w": window}
	if problems := cfg.Validate(); len(problems) > 0 {
		t.Fatal(problems)
	}
	calendar, err := cfg.Calendar()
	want.NoError(t, "reading the windows", err)
	return calendar.On("w", at)
}

const berlin = "Europe/Berlin"

func TestCalendar_keepsToTheClocksOfItsZone(t *testing.T) {
	office := Window{Days: "mon-fri", From: "07:45", To: "18:00", TimeZone: berlin}
	night := Window{Days: "fri", From: "22:00", To: "06:00", TimeZone: berlin}
	short := Window{From: "02:15", To: "02:45", TimeZone: berlin}
	early := Window{From: "02:30", To: "05:00", TimeZone: berlin}
	late := Window{From: "22:00", To: "02:30", TimeZone: berlin}
	whole := Window{Days: "sun", From: "00:00", To: "24:00", TimeZone: berlin}
	round := Window{Days: "sat-mon", From: "09:00", To: "09:00", TimeZone: berlin}
	for name, c := range map[string]struct {
		window Window
		at     string
		want   bool
	}{
		"a minute before it begins":          {office, "2026-11-30 07:44 +0100", false},
		"as it begins":                       {office, "2026-11-30 07:45 +0100", true},
		"the minute before its end":          {office, "2026-11-30 17:59 +0100", true},
		"its end":                            {office, "2026-11-30 18:00 +0100", false},
		"on another day":                     {office, "2026-11-29 12:00 +0100", false},
		"the same instant in another zone":   {office, "2026-11-30 06:45 +0000", true},
		"in summer an hour earlier in UTC":   {office, "2026-07-01 05:45 +0000", true},
		"before midnight":                    {night, "2026-11-27 23:00 +0100", true},
		"after midnight, of the day before":  {night, "2026-11-28 05:59 +0100", true},
		"its end on the next day":            {night, "2026-11-28 06:00 +0100", false},
		"the night of another day":           {night, "2026-11-28 23:00 +0100", false},
		"after midnight of the wrong day":    {night, "2026-11-27 01:00 +0100", false},
		"a whole day begins":                 {whole, "2026-11-29 00:00 +0100", true},
		"a whole day's last minute":          {whole, "2026-11-29 23:59 +0100", true},
		"the day after":                      {whole, "2026-11-30 00:00 +0100", false},
		"from nine to nine":                  {round, "2026-12-01 08:59 +0100", true},
		"from nine to nine, over":            {round, "2026-12-01 09:00 +0100", false},
		"days over the week's end":           {round, "2026-11-29 12:00 +0100", true},
		"skipped by the clocks, before":      {short, "2026-03-29 01:59 +0100", false},
		"skipped by the clocks, after":       {short, "2026-03-29 03:00 +0200", false},
		"its beginning is skipped, before":   {early, "2026-03-29 01:59 +0100", false},
		"its beginning is skipped":           {early, "2026-03-29 03:00 +0200", true},
		"its end is skipped, before":         {late, "2026-03-29 01:59 +0100", true},
		"its end is skipped":                 {late, "2026-03-29 03:00 +0200", false},
		"shown twice, the first time":        {short, "2026-10-25 02:20 +0200", true},
		"between the two times":              {short, "2026-10-25 02:50 +0200", true},
		"shown twice, the second time":       {short, "2026-10-25 02:20 +0100", true},
		"shown twice, over":                  {short, "2026-10-25 02:45 +0100", false},
		"its beginning is shown twice":       {early, "2026-10-25 02:30 +0200", true},
		"and goes on":                        {early, "2026-10-25 02:10 +0100", true},
		"its end is shown twice, the first":  {late, "2026-10-25 02:30 +0200", true},
		"its end is shown twice, the second": {late, "2026-10-25 02:30 +0100", false},
	} {
		t.Run(name, func(t *testing.T) { want.Equal(t, "on at "+c.at, on(t, c.window, c.at), c.want) })
	}
}

// Whatever the clocks do, a window is on for one stretch of time, not for two.
func TestCalendar_isOnInOnePiece(t *testing.T) {
	for _, zone := range []string{berlin, "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Kolkata", "UTC"} {
		for _, day := range []string{"2026-03-08", "2026-03-29", "2026-04-05", "2026-10-04", "2026-10-25", "2026-11-01", "2026-06-01"} {
			begins, err := time.Parse(time.DateOnly, day)
			want.NoError(t, "reading the day", err)
			for from := range 24 {
				w := Window{Days: week[begins.Weekday()], From: clock(from, 15), To: clock((from+1)%24, 45), TimeZone: zone}
				cfg := Default()
				cfg.Windows = map[string]Window{"w": w}
				calendar, err := cfg.Calendar()
				want.NoError(t, "reading the window", err)
				changes, before := 0, false
				for minute := range 72 * 4 {
					now := calendar.On("w", begins.Add(-18*time.Hour+time.Duration(minute)*15*time.Minute))
					changes += b2i(now != before)
					before = now
				}
				if changes != 2 && changes != 0 {
					t.Errorf("%s on %s in %s changes %d times", w.From, day, zone, changes)
				}
			}
		}
	}
}

func clock(hour, minute int) string {
	return time.Date(2026, 1, 1, hour, minute, 0, 0, time.UTC).Format("15:04")
}

func TestCalendar_alwaysIsAlwaysAndNoWindowNever(t *testing.T) {
	want.Equal(t, "always", Calendar{}.On(Always, time.Now()), true)
	want.Equal(t, "a window that does not exist", Calendar{}.On("office", time.Now()), false)
}
