package main

import (
	"fmt"
	"maps"
	"path/filepath"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

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
	for _, part := range []struct {
		// folder holds the part's binary; name is the part's in those of its stacks.
		folder, name string
		enabled      bool
		slice        any
		add          func(awscdk.Stack, input, string) error
		// lost says what a stack that is deleted takes with it, and where it is found all the same.
		lost string
	}{
		{"janitor", "Janitor", in.file.Janitor.Enabled, in.file.Janitor, addJanitor, janitorLost},
		{"limit-raiser", "LimitRaiser", in.file.LimitRaiser.Enabled, in.file.LimitRaiser, addLimitRaiser, limitRaiserLost},
	} {
		if !part.enabled {
			for _, target := range targets(in, part.name) {
				addEmpty(app, in, target, part.lost)
			}
			continue
		}
		asset, remove, err := stageAsset(filepath.Join(in.assets, part.folder), part.slice)
		if err != nil {
			clean()
			return nil, fmt.Errorf("staging the %s: %w", part.folder, err)
		}
		staged = append(staged, remove)
		for _, target := range targets(in, part.name) {
			stack := newStack(app, in, target, synthesizer(in.file.Deployment))
			err := part.add(stack, in, asset)
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

// target is one stack to be: its construct id, which the CDK command line selects
// it by, the name it has in AWS, and its Region.
type target struct{ id, name, region string }

// targets are the Regions of a part. The stack's name in AWS is the same in every
// Region, so that a Region added later renames nothing; only the id, which must be
// unique in the app, then holds the Region.
func targets(in input, part string) []target {
	name := "Caretaker-" + in.stage + "-" + part
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
		Description: jsii.String("Caretaker: looks after the AWS Lambda functions of this Region"),
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
