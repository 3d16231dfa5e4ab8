package janitor

import (
	"context"
	"errors"
	"net/http"
	"runtime"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"

	"caretaker/internal/emulator/lambdasim"
	"caretaker/internal/want"
)

// still gives a pace whose buckets do not fill again, so that what is left in them counts.
func still(w *world, tokens int) Clients {
	clients := Connect(w.config, 15)
	for name := range clients.Pace.buckets {
		clients.Pace.buckets[name] = newBucket(1e-5, tokens)
	}
	return clients
}

func (c Clients) left(bucket string) int { return int(c.Pace.buckets[bucket].saved) }

// refill has an empty bucket fill at another rate.
func (b *bucket) refill(most float64) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.most = most
	b.saved, b.at = 0, time.Now()
}

func TestPace_takesATokenForEachAttempt(t *testing.T) {
	w := newWorld(t, lambdasim.Options{}, lambda("orders", 1))
	w.on("Lambda.ListAliases", func(n int, _ string) (int, string) {
		if n < 4 {
			return http.StatusServiceUnavailable, "ServiceException"
		}
		return 0, ""
	})
	clients := still(w, 10)
	if _, err := clients.Lambda.ListAliases(t.Context(), &lambdasvc.ListAliasesInput{FunctionName: aws.String("orders")}); err != nil {
		t.Fatal(err)
	}
	want.Equal(t, "tokens left of 10 after 4 attempts", clients.left(controlPlane), 6)
	want.Equal(t, "the calls", clients.Pace.Calls(), map[string]int{"Lambda.ListAliases": 4})
}

func TestPace_countsGetPolicyApartFromTheRestOfLambda(t *testing.T) {
	w := newWorld(t, lambdasim.Options{}, lambda("orders", 1))
	clients := still(w, 10)
	if _, err := clients.Lambda.GetPolicy(t.Context(), &lambdasvc.GetPolicyInput{FunctionName: aws.String("orders"), Qualifier: aws.String("1")}); err == nil {
		t.Error("the policy of orders:1: there is one, want an error")
	}
	if _, err := clients.Lambda.GetAccountSettings(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := clients.CloudWatch.ListMetrics(t.Context(), &cloudwatch.ListMetricsInput{}); err != nil {
		t.Fatal(err)
	}
	want.Equal(t, "tokens left of 10 for the control plane", clients.left(controlPlane), 9)
	want.Equal(t, "tokens left of 10 for GetPolicy", clients.left(policyCalls), 9)
}

func TestPace_slowsDownTheBucketThatWasThrottledAndNoOther(t *testing.T) {
	w := newWorld(t, lambdasim.Options{}, lambda("orders", 1))
	w.on("Lambda.ListAliases", func(n int, _ string) (int, string) {
		if n <= 2 {
			return http.StatusTooManyRequests, "TooManyRequestsException"
		}
		return 0, ""
	})
	clients := Connect(w.config, 15)
	if _, err := clients.Lambda.ListAliases(t.Context(), &lambdasvc.ListAliasesInput{FunctionName: aws.String("orders")}); err != nil {
		t.Fatal(err)
	}
	own := clients.Pace.buckets[controlPlane]
	want.Equal(t, "the share of its rate that is left to the bucket", own.low, 0.25)
	want.Equal(t, "an answer raised the rate", !own.let.IsZero(), true)
	want.Equal(t, "throttles", clients.Pace.Throttles(), 2)
	if other := clients.Pace.buckets[policyCalls]; other.rate(time.Now()) != other.most {
		t.Errorf("the rate of GetPolicy: %g, want %g, that of before", other.rate(time.Now()), other.most)
	}
}

func TestPace_isPatientWithThrottlingAndNotWithFaults(t *testing.T) {
	for name, test := range map[string]struct {
		status int
		code   string
		tried  int
		let    bool
	}{
		"throttled": {http.StatusTooManyRequests, "TooManyRequestsException", 13, true},
		"a fault":   {http.StatusInternalServerError, "ServiceException", 5, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, lambdasim.Options{}, lambda("orders", 1))
			w.on("Lambda.GetAccountSettings", func(n int, _ string) (int, string) {
				if n <= 12 {
					return test.status, test.code
				}
				return 0, ""
			})
			_, err := w.janitor(Default(), Options{}).aws.Lambda.GetAccountSettings(t.Context(), nil)
			want.Equal(t, "attempts", w.called("Lambda.GetAccountSettings"), test.tried)
			want.Equal(t, "it is let through in the end", err == nil, test.let)
			var given *retry.MaxAttemptsError
			if err != nil && !errors.As(err, &given) {
				t.Errorf("the error does not say that it was tried again: %v", err)
			}
		})
	}
}

func TestPace_letsWaitersThroughWhenTheRateRises(t *testing.T) {
	b := newBucket(1e-3, 1)
	b.take(time.Now())
	through := make(chan error)
	for range 3 {
		go func() { through <- b.wait(t.Context()) }()
	}
	for waiting := 0; waiting < 3 || len(b.turn) == 0; runtime.Gosched() {
		b.mutex.Lock()
		waiting = b.waiting
		b.mutex.Unlock()
	}
	b.refill(1e6) // which a fixed appointment would not notice for 16 minutes
	for range 3 {
		if err := <-through; err != nil {
			t.Error(err)
		}
	}
}

func TestPace_staysUnderWhatItWasGiven(t *testing.T) {
	for _, perSecond := range []float64{1, 2, 8, 15} {
		for name, own := range NewPace(perSecond).buckets {
			if name != controlPlane && name != policyCalls {
				continue
			}
			if own.most >= perSecond || int(own.burst) > max(1, int(perSecond)-1) {
				t.Errorf("%s: %g a second and %d at once, want less than %g and at most %d", name, own.most, int(own.burst), perSecond, max(1, int(perSecond)-1))
			}
		}
	}
}

func TestPace_saysThatThereIsNoTimeBeforeItWaits(t *testing.T) {
	w := newWorld(t, lambdasim.Options{}, lambda("orders", 1))
	clients := still(w, 1)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	list := func() error {
		_, err := clients.Lambda.ListAliases(ctx, &lambdasvc.ListAliasesInput{FunctionName: aws.String("orders")})
		return err
	}
	if err := list(); err != nil {
		t.Fatal(err)
	}
	if err := list(); !errors.Is(err, errNoTime) {
		t.Errorf("the error: %v, want %v", err, errNoTime)
	}
	want.Equal(t, "requests sent", w.called("Lambda.ListAliases"), 1)
}
