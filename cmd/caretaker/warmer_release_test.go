package main

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"

	"caretaker/cmd/caretaker/console"
	"caretaker/internal/want"
	"caretaker/warmer"
)

const provisioningFile = `version: 1
warmer:
  enabled: true
  dryRun: false
  functions:
    - {name: checkout, qualifier: live, provisioned: {always: 3}}
`

// provisioned is how much checkout:live has.
func (w warming) provisioned(t *testing.T) (count int32) {
	t.Helper()
	output, err := lambdasvc.NewFromConfig(w.settings).ListProvisionedConcurrencyConfigs(context.WithoutCancel(t.Context()), &lambdasvc.ListProvisionedConcurrencyConfigsInput{FunctionName: aws.String("checkout")})
	want.NoError(t, "listing provisioned concurrency", err)
	for _, one := range output.ProvisionedConcurrencyConfigs {
		count += aws.ToInt32(one.RequestedProvisionedConcurrentExecutions)
	}
	return count
}

// run runs the function's own code once, as its schedule does.
func (w warming) run(t *testing.T) {
	t.Helper()
	cfg := warmer.Default()
	cfg.DryRun = false
	cfg.Functions = []warmer.Function{{Name: "checkout", Qualifier: "live", Provisioned: map[string]int{"always": 3}}}
	one, err := warmer.New(cfg, warmer.Connect(w.settings, 1), warmer.Options{Table: "caretaker-default-warmer", NoRest: true})
	want.NoError(t, "making a warmer", err)
	_, err = one.Handle(t.Context(), warmer.Event{})
	want.NoError(t, "a run", err)
}

func TestWarmer_releaseTakesAwayWhatTheWarmerSet(t *testing.T) {
	w := newWarming(t)
	w.file = write(t, "caretaker.yaml", provisioningFile)
	release := func(flags ...string) result {
		return caretaker(t, w.environ, append([]string{"warmer", "release", "--config", w.file}, flags...)...)
	}
	caretaker(t, w.environ, "warmer", "plan", "--config", w.file).expect(t, console.Done,
		"Provisioned concurrency by windows in eu-west-1", "checkout:live   none       3       3  $32.85  set          always", "set", "By windows", "caretaker warmer release does so", "those of us-east-1: what eu-west-1 asks is not known here")
	w.ledger(t)
	w.run(t)
	want.Equal(t, "what is there", w.provisioned(t), int32(3))
	caretaker(t, w.environ, "warmer", "plan", "--config", w.file).expect(t, console.Done, "checkout:live  3 ready", "keep")
	// By hand only pings are sent.
	caretaker(t, w.environ, "warmer", "run", "--config", w.file, "--function", "checkout").expect(t, console.Done, "it has provisioned concurrency by windows, and no pings")
	release().expect(t, console.Misused, "there is no terminal to ask at: give --yes")
	release("--dry-run").expect(t, console.WorkLeft, "Provisioned by the warmer in eu-west-1", "checkout:live            3      3  ready", "the warmer set it")
	release("--yes", "--function", "other").expect(t, console.Done, "The warmer has provisioned nothing in eu-west-1")
	braked := w
	braked.environ = append(braked.environ, "DRY_RUN=1")
	t.Setenv("DRY_RUN", "1")
	caretaker(t, braked.environ, "warmer", "release", "--yes", "--config", w.file).expect(t, console.WorkLeft, "DRY_RUN=1 is set in the environment: nothing is taken away.")
	t.Setenv("DRY_RUN", "")
	want.Equal(t, "what is there still", w.provisioned(t), int32(3))
	release("--yes").expect(t, console.Done, "eu-west-1: the provisioned concurrency of 1 of 1 aliases was taken away.")
	want.Equal(t, "what is there then", w.provisioned(t), int32(0))
	release("--yes").expect(t, console.Done, "The warmer has provisioned nothing in eu-west-1")
	// What a person sets is none of its business.
	_, err := lambdasvc.NewFromConfig(w.settings).PutProvisionedConcurrencyConfig(t.Context(), &lambdasvc.PutProvisionedConcurrencyConfigInput{
		FunctionName: aws.String("checkout"), Qualifier: aws.String("live"), ProvisionedConcurrentExecutions: aws.Int32(3),
	})
	want.NoError(t, "provisioning by hand", err)
	release("--yes", "--doubtful").expect(t, console.Done, "The warmer has provisioned nothing in eu-west-1")
	want.Equal(t, "what a person set", w.provisioned(t), int32(3))
}

// After the stack and its table are gone nobody knows who set what is there: it is shown, and goes only if asked for.
func TestWarmer_releaseWithoutATableAsksForDoubtfulOnes(t *testing.T) {
	w := newWarming(t)
	w.file = write(t, "caretaker.yaml", provisioningFile+"stages: {gone: {}}\n")
	_, err := lambdasvc.NewFromConfig(w.settings).PutProvisionedConcurrencyConfig(t.Context(), &lambdasvc.PutProvisionedConcurrencyConfigInput{
		FunctionName: aws.String("checkout"), Qualifier: aws.String("live"), ProvisionedConcurrentExecutions: aws.Int32(3),
	})
	want.NoError(t, "provisioning", err)
	caretaker(t, w.environ, "warmer", "release", "--yes", "--config", w.file, "--stage", "gone").expect(t, console.Done,
		"as many as the file asks for; there is no table that remembers who set it", "unless you give --doubtful")
	want.Equal(t, "what is there", w.provisioned(t), int32(3))
	caretaker(t, w.environ, "warmer", "release", "--yes", "--doubtful", "--config", w.file, "--stage", "gone").expect(t, console.Done, "1 of 1 aliases was taken away")
	want.Equal(t, "what is there then", w.provisioned(t), int32(0))
}
