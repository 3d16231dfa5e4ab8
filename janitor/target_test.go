package janitor

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"caretaker/internal/want"
)

func TestParseName_readsEveryFormThatLambdaTakes(t *testing.T) {
	for _, test := range []struct {
		text string
		want target
	}{
		{"checkout", target{function: "checkout"}},
		{"checkout:5", target{function: "checkout", qualifier: "5"}},
		{"checkout:live", target{function: "checkout", qualifier: "live"}},
		{"checkout:$LATEST", target{function: "checkout", qualifier: "$LATEST"}},
		{"function:checkout", target{function: "checkout"}},
		{"123456789012:function:checkout", target{account: "123456789012", function: "checkout"}},
		{"123456789012:function:checkout:5", target{account: "123456789012", function: "checkout", qualifier: "5"}},
		{"eu-west-1:123456789012:function:checkout:5", target{region: "eu-west-1", account: "123456789012", function: "checkout", qualifier: "5"}},
		{"arn:aws:lambda:eu-west-1:123456789012:function:checkout", target{"aws", "eu-west-1", "123456789012", "checkout", ""}},
		{"arn:aws:lambda:eu-west-1:123456789012:function:checkout:5", target{"aws", "eu-west-1", "123456789012", "checkout", "5"}},
		{"arn:aws:lambda:eu-west-1:123456789012:function:checkout:$LATEST", target{"aws", "eu-west-1", "123456789012", "checkout", "$LATEST"}},
		{"arn:aws:lambda:eu-west-1:123456789012:function:checkout:$LATEST.PUBLISHED", target{"aws", "eu-west-1", "123456789012", "checkout", "$LATEST.PUBLISHED"}},
		{"arn:aws:lambda:eu-west-1:123456789012:function:us-east-1.checkout:5", target{"aws", "eu-west-1", "123456789012", "us-east-1.checkout", "5"}},
		{"arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:checkout:5", target{"aws-us-gov", "us-gov-west-1", "123456789012", "checkout", "5"}},
		{"arn:aws-cn:lambda:cn-north-1:123456789012:function:checkout", target{"aws-cn", "cn-north-1", "123456789012", "checkout", ""}},
		{"arn:aws-eusc:lambda:eusc-de-east-1:123456789012:function:checkout", target{"aws-eusc", "eusc-de-east-1", "123456789012", "checkout", ""}},
	} {
		got, ok := parseName(test.text)
		want.Equal(t, test.text+" is read", ok, true)
		want.Equal(t, "what "+test.text+" is read as", got, test.want, cmp.AllowUnexported(target{}))
		_, full := parseTarget(test.text)
		want.Equal(t, test.text+" is a full ARN", full, strings.HasPrefix(test.text, "arn:"))
	}
}

func TestParseName_readsNothingElse(t *testing.T) {
	for _, text := range []string{
		"", ":", "checkout:", ":5", "check out", "checkout:5:6", "$.name", "${name}", "arn:aws:sqs:eu-west-1:123456789012:orders",
		"arn:aws:lambda:eu-west-1:123456789012:layer:tools:5", "arn:aws:states:eu-west-1:123456789012:stateMachine:orders",
		"arn:aws:lambda:eu-west-1:123456789012:function:checkout:5\n",
	} {
		if got, ok := parseName(text); ok {
			t.Errorf("%q is read as %+v, want it not read", text, got)
		}
	}
}

func TestTarget_isAtThisPlaceUnlessItNamesAnother(t *testing.T) {
	here := target{region: "eu-west-1", account: "123456789012"}
	for text, wanted := range map[string]bool{
		"checkout":                       true,
		"123456789012:function:checkout": true,
		"210987654321:function:checkout": false,
		"arn:aws:lambda:eu-west-1:123456789012:function:checkout": true,
		"arn:aws:lambda:eu-west-2:123456789012:function:checkout": false,
		"arn:aws:lambda:eu-west-1:210987654321:function:checkout": false,
	} {
		named, ok := parseName(text)
		want.Equal(t, text+" is read", ok, true)
		want.Equal(t, text+" is here", named.at(here), wanted)
	}
}

func TestVersionNumber_takesASCIINumbersAlone(t *testing.T) {
	for text, wanted := range map[string]int64{"1": 1, "10": 10, "999999999999999999": 999999999999999999} {
		got, err := versionNumber(text)
		want.NoError(t, "reading "+text, err)
		want.Equal(t, "the number read", got, wanted)
	}
	for _, text := range []string{"", "0", "01", "-1", "+1", " 1", "1 ", "1.0", "1e3", "0x1", "١", "１", "²", "$LATEST", "live", "1\x00", "9999999999999999999"} {
		if got, err := versionNumber(text); err == nil {
			t.Errorf("%q passes for %d, want an error", text, got)
		}
	}
}

func TestStartingWith_isNeverNarrowerThanWhatMayCome(t *testing.T) {
	const arn = "arn:aws:lambda:eu-west-1:123456789012:function:"
	for literal, wanted := range map[string]DynamicTarget{
		"":                       {Prefix: true},
		"a":                      {Prefix: true},
		"ar":                     {Prefix: true},
		"arn":                    {Prefix: true},
		"arn:aws:lambda:eu-":     {Prefix: true},
		"123456789012:fun":       {Prefix: true},
		"check":                  {Function: "check", Prefix: true},
		arn:                      {Prefix: true},
		arn + "check":            {Function: "check", Prefix: true},
		arn + "checkout:":        {Function: "checkout"},
		arn + "checkout:5":       {Function: "checkout"},
		"function:check":         {Function: "check", Prefix: true},
		"0123456789:function:ab": {Function: "ab", Prefix: true},
		"fun":                    {Prefix: true},
		"function":               {Prefix: true},
		"functions":              {Function: "functions", Prefix: true},
		"12345":                  {Prefix: true},
		"123456789012":           {Prefix: true},
		"2026-orders":            {Function: "2026-orders", Prefix: true},
		"eu-west-1":              {Prefix: true},
		"us-gov-west-1":          {Prefix: true},
		"us-checkout-":           {Function: "us-checkout-", Prefix: true},
		"my-function:1":          {Prefix: true},
		"checkout:1":             {Prefix: true},
	} {
		want.Equal(t, fmt.Sprintf("what begins with %q", literal), startingWith(literal), wanted)
	}
}

func TestCallOf_knowsWhatIsCalledOrWhatMayBe(t *testing.T) {
	static := func(function, qualifier string) calls {
		return calls{static: []target{{function: function, qualifier: qualifier}}}
	}
	mayBe := func(function string, prefix bool) calls {
		return calls{dynamic: []DynamicTarget{{Function: function, Prefix: prefix}}}
	}
	for _, test := range []struct {
		name             string
		named, qualifier expression
		want             calls
	}{
		{"a name", expression{text: "checkout"}, expression{}, static("checkout", "")},
		{"a name and a version", expression{text: "checkout"}, expression{text: "5"}, static("checkout", "5")},
		{"a version in the name", expression{text: "checkout:5"}, expression{}, static("checkout", "5")},
		{"a version in the name and apart from it", expression{text: "checkout:5"}, expression{text: "5"}, static("checkout", "5")},
		{"a computed version", expression{text: "checkout"}, expression{computed: true}, mayBe("checkout", false)},
		{"a computed version that begins with something", expression{text: "checkout"}, expression{"1", true}, mayBe("checkout", false)},
		{"a computed name", expression{computed: true}, expression{}, mayBe("", true)},
		{"a computed name and a version", expression{"check", true}, expression{text: "5"}, mayBe("check", true)},
		{"no name", expression{}, expression{}, mayBe("", true)},
		{"a name that Lambda could not read", expression{text: "$.name"}, expression{}, mayBe("", true)},
	} {
		t.Run(test.name, func(t *testing.T) {
			want.Equal(t, "what is called", callOf(test.named, test.qualifier), test.want, cmp.AllowUnexported(calls{}, target{}))
		})
	}
}

func TestComputed_keepsOnlyABeginningThatIsCertain(t *testing.T) {
	for text, wanted := range map[string]string{
		"$.name":                                    "",
		"$$.Execution.Input.name":                   "",
		"States.Format('checkout-{}', $.stage)":     "checkout-",
		"States.Format('{}-checkout', $.stage)":     "",
		`States.Format('check\'out-{}', $.stage)`:   "check",
		"States.Format($.template, $.stage)":        "",
		"States.ArrayGetItem($.names, 0)":           "",
		"{% $states.input.name %}":                  "",
		"{% 'checkout' %}":                          "checkout",
		`{% "checkout-" & $stage %}`:                "checkout-",
		"{%'checkout-'&$stage&'-api'%}":             "checkout-",
		"{% 'checkout' = $name ? 'cart' : $name %}": "",
		"{% 'checkout' & $x ? 'cart' : 'basket' %}": "",
		"{% 'check' in $names ? $a : $b %}":         "",
		"{% ('checkout') %}":                        "",
		"{% $f('checkout') %}":                      "",
		"{% 'a' & $x ~> $uppercase %}":              "",
		"{% 'a' ~> $uppercase %}":                   "",
		`{% 'a\u0062' %}`:                           "",
		"{% 'checkout' & $x[0] %}":                  "",
		"{% 'checkout' & $x; 'cart' %}":             "",
		"{% 'checkout' or $x %}":                    "",
	} {
		got := computed(text)
		want.Equal(t, text+" is computed", got.computed, true)
		want.Equal(t, "what "+text+" begins with for certain", got.text, wanted)
	}
}

func FuzzTargets(f *testing.F) {
	for _, seed := range []string{
		"arn:aws:lambda:eu-west-1:123456789012:function:checkout:5", "checkout:live", "States.Format('a{}', $.b)", "{% 'a' & $b %}",
		`{"States":{"A":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName":"checkout:5"}}}}`,
		"arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:123456789012:function:checkout:${stageVariables.v}/invocations",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		named, ok := parseName(text)
		if !ok && named != (target{}) {
			t.Errorf("%q is not read, and gives %+v, want nothing", text, named)
		}
		if ok && named.function == "" {
			t.Errorf("%q is read without a name", text)
		}
		_, _ = versionNumber(text)
		called := callOf(computed(text), template(text, "${"))
		if len(called.static)+len(called.dynamic) != 1 {
			t.Errorf("%q calls %+v, want one function", text, called)
		}
		_ = uriCalls(text, "role")
		if calls, err := definitionCalls(text); err != nil && (calls.static != nil || calls.dynamic != nil) {
			t.Errorf("%q gives the error %v and the calls %+v, want the error alone", text, err, calls)
		}
	})
}
