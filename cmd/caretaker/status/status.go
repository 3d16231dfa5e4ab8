// Package status is the command that lays what the file says beside what is deployed. It only reads.
//
// A stack of Caretaker is one that is named Caretaker-<stage>-<Part> and bears the tag caretaker:stage with that
// stage. They are looked for in every Region that the account has enabled, since what the file no
// longer knows is where nobody looks.
package status

import (
	"maps"
	"slices"

	"caretaker/cmd/caretaker/command"
	"caretaker/cmd/caretaker/console"
	"caretaker/internal/config"
)

// Actions are the permissions that the command needs, all of them to read.
var Actions = []string{
	"account:ListRegions", "cloudformation:DescribeStacks", "cloudwatch:DescribeAlarms",
	"lambda:GetFunctionConfiguration", "logs:DescribeLogStreams", "logs:FilterLogEvents",
}

// Command compares the file with the account.
type Command struct {
	Profile string   `short:"p" placeholder:"NAME" help:"The profile of your AWS configuration."`
	Region  []string `short:"r" placeholder:"REGION" help:"Look in this Region only; may be repeated (default: every Region that the account has enabled)."`
	JSON    bool     `name:"json" help:"One JSON document."`
}

// Run reads both and compares.
func (s *Command) Run(j *command.Job) error {
	file, err := j.Settings.Load(j.Console, true)
	if err != nil {
		return err
	}
	files, err := everyStage(j, file)
	if err != nil {
		return err
	}
	target := command.Target{Profile: s.Profile, Region: s.Region, AllRegions: len(s.Region) == 0}
	account, err := target.Open(j, file)
	if err != nil {
		return err
	}
	wanted, err := s.wanted(files, account)
	if err != nil {
		return err
	}
	regions := s.regions(account, wanted)
	found, unread := look(j.Stopping, account, regions)
	if err := j.Stopping.Err(); err != nil {
		return err
	}
	report := compare(wanted, sight{regions, found, unread}, j.Settings.Stage)
	report.Schema, report.Command, report.Account, report.Regions = console.DocumentSchema, "status", account.Number, regions
	report.commands(j.Settings, s.Profile)
	if err := j.Write(s.JSON, report, report.show); err != nil {
		return err
	}
	if code := report.code(); code != console.Done {
		return console.Ending{Code: code}
	}
	return nil
}

// everyStage is the file as each of its stages has it: a stack of another stage is not one that
// nobody knows.
func everyStage(j *command.Job, chosen config.File) (map[string]config.File, error) {
	files := map[string]config.File{j.Stage(): chosen}
	for _, stage := range append(slices.Collect(maps.Keys(chosen.Stages)), config.DefaultStage) {
		if _, is := files[stage]; is {
			continue
		}
		settings := j.Settings
		settings.Stage = stage
		if stage == config.DefaultStage {
			settings.Stage = ""
		}
		file, err := settings.Load(j.Console, true)
		if err != nil {
			return nil, err
		}
		files[stage] = file
	}
	return files, nil
}

// wanted is what the files ask for, a line for each stage, Region and part.
func (s *Command) wanted(files map[string]config.File, account command.Account) ([]want, error) {
	var all []want
	for _, stage := range slices.Sorted(maps.Keys(files)) {
		file := files[stage]
		regions := file.Regions
		switch {
		case len(regions) == 0 && len(s.Region) > 0:
			regions = s.Region
		case len(regions) == 0 && account.Home == "":
			return nil, console.Misuse("no Region: write regions: into the file, set AWS_REGION or give --region")
		case len(regions) == 0:
			if allowed := file.RegionInstead(account.Home); allowed != "" {
				return nil, console.Misuse("the Region of your environment (AWS_REGION, or that of your profile): %q is not allowed: %s", account.Home, allowed)
			}
			regions = []string{account.Home}
		}
		elsewhere := file.Account
		if elsewhere == account.Number {
			elsewhere = ""
		}
		for _, region := range regions {
			for _, part := range file.Parts() {
				all = append(all, want{
					stage: stage, region: region, elsewhere: elsewhere, part: part.Folder, stack: config.StackPrefix(stage) + part.Title,
					on: part.Enabled, dryRun: part.DryRun, configuration: file.Deployed(part),
				})
			}
		}
	}
	return all, nil
}

// regions are those to look in: the account's, and the files' even where the account does not list
// them; or those of the command line.
func (s *Command) regions(account command.Account, wanted []want) []string {
	regions := slices.Clone(account.Regions)
	for _, w := range wanted {
		if len(s.Region) == 0 {
			regions = append(regions, w.region)
		}
	}
	slices.Sort(regions)
	return slices.Compact(regions)
}
