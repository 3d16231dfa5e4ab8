package alarm

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
)

// Key names this state change: the account, the Region, the alarm, the contributor and the
// millisecond. It is the same in whichever event the change comes, and no two changes share
// one. It leaves the ARN out, which says no more, since old messages of SNS have none; only one
// of those, and without the envelope that names the topic, has another Region and so a key of
// its own: the Region's name for people, as the message gives it.
func (a Alarm) Key() string {
	return strings.Join([]string{
		a.Account, url.PathEscape(a.Region), url.PathEscape(a.Name), url.PathEscape(a.Contributor),
		strconv.FormatInt(a.ChangedAt.UnixMilli(), 10),
	}, "/")
}

// The longest that AWS allows, in characters. Texts for people are cut there, all else is
// refused.
const (
	maxName = 255
	// maxRegion leaves room for a name such as "Asia Pacific (Kuala Lumpur)".
	maxRegion      = 64
	maxContributor = 1024
	maxReason      = 1023
	maxDescription = 1024
	maxRule        = 10_240
	// maxMetrics is more than an alarm may look at, 10, or an expression over a search, 100.
	maxMetrics = 128
)

var (
	accountForm = regexp.MustCompile(`^[0-9]{12}$`)
	regionForm  = regexp.MustCompile(`^[a-z0-9-]{1,32}$`)
)

// Complete fills account and Region in from the ARN, and refuses what is not an alarm. An ARN that
// contradicts the rest is refused too: what may be done is judged by the account and the Region.
func (a Alarm) Complete() (Alarm, error) {
	if a.ARN != "" {
		own, err := parseARN(a.ARN)
		if err != nil {
			return Alarm{}, fmt.Errorf("reading the alarm's ARN: %w", err)
		}
		if own.Service != "cloudwatch" || own.Resource != "alarm:"+a.Name {
			return Alarm{}, fmt.Errorf("reading the alarm's ARN: it is not that of the alarm %.50q", a.Name)
		}
		if a.Account != "" && a.Account != own.AccountID {
			return Alarm{}, fmt.Errorf("reading the alarm's ARN: it is from account %.12s, the event from %.12q", own.AccountID, a.Account)
		}
		if a.Region != "" && a.Region != own.Region {
			return Alarm{}, fmt.Errorf("reading the alarm's ARN: it is from Region %.20s, the event from %.20q", own.Region, a.Region)
		}
		a.Account, a.Region = own.AccountID, own.Region
	}
	a.Reason, a.Description = cut(a.Reason, maxReason), cut(a.Description, maxDescription)
	if err := a.check(); err != nil {
		return Alarm{}, err
	}
	return a, nil
}

// cut shortens a text to so many characters.
func cut(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most])
	}
	return text
}

func (a Alarm) check() error {
	switch {
	case a.Name == "":
		return errors.New("reading the alarm's name: it is missing")
	case !accountForm.MatchString(a.Account):
		return fmt.Errorf("reading the account: %.20q is not 12 digits", a.Account)
	case a.Region == "":
		return errors.New("reading the Region: it is missing")
	case a.State != "ALARM" && a.State != "OK" && a.State != "INSUFFICIENT_DATA":
		return fmt.Errorf("reading the new state: %.20q is neither ALARM, OK nor INSUFFICIENT_DATA", a.State)
	case a.ChangedAt.Year() < 2009 || a.ChangedAt.Year() > 9999:
		// CloudWatch began in 2009, and four digits are all that its times have.
		return fmt.Errorf("reading the time of the change: it is in the year %d", a.ChangedAt.Year())
	case len(a.Metrics) > maxMetrics:
		return fmt.Errorf("reading the metrics: there are %d, more than %d", len(a.Metrics), maxMetrics)
	}
	for _, limit := range []struct {
		what, text string
		most       int
	}{
		{"the alarm's name", a.Name, maxName},
		{"the Region", a.Region, maxRegion},
		{"the contributor's id", a.Contributor, maxContributor},
		{"the alarm's rule", a.Rule, maxRule},
	} {
		if n := utf8.RuneCountInString(limit.text); n > limit.most {
			return fmt.Errorf("reading %s: it has %d characters, more than %d", limit.what, n, limit.most)
		}
	}
	return nil
}

func parseARN(text string) (arn.ARN, error) {
	parsed, err := arn.Parse(text)
	if err != nil || !regionForm.MatchString(parsed.Region) || !accountForm.MatchString(parsed.AccountID) {
		return arn.ARN{}, fmt.Errorf("%.60q is not an ARN with a Region and an account", text)
	}
	return parsed, nil
}
