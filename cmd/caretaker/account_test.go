package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"caretaker/cmd/caretaker/console"
	"caretaker/internal/emulator/lambdasim"
)

// awayFrom is a file whose base is for an account of its own, and whose stage prod for another.
const awayFrom = "version: 1\naccount: '222233334444'\nregions: [us-east-1]\njanitor: {rate: 15, checks: {aliasHistory: false}}\n" +
	"stages: {prod: {account: '333344445555'}, here: {account: '000000000000'}}\n"

func TestAccount_otherThanTheFilesIsRefusedBeforeAnythingButWhoCallsIsAsked(t *testing.T) {
	event := write(t, "event.json", string(read(t, "sns.json")))
	cases := map[string][]string{ // each command that asks AWS anything, with its flags
		"alerts plan":          nil,
		"alerts preview":       nil,
		"alerts coverage":      nil,
		"alerts lint":          nil,
		"alerts backtest":      nil,
		"alerts apply":         {"--yes"},
		"alerts destroy":       {"--yes"},
		"janitor plan":         {"--all-regions"},
		"janitor apply":        {"--yes", "--set", "janitor.keep.newest=1"},
		"limit-raiser plan":    {"--event", event},
		"limit-raiser history": nil,
		"status":               nil,
		"warmer plan":          nil,
		"warmer run":           nil,
		"warmer release":       {"--yes"},

		"log-shipper plan":        nil,
		"log-shipper redrive":     nil,
		"log-shipper replay":      {"--yes", "--bucket", "archive", "--set", "logShipper.destination.endpoint=https://logs.example.com"},
		"log-shipper setup":       {"--set", "logShipper.destination.endpoint=https://logs.example.com"},
		"log-shipper unsubscribe": {"--yes"},
		"log-shipper tail":        {"--set", "logShipper.destination.endpoint=https://logs.example.com", "--correlation-id", "x"},
	}
	parser, err := kong.New(new(commandLine), kong.Vars{"version": ""})
	if err != nil {
		t.Fatal(err)
	}
	for _, leaf := range parser.Model.Leaves(false) {
		path := strings.TrimPrefix(leaf.FullPath(), parser.Model.Name+" ")
		if _, tried := cases[path]; !tried && !leaf.Tag.Has("offline") {
			t.Errorf("%s is not tried", path)
		}
	}
	for name, flags := range cases {
		t.Run(name, func(t *testing.T) {
			args := append(strings.Fields(name), flags...)
			file := write(t, "caretaker.yaml", awayFrom)
			sim := fleet(t, lambdasim.Options{}, orders(1)...)
			before := len(others.Calls())
			for stage, number := range map[string]string{"": "222233334444", "prod": "333344445555"} {
				all := append(slices.Clone(args), "--config", file)
				named := "default"
				if stage != "" {
					all, named = append(all, "--stage", stage), stage
				}
				caretaker(t, environment(sim), all...).expect(t, console.Misused,
					file+": stage "+named+" is for account "+number+", and these credentials are for account 000000000000 (arn:aws:")
			}
			if calls := len(sim.Calls()); calls > 0 {
				t.Errorf("Lambda was asked: %v", sim.Calls())
			}
			for _, call := range others.Calls()[before:] {
				if call.Operation != "GetCallerIdentity" {
					t.Errorf("%s of %s was asked", call.Operation, call.Service)
				}
			}
		})
	}
}

func TestAccount_ofTheFileIsWorkedIn(t *testing.T) {
	sim := fleet(t, lambdasim.Options{}, orders(1)...)
	file := write(t, "caretaker.yaml", awayFrom)
	got := caretaker(t, environment(sim), "janitor", "plan", "--config", file, "--stage", "here")
	got.expect(t, console.Done, "Would go        7 versions")
	if strings.Contains(got.err, "names no account") {
		t.Errorf("it says:\n%s", got.err)
	}
}

func TestAccount_thatTheFileDoesNotNameIsNoted(t *testing.T) {
	sim := fleet(t, lambdasim.Options{}, orders(1)...)
	file := write(t, "caretaker.yaml", "version: 1\njanitor: {rate: 15, checks: {aliasHistory: false}}\n")
	caretaker(t, environment(sim), "janitor", "plan", "--config", file, "--region", "us-east-1").
		expect(t, console.Done, "Would go        7 versions", file+` names no account for stage default. With account: "000000000000" in it, no command would work in another account than this.`)
	if got := caretaker(t, environment(sim), with("janitor", "plan")...); strings.Contains(got.err, "names no account") {
		t.Errorf("without a file it says:\n%s", got.err)
	}
}
