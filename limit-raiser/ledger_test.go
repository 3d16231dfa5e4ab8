package limitraiser

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"caretaker/internal/alarm"
	"caretaker/internal/emulator"
	"caretaker/internal/want"
)

func TestLedger_handsAnEventToOneOfMany(t *testing.T) {
	w := newWorld(t)
	ledger := newLedger(w.clients.Ledger, w.options.Table, w.now)
	var winners, losers atomic.Int64
	var group errgroup.Group
	for range 32 {
		group.Go(func() error {
			_, standing, err := ledger.claim(t.Context(), "event", w.now().Add(time.Minute))
			if standing == claimed {
				winners.Add(1)
			} else if standing == inProgress {
				losers.Add(1)
			}
			return err
		})
	}
	w.must(group.Wait())
	want.Equal(t, "runs that claimed the event", winners.Load(), 1)
	want.Equal(t, "runs that found it in progress", losers.Load(), 31)
}

func TestLedger_claimsAnewOnlyWhatWasLeftOrGivenBack(t *testing.T) {
	w := newWorld(t)
	ledger := newLedger(w.clients.Ledger, w.options.Table, w.now)
	claim := func(wanted standing) held {
		t.Helper()
		h, got, err := ledger.claim(t.Context(), "event", w.now().Add(time.Minute))
		if err != nil || got != wanted {
			t.Fatalf("the claim is %v, want %v; error: %v", got, wanted, err)
		}
		return h
	}
	dead := claim(claimed)
	claim(inProgress)
	w.pass(2 * time.Minute)
	second := claim(claimed)
	if err := ledger.complete(t.Context(), dead); err == nil {
		t.Error("a run whose time was up completed the event of another")
	}
	w.must(ledger.letGo(t.Context(), second))
	w.must(ledger.complete(t.Context(), claim(claimed)))
	claim(completed)
	w.pass(24 * time.Hour)
	claim(completed)
}

func TestLedger_keepsWhatTheHolderOfAResourceWrites(t *testing.T) {
	w := newWorld(t)
	ledger := newLedger(w.clients.Ledger, w.options.Table, w.now)
	h, known, free, err := ledger.take(t.Context(), "table/orders", w.now().Add(time.Minute))
	if err != nil || !free || !cmp.Equal(known, record{}) {
		t.Fatalf("the first take is free: %t, and of a new record: %t, want true of both; error: %v", free, cmp.Equal(known, record{}), err)
	}
	if _, _, free, err := ledger.take(t.Context(), "table/orders", w.now().Add(time.Minute)); err != nil || free {
		t.Fatalf("a second run may take the record: %t, want false without an error; error: %v", free, err)
	}
	known.Raises = append(known.Raises, w.now())
	known.Intent = &intent{Event: "event", At: w.now(), Decisions: []Decision{{Part: Part{Dimension: Write}, From: 50, To: 250}}}
	w.must(ledger.settle(t.Context(), h, known))
	_, again, free, err := ledger.take(t.Context(), "table/orders", w.now().Add(time.Minute))
	want.NoError(t, "taking the record again", err)
	want.Equal(t, "the record is free", free, true)
	want.Equal(t, "the record", again, known)
	w.pass(2 * time.Minute)
	if _, _, free, err := ledger.take(t.Context(), "table/orders", w.now().Add(time.Minute)); err != nil || !free {
		t.Errorf("what a dead run held is free: %t, want true; error: %v", free, err)
	}
	if err := ledger.settle(t.Context(), h, known); err == nil {
		t.Error("a run whose time was up wrote over another's record")
	}
}

// DynamoDB refuses longer keys; the emulator takes them.
func TestLedger_keysFitWhateverAnAlarmIsCalled(t *testing.T) {
	changed := alarm.Alarm{
		Account: "111122223333", Region: "ap-northeast-1", Name: strings.Repeat("注", 255), Contributor: strings.Repeat("c", 1024),
		ChangedAt: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC),
	}
	table, e := Resource{KindTable, strings.Repeat("t", 255)}, episode{Alarm: changed, Step: mostSteps}
	entry := Entry{At: changed.ChangedAt, Event: e.event(table), Part: Part{strings.Repeat("i", 255), Write}.String()}
	for key, most := range map[string]int{eventKey(e.event(table)): 2048, episodeKey(e.key(table)): 2048, entry.sortKey(): 1024} {
		if len(key) > most {
			t.Errorf("a key of %d bytes, more than %d: %.40s...", len(key), most, key)
		}
	}
	if eventKey(e.event(table)) == eventKey(e.key(table)) {
		t.Error("two steps share a key")
	}
}

func TestLedger_neverSpendsMoreThanTheCap(t *testing.T) {
	w := newWorld(t)
	ledger := newLedger(w.clients.Ledger, w.options.Table, w.now)
	var spent atomic.Int64
	var group errgroup.Group
	for range 40 {
		group.Go(func() error {
			free, err := ledger.spend(t.Context(), w.now(), 7, 100)
			if free {
				spent.Add(7)
			}
			return err
		})
	}
	w.must(group.Wait())
	got, err := ledger.spent(t.Context(), w.now())
	want.NoError(t, "reading what is spent", err)
	want.Equal(t, "dollars spent of 100", got, 98)
	want.Equal(t, "dollars granted", spent.Load(), 98)
	w.must(ledger.giveBack(t.Context(), w.now(), 14))
	if got, err := ledger.spent(t.Context(), w.now()); err != nil || got != 84 {
		t.Errorf("$%v are spent after 14 were given back, want $84; error: %v", got, err)
	}
	if got, err := ledger.spent(t.Context(), w.now().AddDate(0, 1, 1)); err != nil || got != 0 {
		t.Errorf("the next month begins with $%v, want none; error: %v", got, err)
	}
}

func TestLedger_countsACostOnceWhenTheAnswerIsLost(t *testing.T) {
	w := newWorld(t)
	ledger := newLedger(w.clients.Ledger, w.options.Table, w.now)
	lost := emulator.Fault{Operation: "UpdateItem", Times: 1, Truncate: true}
	for _, step := range []struct {
		change func() error
		want   float64
	}{
		{func() error { _, err := ledger.spend(t.Context(), w.now(), 100, 500); return err }, 100},
		{func() error { return ledger.giveBack(t.Context(), w.now(), 40) }, 60},
		{func() error { _, err := ledger.spend(t.Context(), w.now(), 300, 500); return err }, 360},
	} {
		w.emulator.Inject(lost)
		// Another run counts before the call is repeated.
		w.emulator.Inject(emulator.Fault{Operation: "UpdateItem", Times: 1, Before: func(emulator.Call) {
			if _, err := ledger.spend(context.WithoutCancel(t.Context()), w.now(), 1, 500); err != nil {
				t.Errorf("another run cannot spend: %v", err)
			}
		}})
		before, err := ledger.spent(t.Context(), w.now())
		w.must(err)
		w.must(step.change())
		w.emulator.ClearFaults()
		w.must(ledger.giveBack(t.Context(), w.now(), 1))
		if got, err := ledger.spent(t.Context(), w.now()); err != nil || got != step.want {
			t.Errorf("$%v are spent after $%v, want $%v; error: %v", got, before, step.want, err)
		}
	}
}

func TestLedger_letsPassWhatCostsNothing(t *testing.T) {
	w := newWorld(t)
	ledger := newLedger(w.clients.Ledger, w.options.Table, w.now)
	if free, err := ledger.spend(t.Context(), w.now(), 480, 500); !free || err != nil {
		t.Fatalf("$480 of $500 may be spent: %t, want true; error: %v", free, err)
	}
	// The cap was lowered in the middle of the month.
	if free, err := ledger.spend(t.Context(), w.now(), 0, 100); !free || err != nil {
		t.Errorf("what costs nothing may be spent: %t, want true; error: %v", free, err)
	}
	if free, err := ledger.spend(t.Context(), w.now(), 1, 100); free || err != nil {
		t.Errorf("a dollar over the limit may be spent: %t, want false; error: %v", free, err)
	}
}

// A thousand events come twice each, shuffled, to many runs at once; some of those fail in the
// middle and give the event back.
func TestLedger_appliesNoEventTwice(t *testing.T) {
	w := newWorld(t)
	ledger := newLedger(w.clients.Ledger, w.options.Table, w.now)
	const events = 1000
	var mutex sync.Mutex
	applied := map[string]int{}
	var deliveries []string
	for number := range events {
		event := fmt.Sprint("event-", number)
		deliveries = append(deliveries, event, event)
	}
	random := rand.New(rand.NewPCG(1, 2)) // #nosec G404 -- the same order each time
	random.Shuffle(len(deliveries), func(i, j int) { deliveries[i], deliveries[j] = deliveries[j], deliveries[i] })
	fails := map[int]bool{}
	for range events / 10 {
		fails[random.IntN(len(deliveries))] = true
	}
	var deliver func(ctx context.Context, position int, event string) error
	deliver = func(ctx context.Context, position int, event string) error {
		h, standing, err := ledger.claim(ctx, event, w.now().Add(time.Minute))
		switch {
		case err != nil || standing == completed:
			return err
		case standing == inProgress: // it comes again
			return deliver(ctx, position, event)
		case fails[position]:
			if err := ledger.letGo(ctx, h); err != nil {
				return err
			}
			return deliver(ctx, -1, event)
		}
		mutex.Lock()
		applied[event]++
		mutex.Unlock()
		return ledger.complete(ctx, h)
	}
	group, ctx := errgroup.WithContext(t.Context())
	group.SetLimit(16)
	for position, event := range deliveries {
		group.Go(func() error { return deliver(ctx, position, event) })
	}
	w.must(group.Wait())
	for event, times := range applied {
		if times != 1 {
			t.Errorf("%s was applied %d times", event, times)
		}
	}
	if len(applied) != events {
		t.Errorf("%d of %d events were applied", len(applied), events)
	}
}
