package alarm

import (
	"fmt"
	"strings"
	"testing"
)

// math is an alarm on an expression over what is used, what is there, what was refused, and another
// expression.
func mathAlarm(expression, comparison string) Alarm {
	return Alarm{Comparison: comparison, Metrics: []Metric{
		{ID: "e1", Expression: expression, Compared: true},
		{ID: "used", Name: "ConsumedWriteCapacityUnits"},
		{ID: "there", Name: "ProvisionedWriteCapacityUnits"},
		{ID: "refused", Name: "WriteThrottleEvents"},
		{ID: "e2", Expression: "used / PERIOD(used)"},
	}}
}

const over, under = "GreaterThanThreshold", "LessThanOrEqualToThreshold"

func TestSide_followsTheExpression(t *testing.T) {
	for expression, c := range map[string]struct {
		comparison string
		used       Side
		there      Side
	}{
		"100 * (used / 60) / FILL(there, REPEAT)":      {over, High, Low},
		"100*used/PERIOD(used)/there":                  {over, High, Low},
		"100 * used / SERVICE_QUOTA(used)":             {over, High, Unclear},
		"(e2 / there) * 100":                           {over, High, Low},
		"IF(FILL(there, 0) > 0, 100 * e2 / there, 0)":  {over, High, Low},
		"MAX([e2 / there, refused])":                   {over, High, Low},
		"SUM(METRICS())":                               {over, High, High},
		`SUM(METRICS("used"))`:                         {over, High, High},
		"used / there > 0.8":                           {over, High, Low},
		"IF(used > 0.8 * there && refused >= 1, 1, 0)": {over, High, Low},
		"CEIL(RATE(used)) ^ 2":                         {over, High, Unclear},
		"-(there - used)":                              {over, High, Low},
		"FILL(used, LINEAR) + 1.5e3":                   {over, High, Unclear},
		"there - used / 60":                            {under, High, Low}, // headroom is used up
		"100 - 100 * used / there":                     {under, High, Low}, // the idle share is small
		"IF(used / there < 0.8, 1, 0)":                 {under, High, Low}, // it is not under 80 %
		"100 * used / there":                           {under, Low, High}, // little is used
		"there / used":                                 {over, Low, High},  // much is there for each that is used
		"100 - 100 * used / there + 0":                 {over, Low, High},  // the idle share is large
		"ABS(there - used)":                            {over, Unclear, Unclear},
		"used - used":                                  {over, Unclear, Unclear},
		"refused":                                      {over, Unclear, Unclear},
		"SEARCH('{AWS/DynamoDB,TableName}', 'Sum')":    {over, Unclear, Unclear},
		"used +":                              {over, Unclear, Unclear},
		"used used":                           {over, Unclear, Unclear},
		"(used":                               {over, Unclear, Unclear},
		"used * * 2":                          {over, Unclear, Unclear},
		"e1 + used":                           {over, Unclear, Unclear}, // it stands on itself
		"missing + used":                      {over, Unclear, Unclear},
		"NEW_FUNCTION(used)":                  {over, Unclear, Unclear},
		"used" + strings.Repeat(" ", maxMath): {over, Unclear, Unclear},
		"AVG([used, used]) / (there + 0.001)": {"", Unclear, Unclear},
		"TIME_SERIES(LOG10(used)) - MIN([LAST(REMOVE_EMPTY([there])), 1e6])": {over, High, Low},
	} {
		t.Run(fmt.Sprintf("%.60s %s", expression, c.comparison), func(t *testing.T) {
			a := mathAlarm(expression, c.comparison)
			if used, there := a.Side("used"), a.Side("there"); used != c.used || there != c.there {
				t.Errorf("%s %s: what is used is %q and what is there %q, want %q and %q", expression, c.comparison, used, there, c.used, c.there)
			}
		})
	}
}

func TestSide_readsEveryComparison(t *testing.T) {
	band := []Metric{{ID: "m1", Name: "ConsumedWriteCapacityUnits", Compared: true}, {ID: "ad1", Expression: "ANOMALY_DETECTION_BAND(m1, 2)", Compared: true}}
	for name, c := range map[string]struct {
		alarm Alarm
		want  Side
	}{
		"over":           {Alarm{Comparison: "GreaterThanThreshold"}, High},
		"at or over":     {Alarm{Comparison: "GreaterThanOrEqualToThreshold"}, High},
		"under":          {Alarm{Comparison: "LessThanThreshold"}, Low},
		"at or under":    {Alarm{Comparison: "LessThanOrEqualToThreshold"}, Low},
		"not said":       {Alarm{}, Unclear},
		"not known":      {Alarm{Comparison: "SomethingNew"}, Unclear},
		"over a band":    {Alarm{Comparison: "GreaterThanUpperThreshold", Band: "ad1", Metrics: band}, High},
		"under a band":   {Alarm{Comparison: "LessThanLowerThreshold", Band: "ad1", Metrics: band}, Low},
		"out of a band":  {Alarm{Comparison: BothWays, Band: "ad1", Metrics: band}, Unclear},
		"out of it, up":  {Alarm{Comparison: BothWays, Metrics: band, Recent: Recent{[]float64{2, 9}, []float64{1, 1}, []float64{3, 3}}}, High},
		"out, down":      {Alarm{Comparison: BothWays, Metrics: band, Recent: Recent{[]float64{2, 0}, []float64{1, 1}, []float64{3, 3}}}, Low},
		"out, both ways": {Alarm{Comparison: BothWays, Metrics: band, Recent: Recent{[]float64{9, 0}, []float64{1, 1}, []float64{3, 3}}}, Unclear},
		"bands missing":  {Alarm{Comparison: BothWays, Metrics: band, Recent: Recent{Values: []float64{9, 0}}}, Unclear},
		"two compared": {Alarm{Comparison: over, Metrics: []Metric{
			{ID: "m1", Name: "ConsumedWriteCapacityUnits", Compared: true}, {ID: "m2", Name: "ConsumedReadCapacityUnits", Compared: true},
		}}, Unclear},
	} {
		t.Run(name, func(t *testing.T) {
			if c.alarm.Metrics == nil {
				c.alarm.Metrics = []Metric{{ID: "m1", Name: "ConsumedWriteCapacityUnits"}}
			}
			if got := c.alarm.Side("m1"); got != c.want {
				t.Errorf("it is %q, want %q", got, c.want)
			}
		})
	}
}

// The query of a contributor is its metric.
func TestSide_ofAContributorIsThatOfItsQuery(t *testing.T) {
	alarm := *Decode(event(t, "sns-contributor.json"))[0].Alarm
	if got := alarm.Side("m1"); got != Unclear {
		t.Errorf("without a comparison it is %q", got)
	}
	if alarm.Comparison = under; alarm.Side("m1") != Low {
		t.Errorf("under its threshold it is %q, want %q", alarm.Side("m1"), Low)
	}
}

func FuzzSide(f *testing.F) {
	f.Add("100 * (used / 60) / FILL(there, REPEAT)", "IF(used > there || refused >= 1, [e1, METRICS()], -e2)")
	f.Fuzz(func(_ *testing.T, one, other string) {
		a := mathAlarm(one, over)
		a.Metrics[len(a.Metrics)-1].Expression = other
		a.Side("used")
	})
}
