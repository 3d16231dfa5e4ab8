package main

import (
	"strings"
	"testing"

	"caretaker/internal/config"
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
		if got := in.headline(test.credentials); got != test.want {
			t.Errorf("stage %s, credentials of %q: it says %s", test.stage, test.credentials, got)
		}
	}
}

func TestEnvironment_refusesARegionThatAWSDoesNotHave(t *testing.T) {
	in := input{}
	if err := in.environment("", "eu-wst-1"); err == nil || !strings.Contains(err.Error(), `"eu-wst-1" is not allowed: a Region of AWS, did you mean eu-west-1?`) {
		t.Errorf("the error is %v", err)
	}
	in.file.NewRegions = []string{"eu-wst-1"}
	if err := in.environment("", "eu-wst-1"); err != nil {
		t.Error(err)
	}
	in.file.NewRegions, in.file.Regions = nil, []string{"eu-west-1"} // the environment's is not used
	if err := in.environment("", "eu-wst-1"); err != nil {
		t.Error(err)
	}
}
