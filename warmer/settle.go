package warmer

import "time"

// provision is what the warmer remembers of an alias: what it has put on it, and what it is about to.
type provision struct {
	// Count and Modified are those of the configuration that it put; 0 for none. At is when, by its own clock.
	Count    int       `json:"count,omitempty"`
	Modified string    `json:"modified,omitempty"`
	At       time.Time `json:"at,omitzero"`
	// Doubt says that nobody knows whether the warmer put it, or a person in the same seconds: a run died there.
	Doubt bool `json:"doubt,omitempty"`
	// Intent is a change that was written down before the call. Where it still stands, nobody knows whether the call was made.
	Intent *intent `json:"intent,omitempty"`
}

// intent is a change to so many, 0 to take away; the call was made between At and Until, if it was.
type intent struct {
	Count int       `json:"count"`
	At    time.Time `json:"at"`
	Until time.Time `json:"until"`
}

func (p provision) isNone() bool { return p.Count == 0 && p.Intent == nil }

// clocks is by how much the warmer's clock and AWS's may differ; AWS tells the time of a configuration in whole seconds.
const clocks = 2 * time.Second

// settle says what the warmer should remember of an alias, from what it did and what AWS says now, and whether what is
// there is its own. In doubt it is not: that costs money until somebody looks, whom the runs tell, and the other way
// could delete what callers need.
func (p provision) settle(state *Provisioned) (settled provision, own bool) {
	switch {
	case state == nil:
		return provision{}, false // it never came to be, or is gone
	case p.Count > 0 && state.Requested == p.Count && state.Modified == p.Modified:
		return provision{Count: p.Count, Modified: p.Modified, At: p.At, Doubt: p.Doubt}, !p.Doubt
	case p.Intent != nil && p.Intent.Count > 0 && state.Requested == p.Intent.Count && p.Intent.covers(state.Modified):
		return provision{Count: state.Requested, Modified: state.Modified, At: p.Intent.At, Doubt: true}, false
	}
	return provision{}, false
}

// covers tells whether a configuration of that time can be the one of the intent.
func (i intent) covers(modified string) bool {
	at, err := modifiedAt(modified)
	return err == nil && !at.Before(i.At.Truncate(time.Second).Add(-clocks)) && !at.After(i.Until.Add(clocks))
}

// modifiedAt reads AWS's time of a configuration: 2019-12-31T20:28:49+0000.
// https://docs.aws.amazon.com/lambda/latest/api/API_GetProvisionedConcurrencyConfig.html
func modifiedAt(text string) (time.Time, error) {
	return time.Parse("2006-01-02T15:04:05.999999999-0700", text)
}

// intended is how many an unsettled change was to set.
func (p provision) intended() int {
	if p.Intent == nil {
		return 0
	}
	return p.Intent.Count
}
