package limitraiser

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
)

// Somebody switched the function off, or it shares what the account has: a reservation would switch
// the one on, and cap the other.
func TestFunctions_getNoReservationThatTheyHaveNot(t *testing.T) {
	for name, c := range map[string]struct {
		switchedOff bool
		why         string
	}{
		"switched off": {true, "somebody switched it off"},
		"none":         {false, "it has no reserved concurrency"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			function := w.function(0)
			if c.switchedOff {
				_, err := lambdasvc.NewFromConfig(w.config).PutFunctionConcurrency(t.Context(), &lambdasvc.PutFunctionConcurrencyInput{
					FunctionName: &function, ReservedConcurrentExecutions: aws.Int32(0),
				})
				w.must(err)
			}
			w.emulator.ForgetCalls()
			of := map[string]string{"FunctionName": function}
			for ago := 1; ago <= 3; ago++ {
				w.measure("AWS/Lambda", "Throttles", 600, ago, of)
				w.measure("AWS/Lambda", "Invocations", 600, ago, of)
				w.measure("AWS/Lambda", "ConcurrentExecutions", 10, ago, of)
			}
			metric := throttles(function)
			cfg := earnest("none", func(c *Config) { c.Functions = []Function{{function, 100}} })
			report, err := w.raiser(cfg).Handle(t.Context(), w.event(w.alarm("ALARM", metric), metric, w.now()))
			ran(report, err).decides(t, Decision{Outcome: Refused, Reason: NothingToRaise, Detail: c.why})
			w.wantCalls("PutFunctionConcurrency", 0)
		})
	}
}
