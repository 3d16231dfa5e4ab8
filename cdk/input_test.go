package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"
	"github.com/google/go-cmp/cmp"

	"caretaker/internal/config"
	"caretaker/internal/want"
)

func TestSplitSet_keepsListsAndMapsWhole(t *testing.T) {
	for text, want := range map[string][]string{
		"":                       nil,
		"janitor.keep.newest=1":  {"janitor.keep.newest=1"},
		"janitor.rate=2,tags={}": {"janitor.rate=2", "tags={}"},
		"janitor.exclude.names=[a,b],tags={x: y, z: w},janitor.dryRun=true": {
			"janitor.exclude.names=[a,b]", "tags={x: y, z: w}", "janitor.dryRun=true",
		},
	} {
		if diff := cmp.Diff(want, splitSet(text)); diff != "" {
			t.Errorf("the settings in %q (-want +got):\n%s", text, diff)
		}
	}
}

// given reads the input of an app with these context keys.
func given(t *testing.T, context map[string]any) (input, error) {
	t.Helper()
	app := awscdk.NewApp(&awscdk.AppProps{AnalyticsReporting: jsii.Bool(false), Context: &context})
	return readInput(app.Node())
}

func TestReadInput_takesEachKey(t *testing.T) {
	in, err := given(t, map[string]any{
		"config": "testdata/caretaker.yaml", "stage": "prod", "set": "janitor.keep.newest=7,janitor.exclude.names=[a,b]", "arch": "x86_64",
	})
	if err != nil {
		t.Fatal(err)
	}
	want.Equal(t, "the stage", in.stage, "prod")
	want.Equal(t, "the folder of the binaries", in.assets, filepath.Join("dist", "x86_64"))
	want.Equal(t, "the architecture", *in.arch.Name(), "x86_64")
	want.Equal(t, "keep.newest", in.file.Janitor.Keep.Newest, 7)
	want.Equal(t, "dryRun", in.file.Janitor.DryRun, false)
	want.Equal(t, "names in exclude.names", len(in.file.Janitor.Exclude.Names), 2)
}

// What the CDK command line puts there itself, from cdk.json and from cdk.context.json.
func TestReadInput_leavesTheKeysOfCDKAlone(t *testing.T) {
	context := *shippedContext()
	for _, key := range []string{
		"aws:cdk:enable-path-metadata", "@aws-cdk/core:failSynthOnValidationErrors", "acknowledged-issue-numbers",
		"availability-zones:account=111122223333:region=eu-west-1",
	} {
		context[key] = true
	}
	context["config"] = "../caretaker.yaml"
	// What a person's own settings give every app.
	home := t.TempDir()
	t.Setenv("HOME", home)
	if err := os.WriteFile(filepath.Join(home, ".cdk.json"), []byte(`{"context": {"owner": "me"}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	context["owner"] = "me"
	if _, err := given(t, context); err != nil {
		t.Errorf("reading the keys of the CDK: %v, want no error", err)
	}
}

func TestReadInput_deploysTheBaseForARM64WithoutContext(t *testing.T) {
	in, err := given(t, map[string]any{"config": "../caretaker.yaml"})
	if err != nil {
		t.Fatal(err)
	}
	want.Equal(t, "the stage", in.stage, "default")
	want.Equal(t, "the folder of the binaries", in.assets, "dist")
	want.Equal(t, "the architecture", *in.arch.Name(), "arm64")
}

func TestReadInput_refusesAndSaysWhatIsAllowed(t *testing.T) {
	for said, context := range map[string]map[string]any{
		`there is no stage "prd"`:                  {"stage": "prd"},
		"arm64 or x86_64":                          {"arch": "amd64"},
		"reading context stage: 1 is not a string": {"stage": 1},
		"-c set=janitor.keep.newest: \"0\" is not": {"set": "janitor.keep.newest=0"},
		"no such file":                             {"config": "testdata/absent.yaml"},
		"reading context stge: unknown key; did you mean stage? (allowed here: arch, assets, config, set, stage)": {"stge": "prod"},
		"reading context environment: unknown key (allowed here:":                                                 {"environment": "prod"},
	} {
		if context["config"] == nil {
			context["config"] = "testdata/caretaker.yaml"
		}
		_, err := given(t, context)
		want.Says(t, fmt.Sprintf("the error for %v", context), fmt.Sprint(err), said)
	}
}

func TestAddStacks_refusesAScheduleThatAWSWouldRefuse(t *testing.T) {
	assets := t.TempDir()
	writeBinary(assets)
	for said, set := range map[string]string{
		`janitor.schedule: "rate(1 hours)" is not allowed: the singular`:           "janitor.schedule=rate(1 hours)",
		`janitor.timeZone: "Mars/Olympus" is not allowed: a time zone by its IANA`: "janitor.timeZone=Mars/Olympus",
	} {
		file, err := config.Load("testdata/caretaker.yaml", config.Options{Set: []string{set}})
		if err == nil {
			app := awscdk.NewApp(&awscdk.AppProps{AnalyticsReporting: jsii.Bool(false)})
			_, err = addStacks(app, input{stage: "default", file: file, assets: assets, arch: awslambda.Architecture_ARM_64()})
		}
		want.Says(t, "the error for "+set, fmt.Sprint(err), said)
	}
}

func TestStageAsset_makesEqualContentAnEqualAsset(t *testing.T) {
	folder := t.TempDir()
	writeBinary(folder)
	slice := map[string]int{"newest": 3}
	var staged [2]string
	for index := range staged {
		path, clean, err := stageAsset(filepath.Join(folder, "janitor"), slice)
		if err != nil {
			t.Fatal(err)
		}
		defer clean()
		staged[index] = path
	}
	if staged[0] == staged[1] {
		t.Fatal("two synths at once would share a folder")
	}
	for _, name := range []string{"bootstrap", "config.json"} {
		first, second := describe(t, filepath.Join(staged[0], name)), describe(t, filepath.Join(staged[1], name))
		want.Equal(t, name+" of the second", second, first)
	}
	if got := describe(t, filepath.Join(staged[0], "config.json")); !strings.HasSuffix(got, "{\n  \"newest\": 3\n}\n") {
		t.Errorf("config.json: %q, want it to end with the slice, as JSON with newest 3", got)
	}
}

// describe is all of a file that can get into a zip.
func describe(t *testing.T, path string) string {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().String() + " " + info.ModTime().UTC().String() + " " + string(content)
}

func TestStageAsset_saysHowToBuildAnAbsentBinary(t *testing.T) {
	_, _, err := stageAsset(filepath.Join(t.TempDir(), "janitor"), nil)
	want.Says(t, "the error", fmt.Sprint(err), "make build")
}
