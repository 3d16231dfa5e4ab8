package fleet_test

import (
	"regexp"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/go-cmp/cmp"

	"caretaker/test/janitor/fleet"
)

func TestSeed_publishesEveryVersion(t *testing.T) {
	got, err := fleet.Versions(t.Context(), running.AWS())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(seeded.Versions, got); diff != "" {
		t.Error(diff)
	}
}

func TestSeed_protectsEachCaseByOneThingAlone(t *testing.T) {
	named := map[string][]string{} // function:version, and the checks that find it
	for _, kind := range kinds {
		lines, err := kind.read(t.Context(), running.AWS())
		if err != nil {
			t.Fatal(err)
		}
		for _, version := range versionsIn(lines) {
			if kind.check != "" {
				named[version] = append(named[version], kind.check)
			}
		}
	}
	published := configurations(t)
	for _, c := range seeded.Cases {
		version := c.Function + ":" + strconv.Itoa(c.Version)
		var want []string
		if len(c.Checks) == 1 && slices.ContainsFunc(kinds, func(k kind) bool { return k.check == c.Checks[0] }) {
			want = c.Checks
		}
		if diff := cmp.Diff(want, named[version]); diff != "" {
			t.Errorf("%s, protected by %v, is named by: %s", version, c.Checks, diff)
		}
		if newest := len(seeded.Versions[c.Function]); c.Version > newest-fleet.Newest {
			t.Errorf("%s is among the newest of %d", version, newest)
		}
		age := time.Since(publication(t, published[c.Function+":"+strconv.Itoa(c.Version+1)]))
		if recent := age < 24*time.Hour; recent != slices.Equal(c.Checks, []string{"supersededFor"}) {
			t.Errorf("%s, protected by %v, was superseded %s ago", version, c.Checks, age)
		}
		if edge := published[version].MasterArn != nil; edge && c.Checks[0] != fleet.Edge {
			t.Errorf("%s, protected by %v, is a replica", version, c.Checks)
		}
	}
}

func TestSeed_givesEachVersionItsOwnDateAndMostTheirOwnSize(t *testing.T) {
	sizes := map[int64]bool{}
	published := configurations(t)
	for function, versions := range seeded.Versions {
		for _, number := range versions {
			v := published[function+":"+strconv.Itoa(number)]
			sizes[v.CodeSize] = true
			if next, found := published[function+":"+strconv.Itoa(number+1)]; found && !publication(t, v).Before(publication(t, next)) {
				t.Errorf("%s:%d was published at %s, the next at %s", function, number, *v.LastModified, *next.LastModified)
			}
		}
	}
	if len(sizes) < len(published)/2 {
		t.Errorf("%d versions have %d sizes", len(published), len(sizes))
	}
	if published["refund-saga:2"].DurableConfig == nil {
		t.Error("refund-saga has no DurableConfig")
	}
}

func TestLeft_losesTheCasesOfASwitchThatIsOff(t *testing.T) {
	f := fleet.Fleet{
		Versions: map[string][]int{"pricing": {1, 2, 3, 4, 5, 6}, "quotes": {1, 2}},
		Cases: []fleet.Case{
			{Function: "pricing", Version: 1, Checks: []string{"pipes"}},
			{Function: "pricing", Version: 3, Checks: []string{"stepFunctions", "dynamicTargets"}},
		},
	}
	for _, test := range []struct {
		name string
		off  []string
		want []int
	}{
		{"all on", nil, []int{1, 3, 4, 5, 6}},
		{"one off", []string{"pipes"}, []int{3, 4, 5, 6}},
		{"one of two off", []string{"dynamicTargets"}, []int{1, 4, 5, 6}},
		{"another off", []string{"scheduler"}, []int{1, 3, 4, 5, 6}},
	} {
		t.Run(test.name, func(t *testing.T) {
			want := map[string][]int{"pricing": test.want, "quotes": {1, 2}}
			if diff := cmp.Diff(want, f.Left(test.off...)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDemo_isLargeAndKnowsWhatItLost(t *testing.T) {
	e := start(t)
	f, err := fleet.Seed(t.Context(), e, fleet.Demo)
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, versions := range f.Versions {
		count += len(versions)
	}
	if len(f.Versions) < 40 || count < 600 {
		t.Errorf("the demo has %d functions with %d versions", len(f.Versions), count)
	}
	_, err = lambdasvc.NewFromConfig(e.AWS()).DeleteFunction(t.Context(), &lambdasvc.DeleteFunctionInput{
		FunctionName: aws.String("payments-webhook"), Qualifier: aws.String("3"),
	})
	if err != nil {
		t.Fatal(err)
	}
	lost, err := f.Lost(t.Context(), e.AWS())
	want := []fleet.Case{{Function: "payments-webhook", Version: 3, Checks: []string{"policies"}, Why: "resource policy on the version"}}
	if diff := cmp.Diff(want, lost); diff != "" || err != nil {
		t.Error(err, diff)
	}
}

func TestNameAtRunTime_addsATargetWithoutAName(t *testing.T) {
	e := start(t)
	if err := fleet.NameAtRunTime(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	got, err := readStateMachines(t.Context(), e.AWS())
	if diff := cmp.Diff([]string{`"FunctionName.$":"$.function"`}, got); diff != "" || err != nil {
		t.Error(err, diff)
	}
}

// The two ways in which a reference names a version: name:number, and two fields.
var (
	byColon  = regexp.MustCompile(`([a-z][a-z-]+:\d+)(?:\D|$)`)
	byFields = regexp.MustCompile(`"FunctionName":"([a-z-]+)".*"Qualifier":"(\d+)"`)
)

// versionsIn are the versions that the lines name, each once.
func versionsIn(lines []string) []string {
	var versions []string
	for _, line := range lines {
		for _, match := range byColon.FindAllStringSubmatch(line, -1) {
			versions = append(versions, match[1])
		}
		for _, match := range byFields.FindAllStringSubmatch(line, -1) {
			versions = append(versions, match[1]+":"+match[2])
		}
	}
	slices.Sort(versions)
	return slices.Compact(versions)
}

// configurations are all published versions, by function:version.
func configurations(t *testing.T) map[string]lambdatypes.FunctionConfiguration {
	t.Helper()
	all := map[string]lambdatypes.FunctionConfiguration{}
	pages := lambdasvc.NewListFunctionsPaginator(lambdasvc.NewFromConfig(running.AWS()), &lambdasvc.ListFunctionsInput{
		FunctionVersion: lambdatypes.FunctionVersionAll,
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range page.Functions {
			if version := aws.ToString(f.Version); version != "$LATEST" {
				all[aws.ToString(f.FunctionName)+":"+version] = f
			}
		}
	}
	return all
}

func publication(t *testing.T, f lambdatypes.FunctionConfiguration) time.Time {
	t.Helper()
	at, err := time.Parse("2006-01-02T15:04:05.000-0700", aws.ToString(f.LastModified))
	if err != nil {
		t.Fatal(err)
	}
	return at
}
