package alerts

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"caretaker/internal/want"
)

var update = flag.Bool("update", false, "rewrite the table of docs/alerts-catalogue.md")

// examples are a resource of each kind, so that each check's dimensions can be seen.
var examples = []Resource{
	{Kind: Function, Name: "checkout"},
	{Kind: Table, Name: "orders"},
	{Kind: Index, Name: "orders/by-date"},
	{Kind: Stream, Name: "clicks"},
	{Kind: Queue, Name: "mail"},
	{Kind: Topic, Name: "news"},
	{Kind: Machine, Name: "refund", ARN: "arn:aws:states:eu-west-1:111122223333:stateMachine:refund"},
	{Kind: Rule, Name: "default/nightly"},
	{Kind: Rule, Name: "shop/order-placed"},
	{Kind: RestAPI, Name: "orders/prod", ARN: "arn:aws:apigateway:eu-west-1::/restapis/a1b2c3/stages/prod"},
	{Kind: RestAPI, Name: "v2/orders/prod", ARN: "arn:aws:apigateway:eu-west-1::/restapis/d4e5f6/stages/prod"},
	{Kind: HTTPAPI, Name: "carts/d4e5f6/$default", ARN: "arn:aws:apigateway:eu-west-1::/apis/d4e5f6/stages/$default"},
	{Kind: Delivery, Name: "audit", Delivers: "S3"},
	{Kind: Schedules, Name: "nightly"},
	{Kind: Account, Name: "account"},
	{Kind: Pattern, Name: "payment-refused", Pattern: &PatternFacts{LogPattern{Name: "payment-refused", Pattern: "card declined"}, "prod"}},
	{Kind: Quota, Name: "dynamodb/L-F98FE922", Quota: &QuotaFacts{
		Title: `"Maximum number of tables" of Amazon DynamoDB`, Value: 2500, Usage: Measure{usageNamespace, resourceCount, "Maximum", ""},
		Dimensions: []Dimension{{"Class", "None"}, {"Resource", "TableCount"}, {"Service", "DynamoDB"}, {"Type", "Resource"}},
	}},
}

// An alarm on a metric with other dimensions than AWS publishes it with never fires, and nothing says so.
func TestCatalogue_readsWhatAWSPublishes(t *testing.T) {
	for _, check := range Catalogue {
		for _, resource := range examples {
			if resource.Kind != check.Kind || check.Kind == Pattern { // its metric is ours
				continue
			}
			for _, measure := range check.Measures {
				set, name := DimensionSet(dimensions(resource, measure)), measure.called(resource).Name
				if known := PublishedMetrics(measure.Namespace)[name]; !slices.Contains(known.By, set) {
					t.Errorf("%s reads %s %s by %q: AWS publishes it by %q", check.Path(), measure.Namespace, name, set, known.By)
				}
			}
		}
	}
}

func TestCatalogue_isWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, check := range Catalogue {
		if seen[check.Path()] {
			t.Errorf("%s is there twice", check.Path())
		}
		seen[check.Path()] = true
		switch {
		case check.Says == "" || check.Why == "" || check.Severity == "" || check.Unit == "":
			t.Errorf("%s lacks a text, a severity or a unit", check.Path())
		case check.Datapoints < 1 || check.Datapoints > check.Periods || check.Threshold <= 0:
			t.Errorf("%s can never be on, or always is", check.Path())
		case check.Expression == "" && len(check.Measures) != 1, len(check.Measures) > 10: // AWS takes ten metrics in an alarm
			t.Errorf("%s reads %d metrics", check.Path(), len(check.Measures))
		case len(check.Key) > longestKey:
			t.Errorf("%s: names leave room for %d letters of a key", check.Path(), longestKey)
		}
		for number := range check.Measures {
			if check.Expression != "" && !strings.Contains(check.Expression, fmt.Sprintf("FILL(m%d,", number+1)) {
				t.Errorf("%s does not fill the gaps of m%d: %s", check.Path(), number+1, check.Expression)
			}
		}
		if measure := check.Measures[0]; check.Expression == "" && measure.Namespace == "AWS/DynamoDB" {
			t.Errorf("%s judges a metric of AWS/DynamoDB itself: it would stay on for ever over a gap", check.Path())
		}
	}
	for _, kind := range Kinds {
		if len(checksOf(kind)) == 0 {
			t.Errorf("nothing watches a %s", kind)
		}
	}
}

const begin, end = "<!-- the catalogue: go test ./alerts -run Page -update -->\n", "<!-- the catalogue's end -->\n"

func TestCatalogue_itsPageSaysWhatItIs(t *testing.T) {
	const path = "../docs/alerts-catalogue.md"
	page, err := os.ReadFile(path)
	want.NoError(t, "reading the page", err)
	before, rest, found := strings.Cut(string(page), begin)
	_, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		t.Fatalf("%s has no %q and %q", path, begin, end)
	}
	whole := before + begin + tables() + end + after
	if *update {
		want.NoError(t, "writing the page", os.WriteFile(path, []byte(whole), 0o600))
		return
	}
	if whole != string(page) {
		t.Errorf("%s says something else than the catalogue: go test ./alerts -run Page -update", path)
	}
}

// tables are the catalogue for people.
func tables() string {
	var page strings.Builder
	for _, kind := range Kinds {
		fmt.Fprintf(&page, "\n## %s\n\n| Check | On | Metrics | Judged | Missing data | Severity | Made for | Why |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n", kind)
		for _, check := range checksOf(kind) {
			var metrics []string
			for number, measure := range check.Measures {
				text := measure.Statistic + " of " + measure.Name
				if measure.Operation != "" {
					text += " of " + measure.Operation
				}
				if check.Expression != "" {
					text = fmt.Sprintf("m%d: %s", number+1, text)
				}
				metrics = append(metrics, text)
			}
			if check.Expression != "" {
				metrics = append(metrics, "`"+check.Expression+"`")
			}
			judged := fmt.Sprintf("%d of %d x %s", check.Datapoints, check.Periods, strings.TrimSuffix(check.Period.String(), "0s"))
			if check.Early {
				judged += ", more with a long timeout"
			}
			on := "from " + check.written(check.Threshold)
			if check.Of != OfItself {
				on += " of " + string(check.Of)
			}
			switch {
			case check.Unit == Deviations:
				on = "outside a band of " + check.written(check.Threshold)
			case check.Band != "":
				on += ", or outside a band where asked for"
			}
			missing := "not breaching"
			if check.Missing != "" {
				missing = check.Missing
			}
			made := string(check.Only)
			if check.Only == Every {
				made = "all"
			}
			if check.Off {
				made += ", where asked for"
			}
			fmt.Fprintf(&page, "| `%s` | %s | %s | %s | %s | %s | %s | %s |\n", check.Path(), on, strings.Join(metrics, "; "), judged, missing, check.Severity, made, check.Why)
		}
	}
	return page.String()
}
