// Package setting holds the value types of caretaker.yaml that more than one
// part uses: durations with days, percentages, the settings of every deployed
// function, and the problem that a validation reports.
package setting

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Day is the unit that time.ParseDuration does not know.
const Day = 24 * time.Hour

// Duration is a length of time written like 30m, 24h or 14d. The zero value is 0s.
type Duration time.Duration

// durationForm is what a duration may look like: whole numbers with units, the
// largest first, so that "1d12h" is read and "-1h" or "5" is not.
var durationForm = regexp.MustCompile(`^(?:(\d{1,6})d)?((?:\d{1,9}h)?(?:\d{1,9}m)?(?:\d{1,9}s)?)$`)

// ParseDuration reads a duration like 30m, 24h, 14d or 1d12h.
func ParseDuration(text string) (Duration, error) {
	parts := durationForm.FindStringSubmatch(text)
	if parts == nil || text == "" {
		return 0, fmt.Errorf("%q is not a duration: write it like 30m, 24h or 14d", text)
	}
	var total time.Duration
	if parts[1] != "" {
		days, err := strconv.Atoi(parts[1])
		if err != nil || days > 36500 {
			return 0, fmt.Errorf("%q is longer than 36500d", text)
		}
		total = time.Duration(days) * Day
	}
	if parts[2] != "" {
		rest, err := time.ParseDuration(parts[2])
		if err != nil || rest > 36500*Day {
			return 0, fmt.Errorf("%q is longer than 36500d", text)
		}
		total += rest
	}
	return Duration(total), nil
}

// Std is the duration as a time.Duration.
func (d Duration) Std() time.Duration { return time.Duration(d) }

// String writes whole days as 14d, everything else as the standard library does, without zero units.
func (d Duration) String() string {
	std := time.Duration(d)
	if std == 0 {
		return "0s"
	}
	if std%Day == 0 {
		return strconv.FormatInt(int64(std/Day), 10) + "d"
	}
	text := std.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// MarshalText writes the duration as String does.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what ParseDuration reads.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := ParseDuration(string(text))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}

// Percent is a share from 0 to 100, written like 80% or 12.5%. The zero value is 0%.
type Percent float64

// ParsePercent reads a percentage like 80%.
func ParsePercent(text string) (Percent, error) {
	number, found := strings.CutSuffix(text, "%")
	value, err := strconv.ParseFloat(number, 64)
	if !found || err != nil || math.IsNaN(value) || value < 0 || value > 100 {
		return 0, fmt.Errorf("%q is not a percentage: write it like 80%%, from 0%% to 100%%", text)
	}
	return Percent(value), nil
}

// String writes the percentage like 80%.
func (p Percent) String() string { return strconv.FormatFloat(float64(p), 'f', -1, 64) + "%" }

// MarshalText writes the percentage as String does.
func (p Percent) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads what ParsePercent reads.
func (p *Percent) UnmarshalText(text []byte) error {
	parsed, err := ParsePercent(string(text))
	if err != nil {
		return err
	}
	*p = parsed
	return nil
}

// Function is what a part's deployed Lambda function may be given.
type Function struct {
	// Memory is in MB. More memory brings more CPU.
	Memory int `json:"memory" yaml:"memory" bounds:"128 to 10240" of:"a whole number of MB"`
	// Timeout is how long one run may take; 15m is Lambda's maximum.
	Timeout Duration `json:"timeout" yaml:"timeout" bounds:"1s to 15m" of:"whole seconds" step:"1s"`
	// LogRetentionDays is how long the log group keeps its lines: one of the numbers that CloudWatch Logs allows.
	// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
	LogRetentionDays int `json:"logRetentionDays" yaml:"logRetentionDays" choices:"1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653"`
	// ReservedConcurrency limits how many runs there are at once. 0, the default, reserves
	// nothing: a new account has 10 in all, and AWS refuses to reserve any of them.
	ReservedConcurrency int `json:"reservedConcurrency" yaml:"reservedConcurrency" bounds:"0 (none reserved) to 1000"`
}

// Note is a value of the file that is allowed and yet mostly a mistake.
type Note struct {
	// Key is the path from the top of the file.
	Key string
	// Text says what comes of the value, and what to write instead.
	Text string
}

// Problem is one wrong value of the file.
type Problem struct {
	// Key is the path from the top of the file, like janitor.keep.newest.
	Key string
	// Value is the value in the file.
	Value string
	// Allowed says what is allowed.
	Allowed string
}

// Error names the key, the value and what is allowed.
func (p Problem) Error() string {
	return fmt.Sprintf("%s: %q is not allowed: %s", p.Key, p.Value, p.Allowed)
}
