package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"caretaker/internal/config"
)

// input is all that decides what is synthesised.
type input struct {
	// stage is the name that stacks and functions bear; config.DefaultStage without a choice.
	stage string
	file  config.File
	// assets is the folder that holds <part>/bootstrap.
	assets string
	arch   awslambda.Architecture
	// account and region are the environment's. Empty ones are left for the deployment to know.
	account, region string
}

// contextKeys are the keys that this app reads, in the order of the alphabet.
var contextKeys = []string{"arch", "assets", "config", "set", "stage"}

// cdkKeys are the CDK command line's own keys without a colon, which all its others have.
var cdkKeys = []string{"acknowledged-issue-numbers", "cli-telemetry"}

// checkContext refuses a key that nobody reads: a stage that was misspelt would be deployed as the
// file's base.
func checkContext(node constructs.Node) error {
	all, _ := node.GetAllContext(nil).(map[string]any)
	theirs := userContext()
	for _, key := range slices.Sorted(maps.Keys(all)) {
		if strings.Contains(key, ":") || slices.Contains(cdkKeys, key) || slices.Contains(contextKeys, key) || theirs[key] != nil {
			continue
		}
		return fmt.Errorf("reading context %s: %s", key, config.Unknown(key, contextKeys))
	}
	return nil
}

// userContext is what a person's own settings give every app of the CDK, ours too.
// https://docs.aws.amazon.com/cdk/v2/guide/context.html
func userContext() map[string]any {
	var settings struct{ Context map[string]any }
	home, err := os.UserHomeDir()
	if err == nil {
		text, _ := os.ReadFile(filepath.Join(home, ".cdk.json")) // #nosec G304 -- the file that the CDK reads
		_ = json.Unmarshal(text, &settings)                      // what is not JSON the CDK refuses
	}
	return settings.Context
}

// readInput reads the context and the file that it names.
func readInput(node constructs.Node) (input, error) {
	if err := checkContext(node); err != nil {
		return input{}, err
	}
	given := map[string]string{}
	for _, key := range contextKeys {
		switch value := node.TryGetContext(jsii.String(key)).(type) {
		case nil:
		case string:
			given[key] = value
		default:
			return input{}, fmt.Errorf("reading context %s: %v is not a string", key, value)
		}
	}
	in := input{stage: given["stage"], assets: given["assets"]}
	if in.stage == "" {
		in.stage = config.DefaultStage
	}
	folder := "dist"
	switch given["arch"] {
	case "", "arm64":
		in.arch = awslambda.Architecture_ARM_64()
	case "x86_64":
		in.arch, folder = awslambda.Architecture_X86_64(), filepath.Join("dist", "x86_64")
	default:
		return input{}, fmt.Errorf("reading context arch: %q is not allowed: arm64 or x86_64", given["arch"])
	}
	if in.assets == "" {
		in.assets = folder
	}
	path := given["config"]
	if path == "" {
		path = "caretaker.yaml"
	}
	file, err := config.Load(path, config.Options{Stage: in.stage, Set: splitSet(given["set"])})
	if errors.Is(err, fs.ErrNotExist) && given["config"] == "" {
		return input{}, fmt.Errorf("%w: start this in the root of the repository, as npx cdk does", err)
	}
	if err != nil { // -c set= is what gives here what --set gives to caretaker
		err = errors.New(strings.NewReplacer("--set ", "-c set=", "(with --set)", "(with -c set=)").Replace(err.Error()))
	}
	if err == nil {
		err = checkGuards(node, file.Deployment)
	}
	in.file = file
	return in, err
}

// splitSet separates assignments at their commas, but for those within a list or a
// map: janitor.exclude.names=[a,b],janitor.dryRun=true are two.
func splitSet(text string) []string {
	var assignments []string
	start, depth := 0, 0
	for at, letter := range text {
		switch letter {
		case '[', '{':
			depth++
		case ']', '}':
			depth--
		case ',':
			if depth == 0 {
				assignments = append(assignments, text[start:at])
				start = at + 1
			}
		}
	}
	if strings.TrimSpace(text[start:]) != "" {
		assignments = append(assignments, text[start:])
	}
	return assignments
}
