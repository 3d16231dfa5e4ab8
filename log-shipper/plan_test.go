package logshipper

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"caretaker/internal/want"
)

func TestPlan_saysWhoKeepsWhatCouldNotBeSent(t *testing.T) {
	for name, c := range map[string]struct {
		way           Way
		unsent, of    int
		again, braked bool
		want          ending
	}{
		"all sent, straight":          {Direct, 0, 1, false, false, settled},
		"all sent, of a stream":       {Stream, 0, 1, false, true, settled},
		"unsent, straight":            {Direct, 1, 1, false, false, parked},
		"unsent, of the queue":        {Queue, 1, 1, false, false, parked},
		"unsent, of a stream":         {Stream, 1, 1, false, false, handedBack},
		"braked, straight":            {Direct, 1, 1, false, true, parked},
		"braked, of the queue":        {Queue, 1, 1, false, true, parked},
		"braked, a stream waits not":  {Stream, 1, 1, false, true, parked},
		"braked, with nothing unsent": {Direct, 0, 1, false, true, settled},
		"one of two, straight":        {Direct, 1, 2, false, false, parked},
		// What the stream brings again, the one that took it would get again.
		"one of two, of a stream":               {Stream, 1, 2, false, false, parked},
		"both of two, of a stream":              {Stream, 2, 2, false, false, handedBack},
		"one of two, behind what comes again":   {Stream, 1, 2, true, false, handedBack},
		"none of two, behind what comes again":  {Stream, 0, 2, true, false, settled},
		"one of two, behind that, but straight": {Direct, 1, 2, true, false, parked},
		"braked, both of two, of a stream":      {Stream, 2, 2, false, true, parked},
	} {
		want.Equal(t, name, plan(c.way, c.unsent, c.of, c.again, c.braked), c.want)
	}
}

func TestKeyOf_saysToWhomSomethingIsOwed(t *testing.T) {
	for key, owner := range map[string]string{
		"parked/abc": "", "parked/search/abc": "search", "dead-letters/2026-11-29/abc.ndjson.gz": "", "dead-letters/search/2026-11-29/abc.ndjson.gz": "search",
		"dead-letters/undated/abc.ndjson.gz": "", "dead-letters/undated/undated/abc.ndjson.gz": "undated", "": "",
	} {
		want.Equal(t, "the owner of "+key, Waiting{Key: key}.owner(), owner)
	}
	for _, key := range []string{"parked/abc", "dead-letters/2026-11-29/abc.ndjson.gz"} {
		for _, name := range []string{"", "search"} {
			want.Equal(t, "the owner of "+key+" for "+name, Waiting{Key: keyOf(key, name)}.owner(), name)
			want.Equal(t, "that it is ours", isOurs(keyOf(key, name)), true)
		}
	}
}

func TestWait_isLongerEachTimeAndNeverMoreThanSQSTakes(t *testing.T) {
	for _, key := range []string{"parked/a", "parked/b", "dead-letters/c"} {
		last := time.Duration(0)
		for step := range 100 {
			delay := wait(Waiting{Key: key, Step: step})
			if delay < last || delay > 15*time.Minute || delay < 45*time.Second {
				t.Errorf("%s waits %s at step %d, want at least as long as before (%s) and 15 minutes at most", key, delay, step, last)
			}
			last = delay
		}
	}
	want.Equal(t, "what was parked together comes back together", wait(Waiting{Key: "parked/a"}) == wait(Waiting{Key: "parked/b"}), false)
}

func TestIsLast_givesUpADayBeforeTheBucketDoes(t *testing.T) {
	now := time.UnixMilli(1_764_400_000_000)
	since := func(days float64) Waiting {
		return Waiting{Key: "parked/a", Since: now.Add(-time.Duration(days * 24 * float64(time.Hour))).UnixMilli()}
	}
	want.Equal(t, "after 12.9 of 14 days", isLast(since(12.9), 14, now), false)
	want.Equal(t, "after 13.1 of 14 days", isLast(since(13.1), 14, now), true)
	want.Equal(t, "what came straight", isLast(Waiting{}, 14, now), false)
}

func TestSendUntil_leavesTimeForParking(t *testing.T) {
	now := time.UnixMilli(1_764_400_000_000)
	for left, sends := range map[time.Duration]time.Duration{
		time.Minute: 50 * time.Second, 30 * time.Second: 20 * time.Second, 6 * time.Second: 4 * time.Second, 0: 0, -time.Second: -time.Second,
	} {
		ctx, cancel := context.WithDeadline(t.Context(), now.Add(left))
		want.Equal(t, left.String()+" before the end", sendUntil(ctx, now).Sub(now), sends)
		cancel()
	}
	want.Equal(t, "where there is no end", sendUntil(t.Context(), now).Sub(now), withoutEnd)
}

func TestTally_balancesOnlyWhereEachEventIsOneThing(t *testing.T) {
	whole := Tally{In: 21, Delivered: 1, Already: 2, Filtered: 3, DeadLettered: 4, Parked: 5, HandedBack: 6}
	want.Equal(t, "the imbalance of a whole account", whole.Imbalance(), 0)
	twice := whole
	twice.Add(whole)
	want.Equal(t, "the imbalance of two", twice.Imbalance(), 0)
	want.Equal(t, "the events of two", twice.In, 42)
	for name, wrong := range map[string]Tally{
		"delivered": {In: 1, Delivered: 2}, "already": {Already: 1}, "filtered": {Filtered: 1}, "dead-lettered": {DeadLettered: 1}, "parked": {Parked: 1}, "handed back": {HandedBack: 1},
	} {
		want.Equal(t, "the imbalance of one "+name+" too many", wrong.Imbalance(), -1)
	}
	report := Report{Account: Account{Tally: Tally{In: 2, Delivered: 1}}}
	want.Says(t, "the run's error", report.close().Error(), "does not balance")
}

// An answer without a list is a success to some, and an error to others.
func TestReport_alwaysHasAListOfFailures(t *testing.T) {
	shipper, err := New(Default(), Clients{}, nil, Options{})
	want.NoError(t, "making a shipper", err)
	report, err := shipper.Handle(t.Context(), json.RawMessage(`{"source":"aws.s3"}`))
	want.Equal(t, "it is an error", err != nil, true)
	text, err := json.Marshal(report)
	want.NoError(t, "encoding the report", err)
	want.Says(t, "the report", string(text), `"batchItemFailures":[]`)
}

func TestLetters_areTheSameObjectHoweverTheReasonIsWorded(t *testing.T) {
	write := func(reason string, ids ...string) string {
		var l letters
		for _, id := range ids {
			l.add(Letter{Reason: reason, ID: id, Time: 1_764_400_000_000, Document: json.RawMessage(`{"a":1}`)})
		}
		key, packed, err := l.object("")
		want.NoError(t, "writing letters", err)
		var read []string
		want.NoError(t, "reading letters", ReadLetters(packed, func(letter Letter) { read = append(read, letter.ID) }))
		want.Equal(t, "the letters that are read", read, ids)
		return key
	}
	one := write("400 for a reason", "a", "b")
	want.Equal(t, "the same with another reason", write("400 for the same reason in other words", "a", "b"), one)
	want.Equal(t, "others are the same", write("400 for a reason", "a", "c") == one, false)
	want.Equal(t, "letters split elsewhere are the same", write("400 for a reason", "ab") == one, false)
	want.Says(t, "the key", one, "dead-letters/2025-11-29/", ".ndjson.gz")
}

func TestLetters_keepADocumentThatIsNoJSON(t *testing.T) {
	var l letters
	l.add(Letter{Reason: "400", ID: "a", Document: json.RawMessage("{broken")})
	_, packed, err := l.object("")
	want.NoError(t, "writing letters", err)
	want.NoError(t, "reading letters", ReadLetters(packed, func(letter Letter) { want.Equal(t, "what was kept", letter.Text, "{broken") }))
}
