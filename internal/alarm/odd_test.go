package alarm

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What cannot be worked out is unclear also where the rest of the expression goes one way alone.
func TestSide_isUnclearWhereAPartOfTheExpressionIs(t *testing.T) {
	for _, expression := range []string{
		"MAX([used, NEW_FUNCTION(used)])", "MAX([used, SUM()])", "MAX([used, e1])", "MAX([used, IF(used)])", "IF(used > 5, used, ?)", "IF(used > 5, used, ~used)",
		"'a' + used", "used + 'a'", "MAX()", "MAX() + used", "LAST('a', used)", "IF()", "IF(used)", "MAX([used, 'a', used +])",
	} {
		if got := mathAlarm(expression, over).Side("used"); got != Unclear {
			t.Errorf("%s: what is used is %q", expression, got)
		}
	}
	if got := mathAlarm("IF(used > 5, used)", over).Side("used"); got != High {
		t.Errorf("with no value else: %q", got)
	}
}

func TestDecode_takesTheRegionOfAnAlarmFromItsARN(t *testing.T) {
	swap := func(file string, pairs ...string) Delivery {
		got := Decode([]byte(strings.NewReplacer(pairs...).Replace(string(event(t, file)))))
		if len(got) != 1 || got[0].Err != nil {
			t.Fatalf("Decode: %+v", got)
		}
		return got[0]
	}
	for name, c := range map[string]struct {
		delivery Delivery
		want     string
	}{
		"whatever topic tells of it":      {swap("sns.json", "arn:aws:sns:eu-west-1", "arn:aws:sns:us-east-1"), "eu-west-1"},
		"or from the topic without one":   {swap("sns-old.json"), "eu-west-1"},
		"but not from one without an ARN": {swap("sns-old.json", "arn:aws:sns:eu-west-1:", "arn:aws:sns:EU (Ireland):"), "EU (Ireland)"},
		"nor from one of nobody":          {swap("sns-old.json", "arn:aws:sns:eu-west-1:123456789012", "arn:aws:sns:eu-west-1:somebody"), "EU (Ireland)"},
	} {
		if got := c.delivery.Alarm.Region; got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestDecode_readsEveryStateAndRefusesRecordsWithoutABody(t *testing.T) {
	for _, state := range []string{"OK", "INSUFFICIENT_DATA"} {
		got := Decode([]byte(strings.Replace(string(event(t, "raw-old.json")), `"NewStateValue": "ALARM"`, `"NewStateValue": "`+state+`"`, 1)))
		if len(got) != 1 || got[0].Err != nil || got[0].Alarm.State != state {
			t.Errorf("%s: %+v", state, got)
		}
	}
	if got := Decode([]byte(`{"Records":[{"messageId":"m"}]}`)); len(got) != 1 || got[0].Err == nil {
		t.Errorf("without a body: %+v", got)
	}
	if _, err := (Alarm{ARN: "arn:aws:cloudwatch:EU (Ireland):123456789012:alarm:a", Name: "a", State: "OK"}).Complete(); err == nil || !strings.Contains(err.Error(), "not an ARN") {
		t.Errorf("an ARN with a Region's name for people: %v", err)
	}
}

func TestChildren_readsNothingIntoOtherWords(t *testing.T) {
	for _, rule := range []string{"OTHER(2, ALARM, (a, b))", "AT_LEAST(2, ALARM", "AT_LEAST(2, ALARM,", "AT_LEAST(2, ALARM, a", `"AT_LEAST"(2, ALARM, (a, b))`} {
		if diff := cmp.Diff([]string(nil), Children(rule)); diff != "" {
			t.Errorf("%s: %s", rule, diff)
		}
	}
}
