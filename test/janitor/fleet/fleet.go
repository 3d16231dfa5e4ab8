// Package fleet seeds an emulated Region with a fleet of Lambda functions as teams
// have them: many versions each, published over months, most of them forgotten, and a
// few that something still calls by number.
//
// Each such version is a Case, and each is protected by one thing alone: it is old, not
// among its function's newest, behind no alias, and so on. So a janitor that
// stops looking at that one thing loses exactly that version, and a test can say which.
//
// Everything is made through the real clients and can be read back through the APIs
// that a janitor reads. What no API can say is told to the emulator's proxy: dates of publication,
// Lambda@Edge replicas, the state of a broken stack, when an alias was moved. Two things are
// written that AWS would refuse: Lambda's own metric of a call by number, and a
// mapping of a stream that does not exist.
package fleet

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// Newest is how many of a function's newest versions no case makes use of: the
// janitor keeps them under the policy that ships.
const Newest = 3

// Plan says how large the fleet is. The cases are the same in each.
type Plan struct {
	// Versions is how many each function with a case has, at least 8.
	Versions int
	// Fillers are functions that nothing refers to, an alias on their newest version aside.
	Fillers int
	// FillerVersions is how many versions each of those has.
	FillerVersions int
	// LargestCode is the size of the biggest version's zip in bytes; the others are smaller by different amounts.
	LargestCode int
}

// Demo is a fleet to look at: 47 functions and 644 versions.
var Demo = Plan{Versions: 12, Fillers: 20, FillerVersions: 16, LargestCode: 200_000}

// Small holds every case in as few versions as it takes.
var Small = Plan{Versions: 8, Fillers: 2, FillerVersions: 8, LargestCode: 20_000}

// Case is a version that must survive, and what alone protects it.
type Case struct {
	// Function and Version name it.
	Function string
	Version  int
	// Checks are the switches that must all be on for it to survive: keys of
	// janitor.checks (dynamicTargets meaning protect), supersededFor and invokedWithin of
	// janitor.keep, or one of Alias, Edge, Tag and Variable, which have no switch.
	Checks []string
	// Why says in words what refers to it.
	Why string
}

// What protects a version and cannot be switched off.
const (
	Alias    = "alias"
	Edge     = "edge"
	Tag      = "tag"
	Variable = "environment variable"
)

// Fleet is what was seeded.
type Fleet struct {
	// Cases are all versions that must survive although they are old, by function and version.
	Cases []Case
	// Versions are the published versions by function, ascending.
	Versions map[string][]int
}

// Left is what a run under the policy that ships leaves, or under one that has
// these switches off: the newest of each function, and the cases.
func (f Fleet) Left(off ...string) map[string][]int {
	left := map[string][]int{}
	for function, versions := range f.Versions {
		left[function] = slices.Clone(versions[max(0, len(versions)-Newest):])
	}
	for _, c := range f.Cases {
		if !slices.ContainsFunc(c.Checks, func(check string) bool { return slices.Contains(off, check) }) {
			left[c.Function] = append(left[c.Function], c.Version)
		}
	}
	for function := range left {
		slices.Sort(left[function])
	}
	return left
}

// Lost is the cases whose version is no longer there.
func (f Fleet) Lost(ctx context.Context, cfg aws.Config) ([]Case, error) {
	versions, err := Versions(ctx, cfg)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(f.Cases), func(c Case) bool {
		return slices.Contains(versions[c.Function], c.Version)
	}), nil
}

// Versions are the published versions of every function in the Region, ascending.
// A function without any has an empty list.
func Versions(ctx context.Context, cfg aws.Config) (map[string][]int, error) {
	versions := map[string][]int{}
	pages := lambdasvc.NewListFunctionsPaginator(lambdasvc.NewFromConfig(cfg), &lambdasvc.ListFunctionsInput{
		FunctionVersion: types.FunctionVersionAll,
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("listing the fleet's versions: %w", err)
		}
		for _, f := range page.Functions {
			name := aws.ToString(f.FunctionName)
			if number, err := strconv.Atoi(aws.ToString(f.Version)); err == nil {
				versions[name] = append(versions[name], number)
			} else if versions[name] == nil {
				versions[name] = []int{}
			}
		}
	}
	for name := range maps.Keys(versions) {
		slices.Sort(versions[name])
	}
	return versions, nil
}
