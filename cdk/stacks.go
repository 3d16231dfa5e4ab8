package main

import (
	"fmt"
	"maps"
	"path/filepath"
	"strconv"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"caretaker/internal/config"
	"caretaker/internal/tag"
)

// addStacks adds a stack for each part and Region: with the part in it, or empty where
// the part is off. The returned function removes what was staged, and is called once the
// app is synthesised.
func addStacks(app constructs.Construct, in input) (clean func(), err error) {
	var staged []func()
	clean = func() {
		for _, remove := range staged {
			remove()
		}
	}
	for _, part := range in.file.Parts() {
		if !part.Enabled {
			for _, target := range targets(in, part.Title) {
				addEmpty(app, in, target, lost[part.Folder])
			}
			continue
		}
		asset, remove, err := stageAsset(filepath.Join(in.assets, part.Folder), part.Given())
		if err != nil {
			clean()
			return nil, fmt.Errorf("staging the %s: %w", part.Folder, err)
		}
		staged = append(staged, remove)
		for _, target := range targets(in, part.Title) {
			stack := newStack(app, in, target, synthesizer(in.file.Deployment))
			err := adding[part.Folder](stack, in.told(part), asset)
			tell(stack, in.file, part)
			in.listen(stack, part)
			if err == nil {
				err = guard(stack, in.file.Deployment, target.region)
			}
			if err != nil {
				clean()
				return nil, err
			}
		}
	}
	return clean, nil
}

// adding fills a part's stack.
var adding = map[string]func(awscdk.Stack, input, string) error{"alerts": addAlerts, "alerts/notify": addNotify, "janitor": addJanitor, "limit-raiser": addLimitRaiser, "log-shipper": addLogShipper, "warmer": addWarmer}

// tell has the stack say what of the file it was made from, for caretaker status to compare.
func tell(stack awscdk.Stack, file config.File, part config.Part) {
	for _, one := range []struct{ id, description, value string }{
		{config.DryRunOutput, "Whether it was deployed in dry run", strconv.FormatBool(part.DryRun)},
		{config.DeployedOutput, "The digest of the configuration that it was deployed with", file.Deployed(part)},
	} {
		awscdk.NewCfnOutput(stack, jsii.String(one.id), &awscdk.CfnOutputProps{Description: jsii.String(one.description), Value: jsii.String(one.value)})
	}
}

// target is one stack to be: its construct id, which the CDK command line selects
// it by, the name it has in AWS, and its Region.
type target struct{ id, name, region string }

// targets are the Regions of a part. The stack's name in AWS is the same in every
// Region, so that a Region added later renames nothing; only the id, which must be
// unique in the app, then holds the Region.
func targets(in input, part string) []target {
	name := config.StackPrefix(in.stage) + part
	regions := in.file.Regions
	if len(regions) == 0 {
		return []target{{id: name, name: name, region: in.region}}
	}
	if len(regions) == 1 {
		return []target{{id: name, name: name, region: regions[0]}}
	}
	all := make([]target, 0, len(regions))
	for _, region := range regions {
		all = append(all, target{id: name + "-" + region, name: name, region: region})
	}
	return all
}

func newStack(app constructs.Construct, in input, to target, by awscdk.IStackSynthesizer) awscdk.Stack {
	labels := map[string]string{}
	maps.Copy(labels, in.file.Tags)
	labels[tag.Stage] = in.stage
	own := map[string]*string{}
	for key, value := range labels {
		own[key] = jsii.String(value)
	}
	stack := awscdk.NewStack(app, jsii.String(to.id), &awscdk.StackProps{
		StackName:   jsii.String(to.name),
		Description: jsii.String("Caretaker: this part is switched off"),
		Env:         &awscdk.Environment{Account: optional(in.account), Region: optional(to.region)},
		// The stack's own. CloudFormation hands them on to what CDK cannot tag.
		Tags:        &own,
		Synthesizer: by,
	})
	for key, value := range labels {
		awscdk.Tags_Of(stack).Add(jsii.String(key), jsii.String(value), nil)
	}
	return stack
}

// optional is nil for an empty text: the deployment knows it then.
func optional(text string) *string {
	if text == "" {
		return nil
	}
	return jsii.String(text)
}
