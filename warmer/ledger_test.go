package warmer_test

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/sync/errgroup"

	"caretaker/internal/emulator"
	"caretaker/internal/environments"
	"caretaker/internal/want"
	"caretaker/warmer"
)

// makeLedger makes a table in the emulator, as the deployment does.
func makeLedger(t *testing.T, name string) {
	t.Helper()
	key := func(name string, kind dynamodbtypes.KeyType) dynamodbtypes.KeySchemaElement {
		return dynamodbtypes.KeySchemaElement{AttributeName: &name, KeyType: kind}
	}
	attribute := func(name string) dynamodbtypes.AttributeDefinition {
		return dynamodbtypes.AttributeDefinition{AttributeName: &name, AttributeType: dynamodbtypes.ScalarAttributeTypeS}
	}
	_, err := dynamodb.NewFromConfig(shared.For(t).AWS()).CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName: &name, BillingMode: dynamodbtypes.BillingModePayPerRequest,
		AttributeDefinitions: []dynamodbtypes.AttributeDefinition{attribute(warmer.LedgerKey), attribute(warmer.LedgerSort)},
		KeySchema:            []dynamodbtypes.KeySchemaElement{key(warmer.LedgerKey, dynamodbtypes.KeyTypeHash), key(warmer.LedgerSort, dynamodbtypes.KeyTypeRange)},
	})
	want.NoError(t, "making the ledger", err)
}

// remembering is a region whose warmers share a ledger, in the emulator.
func remembering(t *testing.T, name string, count int, functions ...environments.Function) (*region, func() *warmer.Warmer) {
	t.Helper()
	makeLedger(t, name)
	r := newRegion(t, environments.Options{}, count, functions...)
	return r, func() *warmer.Warmer {
		clients := warmer.Connect(r.settings, r.cfg.MaxInFlight)
		clients.Ledger = dynamodb.NewFromConfig(shared.For(t).AWS())
		w, err := warmer.New(r.cfg, clients, warmer.Options{Table: name, Now: r.Now})
		want.NoError(t, "making a warmer", err)
		return w
	}
}

// later lets the time pass after which another run may begin.
func (r *region) later(t *testing.T) {
	t.Helper()
	r.Elapse(r.Now().Add(time.Minute), r.cfg.Functions[0].Name, nil)
}

func TestLedger_ofRunsAtOnceOnePingsAndAsks(t *testing.T) {
	var runs atomic.Int64
	r, begin := remembering(t, "at-once", 5, environments.Function{Name: "checkout"}, environments.Function{Name: "mute", Answer: business(&runs)})
	var group errgroup.Group
	var busy atomic.Int64
	for range 6 {
		w := begin()
		group.Go(func() error {
			report, err := w.Handle(t.Context(), warmer.Event{})
			if report.Busy {
				busy.Add(1)
				want.Equal(t, "metrics of a run that did nothing", len(report.Metrics()), 0)
			}
			return err
		})
	}
	want.NoError(t, "six runs", group.Wait())
	want.Equal(t, "runs that did nothing", busy.Load(), int64(5))
	want.Equal(t, "pings to checkout", r.Counts("checkout").Calls, 6)
	want.Equal(t, "runs of business code", runs.Load(), int64(1))
	// The schedule's event may come a second time, just after.
	report := good(t, begin())
	want.Equal(t, "a second event just after finds it busy", report.Busy, true)
	r.later(t)
	report = good(t, begin())
	want.Equal(t, "a minute later", report.Busy, false)
	want.Equal(t, "pings then", report.Pings, 5)
	want.Equal(t, "runs of business code then", runs.Load(), int64(1))
}

// A rollback asks nobody, and new code is asked alone, once.
func TestLedger_remembersCodeByItsDigest(t *testing.T) {
	var runs atomic.Int64
	mute := environments.Function{Name: "checkout", Answer: business(&runs)}
	with := func(sha string, f environments.Function) environments.Function {
		f.Facts = map[string]any{"CodeSha256": sha}
		return f
	}
	r, begin := remembering(t, "by-digest", 5, with("one", environments.Function{Name: "checkout"}))
	calls := func(f environments.Function, pings int) {
		t.Helper()
		r.Put(f)
		r.Forget()
		r.later(t)
		good(t, begin())
		want.Equal(t, fmt.Sprint("pings to ", f.Facts["CodeSha256"]), r.Counts("checkout").Calls, pings)
	}
	calls(with("one", environments.Function{Name: "checkout"}), 6)
	calls(with("two", mute), 1)
	calls(with("two", mute), 0)
	calls(with("one", environments.Function{Name: "checkout"}), 5)
	calls(with("two", mute), 0)
	calls(with("three", environments.Function{Name: "checkout"}), 6)
	want.Equal(t, "runs of business code", runs.Load(), int64(1))
}

// Code whose answers get lost is asked three times, and then left alone: each time its own code may have run.
func TestLedger_asksCodeWhoseAnswersGetLostOnlySoOften(t *testing.T) {
	r, begin := remembering(t, "lost", 5, environments.Function{Name: "checkout"})
	r.faulty(broken("checkout", 1000))
	for range 5 {
		r.later(t)
		good(t, begin())
	}
	want.Equal(t, "pings in five runs", r.invokes.Load(), int64(3))
}

// A run that dies at any of its calls leaves nothing that the next run cannot go on from.
func TestLedger_aRunThatDiesLeavesTheNextOneWell(t *testing.T) {
	for calls := range 8 {
		t.Run(fmt.Sprint("after ", calls, " calls"), func(t *testing.T) {
			r, begin := remembering(t, fmt.Sprint("dies-", calls), 3, environments.Function{Name: "checkout"})
			ctx, die := context.WithCancel(t.Context())
			var made atomic.Int64
			count := func() {
				if made.Add(1) > int64(calls) {
					die()
				}
			}
			r.faulty(func(http.ResponseWriter, *http.Request) bool {
				if count(); ctx.Err() != nil {
					panic(http.ErrAbortHandler)
				}
				return false
			})
			shared.For(t).OnCall(func(call emulator.Call) {
				if call.Service == "dynamodb" && call.Operation != "CreateTable" && ctx.Err() == nil {
					count()
				}
			})
			defer shared.For(t).ClearFaults()
			_, _ = begin().Handle(ctx, warmer.Event{})
			r.faulty(refusing("", 0, 0, ""))
			shared.For(t).ClearFaults()
			r.Elapse(r.Now().Add(10*time.Minute), "checkout", nil) // the claim of a run that died ends by itself
			report := good(t, begin())
			want.Equal(t, "distinct in the next run", report.Distinct, 3)
		})
	}
}

// Without its table nothing is pinged, and the run fails.
func TestLedger_withoutItsTableNothingIsPinged(t *testing.T) {
	r, begin := remembering(t, "gone", 3, environments.Function{Name: "checkout"})
	_, err := dynamodb.NewFromConfig(shared.For(t).AWS()).DeleteTable(t.Context(), &dynamodb.DeleteTableInput{TableName: aws.String("gone")})
	want.NoError(t, "deleting the ledger", err)
	if _, err = begin().Handle(t.Context(), warmer.Event{}); err == nil {
		t.Error("the run does not fail")
	} else {
		want.Says(t, "the error", err.Error(), "claiming the run")
	}
	want.Equal(t, "pings", r.invokes.Load(), int64(0))
}
