package janitor

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/time/rate"

	"caretaker/internal/emulator/lambdasim"
)

// still gives a pace whose buckets do not fill again, so that what is left in them counts.
func still(w *world, tokens int) Clients {
	clients := Connect(w.config, 15)
	for name, own := range clients.Pace.buckets {
		clients.Pace.buckets[name] = &bucket{rate.NewLimiter(0, tokens), own.most}
	}
	return clients
}

func (c Clients) left(bucket string) int { return int(c.Pace.buckets[bucket].limiter.Tokens()) }

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

func TestPace_slowsDownWhenThrottledAndRecovers(t *testing.T) {
	w := newWorld(t, lambdasim.Options{}, lambda("orders", 1))
	throttled := true
	w.on("Lambda.ListAliases", func(int, string) (int, string) {
		if throttled {
			return http.StatusTooManyRequests, "TooManyRequestsException"
		}
		return 0, ""
	})
	clients := Connect(w.config, 10)
	own := clients.Pace.buckets[controlPlane]
	own.limiter = rate.NewLimiter(own.most, 1000)
	list := func() error {
		_, err := clients.Lambda.ListAliases(t.Context(), &lambdasvc.ListAliasesInput{FunctionName: aws.String("orders")})
		return err
	}
	if err := list(); err == nil {
		t.Fatal("five attempts that were throttled make a success")
	}
	if slow := own.limiter.Limit(); slow != 0.5 || clients.Pace.Throttles() != 5 {
		t.Errorf("after %d throttles the rate is %g", clients.Pace.Throttles(), slow)
	}
	throttled = false
	for range 200 {
		if err := list(); err != nil {
			t.Fatal(err)
		}
	}
	if recovered := own.limiter.Limit(); recovered != own.most {
		t.Errorf("after 200 calls that were answered the rate is %g, not %g", recovered, own.most)
	}
	if other := clients.Pace.buckets[policyCalls]; other.limiter.Limit() != other.most {
		t.Error("GetPolicy was slowed down as well")
	}
}

func TestPace_staysUnderWhatItWasGiven(t *testing.T) {
	for _, perSecond := range []float64{1, 2, 8, 15} {
		for name, own := range NewPace(perSecond).buckets {
			if name != controlPlane && name != policyCalls {
				continue
			}
			if float64(own.most) >= perSecond || own.limiter.Burst() > max(1, int(perSecond)-1) {
				t.Errorf("%s: %g a second and %d at once, of %g", name, own.most, own.limiter.Burst(), perSecond)
			}
		}
	}
}

func TestPace_saysThatThereIsNoTimeBeforeItWaits(t *testing.T) {
	w := newWorld(t, lambdasim.Options{}, lambda("orders", 1))
	clients := still(w, 1)
	clients.Pace.buckets[controlPlane].limiter.SetLimit(0.0001)
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
