package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"

	"caretaker/internal/config"
	"caretaker/janitor"
	"caretaker/test/janitor/fleet"
)

var janitorPart = part{
	name: "janitor", stack: "Janitor",
	set: "janitor.dryRun=false", why: "it ships in dry run",
	look:  hint{"dist/caretaker janitor plan --region eu-west-1", "what would go there, and why"},
	begin: func(s *stage) act { return &janitorAct{stage: s, lambda: lambdasvc.NewFromConfig(s.AWS())} },
}

// janitorFunction is the deployed function.
const janitorFunction = "caretaker-" + config.DefaultStage + "-janitor"

// allowed is how many Lambda control-plane calls a second AWS gives an account in a Region.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const allowed = 15

// janitorAct is a fleet, and the janitor that cleans it up.
type janitorAct struct {
	*stage
	lambda *lambdasvc.Client
	fleet  fleet.Fleet
}

// prepare seeds the fleet.
func (a *janitorAct) prepare(ctx context.Context) error {
	a.out.heading("A fleet of functions, as teams have them")
	published := func() string { return fmt.Sprintf("publishing versions, %d calls", len(a.Calls())) }
	err := a.out.during(published, func() (err error) {
		a.fleet, err = fleet.Seed(ctx, a.Emulator, fleet.Demo)
		return err
	})
	if err != nil {
		return err
	}
	versions := 0
	for _, each := range a.fleet.Versions {
		versions += len(each)
	}
	a.out.fact("fleet", "%d functions, %d versions; something still needs %d of the old ones", len(a.fleet.Versions), versions, len(a.fleet.Cases))
	storage, err := a.storage(ctx)
	if err != nil {
		return err
	}
	a.SetCodeStorageLimit(capFor(storage.Used))
	if storage, err = a.storage(ctx); err != nil {
		return err
	}
	a.out.gauge("code storage", storage)
	a.out.aside("The fleet is seconds old: its dates of publication are set back by weeks and months. AWS stores 75 GB in a Region; "+
		"here the cap is set to %s, so that this fleet fills it as a large one fills AWS's. At 100 %% every deployment of every team fails.", janitor.Size(storage.Limit))
	return nil
}

// capFor is a cap that so many bytes fill to about seven tenths; the janitor itself comes on top.
func capFor(used int64) int64 {
	const megabyte = 1 << 20
	return (used*10/7/megabyte + 1) * megabyte
}

// storage is the Region's code storage as AWS reports it.
func (a *janitorAct) storage(ctx context.Context) (janitor.Storage, error) {
	settings, err := a.lambda.GetAccountSettings(ctx, &lambdasvc.GetAccountSettingsInput{})
	if err != nil {
		return janitor.Storage{}, fmt.Errorf("reading the code storage: %w", err)
	}
	return janitor.Storage{Used: settings.AccountUsage.TotalCodeSize, Limit: settings.AccountLimit.TotalCodeSize}, nil
}

// perform plans, deletes, looks at what is left, and does it again.
func (a *janitorAct) perform(ctx context.Context) error {
	if err := a.plan(ctx); err != nil {
		return err
	}
	a.out.heading("The deployed janitor, in earnest")
	report, err := a.invoke(ctx)
	if err != nil {
		return err
	}
	a.showRun(report)
	left, err := fleet.Versions(ctx, a.AWS())
	if err != nil {
		return err
	}
	a.out.heading("What is left, and why")
	a.showKept(report, left)
	a.showCases(left)
	if err := a.again(ctx); err != nil {
		return err
	}
	return a.verdict(ctx)
}

// plan runs the command line as a person would.
func (a *janitorAct) plan(ctx context.Context) error {
	a.out.heading("The plan, under the policy that ships")
	a.out.aside("A plan only reads: once through the Region, and then the policy of each version by itself, a call each. " +
		"With the 8 calls a second that caretaker.yaml allows it, of AWS's 15, it takes about a minute.")
	arguments := []string{"janitor", "plan", "--region", a.Region()}
	command := a.command(ctx, filepath.Join("dist", "caretaker"), arguments...)
	a.out.command(append([]string{"dist/caretaker"}, arguments...)...)
	a.out.say("")
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	if err := finish(command); err != nil {
		return fmt.Errorf("caretaker janitor plan: %w", err)
	}
	return nil
}

// invoke runs the deployed function once, and shows meanwhile what the proxy records of it.
func (a *janitorAct) invoke(ctx context.Context) (janitor.Report, error) {
	a.ForgetCalls()
	var report janitor.Report
	a.out.command("aws", "lambda", "invoke", "--function-name", janitorFunction, "/dev/stdout")
	err := a.out.during(func() string { return watched(a.Calls(), time.Now()) }, func() error {
		answer, err := a.lambda.Invoke(ctx, &lambdasvc.InvokeInput{FunctionName: aws.String(janitorFunction), Payload: []byte("{}")},
			func(o *lambdasvc.Options) { o.Retryer = aws.NopRetryer{} })
		if err != nil {
			return fmt.Errorf("invoking %s: %w", janitorFunction, err)
		}
		if answer.FunctionError != nil {
			return fmt.Errorf("%s ended in an error: %s", janitorFunction, answer.Payload)
		}
		return json.Unmarshal(answer.Payload, &report)
	})
	if err != nil {
		return report, err
	}
	// CloudWatch makes metrics of a run's log lines; the next run reads them. Here it takes a hand.
	return report, a.PublishEMF(ctx, "/aws/lambda/"+janitorFunction)
}

// again shows that there is nothing left to do.
func (a *janitorAct) again(ctx context.Context) error {
	a.out.heading("The same once more")
	a.out.aside("What the first run measured is in CloudWatch by now, where its safety belts look it up. (CloudWatch makes metrics of log lines; here the demo does it for the emulator.)")
	report, err := a.invoke(ctx)
	if err != nil {
		return err
	}
	deleted, waiting := report.Outcomes[janitor.Deleted], report.Outcomes[janitor.Deletable]+report.Outcomes[janitor.Remaining]
	finding := map[bool]string{true: "nothing to do", false: "not what it should be"}[deleted+waiting == 0]
	a.out.fact("result", "%s: %d versions looked at, %d deleted, %d remaining, in %.0f s", finding, report.Versions, deleted, waiting, report.Seconds)
	a.figure("a second run has nothing to do", deleted+waiting == 0, "%d deleted, %d remaining", deleted, waiting)
	return nil
}

// verdict is the point of it all, measured once more at the very end.
func (a *janitorAct) verdict(ctx context.Context) error {
	lost, err := a.fleet.Lost(ctx, a.AWS())
	if err != nil {
		return err
	}
	for _, each := range lost {
		a.out.say("   lost: %s:%d, %s", each.Function, each.Version, each.Why)
	}
	needed := len(a.fleet.Cases)
	a.figure("no version that is needed is lost", len(lost) == 0, "%d of %d are there", needed-len(lost), needed)
	if len(lost) == 0 {
		a.out.say("\n   %s", a.out.success(fmt.Sprintf("Not one referenced version is lost: all %d are there.", needed)))
	}
	return nil
}
