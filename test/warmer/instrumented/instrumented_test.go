package instrumented

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"

	"caretaker/internal/emulator"
	"caretaker/internal/emulator/suite"
	"caretaker/internal/want"
	"caretaker/warmer/ping"
)

// One emulator serves all tests. It enforces IAM: functions run with their roles.
var shared = suite.Emulator{Options: emulator.Options{Auth: true}}

func TestMain(m *testing.M) { os.Exit(shared.Run(m)) }

// programs are the three languages.
func programs(t *testing.T) map[string]Program {
	t.Helper()
	made := map[string]Program{}
	for name, program := range map[string]func() (Program, error){
		"go": func() (Program, error) { return Go("../../../" + Binary) }, "node": Node, "python": Python,
	} {
		var err error
		made[name], err = program()
		want.NoError(t, "packing "+name, err)
	}
	return made
}

func invoke(t *testing.T, client *lambdasvc.Client, name string, event []byte) []byte {
	t.Helper()
	answer, err := client.Invoke(t.Context(), &lambdasvc.InvokeInput{FunctionName: &name, Payload: event}, func(o *lambdasvc.Options) { o.Retryer = aws.NopRetryer{} })
	if err != nil {
		t.Error(err)
		return nil
	}
	if answer.FunctionError != nil {
		t.Errorf("%s failed: %s", name, answer.Payload)
	}
	return answer.Payload
}

// reached sends so many pings at once, held until a common time, and counts the environments by
// their answers.
func reached(t *testing.T, client *lambdasvc.Client, name string, pings int, hold time.Duration) (pongs []ping.Pong, distinct int) {
	t.Helper()
	var all sync.WaitGroup
	var mutex sync.Mutex
	environments := map[string]bool{}
	until := time.Now().Add(hold)
	for range pings {
		all.Go(func() {
			answer := invoke(t, client, name, ping.Event(time.Until(until)))
			pong, err := ping.Read(answer)
			if err != nil {
				t.Errorf("%s: %v: %s", name, err, answer)
			}
			mutex.Lock()
			defer mutex.Unlock()
			pongs, environments[pong.Environment] = append(pongs, pong), true
		})
	}
	all.Wait()
	return pongs, len(environments)
}

// In each language, what the answers say is so: five environments are five processes, and the real
// event reaches the handler in one of them.
func TestPrograms_answerForTheProcessesThatTheyAre(t *testing.T) {
	want.NoError(t, "emptying the emulator", shared.For(t).Reset(t.Context()))
	client := lambdasvc.NewFromConfig(shared.For(t).AWS())
	for name, program := range programs(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			witness := filepath.Join(t.TempDir(), "calls")
			want.NoError(t, "making it", Create(t.Context(), shared.For(t).AWS(), Function{Name: name, Program: program, Variables: map[string]string{"WITNESS": witness, "INIT": "20ms"}}))
			pongs, distinct := reached(t, client, name, 5, 8*time.Second)
			calls, err := Witnessed(witness)
			want.NoError(t, "reading the witness", err)
			want.Equal(t, "environments by the answers", distinct, 5)
			want.Equal(t, "processes", len(calls.Pings), 5)
			for _, pong := range pongs {
				if !pong.Cold() || pong.InitMs < 20 || pong.InitMs > 60_000 || pong.Version == "" {
					t.Errorf("a first call says %+v", pong)
				}
			}
			// The emulator writes JSON with spaces.
			want.Equal(t, "the answer to a real event", strings.ReplaceAll(string(invoke(t, client, name, []byte(`{"order":[7,null]}`))), " ", ""), `{"order":[7,null]}`)
			calls, err = Witnessed(witness)
			want.NoError(t, "reading the witness", err)
			events := 0
			for _, count := range calls.Events {
				events += count
			}
			want.Equal(t, "real events in the handler", events, 1)
		})
	}
}

func TestPrograms_withoutTheMiddlewareTakeAPingForAnEvent(t *testing.T) {
	want.NoError(t, "emptying the emulator", shared.For(t).Reset(t.Context()))
	client := lambdasvc.NewFromConfig(shared.For(t).AWS())
	for name, program := range programs(t) {
		t.Run(name, func(t *testing.T) {
			witness := filepath.Join(t.TempDir(), "calls")
			function := Function{Name: name + "-plain", Program: program, Variables: map[string]string{"WITNESS": witness, "MIDDLEWARE": "none"}, Alias: "live"}
			want.NoError(t, "making it", Create(t.Context(), shared.For(t).AWS(), function))
			if answer := invoke(t, client, function.Name+":live", ping.Event(0)); answer != nil {
				if _, err := ping.Read(answer); err == nil {
					t.Errorf("it answers %s", answer)
				}
			}
			calls, err := Witnessed(witness)
			want.NoError(t, "reading the witness", err)
			want.Equal(t, "processes that took it for a real event", len(calls.Events), 1)
			want.Equal(t, "processes that answered it", len(calls.Pings), 0)
		})
	}
}
