package warmer

import "time"

const (
	// mostCodes is how many codes of a function are remembered, so that a rollback asks nobody.
	mostCodes = 8
	// mostAsks is how often code is asked whose answers got lost: each may have run business code.
	mostAsks = 3
)

// record is what is known of a function's code.
type record struct {
	// Codes are the last ones, the latest asked last.
	Codes []asked `json:"codes"`
	// revision is that of the record as it was read; 0 where there is none.
	revision int64
}

// asked is code that was pinged.
type asked struct {
	ID   string    `json:"id"`
	At   time.Time `json:"at"`
	Asks int       `json:"asks"`
	// Knowledge is Unseen while no answer came.
	Knowledge Knowledge `json:"knowledge,omitempty"`
}

// of is what is known of some code. Code that was asked as often as may be without an answer is mute.
func (r record) of(id string) Knowledge {
	known := r.asked(id)
	if known.Knowledge == Unseen && known.Asks >= mostAsks {
		return Mute
	}
	return known.Knowledge
}

func (r record) asked(id string) asked {
	for _, code := range r.Codes {
		if code.ID == id {
			return code
		}
	}
	return asked{ID: id}
}

// with is the record with this instead of what it says of the same code.
func (r record) with(code asked) record {
	var codes []asked
	for _, other := range r.Codes {
		if other.ID != code.ID {
			codes = append(codes, other)
		}
	}
	codes = append(codes, code)
	return record{Codes: codes[max(0, len(codes)-mostCodes):], revision: r.revision}
}
