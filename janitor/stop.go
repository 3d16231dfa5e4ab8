package janitor

import (
	"context"
	"time"
)

// stop is why a run ends early, and the error that says so.
type stop struct {
	reason Reason
	err    error
}

// over is why nothing further is begun; empty while there is time.
func (r *run) over(ctx context.Context) Reason {
	if stopped := r.stopped.Load(); stopped != nil {
		return stopped.reason
	}
	select {
	case <-r.janitor.options.Stop:
		return OutOfTime
	default:
	}
	deadline, limited := ctx.Deadline()
	if ctx.Err() != nil || limited && time.Until(deadline) < r.reserve() {
		return OutOfTime
	}
	return ""
}

// stopNow ends the run early: the pace has no turn left before the deadline, a belt closed, or AWS answers nothing any more.
func (r *run) stopNow(reason Reason, err error) {
	if !r.stopped.CompareAndSwap(nil, &stop{reason, err}) && reason == LoggedOut {
		r.stopped.Store(&stop{reason, err}) // says more than that the time is over
	}
}

// loggedOut is the error of credentials that ended during the run, if they did.
func (r *run) loggedOut() error {
	if stopped := r.stopped.Load(); stopped != nil && stopped.reason == LoggedOut {
		return CredentialsError{stopped.err}
	}
	return nil
}

// ended takes in an error after the deletions: nil when it is about the credentials, of which the
// report says it once.
func (r *run) ended(err error) error {
	if causeOf(err) == expiry {
		r.stopNow(LoggedOut, err)
		return nil
	}
	return err
}

// notCome is a decision that the run did not come to carry out.
func (r *run) notCome(decision Decision, reason Reason) Decision {
	if r.dryRun {
		decision.Outcome = NotLookedAt
		return decision
	}
	decision.Outcome, decision.Reason = Remaining, reason
	return decision
}
