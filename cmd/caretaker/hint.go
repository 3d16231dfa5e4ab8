package main

import "strings"

// elsewhere are flags of other tools, with what there is here instead.
var elsewhere = map[string]string{
	"--dry-run": "There is no --dry-run: the command plan shows what would be done, and changes nothing.",
	"--dryrun":  "There is no --dryrun: the command plan shows what would be done, and changes nothing.",
	"--output":  "There is no --output: --json prints one JSON document.",
	"-o":        "There is no -o here: --json prints one JSON document.",
	"--format":  "There is no --format: --json prints one JSON document.",
	"-q":        "There is no -q: results go to stdout and everything else to stderr, so 2>/dev/null leaves the results alone.",
	"--quiet":   "There is no --quiet: results go to stdout and everything else to stderr, so 2>/dev/null leaves the results alone.",
	"-v":        "There is no -v: plan gives the reason for each decision, and --json all that is known. For the version: caretaker version.",
	"--verbose": "There is no --verbose: plan gives the reason for each decision, and --json all that is known.",
	"--debug":   "There is no --debug: plan gives the reason for each decision, and --json all that is known.",
}

// hintTo is what to say to a command line that was refused for a flag; empty where there is nothing.
func hintTo(args []string, refused error) string {
	for _, word := range args {
		flag, _, _ := strings.Cut(word, "=")
		if hint := elsewhere[flag]; hint != "" && strings.Contains(refused.Error(), "unknown flag "+flag) {
			return hint
		}
	}
	return ""
}
