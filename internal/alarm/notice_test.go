package alarm

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"caretaker/internal/want"
)

// Whatever a topic brings that is not an alarm, people can read.
func TestDecode_makesANoticeOfWhatIsNotAnAlarm(t *testing.T) {
	const topic = "arn:aws:sns:eu-west-1:123456789012:caretaker-limit-raiser"
	published := func(title, text string, attributes map[string]string) Notice {
		return Notice{
			ID: "95df01b4-ee98-5cb9-9903-4c221d41eb5e", Topic: topic, Title: title, Text: text,
			At: time.Date(2026, 2, 26, 10, 15, 2, 181e6, time.UTC), Attributes: attributes,
		}
	}
	for file, expected := range map[string]Notice{
		"notice-text.json": published("AWS Budget Notification November 24, 2026", "AWS Budget Notification November 24, 2026\nAWS Account 123456789012\n\nDear AWS Customer,\n\n"+
			"You requested that we alert you when the ACTUAL Cost associated with your monthly budget is greater than $100.00.\n", nil),
		"notice-event.json": published("CodePipeline Pipeline Execution State Change (aws.codepipeline)",
			"version: 0\nid: CWE-event-id\ndetail-type: CodePipeline Pipeline Execution State Change\nsource: aws.codepipeline\naccount: 123456789012\n"+
				"time: 2026-02-26T10:15:02Z\nregion: eu-west-1\nresources[0]: arn:aws:codepipeline:eu-west-1:123456789012:checkout\n"+
				"detail.pipeline: checkout\ndetail.execution-id: 01234567-0123-0123-0123-012345678901\ndetail.state: FAILED\ndetail.version: 1\n", nil),
		"notice-report.json": published("Limit-raiser table/orders: raised write units from 50 to 325",
			"Limit-raiser table/orders: raised write units from 50 to 325\n\n  write units (set): raised from 50 to 325, to the demand: 250 a second\n",
			map[string]string{"cause": "orders-writes", "from": "50"}),
	} {
		got := Decode(event(t, file))
		if len(got) != 1 || got[0].Err == nil || got[0].Notice == nil {
			t.Errorf("%s: %+v, want one notice", file, got)
			continue
		}
		want.Equal(t, file, *got[0].Notice, expected)
	}
}

func TestDecode_givesEveryErrorANotice(t *testing.T) {
	for name, c := range map[string]struct{ event, title, text string }{
		"nothing":           {"", "a message without text", ""},
		"blanks":            {" \n\t", "a message without text", " \n\t"},
		"a number":          {"7", "7", "7"},
		"broken JSON":       {`{"a":1`, `{"a":1`, `{"a":1`},
		"two values":        {`{"a":1} {"b":2}`, `{"a":1} {"b":2}`, `{"a":1} {"b":2}`},
		"an alarm's pieces": {`{"AlarmName":7,"NewStateReason":"it broke","x":null,"y":""}`, "AlarmName: 7", "AlarmName: 7\nNewStateReason: it broke\n"},
		"lists in lists":    {`[[1,[]],{"a":{"b":[true]}}]`, "[0][0]: 1", "[0][0]: 1\n[1].a.b[0]: true\n"},
		"bad UTF-8":         {"\xff\xfe", "\uFFFD", "\uFFFD"},
		"many lines":        {"  one\r\nand\ttwo  \nthree", "one", "  one\r\nand\ttwo  \nthree"},
	} {
		got := Decode([]byte(c.event))
		if len(got) != 1 || got[0].Notice == nil {
			t.Errorf("%s: %+v", name, got)
			continue
		}
		want.Equal(t, name+": the title", got[0].Notice.Title, c.title)
		want.Equal(t, name+": the text", got[0].Notice.Text, c.text)
	}
	deep := Decode([]byte(strings.Repeat("[", 5000) + strings.Repeat("]", 5000)))
	want.Equal(t, "JSON that is nested too deeply stays as it is", len(deep[0].Notice.Text), 10_000)
	long := Decode([]byte(strings.Repeat("é", 100_000)))
	want.Equal(t, "the characters of a long text", len([]rune(long[0].Notice.Text)), maxText)
	want.Equal(t, "the characters of its title", len([]rune(long[0].Notice.Title)), maxTitle)
}

// A message that a queue brings without the envelope of SNS is known by the queue's id.
func TestDecode_namesANoticeByTheMessageItCameIn(t *testing.T) {
	var ids []string
	for _, d := range Decode(event(t, "sqs-batch.json")) {
		if d.Notice != nil {
			ids = append(ids, d.MessageID+": "+d.Notice.ID)
		}
	}
	if diff := cmp.Diff([]string{"second: second", "third: third", "fourth: fourth", "fifth: 95df01b4-ee98-5cb9-9903-4c221d41eb5e"}, ids); diff != "" {
		t.Errorf("the ids of the notices (-want +got):\n%s", diff)
	}
}

func TestJudged_areTheValuesOldestFirst(t *testing.T) {
	for reason, expected := range map[string][]float64{
		reason: {15000, 14820},
		"Threshold Crossed: 1 datapoint [0.5 (26/02/26 10:13:00)] was greater than the threshold (0.1).":     {0.5},
		"Threshold Crossed: 1 datapoint [-1.2E-5 (26/02/26 10:13:00)] was less than the threshold (0.0).":    {-1.2e-5},
		"Threshold Crossed: no datapoints were received for 2 periods and 2 missing datapoints were treated": nil,
		"Unchecked: Initial alarm creation": nil,
		"":                                  nil,
	} {
		want.Equal(t, reason, Alarm{Reason: reason}.Judged(), expected)
	}
	want.Equal(t, "those that the event lists come first", Alarm{Reason: reason, Recent: Recent{Values: []float64{1}}}.Judged(), []float64{1})
}

// Tags are a help and no more: whatever form they come in, the alarm is an alarm.
func TestDecode_readsTagsInEachForm(t *testing.T) {
	for form, expected := range map[string]map[string]string{
		`{"team":"payments"}`:                 {"team": "payments"},
		`[{"Key":"team","Value":"payments"}]`: {"team": "payments"},
		`[{"key":"team","value":"payments"}]`: {"team": "payments"},
		`null`:                                nil,
		`"none"`:                              nil,
		`{"team":7}`:                          nil,
	} {
		raw := strings.Replace(string(event(t, "raw-old.json")), `"AlarmName"`, `"AlarmTags": `+form+`, "AlarmName"`, 1)
		got := Decode([]byte(raw))
		if got[0].Err != nil {
			t.Errorf("%s: %v", form, got[0].Err)
			continue
		}
		want.Equal(t, form, got[0].Alarm.Tags, expected)
	}
}
