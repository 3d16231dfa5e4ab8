package janitor

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"
)

// aliasesFresh is how old a reading of a function's aliases may be when one of its versions is deleted.
const aliasesFresh = time.Minute

// planFresh is how old the findings of a plan may be when a version is deleted: of all references
// only aliases and the policy are looked at again. A Lambda function is not given so long; a run
// from a desk has no deadline.
const planFresh = 30 * time.Minute

// Apply carries the plan out, or in a dry run looks as far as it can without deleting
// anything. What it could not do is in the report and in the error; one failure never
// stops the others. The logger in ctx gets a line before each deletion is sent, so that even a
// run that is killed leaves what it took to say later what a version was, and one after for each
// version deleted.
func (j *Janitor) Apply(ctx context.Context, plan Plan, dryRun bool) (Report, error) {
	deletions := plan.Deletions()
	near := neighbours(plan, deletions)
	run := &run{
		janitor: j, plan: plan, dryRun: dryRun, aliases: map[string]*reading{}, looks: newDenials(near), deletes: newDenials(near),
		deletions: deletions, done: make([]Decision, len(deletions)),
	}
	run.guarded = newestNumbers(plan)
	run.listed = listed(plan)
	if deadline, limited := ctx.Deadline(); limited {
		run.longestReserve = time.Until(deadline) / 2
	}
	if !plan.Belt.Closed() || dryRun {
		run.carryOut(ctx)
	} else {
		run.hold()
	}
	err := run.verify(ctx)
	after, storageErr := j.storageAfter(ctx, run)
	report := run.report(ctx, after)
	err = errors.Join(report.err(), err, storageErr)
	report.completed = err == nil
	return report, err
}

// run is one carrying out of a plan.
type run struct {
	janitor *Janitor
	plan    Plan
	dryRun  bool
	// listed is what there was to list before the deletions, and sent counts those that AWS accepted:
	// they say how many calls come afterwards. longestReserve is the most time that is kept for these.
	listed bill
	sent   atomic.Int64
	// conflicts counts those that AWS says are in use.
	conflicts      atomic.Int64
	longestReserve time.Duration
	// stopped is why the run ends early; nil while it goes on.
	stopped atomic.Pointer[stop]
	// looks are what AWS denied of the last looks, and deletes of the deletions.
	looks, deletes *denials
	// guarded is for each function the lowest of the numbers that stay whatever was decided.
	guarded map[string]int64

	mutex   sync.Mutex
	aliases map[string]*reading
	// deletions are the positions in the plan, and done what became of each.
	deletions []int
	done      []Decision
}

// reading is the latest look at one function's aliases.
type reading struct {
	// turn holds a token while somebody reads; a mutex would hide from a test's clock that the others wait.
	turn chan struct{}
	// at is when the first look was, again says that this is the second.
	at         time.Time
	again      bool
	references []Reference
	err        error
}

// newestNumbers is apply's own guard, made from nothing but the list of versions: a fault in
// a rule must not take the last versions of a function.
func newestNumbers(plan Plan) map[string]int64 {
	numbers := map[string][]int64{}
	for _, decision := range plan.Decisions {
		if decision.Version.Number > 0 && !decision.Version.Deleting {
			numbers[decision.Function] = append(numbers[decision.Function], decision.Version.Number)
		}
	}
	lowest := make(map[string]int64, len(numbers))
	for function, all := range numbers {
		slices.Sort(all)
		lowest[function] = all[max(0, len(all)-max(1, plan.Newest[function]))]
	}
	return lowest
}

// reserve is the time that must be left when another deletion is begun: enough for the
// requests already in line, for the list that proves the deletions and for the storage after,
// at the pace that AWS leaves us just now, and a little for the answers.
func (r *run) reserve() time.Duration {
	calls, bucket := inFlight, policyCalls
	if !r.dryRun {
		calls, bucket = inFlight+r.listed.verifying(int(r.sent.Load())), controlPlane
	}
	line := time.Duration(float64(calls) / r.janitor.aws.Pace.rate(bucket) * 1.1 * float64(time.Second))
	return min(line+2*time.Second, r.longestReserve)
}

func (r *run) carryOut(ctx context.Context) {
	phase := Deleting
	if r.dryRun {
		phase = LookingAtPolicies
	}
	var count atomic.Int64
	var group errgroup.Group
	group.SetLimit(inFlight)
	for position, of := range r.deletions {
		group.Go(func() error {
			r.done[position] = r.one(ctx, r.plan.Decisions[of])
			if r.done[position].Outcome == NotVerified {
				r.sent.Add(1)
			}
			if r.done[position].Outcome != Remaining {
				r.janitor.options.Observer.Progress(phase, int(count.Add(1)), len(r.deletions))
			}
			return nil
		})
	}
	_ = group.Wait() // the functions above never fail: each outcome is in done
}

// hold leaves everything where it is, since a belt is closed.
func (r *run) hold() {
	for position, of := range r.deletions {
		decision := r.plan.Decisions[of]
		decision.Outcome, decision.Reason = Remaining, r.plan.Belt.reason()
		r.done[position] = decision
	}
}

// belt is what stopped the run, or in a dry run what would have.
func (r *run) belt() Belt {
	if belt := refusalsBelt(int(r.conflicts.Load())); belt.Closed() {
		return belt
	}
	return r.plan.Belt
}

// one takes the last look at a version and deletes it if that still allows it.
func (r *run) one(ctx context.Context, decision Decision) Decision {
	if reason := r.over(ctx); reason != "" {
		return r.notCome(decision, reason)
	}
	if r.outOfDate() {
		decision.Outcome, decision.Reason = Remaining, OutOfDate
		return decision
	}
	if decision.Version.Number < 1 || decision.Version.Number >= r.guarded[decision.Function] {
		decision.Outcome, decision.Reason = Kept, Guarded
		return decision
	}
	look := r.look(ctx, decision)
	// In a dry run a look that was taken counts, even if it was the last one there was time for.
	if reason := r.over(ctx); reason != "" && (!r.dryRun || look.Unread != "") {
		return r.notCome(decision, reason)
	}
	decision = Confirm(decision, look)
	if decision.Outcome != Deletable || r.dryRun {
		return decision
	}
	return r.remove(ctx, decision)
}

// remove deletes a version, unless AWS would deny it anyway, and takes in what came of it.
func (r *run) remove(ctx context.Context, decision Decision) Decision {
	if advice := r.deletes.givenUp(decision); advice != "" {
		decision.Outcome, decision.Reason, decision.Detail = Remaining, Denied, advice
		return decision
	}
	// The machine may sleep over the look, or while the deletion waits for its turn.
	decision, err := r.janitor.remove(context.WithValue(ctx, oldKey{}, r.outOfDate), decision)
	if decision.Reason == AWSConflict {
		if belt := refusalsBelt(int(r.conflicts.Add(1))); belt.Closed() {
			r.stopNow(belt.reason(), nil)
		}
	}
	switch causeOf(err) {
	case expiry:
		r.stopNow(LoggedOut, err)
	case denial:
		decision.Detail = r.deletes.denied(decision, decision.Detail)
	case otherwise:
		if decision.Outcome != Remaining && decision.Outcome != Kept { // AWS answered: success, a conflict, that the function is gone
			r.deletes.allowed(decision)
		}
	}
	return decision
}

// outOfDate says that the plan's findings are too old to delete anything by.
func (r *run) outOfDate() bool {
	return !r.dryRun && r.janitor.now().Sub(r.plan.Read) > planFresh
}

// look reads what can have changed since the plan was made, and the policy on the version.
func (r *run) look(ctx context.Context, decision Decision) LastLook {
	if advice := r.looks.givenUp(decision); advice != "" {
		return LastLook{Unread: advice}
	}
	references, err := r.freshAliases(ctx, decision.Function)
	if err != nil {
		return r.unseen(decision, err, need{action: "lambda:ListAliases", resource: anyFunction})
	}
	if !r.janitor.cfg.Checks.Policies {
		return LastLook{References: references}
	}
	qualifier := decision.Qualifier()
	_, err = r.janitor.aws.Lambda.GetPolicy(ctx, &lambdasvc.GetPolicyInput{FunctionName: &decision.Function, Qualifier: &qualifier})
	var none *lambdatypes.ResourceNotFoundException
	if err != nil && !errors.As(err, &none) {
		reading := fmt.Errorf("reading the policy of %s:%s: %w", decision.Function, qualifier, err)
		return r.unseen(decision, reading, need{"lambda:GetPolicy", anyFunction, "janitor.checks.policies"})
	}
	r.looks.allowed(decision)
	return LastLook{References: references, Policy: err == nil}
}

// unseen is a last look that failed.
func (r *run) unseen(decision Decision, err error, needs need) LastLook {
	text := needs.explain(err)
	switch cause := causeOf(err); {
	case errors.Is(err, errNoTime):
		r.stopNow(OutOfTime, err)
	case cause == expiry:
		r.stopNow(LoggedOut, err)
	case cause == denial:
		text = r.looks.denied(decision, text)
	}
	return LastLook{Unread: text}
}

// freshAliases reads a function's aliases again when the first reading is over a minute old. It
// does so once: a function's versions go at different times, biggest first, and what an alias
// comes to refer to later still AWS itself does not delete.
func (r *run) freshAliases(ctx context.Context, function string) ([]Reference, error) {
	r.mutex.Lock()
	own := r.aliases[function]
	if own == nil {
		own = &reading{turn: make(chan struct{}, 1), at: r.plan.AliasesRead[function]}
		r.aliases[function] = own
	}
	r.mutex.Unlock()

	own.turn <- struct{}{}
	defer func() { <-own.turn }()
	if own.again || r.janitor.now().Sub(own.at) < aliasesFresh {
		return own.references, own.err
	}
	own.references, own.err = r.janitor.listAliases(ctx, function)
	var gone *lambdatypes.ResourceNotFoundException
	if errors.As(own.err, &gone) {
		own.references, own.err = []Reference{}, nil // the deletion will say that the function is gone
	}
	own.again = true
	return own.references, own.err
}

// remove deletes one version. Nothing else in this package calls DeleteFunction: without a
// qualifier it would delete the whole function.
func (j *Janitor) remove(ctx context.Context, decision Decision) (Decision, error) {
	qualifier := strconv.FormatInt(decision.Version.Number, 10)
	if _, err := versionNumber(qualifier); err != nil {
		decision.Outcome, decision.Reason = Kept, Guarded
		return decision, nil
	}
	audit(ctx, decision, "deleting version")
	begun := false
	answer, err := j.aws.Lambda.DeleteFunction(context.WithValue(ctx, begunKey{}, &begun), &lambdasvc.DeleteFunctionInput{FunctionName: &decision.Function, Qualifier: &qualifier})
	var (
		conflict *lambdatypes.ResourceConflictException
		invalid  *lambdatypes.InvalidParameterValueException
		gone     *lambdatypes.ResourceNotFoundException
		answered *smithyhttp.ResponseError
	)
	switch {
	case err == nil && answer.StatusCode == http.StatusAccepted:
		decision.Outcome, decision.Reason = NotVerified, BeingDeleted
	case err == nil:
		decision.Outcome = NotVerified
	case errors.Is(err, errNoTime) && !begun:
		decision.Outcome, decision.Reason = Remaining, OutOfTime
	case errors.Is(err, errOutOfDate) && !begun:
		decision.Outcome, decision.Reason = Remaining, OutOfDate
	case errors.As(err, &conflict):
		decision.Outcome, decision.Reason, decision.Detail = Refused, AWSConflict, conflict.ErrorMessage()
	case errors.As(err, &invalid):
		decision.Outcome, decision.Reason, decision.Detail = Refused, AWSRefused, invalid.ErrorMessage()
	case errors.As(err, &gone):
		decision.Outcome, decision.Reason = Gone, FunctionGone
	case causeOf(err) == expiry:
		decision.Outcome, decision.Reason = Remaining, LoggedOut
	case causeOf(err) == denial:
		decision.Outcome, decision.Reason = Failed, Denied
		decision.Detail = fmt.Sprintf("deleting %s:%s: %s", decision.Function, qualifier, need{action: "lambda:DeleteFunction", resource: anyQualified}.explain(err))
	case errors.As(err, &answered) && answered.HTTPStatusCode() >= 400 && answered.HTTPStatusCode() < 500:
		decision.Outcome, decision.Reason, decision.Detail = Failed, CallFailed, err.Error()
	default:
		// No answer came back, or a server's fault, with or without time to try again: AWS may have
		// deleted it all the same. The list afterwards tells.
		decision.Outcome, decision.Reason, decision.Detail = NotVerified, CallFailed, err.Error()
	}
	return decision, err
}

// audit writes a line about a deletion; the log's own field function is the function that runs.
func audit(ctx context.Context, decision Decision, message string) {
	zerolog.Ctx(ctx).Info().Str("deleted_function", decision.Function).Int64("deleted_version", decision.Version.Number).
		Str("code_sha256", decision.Version.SHA).Int64("bytes", decision.Version.Bytes).
		Str("outcome", string(decision.Outcome)).Str("reason", string(decision.Reason)).Str("detail", decision.Detail).
		Msg(message)
}
