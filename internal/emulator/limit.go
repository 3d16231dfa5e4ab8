package emulator

import (
	"net/http"
	"slices"
	"sync"

	"golang.org/x/time/rate"
)

// RateLimits are calls a second for each account and Region. 0: no limit. AWS
// allows 15 for the Lambda control plane and, apart from it, 15 for GetPolicy.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
type RateLimits struct {
	// Lambda counts every Lambda call but invocations and GetPolicy.
	Lambda float64
	// GetPolicy counts Lambda's GetPolicy alone.
	GetPolicy float64
	// LookupEvents counts CloudTrail's LookupEvents, of which AWS allows 2.
	LookupEvents float64
	// Alarms counts each write of CloudWatch alarms by itself, of which AWS allows 3.
	Alarms float64
}

// alarmWrites have a limit each.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html
var alarmWrites = []string{"DeleteAlarms", "DisableAlarmActions", "EnableAlarmActions", "PutCompositeAlarm", "PutMetricAlarm", "SetAlarmState"}

// limits are token buckets by kind, account and Region. The zero value has none.
type limits struct {
	mutex   sync.Mutex
	rates   RateLimits
	buckets map[string]*rate.Limiter
}

// LimitRates sets the limits anew, with full buckets. A bucket holds a second's
// calls.
func (e *Emulator) LimitRates(rates RateLimits) {
	e.limits.mutex.Lock()
	defer e.limits.mutex.Unlock()
	e.limits.rates, e.limits.buckets = rates, map[string]*rate.Limiter{}
}

// limit answers a call that is one too many, as AWS does.
func (x *exchange) limit() *answer {
	kind, perSecond := x.limits.of(x.call)
	if perSecond <= 0 || x.limits.bucket(kind+" "+x.account()+" "+x.call.Region, perSecond).Allow() {
		return nil
	}
	if x.call.Service == "cloudwatch" {
		return x.refuse(http.StatusBadRequest, "Throttling", "Rate exceeded")
	}
	if kind == "LookupEvents" {
		return x.refuse(http.StatusBadRequest, "ThrottlingException", "Rate exceeded")
	}
	refused := x.refuse(http.StatusTooManyRequests, "TooManyRequestsException", "Rate exceeded")
	refused.body = []byte(`{"Reason":"CallerRateLimitExceeded","Type":"User","message":"Rate exceeded"}`)
	return refused
}

func (l *limits) of(call Call) (kind string, perSecond float64) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	switch {
	case call.Service == "cloudtrail" && call.Operation == "LookupEvents":
		return "LookupEvents", l.rates.LookupEvents
	case call.Service == "cloudwatch" && slices.Contains(alarmWrites, call.Operation):
		return call.Operation, l.rates.Alarms
	case call.Service != "lambda":
		return "", 0
	case call.Operation == "GetPolicy":
		return "GetPolicy", l.rates.GetPolicy
	case call.Operation == "Invoke" || call.Operation == "InvokeWithResponseStream" || call.Operation == "InvokeAsync":
		return "", 0
	default:
		return "Lambda", l.rates.Lambda
	}
}

func (l *limits) bucket(key string, perSecond float64) *rate.Limiter {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.buckets[key] == nil {
		l.buckets[key] = rate.NewLimiter(rate.Limit(perSecond), max(1, int(perSecond)))
	}
	return l.buckets[key]
}
