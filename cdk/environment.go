package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"caretaker/internal/config"
)

// environment takes the account and the Region of the credentials where the file names none. With an
// account in the file, the CDK refuses credentials of another: the stacks are made for that one.
func (in *input) environment(account, region string) error {
	in.account, in.region = account, region
	if in.file.Account != "" {
		in.account = in.file.Account
	}
	if len(in.file.Regions) > 0 || region == "" {
		return nil
	}
	if allowed := in.file.RegionInstead(region); allowed != "" {
		return fmt.Errorf("the Region of the environment (AWS_REGION, or that of your profile): %q is not allowed: %s", region, allowed)
	}
	return nil
}

// headline says which stage this is, for which account, and which others there are: the CDK takes
// --stage prod for an option that it does not know, and goes on without it.
func (in input) headline(credentials string) string {
	text := "this is stage " + in.stage
	if in.stage == config.DefaultStage {
		text += ", the base of the file,"
	}
	switch {
	case in.account == "":
		text += " for whichever account it is deployed to"
	case credentials != "" && credentials != in.account:
		text += fmt.Sprintf(" for account %s, while these credentials are for account %s", in.account, credentials)
	default:
		text += " for account " + in.account
	}
	var others []string
	for _, stage := range append([]string{config.DefaultStage}, slices.Sorted(maps.Keys(in.file.Stages))...) {
		if stage != in.stage {
			others = append(others, "-c stage="+stage)
		}
	}
	if len(others) > 0 {
		text += "; the file's others: " + strings.Join(others, ", ")
	}
	return text
}
