package metric

import "time"

// Replay is what an alarm would have done over a frame.
type Replay struct {
	Alarm Alarm
	Frame Frame
	// Values are what was judged at each period.
	Values Series
	// States are those at the end of each period. Until the first evaluation range is full there is NoData.
	States []State
	// windows are the values over each evaluation range, where an expression depends on it; else empty.
	windows []Series
	samples Series
}

// Spell is a time for which the alarm was on.
type Spell struct {
	Start time.Time
	// Length is until the state changed, or the frame was over.
	Length time.Duration
}

// Play computes an alarm over the frame of the data, at the end of each period from the datapoints of its
// evaluation range.
func (a Alarm) Play(frame Frame, data Data) (Replay, error) {
	values, err := a.Values(frame, data)
	if err != nil {
		return Replay{}, err
	}
	replay := Replay{Alarm: a, Frame: frame, Values: values, samples: None(frame.Count)}
	if metric, counts := a.Sampled(); counts {
		replay.samples = data[metric.Key()]
	}
	if a.windowed() {
		if replay.windows, err = a.through(frame, data); err != nil {
			return Replay{}, err
		}
		for slot, window := range replay.windows {
			replay.Values[slot] = window[len(window)-1]
		}
	}
	replay.States = replay.under(a.Rule)
	return replay, nil
}

// through computes an alarm in each evaluation range by itself.
func (a Alarm) through(frame Frame, data Data) ([]Series, error) {
	windows := make([]Series, frame.Count)
	for slot := range windows {
		from := max(0, slot+1-a.Rule.Range())
		part := Data{}
		for _, metric := range a.Metrics() {
			part[metric.Key()] = data[metric.Key()][from : slot+1]
		}
		values, err := a.Values(frame.cut(from, slot+1), part)
		if err != nil {
			return nil, err
		}
		windows[slot] = values
	}
	return windows, nil
}

// under are the states under a rule over the same periods.
func (r Replay) under(rule Rule) []State {
	states, now, length := make([]State, r.Frame.Count), NoData, rule.Range()
	for slot := range states {
		if slot+1 >= length {
			from := slot + 1 - length
			window := r.Values[from : slot+1]
			if len(r.windows) > 0 {
				window = r.windows[slot]
			}
			now = rule.Judge(window, r.samples[from:slot+1], now)
		}
		states[slot] = now
	}
	return states
}

// Spells are the times for which the alarm was on, oldest first.
func (r Replay) Spells() []Spell {
	var spells []Spell
	for slot, state := range r.States {
		switch {
		case state != On:
		case slot > 0 && r.States[slot-1] == On:
			spells[len(spells)-1].Length += r.Frame.Period
		default:
			spells = append(spells, Spell{r.Frame.At(slot).Add(r.Frame.Period), r.Frame.Period})
		}
	}
	return spells
}

// fires says whether the alarm would have come on with another threshold.
func (r Replay) fires(threshold float64) bool {
	rule := r.Alarm.Rule
	rule.Threshold = threshold
	for _, state := range r.under(rule) {
		if state == On {
			return true
		}
	}
	return false
}
