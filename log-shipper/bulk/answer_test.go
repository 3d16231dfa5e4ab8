package bulk

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"caretaker/internal/want"
)

// shown is an item as texts.
type shown struct {
	Status                  int
	Index, Failure, Problem string
}

func read(t *testing.T, answer string) ([]shown, error) {
	t.Helper()
	items, err := readItems(nil, []byte(answer))
	var all []shown
	for _, one := range items {
		all = append(all, shown{one.status, string(one.index), string(one.failure), string(one.problem)})
	}
	return all, err
}

func TestReadItems_takesAnyOrderAndWhateverElseStandsThere(t *testing.T) {
	items, err := read(t, ` { "items" : [
		{"create":{"status":201,"_shards":{"total":2,"failures":[]},"_index":".ds-a","_id":"\"]}\\","x":[1,[2,{"y":null}],true,-1.5e3]}} ,
		{"create":{"_index":".ds-a","status":400,"error":{"type":"t","reason":"a \"quote\" and a }"}}},
		{"create":{"_index":".fs-a","failure_store":"used","status":201}}
	], "took" : 7 , "errors":true, "ingest_took":{} }`+"\n")
	want.NoError(t, "reading", err)
	want.Equal(t, "items", items, []shown{
		{201, ".ds-a", "", ""}, {400, ".ds-a", "", `{"type":"t","reason":"a \"quote\" and a }"}`}, {201, ".fs-a", "used", ""},
	})
}

// Of an answer that is cut off anywhere nothing counts.
func TestReadItems_takesNothingOfWhatIsCutOff(t *testing.T) {
	whole := `{"errors":true,"items":[{"create":{"_index":".ds-a","status":201}},{"create":{"_index":".ds-a","status":429,"error":{"type":"t"}}}]}`
	if _, err := read(t, whole); err != nil {
		t.Fatal(err)
	}
	for length := range len(whole) {
		if _, err := read(t, whole[:length]); !errors.Is(err, errUnreadable) {
			t.Errorf("%s is taken for whole: %v", whole[:length], err)
		}
	}
}

func TestReadItems_refusesWhatIsNoAnswer(t *testing.T) {
	for _, answer := range []string{"", "null", "[]", "{}", `{"items":{}}`, `{"items":[{}]}`, `{"items":[{"create":{}}]}`, `{"items":[{"create":{"status":"201"}}]}`, `{"items":[]} {}`, `{"items":[]}}`, `{"items":[1]}`} {
		if _, err := read(t, answer); !errors.Is(err, errUnreadable) {
			t.Errorf("%s is taken for an answer: %v", answer, err)
		}
	}
}

func TestReason_saysTypeReasonAndCause(t *testing.T) {
	for problem, says := range map[string]string{
		`{"type":"mapper_parsing_exception","reason":"failed to parse","caused_by":{"type":"x","reason":"For input string"}}`: "400 mapper_parsing_exception: failed to parse: For input string",
		`{"type":"a","reason":"b"}`: "400 a: b",
		`"a text"`:                  `400: "a text"`,
		``:                          "400",
	} {
		want.Equal(t, "the reason", reason(400, []byte(problem)), says)
	}
	long := reason(400, []byte(`{"type":"a","reason":"`+strings.Repeat("ä", 2000)+`"}`))
	if len(long) > longestReason+10 || !strings.HasSuffix(long, "...") {
		t.Errorf("a long reason has %d bytes", len(long))
	}
}

// A shipper of one Region may send to a domain of another.
func TestRegionOf_readsItInTheNamesOfAWS(t *testing.T) {
	for host, region := range map[string]string{
		"search-logs-abc123.eu-central-1.es.amazonaws.com":  "eu-central-1",
		"vpc-logs-abc123.us-gov-west-1.es.amazonaws.com":    "us-gov-west-1",
		"abc123.ap-southeast-2.aoss.amazonaws.com":          "ap-southeast-2",
		"search-logs-abc123.cn-north-1.es.amazonaws.com.cn": "cn-north-1",
		"search-logs-abc123.aos.eu-west-3.on.aws":           "eu-west-3",
		"logs.example.com": "eu-west-1",
		"es.amazonaws.com": "eu-west-1",
	} {
		want.Equal(t, "the Region of "+host, RegionOf("https://"+host+":443/path", "eu-west-1"), region)
	}
}

// Whatever comes, the scanner comes to an end, and what it takes for an answer is one.
func FuzzReadItems(f *testing.F) {
	f.Add([]byte(`{"errors":false,"items":[{"create":{"_index":".ds-a","status":201}}]}`))
	f.Add([]byte(`{"items":[{"create":{"status":400,"error":{"type":"t","reason":"\\\""},"x":[{}]}}]}`))
	f.Fuzz(func(t *testing.T, answer []byte) {
		items, err := readItems(nil, answer)
		var told map[string]json.RawMessage
		if err != nil || json.Unmarshal(answer, &told) != nil {
			return
		}
		var listed []json.RawMessage
		if err := json.Unmarshal(told["items"], &listed); err != nil || len(listed) != len(items) {
			t.Errorf("%d items, want %d (%v): %s", len(items), len(listed), err, answer)
		}
	})
}
