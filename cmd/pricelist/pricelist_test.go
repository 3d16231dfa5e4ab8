package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"caretaker/internal/want"
	limitraiser "caretaker/limit-raiser"
)

// The two files have the form and the names of AWS's offers, with a few Regions, and beside each price
// what must not be taken for it: a free tier, what is reserved, another class, a Local Zone. The price
// of eu-north-1 is invented.
var files = []string{"testdata/AmazonKinesis.json", "testdata/AmazonDynamoDB.json"}

func table(t *testing.T, from ...string) (out, news string) {
	t.Helper()
	var table, changes bytes.Buffer
	want.NoError(t, "writing the table", run(t.Context(), from, &table, &changes))
	return table.String(), changes.String()
}

func TestRun_takesWhatTheListSays(t *testing.T) {
	got, news := table(t, files...)
	for _, line := range []string{
		"shardHour,us-east-1,0.015,2026-11-03,list", "shardHour,eu-west-1,0.017,2026-11-03,list", "shardHour,eu-north-1,0.0161,2026-11-03,list",
		"readUnitHour,us-east-1,0.00013,2026-11-04,list", "writeUnitHour,ap-northeast-2,0.0007049,2026-11-04,list",
		"infrequentReadUnitHour,ap-northeast-2,0.0001762,2026-11-04,list", "infrequentWriteUnitHour,us-east-1,0.00081,2026-11-04,list",
		"shardHour,ap-south-1,0.0175,2026-10-03,copy of the list", // the list lacks it
	} {
		if strings.Count(got, "\n"+line+"\n") != 1 {
			t.Errorf("the table has %d lines %s, want one:\n%s", strings.Count(got, "\n"+line+"\n"), line, got)
		}
	}
	if strings.Contains(got, "lax") {
		t.Errorf("the table has a Local Zone:\n%s", got)
	}
	want.Equal(t, "the lines, one more than before", strings.Count(got, "\n"), len(limitraiser.ListPrices())+2)
	want.Says(t, "what changed", news, "shardHour eu-north-1: $0.0161, which the table did not have",
		"infrequentWriteUnitHour ap-northeast-2: $0.000845 instead of $0.000881125 (1.25 times the standard class, 2026-06-12)",
		"shardHour: the list does not have ap-northeast-1, ap-northeast-2, ap-south-1")
}

// One list alone leaves what the other has as it is, and says nothing of it.
func TestRun_leavesWhatTheListIsNotAbout(t *testing.T) {
	got, news := table(t, files[0])
	want.Says(t, "the table", got, "readUnitHour,us-east-1,0.00013,2026-11-01,told", "shardHour,us-east-1,0.015,2026-11-03,list")
	if strings.Contains(news, "UnitHour") {
		t.Errorf("a list of shards says of units: %s", news)
	}
}

func TestCSV_isTheFileAsItIs(t *testing.T) {
	file, err := os.ReadFile("../../limit-raiser/prices.csv")
	want.NoError(t, "reading prices.csv", err)
	want.Equal(t, "the table as it is written", csv(limitraiser.ListPrices()), string(file))
}

func TestRun_readsAnAddressAndSaysWhatIsWrongWithIt(t *testing.T) {
	server := httptest.NewServer(http.FileServer(http.Dir("testdata")))
	defer server.Close()
	got, _ := table(t, server.URL+"/AmazonKinesis.json")
	want.Says(t, "the table", got, "shardHour,us-east-1,0.015,2026-11-03,list")
	var none bytes.Buffer
	err := run(t.Context(), []string{server.URL + "/AmazonNothing.json"}, &none, &none)
	if err == nil {
		t.Fatal("an address without a list is read")
	}
	want.Says(t, "the error", err.Error(), server.URL+"/AmazonNothing.json", "404")
	want.Equal(t, "what was written", none.String(), "")
}

// A list that is not understood changes nothing: a price that is wrong is worse than an old one.
func TestRun_refusesAListThatItDoesNotUnderstand(t *testing.T) {
	text, err := os.ReadFile(files[0])
	want.NoError(t, "reading the list", err)
	for name, c := range map[string]struct{ from, to, want string }{
		"no JSON":               {`{`, `<`, "not a price list in JSON"},
		"another document":      {`"offerCode"`, `"code"`, "not a price list: it has the offer"},
		"another service":       {`"AmazonKinesis",` + "\n \"version\"", `"AmazonEC2",` + "\n \"version\"", "AmazonEC2 is no list"},
		"another name":          {`"Provisioned shard hour"`, `"Shard hours"`, `no product of the family "Kinesis Streams", the group "Provisioned shard hour"`},
		"no price":              {`"USD": "0.0170000000"`, `"USD": "free"`, `shardHour of eu-west-1: the product C8T9ZXPQRX6FS23J costs "free" dollars`},
		"a price of nothing":    {`"USD": "0.0170000000"`, `"USD": "0"`, "want a number over 0"},
		"another currency":      {`"USD": "0.0170000000"`, `"CNY": "0.1"`, `costs "" dollars`},
		"an end":                {`"endRange": "Inf"`, `"endRange": "100"`, "has 0 prices on demand without an end"},
		"two prices, one place": {`"EU-Extended-ShardHour"`, `"EU-Storage-ShardHour"`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			changed := strings.ReplaceAll(string(text), c.from, c.to)
			if changed == string(text) {
				t.Fatalf("the list has no %s", c.from)
			}
			if c.want == "" {
				changed, c.want = strings.ReplaceAll(changed, `"Addon shard hour"`, `"Provisioned shard hour"`), "shardHour of eu-west-1: the list has $"
			}
			file := t.TempDir() + "/list.json"
			want.NoError(t, "writing the list", os.WriteFile(file, []byte(changed), 0o600))
			var out bytes.Buffer
			err := run(t.Context(), []string{file}, &out, &out)
			if err == nil {
				t.Fatalf("the list is taken:\n%s", out.String())
			}
			want.Says(t, "the error", err.Error(), c.want)
			want.Equal(t, "what was written", out.String(), "")
		})
	}
}
