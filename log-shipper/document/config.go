package document

import (
	"fmt"
	"regexp"
	"slices"

	"caretaker/internal/setting"
)

// Config is what of the log-shipper's section is about documents. The zero value keeps and shows
// everything.
type Config struct {
	Drop        Drop
	Sample      Sample
	Redact      Redact
	Correlation []string
}

// Drop says which events are not sent. They are counted as filtered.
type Drop struct {
	// Below drops events whose level is known, and lower than this one. Empty drops none; an event
	// without a level is always sent.
	Below string `json:"below" yaml:"below" choices:"debug, info, warn, error, fatal" zero:"none"`
	// Patterns are regular expressions in RE2's syntax: an event whose message one of them matches is
	// dropped. Empty drops none.
	// https://github.com/google/re2/wiki/Syntax
	Patterns []string `json:"patterns" yaml:"patterns" form:"^(?s).{1,1000}$" allowed:"a regular expression in RE2's syntax, up to 1,000 characters"`
}

// Sample says of how many invocations one is shipped. What is left out is counted as filtered.
type Sample struct {
	// OneIn ships one in so many invocations with all its lines, chosen by the request id: the same
	// everywhere and each time, and what a larger number ships a smaller one ships too. An invocation of
	// which a payload tells an error is shipped with all its lines in that payload, and so is a line without
	// a request id. 0 and 1 ship all.
	OneIn int `json:"oneIn" yaml:"oneIn" bounds:"1 to 1000000"`
}

// Redact says what is replaced before an event is sent, or put among the dead letters: in the
// message and in the fields that were lifted out of it. What stands in its place names its kind, such
// as [redacted:email].
type Redact struct {
	// Email redacts e-mail addresses.
	Email bool `json:"email" yaml:"email"`
	// IPv4 redacts IPv4 addresses, and whatever looks like one, such as a version of four numbers.
	IPv4 bool `json:"ipv4" yaml:"ipv4"`
	// Cards redacts card numbers: 13 to 19 digits, in groups or not, that begin with 2 to 6 and pass
	// Luhn's check.
	Cards bool `json:"cards" yaml:"cards"`
	// AWSKeys redacts access key ids, and secret access keys where something near calls them secret.
	AWSKeys bool `json:"awsKeys" yaml:"awsKeys"`
	// Patterns are regular expressions of your own. Empty means none.
	Patterns []Pattern `json:"patterns" yaml:"patterns"`
}

// Pattern is a regular expression whose matches are redacted.
type Pattern struct {
	// Name is what a match is replaced by: [redacted:name].
	Name string `json:"name" yaml:"name" form:"^[a-z][a-z0-9-]{0,31}$" allowed:"up to 32 small letters, digits and -, a letter first"`
	// Pattern is in RE2's syntax. One that holds a plain text, such as token= before the rest, costs
	// little: only lines with that text are looked at.
	// https://github.com/google/re2/wiki/Syntax
	Pattern string `json:"pattern" yaml:"pattern" form:"^(?s).{1,1000}$" allowed:"a regular expression in RE2's syntax, up to 1,000 characters"`
}

// Default is what ships: nothing is dropped or sampled, and what is never meant for a log is redacted.
func Default() Config {
	return Config{Sample: Sample{OneIn: 1}, Redact: Redact{Cards: true, AWSKeys: true}}
}

// mostPatterns is how many expressions each list may hold: each is tried on each message, unless its
// plain text is missing there.
const mostPatterns = 50

// Validate says what the fields' rules cannot: that each expression can be read and matches something
// but the empty text, and that names are given once. section is the key that the part's section has.
func (c Config) Validate(section string) (problems []setting.Problem) {
	wrong := func(key, value, allowed string) {
		problems = append(problems, setting.Problem{Key: section + "." + key, Value: value, Allowed: allowed})
	}
	readable := func(key, pattern string) {
		switch expression, err := regexp.Compile(pattern); {
		case err != nil:
			wrong(key, pattern, "a regular expression in RE2's syntax: "+err.Error())
		case expression.MatchString(""):
			wrong(key, pattern, "a regular expression that does not match the empty text: this one matches every event")
		}
	}
	for i, pattern := range c.Drop.Patterns {
		readable(fmt.Sprintf("drop.patterns[%d]", i), pattern)
	}
	var names []string
	for i, pattern := range c.Redact.Patterns {
		readable(fmt.Sprintf("redact.patterns[%d].pattern", i), pattern.Pattern)
		if slices.Contains(append(names, kindNames[:]...), pattern.Name) {
			wrong(fmt.Sprintf("redact.patterns[%d].name", i), pattern.Name, "each name once, and none of email, ipv4, card and aws-key")
		}
		names = append(names, pattern.Name)
	}
	if count := max(len(c.Drop.Patterns), len(c.Redact.Patterns)); count > mostPatterns {
		wrong("patterns", fmt.Sprint(count), fmt.Sprintf("up to %d expressions in each list", mostPatterns))
	}
	return problems
}

// kindNames are what redact finds without a pattern.
var kindNames = [...]string{"email", "ipv4", "card", "aws-key"}
