package warmer

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"golang.org/x/sync/errgroup"
)

// provisioned is what became of one alias in a run.
type provisioned struct {
	Provisioning
	// refused says why AWS did not take a change; err is set where that fails the run.
	refused string
	err     error
}

// provisioner changes provisioned concurrency within a run. What the warmer remembers is written down before each
// change and after it, as long as the run has its claim.
type provisioner struct {
	*Warmer
	owner string
	// until is the end of the claim, by the real clock.
	until time.Time

	mutex sync.Mutex
	known map[string]provision
}

// provisioner is one for what is remembered now.
func (w *Warmer) provisioner(ctx context.Context, c claim) *provisioner {
	p := &provisioner{Warmer: w, owner: c.owner, until: time.Now().Add(min(c.until.Sub(w.now()), timeLeft(ctx)+rest)), known: maps.Clone(w.left.provisions)}
	if p.known == nil {
		p.known = map[string]provision{}
	}
	return p
}

// errTaken ends all changes of a run that lost its claim.
var errTaken = errors.New("another run has the claim by now")

// changeTakes is how long a change may take; a run that has less left begins none.
const changeTakes = 20 * time.Second

// provision does what a plan says about provisioned concurrency.
func (w *Warmer) provision(ctx context.Context, c claim, plan Plan) []provisioned {
	p := w.provisioner(ctx, c)
	results := make([]provisioned, len(plan.Provisions))
	settled := false
	for index, one := range plan.Provisions {
		results[index].Provisioning = one
		settled = p.set(one.Ref, one.settled) || settled
	}
	var wrong error
	if settled {
		wrong = p.keep(ctx)
	}
	var group errgroup.Group
	group.SetLimit(readers)
	for index := range results {
		one := &results[index]
		one.err = one.failure()
		switch {
		case wrong != nil && (one.Act == Put || one.Act == Withdraw):
			one.err = wrong
		case one.Act == Put || one.Act == Withdraw:
			group.Go(func() error {
				p.change(ctx, one)
				return nil
			})
		}
	}
	_ = group.Wait() // the errors are by alias
	w.left.provisions = p.known
	return results
}

// set has the record of an alias be another one, and tells whether it was not that already.
func (p *provisioner) set(ref Ref, to provision) bool {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	before := p.known[ref.String()]
	if to.isNone() {
		delete(p.known, ref.String())
	} else {
		p.known[ref.String()] = to
	}
	return before.Count != to.Count || before.Doubt != to.Doubt || before.Modified != to.Modified || before.Intent != to.Intent
}

// keep writes the records down. One at a time: what is written is all of them.
func (p *provisioner) keep(ctx context.Context) error {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	mine, err := p.ledger.keep(ctx, p.owner, p.known)
	if err == nil && !mine {
		err = errTaken
	}
	return err
}

// note is set and keep.
func (p *provisioner) note(ctx context.Context, ref Ref, to provision) error {
	if !p.set(ref, to) {
		return nil
	}
	return p.keep(ctx)
}

// change puts or takes away: the intent is written down, the alias is looked at once more, and only if all is as it was
// planned the call is made.
func (p *provisioner) change(ctx context.Context, one *provisioned) {
	if time.Until(p.until) < changeTakes {
		one.Act, one.Why = Leave, string(noTime)
		return
	}
	count := one.Wanted
	if one.Act == Withdraw {
		count = 0
	}
	before := one.settled
	meant := before
	meant.Intent = &intent{Count: count, At: p.now(), Until: p.now().Add(changeTakes)}
	if one.err = p.note(ctx, one.Ref, meant); one.err != nil {
		return
	}
	// Nothing of a change is cut off half-way by a run's end, and nothing of it happens after the claim's or the intent's.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), changeTakes)
	defer cancel()
	again, err := p.lookAgain(ctx, one.Provisioning, before)
	if err != nil {
		one.err = errors.Join(err, p.note(ctx, one.Ref, before))
		return
	}
	if again.Act != one.Act || again.Wanted != one.Wanted {
		if again.Act == Put || again.Act == Withdraw {
			again.Act, again.Why = Leave, "it changed at this moment: the next run looks"
		}
		one.Provisioning = again
		one.err = p.note(ctx, one.Ref, again.settled)
		return
	}
	after, err := p.call(ctx, one.Ref, count, meant)
	one.settle(ctx, err)
	switch {
	case err != nil && one.refused != "":
		after = before // it was not done
	case err != nil:
		return // nobody knows: the intent stands, and the next run finds out
	}
	one.err = errors.Join(one.err, p.note(ctx, one.Ref, after))
	if p.reads.readings != nil {
		p.mutex.Lock()
		delete(p.reads.readings, one.Ref)
		p.mutex.Unlock()
	}
}

// lookAgain reads an alias just before a change, and decides once more.
func (p *provisioner) lookAgain(ctx context.Context, planned Provisioning, before provision) (Provisioning, error) {
	reading, err := p.readAlias(ctx, planned.Ref)
	if err != nil {
		return Provisioning{}, fmt.Errorf("looking at %s once more: %w", planned.Ref, err)
	}
	again := planned
	again.Reading, again.State = reading, reading.on(planned.Qualifier)
	again.settled, again.Own = before.settle(again.State)
	again.Act, again.Why = again.decide(p.now())
	return again, nil
}

// once keeps the SDK from sending a change again whose answer got lost: in between somebody may have made another.
func once(o *lambdasvc.Options) { o.Retryer = aws.NopRetryer{} }

// call makes the change, and answers what is to be remembered then.
func (p *provisioner) call(ctx context.Context, ref Ref, count int, meant provision) (provision, error) {
	if count == 0 {
		_, err := p.aws.Lambda.DeleteProvisionedConcurrencyConfig(ctx, &lambdasvc.DeleteProvisionedConcurrencyConfigInput{FunctionName: &ref.Name, Qualifier: &ref.Qualifier}, once)
		if err != nil {
			return meant, fmt.Errorf("taking away the provisioned concurrency of %s: %w", ref, err)
		}
		return provision{}, nil
	}
	output, err := p.aws.Lambda.PutProvisionedConcurrencyConfig(ctx, &lambdasvc.PutProvisionedConcurrencyConfigInput{
		FunctionName: &ref.Name, Qualifier: &ref.Qualifier, ProvisionedConcurrentExecutions: aws.Int32(int32(count)), // #nosec G115 -- 500 at most
	}, once)
	if err != nil {
		return meant, fmt.Errorf("provisioning %d of %s: %w", count, ref, err)
	}
	return provision{Count: count, Modified: aws.ToString(output.LastModified), At: meant.Intent.At}, nil
}

// settle sorts what a call came to by its type. What AWS refuses for what it is now, such as an alias that moved a
// minute ago or an account without room, is no failure of the run: it falls short.
func (one *provisioned) settle(ctx context.Context, err error) {
	var invalid *lambdatypes.InvalidParameterValueException
	var conflict *lambdatypes.ResourceConflictException
	switch {
	case err == nil && one.Act == Put:
		one.State = &Provisioned{Qualifier: one.Qualifier, Requested: one.Wanted, Status: string(lambdatypes.ProvisionedConcurrencyStatusEnumInProgress)}
	case err == nil:
		one.State = nil
	case errors.As(err, &invalid):
		one.refused = invalid.ErrorMessage()
	case errors.As(err, &conflict):
		one.refused = conflict.ErrorMessage()
	case gone(err):
		one.refused = string(NotThere)
	default:
		if outcome, _ := judge(ctx, err); outcome == NotAllowed || outcome == Refused {
			one.refused = string(outcome)
		}
		one.err = err
	}
	if runes := []rune(strings.ToValidUTF8(one.refused, "")); len(runes) > 300 {
		one.refused = string(runes[:300])
	}
}
