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
	"github.com/google/go-cmp/cmp"

	"caretaker/internal/emulator/lambdasim"
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
	if left := clients.left(controlPlane); left != 6 {
		t.Errorf("%d of 10 tokens are left after 4 attempts", left)
	}
	if diff := cmp.Diff(map[string]int{"Lambda.ListAliases": 4}, clients.Pace.Calls()); diff != "" {
		t.Error(diff)
	}
}

func TestPace_countsGetPolicyApartFromTheRestOfLambda(t *testing.T) {
	w := newWorld(t, lambdasim.Options{}, lambda("orders", 1))
	clients := still(w, 10)
	if _, err := clients.Lambda.GetPolicy(t.Context(), &lambdasvc.GetPolicyInput{FunctionName: aws.String("orders"), Qualifier: aws.String("1")}); err == nil {
		t.Error("there is a policy")
	}
	if _, err := clients.Lambda.GetAccountSettings(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := clients.CloudWatch.ListMetrics(t.Context(), &cloudwatch.ListMetricsInput{}); err != nil {
		t.Fatal(err)
	}
	if control, policies := clients.left(controlPlane), clients.left(policyCalls); control != 9 || policies != 9 {
		t.Errorf("%d and %d of 10 tokens are left", control, policies)
	}
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
	if own := clients.Pace.buckets[controlPlane]; own.low != 0.25 || own.let.IsZero() || clients.Pace.Throttles() != 2 {
		t.Errorf("after %d throttles the share was %g, and an answer raised it: %t", clients.Pace.Throttles(), own.low, !own.let.IsZero())
	}
	if other := clients.Pace.buckets[policyCalls]; other.rate(time.Now()) != other.most {
		t.Error("GetPolicy was slowed down as well")
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
			if tried := w.called("Lambda.GetAccountSettings"); (err == nil) != test.let || tried != test.tried {
				t.Errorf("tried %d times: %v", tried, err)
			}
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
				t.Errorf("%s: %g a second and %d at once, of %g", name, own.most, int(own.burst), perSecond)
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
		t.Errorf("the error is %v", err)
	}
	if sent := w.called("Lambda.ListAliases"); sent != 1 {
		t.Errorf("%d requests were sent", sent)
	}
}
