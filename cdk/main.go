// Command cdk synthesises Caretaker's CloudFormation templates: one app, one stack
// a part and Region, each of which can be deployed and destroyed by itself. The stack of
// a part that is off is empty, and so is deleted by cdk deploy --all.
//
// It is started by the CDK command line (see cdk.json), from the root of the
// repository:
//
//	npx cdk deploy --all -c stage=prod
//
// Context keys, all given with -c and none needed:
//
//	stage   one of the stages of the file; without it, the file's base, named "default"
//	config  the file to read instead of caretaker.yaml
//	set     keys for this one command, with commas between them: janitor.keep.newest=1,janitor.dryRun=true
//	arch    arm64, or x86_64
//	assets  where <part>/bootstrap lies instead of dist, or dist/x86_64 for that architecture
package main

import (
	"fmt"
	"os"
	_ "time/tzdata" // a synth must not depend on the machine's time zones

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
)

func main() {
	err := run()
	if err != nil {
		fmt.Fprintln(os.Stderr, "caretaker:", err)
	}
	closeRuntime()
	if err != nil {
		os.Exit(1)
	}
}

// closeRuntime ends the process that jsii runs CDK in, and removes its files. jsii
// waits for that process twice, and would report at each synth that the second time
// there was none: nothing is written to standard error any more.
func closeRuntime() {
	os.Stderr = nil
	jsii.Close()
}

func run() (err error) {
	// CDK reports what it refuses by panics.
	defer func() {
		if refused := recover(); refused != nil {
			err = fmt.Errorf("synthesising: %v", refused)
		}
	}()
	app := awscdk.NewApp(&awscdk.AppProps{AnalyticsReporting: jsii.Bool(false)})
	in, err := readInput(app.Node())
	if err != nil {
		return err
	}
	if err := in.environment(os.Getenv("CDK_DEFAULT_ACCOUNT"), os.Getenv("CDK_DEFAULT_REGION")); err != nil {
		return err
	}
	fmt.Fprintln(os.Stderr, "caretaker:", in.headline(os.Getenv("CDK_DEFAULT_ACCOUNT")))
	for _, note := range in.file.Notes[in.stage] {
		fmt.Fprintln(os.Stderr, "caretaker: note:", note)
	}
	clean, err := addStacks(app, in)
	if err != nil {
		return err
	}
	defer clean()
	assembly := app.Synth(nil)
	if os.Getenv("CDK_OUTDIR") == "" {
		fmt.Fprintf(os.Stderr, "caretaker: templates are in %s; to deploy them, type: npx cdk deploy --all\n", *assembly.Directory())
	}
	return nil
}
