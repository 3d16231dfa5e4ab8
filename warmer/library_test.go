package warmer_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"caretaker/internal/environments"
	"caretaker/internal/want"
	"caretaker/warmer"
	"caretaker/warmer/ping"
)

// libraries is a warmer for one function that has another warmer's library.
func libraries(t *testing.T, library string, function environments.Function) (*environments.Server, *warmer.Warmer) {
	t.Helper()
	server, err := environments.Start(environments.Options{Seed: 1, Spread: 20 * time.Millisecond}, function)
	want.NoError(t, "starting the Region", err)
	t.Cleanup(func() { want.NoError(t, "closing the Region", server.Close()) })
	cfg := warmer.Default()
	cfg.DryRun = false
	cfg.Functions = []warmer.Function{{Name: function.Name, Library: library, Warm: map[string]int{"always": 5}}}
	w, err := warmer.New(cfg, warmer.Connect(aws.Config{
		Region: environments.Region, BaseEndpoint: aws.String(server.URL()), Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	}, cfg.MaxInFlight), warmer.Options{Now: server.Now})
	want.NoError(t, "making the warmer", err)
	return server, w
}

func TestLibraries_areCountedAsAnsweredAndNeverAsDistinct(t *testing.T) {
	for _, library := range ping.Libraries() {
		t.Run(library, func(t *testing.T) {
			t.Parallel()
			server, w := libraries(t, library, environments.Function{Name: "checkout", Accept: []string{library}, Timeout: time.Minute})
			for run := range 2 {
				report, err := w.Handle(t.Context(), warmer.Event{})
				want.NoError(t, "the run", err)
				target := report.Targets[0]
				want.Equal(t, "library and answers", []any{target.Library, target.Answered}, []any{library, 5})
				want.Equal(t, "wanted, distinct, short of the report", []int{report.Wanted, report.Distinct, report.Shortfall}, []int{0, 0, 0})
				want.Equal(t, "distinct and short of the function", []int{target.Distinct, target.Short}, []int{0, 0})
				want.Says(t, "the note", target.Note, "pinged as "+library+" does it: 5 of 5 were answered")
				want.Equal(t, "why", target.Why, "")
				// Nobody is asked alone first, and there is no second round.
				want.Equal(t, "calls so far", server.Counts("checkout").Calls, 5*(run+1))
				server.Elapse(server.Now().Add(5*time.Minute), "checkout", nil)
			}
		})
	}
}

func TestLibraries_sayWhatWasNotAnswered(t *testing.T) {
	server, w := libraries(t, "lambda-warmer", environments.Function{Name: "checkout", Refuse: "TooManyRequestsException", RefuseStatus: 429})
	report, err := w.Handle(t.Context(), warmer.Event{})
	want.NoError(t, "the run", err)
	target := report.Targets[0]
	want.Equal(t, "answers and shortfall", []int{target.Answered, report.Shortfall}, []int{0, 0})
	want.Says(t, "why", target.Why, "429")
	if calls := server.Counts("checkout").Calls; calls > 6 {
		t.Errorf("%d calls for 5 pings and a probe", calls)
	}
}

func TestLibraries_areNamedInTheFile(t *testing.T) {
	cfg := warmer.Default()
	cfg.Functions = []warmer.Function{{Name: "checkout", Library: "lambda-warmr", Warm: map[string]int{"always": 5}}}
	problems := cfg.Validate()
	if len(problems) != 1 {
		t.Fatalf("the problems are %v", problems)
	}
	want.Says(t, "the problem", problems[0].Error(), `warmer.functions[0].library: "lambda-warmr"`, "lambda-warmer", "opennext")
	field, _ := reflect.TypeFor[warmer.Function]().FieldByName("Library")
	want.Equal(t, "the libraries that the file may name", field.Tag.Get("choices"), strings.Join(ping.Libraries(), ", "))
}
