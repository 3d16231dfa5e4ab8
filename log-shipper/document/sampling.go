package document

import (
	"math/bits"
	"strconv"

	"caretaker/log-shipper/payload"
)

// sampler keeps one in so many invocations, and those with an error. The zero value keeps all.
type sampler struct {
	oneIn uint64
	// weight is the field of a document that was kept for others too, sure that of one kept in any case.
	weight, sure []byte
	// requests are those that the lines of the payload name, byID their numbers, of that of each line, or
	// none.
	requests []request
	byID     map[[requestID]byte]int32
	of       []int32
}

// request is an invocation as the sampler sees it: whether a line tells an error, and whether it is one of
// those that are kept all the same.
type request struct{ failed, kept bool }

// weightField says of how many events a document stands for one.
const weightField = "sample.weight"

func newSampler(config Sample) sampler {
	if config.OneIn < 2 {
		return sampler{}
	}
	field := func(weight int) []byte { return strconv.AppendInt([]byte(`,"`+weightField+`":`), int64(weight), 10) }
	return sampler{oneIn: uint64(config.OneIn), weight: field(config.OneIn), sure: field(1), byID: map[[requestID]byte]int32{}}
}

func (s *sampler) off() bool { return s.oneIn == 0 }

// judge finds the invocations of the payload that have an error. It has to be known before the first
// document is made: what an invocation wrote before its error is what people look for.
func (m *Maker) judge() {
	s, d := &m.sampler, &m.draft
	if s.off() {
		return
	}
	clear(s.byID)
	s.requests, s.of = s.requests[:0], s.of[:0]
	for i := range m.payload.Events {
		e := &m.payload.Events[i]
		if e.Marks&payload.NoEvent != 0 {
			s.of = append(s.of, none)
			continue
		}
		d.begin(e.Marks, m.invocations.of[i])
		m.message(d, e)
		m.read(d)
		s.add(m.requestOf(d), d.fails())
	}
}

// add takes the next line.
func (s *sampler) add(id []byte, failed bool) {
	if id == nil {
		s.of = append(s.of, none)
		return
	}
	key := [requestID]byte(id)
	number, known := s.byID[key]
	if !known {
		number = int32(len(s.requests)) // #nosec G115 -- no more than lines
		s.byID[key] = number
		over, _ := bits.Mul64(hashOf(id), s.oneIn) // 0 for one in so many
		s.requests = append(s.requests, request{kept: over == 0})
	}
	s.of = append(s.of, number)
	s.requests[number].failed = s.requests[number].failed || failed
}

// fails tells whether a line says that something went wrong.
func (d *draft) fails() bool {
	switch {
	case d.level >= levelError:
		return true
	case d.reported:
		return d.report.failed() || d.report.outOfMemory()
	}
	return d.level == 0 && (d.found.errType != nil || d.found.errMessage != nil)
}

// weigh tells whether the line at a position of the payload is kept, and the field that says of how many it
// is one. The request id alone decides, so that each line of an invocation goes the same way, whichever
// process it comes to, in whichever payload.
func (s *sampler) weigh(position int) (weight []byte, kept bool) {
	if s.off() {
		return nil, true
	}
	number := s.of[position]
	if number == none || s.requests[number].failed {
		return s.sure, true
	}
	return s.weight, s.requests[number].kept
}

// hashOf spreads request ids evenly: FNV-1a, and the last steps of SplitMix64, without which its highest
// bits know little of the last letters. It must never change: lines of one invocation may come to shippers
// of two releases.
func hashOf(id []byte) uint64 {
	h := uint64(14695981039346656037)
	for _, c := range id {
		h = (h ^ uint64(c|0x20)) * 1099511628211 // large letters as small ones
	}
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}
