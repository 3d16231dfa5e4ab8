package janitor

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"caretaker/internal/want"
)

func TestDefinitionCalls_findsWhatAStateMachineCalls(t *testing.T) {
	const anything = "*"
	for _, test := range []struct {
		file    string
		static  []string
		dynamic []string
	}{
		{"task-arn", []string{"checkout:5"}, nil},
		{"escaped", []string{"checkout:5"}, nil},
		{"invoke-jsonpath", []string{"basket:3", "basket:live", "cart:7", "checkout:5"}, nil},
		{"invoke-jsonpath-dynamic", []string{"cart:"}, []string{anything, anything, anything, "basket", "cart", "checkout-*"}},
		{"invoke-jsonata", []string{"checkout:5"}, []string{anything, anything, anything, "basket", "cart-*"}},
		{"other-actions", []string{"basket:1", "cart:2", "cart:7", "checkout:5"}, nil},
		{"nested", []string{"cart:2", "checkout:5"}, nil},
		{"old-map", []string{"cart:9"}, nil},
		{"elsewhere", []string{"cart:live", "checkout:5"}, nil},
	} {
		t.Run(test.file, func(t *testing.T) {
			text, err := os.ReadFile("testdata/definitions/" + test.file + ".json")
			if err != nil {
				t.Fatal(err)
			}
			called, err := definitionCalls(string(text))
			if err != nil {
				t.Fatal(err)
			}
			static, dynamic := named(called)
			want.Equal(t, "what it calls outright", static, test.static)
			want.Equal(t, "what is only known when it runs", dynamic, test.dynamic)
		})
	}
}

// named writes what is called: function:qualifier once each, and name or name* for each that
// is only known when it runs.
func named(called calls) (static, dynamic []string) {
	for _, target := range called.static {
		static = append(static, target.function+":"+target.qualifier)
	}
	for _, target := range called.dynamic {
		name := target.Function
		if target.Prefix {
			name += "*"
		}
		dynamic = append(dynamic, name)
	}
	slices.SortFunc(static, cmp.Compare)
	slices.SortFunc(dynamic, strings.Compare)
	return slices.Compact(static), dynamic
}

func TestDefinitionCalls_isAnErrorForWhatIsNoJSON(t *testing.T) {
	for _, text := range []string{"", "{", "StartAt: A", "(encrypted)"} {
		if called, err := definitionCalls(text); err == nil || called.static != nil || called.dynamic != nil {
			t.Errorf("%q gives %+v and the error %v, want an error alone", text, called, err)
		}
	}
}

func TestURICalls_findsTheFunctionBehindAnIntegration(t *testing.T) {
	const arn = "arn:aws:lambda:eu-west-1:123456789012:function:"
	const path = "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/"
	for _, test := range []struct {
		name, uri       string
		static, dynamic string
	}{
		{"a function's ARN", arn + "checkout:5", "checkout:5", ""},
		{"the path of an invocation", path + arn + "checkout:5/invocations", "checkout:5", ""},
		{"without a qualifier", path + arn + "checkout/invocations", "checkout:", ""},
		{"streamed", "arn:aws:apigateway:eu-west-1:lambda:path/2021-11-15/functions/" + arn + "checkout:5/response-streaming-invocations", "checkout:5", ""},
		{"a stage variable as qualifier", path + arn + "checkout:${stageVariables.version}/invocations", "", "checkout"},
		{"a stage variable as the end of a name", path + arn + "checkout-${stageVariables.stage}/invocations", "", "checkout-*"},
		{"a stage variable as name", path + arn + "${stageVariables.function}/invocations", "", "*"},
		{"a stage variable as name, with a version", path + arn + "${stageVariables.function}:5/invocations", "", "*"},
		{"a stage variable as ARN", path + "${stageVariables.arn}/invocations", "", "*"},
		{"a stage variable as account", path + "arn:aws:lambda:eu-west-1:${stageVariables.account}:function:checkout:5/invocations", "", "*"},
		{"another service", "arn:aws:apigateway:eu-west-1:sqs:path/123456789012/orders", "", ""},
		{"a web address", "https://example.com/functions/checkout/invocations", "", ""},
		{"nothing", "", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, credentials := range []string{"", "arn:aws:iam::123456789012:role/api"} {
				static, dynamic := named(uriCalls(test.uri, credentials))
				wanted := test.dynamic
				if credentials == "" {
					wanted = "" // a call without a role needs a policy, which the last look finds
				}
				want.Equal(t, fmt.Sprintf("what it calls outright with the credentials %q", credentials), strings.Join(static, " "), test.static)
				want.Equal(t, fmt.Sprintf("what is only known when it runs, with the credentials %q", credentials), strings.Join(dynamic, " "), wanted)
			}
		})
	}
}
