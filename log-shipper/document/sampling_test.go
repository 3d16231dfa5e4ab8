package document_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"caretaker/internal/want"
	"caretaker/log-shipper/document"
)

// oneIn ships one in so many invocations.
func oneIn(n int) document.Config { return document.Config{Sample: document.Sample{OneIn: n}} }

// requestNumbered is a request id; with oneIn(10) most of them are left out.
func requestNumbered(i int) string {
	return fmt.Sprintf("%08x-aaaa-4aaa-8aaa-%012x", uint32(i)*2_654_435_761, i) // #nosec G115 -- small
}

// isShipped tells whether an invocation without an error is shipped.
func isShipped(t testing.TB, n int, id string) bool {
	t.Helper()
	docs, _ := documents(t, oneIn(n), payloadOf("START RequestId: "+id+" Version: 1"))
	return len(docs) == 1
}

// leftOut is an invocation that oneIn(10) leaves out, shipped one that it ships.
func leftOut(t testing.TB) (leftOut, shipped string) {
	t.Helper()
	for i := 0; leftOut == "" || shipped == ""; i++ {
		if id := requestNumbered(i); isShipped(t, 10, id) {
			shipped = id
		} else {
			leftOut = id
		}
	}
	return leftOut, shipped
}

// drawn is a line of a drawn payload.
type drawn struct {
	invocation int // -1 for one without a request id
	text       string
	failed     bool
}

var (
	drawnLines = []string{
		"2026-11-29T12:00:00.000Z\t%s\tINFO\thello", `{"level":"WARN","AWSRequestId":"%s"}`, `{"level":"INFO","requestId":"%s","message":"x"}`,
		"[DEBUG]\t2026-11-29T12:00:00.000Z\t%s\tx", "END RequestId: %s", "REPORT RequestId: %s\tDuration: 1.00 ms\tMemory Size: 128 MB\tMax Memory Used: 64 MB\t",
		`{"type":"platform.report","record":{"requestId":"%s","status":"success","metrics":{"durationMs":1}}}`,
	}
	drawnErrors = []string{
		"2026-11-29T12:00:00.000Z\t%s\tERROR\tno", `{"level":"fatal","AWSRequestId":"%s"}`, "2026-11-29T12:00:00.000Z %s Task timed out after 3.00 seconds",
		"REPORT RequestId: %s\tDuration: 1.00 ms\tStatus: error\tError Type: Runtime.ExitError",
		`{"type":"platform.runtimeDone","record":{"requestId":"%s","status":"failure"}}`,
	}
)

// Whatever payloads the lines of invocations come in, and to how many shippers: those of an invocation all
// stay or all go, but those in a payload that tells an error of it, and those without a request id, which all
// stay; and each that stays says for how many it stands.
func TestSample_keepsOrLeavesWholeInvocations(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		n := rapid.SampledFrom([]int{2, 3, 10, 1000}).Draw(r, "one in")
		invocations := rapid.IntRange(1, 8).Draw(r, "invocations")
		ids := make([]string, invocations)
		for i := range ids {
			ids[i] = rapid.StringMatching(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`).Draw(r, "request id")
		}
		went := map[string]bool{} // request ids, to whether a line without an error stayed
		for range rapid.IntRange(1, 5).Draw(r, "payloads") {
			var lines []drawn
			for range rapid.IntRange(0, 12).Draw(r, "lines") {
				line := drawn{invocation: rapid.IntRange(-1, invocations-1).Draw(r, "invocation"), failed: rapid.IntRange(0, 9).Draw(r, "failed") == 0}
				switch {
				case line.invocation < 0:
					line.text = "plain text" // before any line of Lambda's own, or else it is of an invocation
					lines = slices.Insert(lines, 0, line)
					continue
				case line.failed:
					line.text = rapid.SampledFrom(drawnErrors).Draw(r, "error")
				default:
					line.text = rapid.SampledFrom(drawnLines).Draw(r, "line")
				}
				line.text = fmt.Sprintf(line.text, ids[line.invocation])
				lines = append(lines, line)
			}
			checkSample(t, r, n, ids, lines, went)
		}
	})
}

// checkSample makes the documents of one payload in a process of its own.
func checkSample(t *testing.T, r *rapid.T, n int, ids []string, lines []drawn, went map[string]bool) {
	texts, failed := make([]string, len(lines)), map[int]bool{}
	for i, line := range lines {
		texts[i] = line.text
		if line.failed {
			failed[line.invocation] = true
		}
	}
	all, _ := documents(t, document.Config{}, payloadOf(texts...))
	docs, counts := documents(t, oneIn(n), payloadOf(texts...))
	if counts.In != len(docs)+counts.Sampled {
		r.Fatalf("%d events came, %d are shipped and %d sampled", counts.In, len(docs), counts.Sampled)
	}
	kept := map[any]string{}
	for _, doc := range docs {
		kept[doc["event.id"]] = fmt.Sprint(doc["sample.weight"])
	}
	for i, doc := range all {
		id, _ := doc["faas.execution"].(string)
		weight, stays := kept[doc["event.id"]]
		sure := id == "" || failed[slices.Index(ids, id)]
		switch before, known := went[id]; {
		case sure && weight != "1":
			r.Fatalf("%q has to stay with the weight 1: its weight is %q", texts[i], weight)
		case sure:
		case known && before != stays:
			r.Fatalf("%q stays: %v; of the same invocation another line did: %v", texts[i], stays, before)
		case stays && weight != fmt.Sprint(n):
			r.Fatalf("%q stays with the weight %q instead of %d", texts[i], weight, n)
		default:
			went[id] = stays
		}
	}
}

func TestSample_shipsOneInSoManyOfAllInvocations(t *testing.T) {
	const of = 40_000
	messages := make([]string, of)
	for i := range messages {
		messages[i] = "2026-11-29T12:00:00.000Z\t" + requestNumbered(i) + "\tINFO\thello"
	}
	shipped := map[int]map[string]bool{}
	for _, n := range []int{2, 10, 100} {
		docs, counts := documents(t, oneIn(n), payloadOf(messages...))
		want.Equal(t, "events that came", counts.In, of)
		shipped[n] = map[string]bool{}
		sum := 0.0
		for _, doc := range docs {
			shipped[n][doc["faas.execution"].(string)] = true
			sum += float64(n)
		}
		p := 1 / float64(n)
		if off := math.Abs(float64(len(docs)) - of*p); off > 5*math.Sqrt(of*p*(1-p)) {
			t.Errorf("one in %d of %d are %d documents", n, of, len(docs))
		}
		if math.Abs(sum/of-1) > 0.3 {
			t.Errorf("the weights of one in %d come to %.0f of %d events", n, sum, of)
		}
	}
	for id := range shipped[100] {
		if !shipped[10][id] {
			t.Errorf("one in 100 ships %s, and one in 10 does not", id)
		}
	}
}

// Two releases of the shipper may have lines of one invocation, and files say for years what was shipped.
func TestSample_choosesTheSameInvocationsInEachRelease(t *testing.T) {
	var shipped []int
	for i := range 60 {
		if isShipped(t, 10, requestNumbered(i)) {
			shipped = append(shipped, i)
		}
	}
	want.Equal(t, "the invocations that one in 10 ships of the first 60", shipped, []int{0, 6, 15, 20, 48, 56, 59})
	want.Equal(t, "whether large letters make another id of it", isShipped(t, 10, strings.ToUpper(requestNumbered(6))), true)
}

func TestSample_keepsAnInvocationOfWhichThePayloadTellsAnError(t *testing.T) {
	away, _ := leftOut(t)
	start, end := "START RequestId: "+away+" Version: 7", "END RequestId: "+away
	report := "REPORT RequestId: " + away + "\tDuration: 1.00 ms\tMemory Size: 128 MB\tMax Memory Used: 64 MB\t"
	for name, c := range map[string]struct {
		lines []string
		kept  int
	}{
		"none":                               {[]string{start, "[INFO] fine", "[WARN] well", end, report}, 0},
		"a line of level error":              {[]string{start, "[INFO] before", "[ERROR] no", "after", end, report}, 6},
		"an error by its request id alone":   {[]string{"2026-11-29T12:00:00.000Z\t" + away + "\tINFO\tbefore", `{"level":"error","AWSRequestId":"` + away + `"}`}, 2},
		"JSON with a type of error":          {[]string{start, `{"errorType":"KeyError","errorMessage":"x"}`, end}, 3},
		"a handled error that says it warns": {[]string{start, `{"level":"warn","errorType":"KeyError"}`, end}, 0},
		"a time-out of before 2026":          {[]string{start, "2026-11-29T12:00:00.000Z " + away + " Task timed out after 3.00 seconds", end}, 3},
		"a time-out in the REPORT":           {[]string{start, end, strings.TrimSuffix(report, "\t") + "\tStatus: timeout"}, 3},
		"out of memory, by its figures":      {[]string{start, end, strings.Replace(report, "Used: 64", "Used: 128", 1)}, 3},
		"out of memory, by its name":         {[]string{start, end, report + "Status: error\tError Type: Runtime.OutOfMemory"}, 3},
		"a platform event with a status":     {[]string{start, `{"type":"platform.runtimeDone","record":{"requestId":"` + away + `","status":"error"}}`}, 2},
		"a runtime that exited":              {[]string{start, "RequestId: " + away + " Error: Runtime exited with error: exit status 1", end}, 3},
		"an error of another invocation":     {[]string{start, end, report, "START RequestId: " + idA + " Version: 7", "[ERROR] no"}, 2},
		"an error without a request id":      {[]string{"[ERROR] no", "plain"}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			docs, counts := documents(t, oneIn(1_000_000), payloadOf(c.lines...))
			want.Equal(t, "documents", len(docs), c.kept)
			want.Equal(t, "events left out", counts.Sampled, len(c.lines)-c.kept)
			for _, doc := range docs {
				want.Equal(t, "of a document that was kept in any case", fields(doc, "sample.weight"), "sample.weight=1")
			}
		})
	}
}

func TestSample_countsAnErrorThatIsDropped(t *testing.T) {
	away, _ := leftOut(t)
	config := oneIn(10)
	config.Drop.Patterns = []string{"noise"}
	docs, counts := documents(t, config, payloadOf("START RequestId: "+away+" Version: 7", "[ERROR] noise", "END RequestId: "+away))
	want.Equal(t, "documents of the invocation that failed", len(docs), 2)
	want.Equal(t, "dropped", counts.Dropped, 1)
	want.Equal(t, "sampled", counts.Sampled, 0)
}

// The line that tells the error may come in a later payload: what came before was judged by then.
func TestSample_knowsOnlyTheErrorsOfThePayload(t *testing.T) {
	away, _ := leftOut(t)
	m := maker(t, oneIn(10))
	ship := func(messages ...string) int {
		var b document.Batch
		m.Begin(payloadOf(messages...))
		for m.Fill(&b, 1<<20) {
		}
		return b.Len()
	}
	before, after := "START RequestId: "+away+" Version: 7", "REPORT RequestId: "+away+"\tDuration: 1.00 ms\tStatus: error"
	want.Equal(t, "documents of the first payload", ship(before), 0)
	want.Equal(t, "documents of the one with the error", ship(after), 1)
	want.Equal(t, "documents when the first comes again", ship(before), 0)
}

func TestSample_saysNothingWhereAllAreShipped(t *testing.T) {
	for _, config := range []document.Config{{}, oneIn(1)} {
		docs, counts := documents(t, config, payloadOf("START RequestId: "+idA+" Version: 7", "hello"))
		want.Equal(t, "documents", len(docs), 2)
		want.Equal(t, "sampled", counts.Sampled, 0)
		want.Equal(t, "the weight", fields(docs[0], "sample.weight"), "sample.weight=")
	}
}
