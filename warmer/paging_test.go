package warmer_test

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"

	"caretaker/internal/emulator/paging"
	"caretaker/internal/environments"
	"caretaker/internal/want"
	"caretaker/test/warmer/instrumented"
	"caretaker/warmer"
)

func TestPlan_readsEveryListToItsEnd(t *testing.T) {
	cfg := everyList(t)
	part := paging.Part{
		Folder: ".", Clients: reflect.TypeFor[warmer.Clients](),
		Exempt: map[string]string{
			"Query":                   "its token is no text: it has a test of its own",
			"DescribeScalableTargets": "it asks for one alias, which is one target at most",
		},
	}
	part.Check(t, func(t *testing.T, cutter *paging.Cutter) string {
		settings := shared.For(t).AWS()
		cutter.Attach(&settings)
		w, err := warmer.New(cfg, warmer.Connect(settings, 10), warmer.Options{Table: "every-list"})
		want.NoError(t, "making a warmer", err)
		plan, err := w.Plan(t.Context())
		came := []string{fmt.Sprint("error ", err)}
		for _, target := range plan.Targets {
			came = append(came, fmt.Sprintf("%s %d", target.Ref, target.Wanted))
		}
		for _, skip := range plan.Skips {
			came = append(came, fmt.Sprintf("%s: %s", skip.Ref, skip.Reason))
		}
		return strings.Join(came, "\n")
	})
}

// everyList makes a Region in which something depends on each list that the warmer reads: two functions of a pattern
// and two with the tag, none of which has the middleware, as the ledger knows of each; and one with two aliases that
// have provisioned concurrency, of which the second is pinged.
func everyList(t *testing.T) warmer.Config {
	t.Helper()
	want.NoError(t, "emptying the emulator", shared.For(t).Reset(t.Context()))
	makeLedger(t, "every-list")
	program, err := instrumented.Go("../" + instrumented.Binary)
	want.NoError(t, "packing the program", err)
	none := map[string]string{"MIDDLEWARE": "none"}
	for _, function := range []instrumented.Function{
		{Name: "team-a", Variables: none},
		{Name: "team-b", Variables: none},
		{Name: "with-tag", Variables: none, Tags: map[string]string{warmer.Tag: "2"}},
		{Name: "with-tag-too", Variables: none, Tags: map[string]string{warmer.Tag: "3"}},
		{Name: "provisioned", Alias: "z-live"},
	} {
		function.Program = program
		want.NoError(t, "making "+function.Name, instrumented.Create(t.Context(), shared.For(t).AWS(), function))
	}
	client := lambdasvc.NewFromConfig(shared.For(t).AWS())
	changed, err := client.UpdateFunctionConfiguration(t.Context(), &lambdasvc.UpdateFunctionConfigurationInput{FunctionName: aws.String("provisioned"), Description: aws.String("another")})
	want.NoError(t, "changing a function", err)
	version, err := client.PublishVersion(t.Context(), &lambdasvc.PublishVersionInput{FunctionName: changed.FunctionName})
	want.NoError(t, "publishing a version", err)
	_, err = client.CreateAlias(t.Context(), &lambdasvc.CreateAliasInput{FunctionName: changed.FunctionName, Name: aws.String("a-other"), FunctionVersion: version.Version})
	want.NoError(t, "making an alias", err)
	for _, alias := range []string{"a-other", "z-live"} {
		_, err := client.PutProvisionedConcurrencyConfig(t.Context(), &lambdasvc.PutProvisionedConcurrencyConfigInput{
			FunctionName: changed.FunctionName, Qualifier: &alias, ProvisionedConcurrentExecutions: aws.Int32(1),
		})
		want.NoError(t, "provisioning concurrency", err)
	}
	cfg := warmer.Default()
	cfg.DryRun, cfg.ByTag = false, true
	cfg.Functions = []warmer.Function{{Name: "team-*", Warm: map[string]int{"always": 2}}, {Name: "provisioned", Qualifier: "z-live", Warm: map[string]int{"always": 2}}}
	w, err := warmer.New(cfg, warmer.Connect(shared.For(t).AWS(), 10), warmer.Options{Table: "every-list"})
	want.NoError(t, "making a warmer", err)
	good(t, w)
	return cfg
}

func TestLedger_isReadToItsEnd(t *testing.T) {
	r, begin := remembering(t, "to-its-end", 2,
		environments.Function{Name: "a", Answer: business(new(atomic.Int64))}, environments.Function{Name: "b"}, environments.Function{Name: "c", Answer: business(new(atomic.Int64))})
	good(t, begin())
	r.later(t)
	r.Forget()
	clients := warmer.Connect(r.settings, 10)
	clients.Ledger = recordByRecord{dynamodb.NewFromConfig(shared.For(t).AWS())}
	w, err := warmer.New(r.cfg, clients, warmer.Options{Table: "to-its-end", Now: r.Now})
	want.NoError(t, "making a warmer", err)
	report := good(t, w)
	want.Equal(t, "why a is left alone", skippedOf(t, report, "a").Reason, warmer.NotInstrumented)
	want.Equal(t, "why c is left alone", skippedOf(t, report, "c").Reason, warmer.NotInstrumented)
	want.Equal(t, "pings", report.Pings, 2)
	want.Equal(t, "calls to a and c", r.Counts("a").Calls+r.Counts("c").Calls, 0)
}

// recordByRecord gets one record a page, as of records that fill it.
type recordByRecord struct{ *dynamodb.Client }

func (c recordByRecord) Query(ctx context.Context, input *dynamodb.QueryInput, options ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	single := *input
	single.Limit = aws.Int32(1)
	return c.Client.Query(ctx, &single, options...)
}
