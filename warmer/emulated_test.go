package warmer_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"caretaker/internal/emulator"
	"caretaker/internal/emulator/suite"
	"caretaker/internal/want"
	"caretaker/test/warmer/instrumented"
	"caretaker/test/warmer/instrumented/function"
	"caretaker/warmer"
)

// One emulator serves all tests. It enforces IAM: functions run with their roles.
var shared = suite.Emulator{Options: emulator.Options{Auth: true}}

// This test's binary is the functions that are kept warm, too.
func TestMain(m *testing.M) {
	if os.Getenv("AWS_LAMBDA_RUNTIME_API") != "" {
		function.Serve()
	}
	os.Exit(shared.Run(m))
}

// delayed makes each ping come late by a time of its own, up to 500 ms: without a hold few of them
// would be in flight together.
func delayed(t *testing.T) {
	t.Helper()
	chance := rand.New(rand.NewPCG(1, 2))
	delays := make(chan time.Duration, 1000)
	for range cap(delays) {
		delays <- time.Duration(chance.IntN(500)) * time.Millisecond
	}
	shared.For(t).OnCall(func(call emulator.Call) {
		if call.Operation == "Invoke" {
			time.Sleep(<-delays)
		}
	})
}

// itself is this test's binary as a function's program.
func itself(t *testing.T) instrumented.Program {
	t.Helper()
	path, err := os.Executable()
	want.NoError(t, "finding this binary", err)
	program, err := instrumented.Go(path)
	want.NoError(t, "packing the program", err)
	return program
}

// called is how many processes were called, and pings and events in all, by the notes of the processes.
func called(t *testing.T, witness string) (processes, pings, events int) {
	t.Helper()
	calls, err := instrumented.Witnessed(witness)
	want.NoError(t, "reading the notes", err)
	for _, count := range calls.Pings {
		pings += count
	}
	for _, count := range calls.Events {
		events += count
	}
	return len(calls.Pings), pings, events
}

func TestHandle_reachesAsManyProcessesAsAreWanted(t *testing.T) {
	want.NoError(t, "emptying the emulator", shared.For(t).Reset(t.Context()))
	program, witness := itself(t), t.TempDir()
	cfg := warmer.Default()
	cfg.DryRun = false
	counts := map[string]int{"one": 1, "five": 5, "twenty": 20, "mute": 5}
	for name, count := range counts {
		variables := map[string]string{"WITNESS": filepath.Join(witness, name)}
		if name == "mute" {
			variables["MIDDLEWARE"] = "none"
		}
		want.NoError(t, "making a function", instrumented.Create(t.Context(), shared.For(t).AWS(), instrumented.Function{Name: name, Program: program, Variables: variables}))
		cfg.Functions = append(cfg.Functions, warmer.Function{Name: name, Warm: map[string]int{"always": count}})
	}
	delayed(t)
	w, err := warmer.New(cfg, warmer.Connect(shared.For(t).AWS(), cfg.MaxInFlight), warmer.Options{})
	want.NoError(t, "making the warmer", err)
	for run, cold := range []int{26, 0} {
		report, err := w.Handle(t.Context(), warmer.Event{})
		want.NoError(t, "a run", err)
		want.Equal(t, fmt.Sprintf("distinct and cold environments of run %d", run+1), []int{report.Distinct, report.Cold}, []int{26, cold})
	}
	for name, count := range counts {
		processes, _, events := called(t, filepath.Join(witness, name))
		if name == "mute" {
			want.Equal(t, "processes of mute with the middleware, and its own events", []int{processes, events}, []int{0, 1})
			continue
		}
		want.Equal(t, "processes of "+name+", and pings in its own code", []int{processes, events}, []int{count, 0})
	}
}

// Behind an alias that shifts traffic are two versions: each has its share of environments.
func TestHandle_warmsBothVersionsOfAnAliasThatShiftsTraffic(t *testing.T) {
	want.NoError(t, "emptying the emulator", shared.For(t).Reset(t.Context()))
	client, name := lambdasvc.NewFromConfig(shared.For(t).AWS()), "checkout"
	want.NoError(t, "making the function", instrumented.Create(t.Context(), shared.For(t).AWS(), instrumented.Function{Name: name, Program: itself(t), Alias: "live"}))
	_, err := client.UpdateFunctionConfiguration(t.Context(), &lambdasvc.UpdateFunctionConfigurationInput{FunctionName: &name, Description: aws.String("the next one")})
	want.NoError(t, "changing the function", err)
	until := func(o *lambdasvc.FunctionUpdatedV2WaiterOptions) {
		o.MinDelay, o.MaxDelay = 20*time.Millisecond, 200*time.Millisecond
	}
	want.NoError(t, "waiting for the change", lambdasvc.NewFunctionUpdatedV2Waiter(client, until).Wait(t.Context(), &lambdasvc.GetFunctionInput{FunctionName: &name}, time.Minute))
	_, err = client.PublishVersion(t.Context(), &lambdasvc.PublishVersionInput{FunctionName: &name})
	want.NoError(t, "publishing version 2", err)
	_, err = client.UpdateAlias(t.Context(), &lambdasvc.UpdateAliasInput{
		FunctionName: &name, Name: aws.String("live"), RoutingConfig: &lambdatypes.AliasRoutingConfiguration{AdditionalVersionWeights: map[string]float64{"2": 0.1}},
	})
	want.NoError(t, "shifting a tenth of the traffic", err)
	cfg := warmer.Default()
	cfg.DryRun = false
	cfg.Functions = []warmer.Function{{Name: name, Qualifier: "live", Warm: map[string]int{"always": 5}}}
	w, err := warmer.New(cfg, warmer.Connect(shared.For(t).AWS(), cfg.MaxInFlight), warmer.Options{})
	want.NoError(t, "making the warmer", err)
	report, err := w.Handle(t.Context(), warmer.Event{})
	want.NoError(t, "the run", err)
	got := map[string]int{}
	for _, target := range report.Targets {
		got[target.String()+" version "+target.Version+": "+target.Note] = target.Distinct
	}
	want.Equal(t, "what is left alone", fmt.Sprint(report.Skips), "[]")
	want.Equal(t, "environments of each version", got, map[string]int{
		"checkout:1 version 1: 90% of the calls of checkout:live": 5, "checkout:2 version 2: 10% of the calls of checkout:live": 1,
	})
}
