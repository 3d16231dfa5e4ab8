package main

import (
	"fmt"
	"testing"

	"caretaker/internal/config"
	"caretaker/internal/want"
)

func TestEnvironment_namesTheStageTheAccountAndTheOtherStages(t *testing.T) {
	const text = "version: 1\nstages: {prod: {account: '222233334444'}, dev: {}}"
	for _, test := range []struct{ stage, credentials, want string }{
		{"default", account, "this is stage default, the base of the file, for account " + account + "; the file's others: -c stage=dev, -c stage=prod"},
		{"dev", "", "this is stage dev for whichever account it is deployed to; the file's others: -c stage=default, -c stage=prod"},
		{"prod", "222233334444", "this is stage prod for account 222233334444; the file's others: -c stage=default, -c stage=dev"},
		{"prod", account, "this is stage prod for account 222233334444, while these credentials are for account " + account + "; the file's others: -c stage=default, -c stage=dev"},
		{"prod", "", "this is stage prod for account 222233334444; the file's others: -c stage=default, -c stage=dev"},
	} {
		file, err := config.Parse("f", []byte(text), config.Options{Stage: test.stage})
		if err != nil {
			t.Fatal(err)
		}
		in := input{stage: test.stage, file: file}
		if err := in.environment(test.credentials, "eu-west-1"); err != nil {
			t.Fatal(err)
		}
		want.Equal(t, fmt.Sprintf("the headline for stage %s and credentials of %q", test.stage, test.credentials), in.headline(test.credentials), test.want)
	}
}

func TestEnvironment_refusesARegionThatAWSDoesNotHave(t *testing.T) {
	in := input{}
	want.Says(t, "the error", fmt.Sprint(in.environment("", "eu-wst-1")), `"eu-wst-1" is not allowed: a Region of AWS, did you mean eu-west-1?`)
	in.file.NewRegions = []string{"eu-wst-1"}
	if err := in.environment("", "eu-wst-1"); err != nil {
		t.Errorf("a new Region that the file names: %v, want no error", err)
	}
	in.file.NewRegions, in.file.Regions = nil, []string{"eu-west-1"} // the environment's is not used
	if err := in.environment("", "eu-wst-1"); err != nil {
		t.Errorf("a Region of the environment that is not used: %v, want no error", err)
	}
}
