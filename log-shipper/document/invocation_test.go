package document_test

import (
	"strings"
	"testing"

	"caretaker/internal/want"
	"caretaker/log-shipper/document"
)

const (
	startA, endA = "START RequestId: " + idA + " Version: 12\n", "END RequestId: " + idA + "\n"
	startB, endB = "START RequestId: " + idB + " Version: 13\n", "END RequestId: " + idB + "\n"
	reportA      = "REPORT RequestId: " + idA + "\tDuration: 2.00 ms\tBilled Duration: 3 ms\tMemory Size: 128 MB\tMax Memory Used: 60 MB\t\n"
	coldA        = "REPORT RequestId: " + idA + "\tDuration: 2.00 ms\tBilled Duration: 3 ms\tMemory Size: 128 MB\tMax Memory Used: 60 MB\tInit Duration: 90.10 ms\t\nXRAY TraceId: 1-5759e988-bd862e3fe1be46a994272793\tSegmentId: 557e41b1\tSampled: true\t\n"
)

func platformEvent(kind, record string) string {
	return `{"time":"2026-11-29T12:00:00.000Z","type":"platform.` + kind + `","record":{` + record + `}}`
}

// lettered names the invocation of each document: A, B, or - for none.
func lettered(docs []map[string]any) string {
	var letters strings.Builder
	for _, doc := range docs {
		switch doc["faas.execution"] {
		case idA:
			letters.WriteByte('A')
		case idB:
			letters.WriteByte('B')
		case nil:
			letters.WriteByte('-')
		default:
			letters.WriteByte('?')
		}
	}
	return letters.String()
}

func TestMaker_putsTheRequestIDOnEachLineThatThePayloadProvesToBeOfAnInvocation(t *testing.T) {
	node := func(id string) string { return "2026-11-29T12:00:00.000Z\t" + id + "\tINFO\thello\n" }
	for name, c := range map[string]struct {
		lines []string
		want  string
	}{
		"from START to REPORT":                    {[]string{startA, "a\n", "  at b\n", endA, "between", reportA, "after\n"}, "AAAAAA-"},
		"the lines before the first END":          {[]string{"a", "b", endA, reportA, "c", startB, "d"}, "AAAA-BB"},
		"the lines before a REPORT without END":   {[]string{"a", reportA, "c"}, "AA-"},
		"but not those that name another":         {[]string{node(idB), "b", node(idA), "a", endA, reportA}, "B-AAAA"},
		"nor any, where the last names another":   {[]string{"x", node(idB), "b", endA}, "-B-A"},
		"lines of the start of an environment":    {[]string{"INIT_START Runtime Version: nodejs:22.v1\n", "importing", startA, "a"}, "--AA"},
		"a line names its own, between others":    {[]string{startA, "a", node(idB), "a", endA}, "AABAA"},
		"a second START, END left out":            {[]string{startA, "a", startB, "b"}, "AABB"},
		"nothing that tells":                      {[]string{"a", "b"}, "--"},
		"lines that name theirs, and one not":     {[]string{node(idA), "x", node(idA)}, "A-A"},
		"text that only looks like a START":       {[]string{"START RequestId: unknown Version: 1", "STARTED", "a"}, "---"},
		"platform events":                         {[]string{platformEvent("start", `"requestId":"`+idA+`","version":"12"`), "a", platformEvent("runtimeDone", `"requestId":"`+idA+`","status":"success"`), platformEvent("report", `"requestId":"`+idA+`","metrics":{"durationMs":1}`), "x"}, "AAAA-"},
		"two at once: no line is guessed":         {[]string{platformEvent("start", `"requestId":"`+idA+`"`), "a", platformEvent("start", `"requestId":"`+idB+`"`), "?", platformEvent("report", `"requestId":"`+idA+`","metrics":{"durationMs":1}`), "b"}, "AAB-AB"},
		"two at once, JSON names its own":         {[]string{platformEvent("start", `"requestId":"`+idA+`"`), platformEvent("start", `"requestId":"`+idB+`"`), `{"level":"INFO","requestId":"` + idA + `","message":"m"}`}, "ABA"},
		"a requestId of another service":          {[]string{startA, `{"requestId":"8a1f0000-0000-4000-a000-0000000000ff"}`, endA}, "AAA"},
		"a requestId where nothing else is known": {[]string{`{"level":"INFO","requestId":"` + idA + `","message":"m"}`}, "A"},
		"Powertools' name for it":                 {[]string{startA, `{"function_request_id":"` + idB + `"}`}, "AB"},
		"Lambda's line of a crash":                {[]string{"RequestId: " + idA + " Error: Runtime exited with error: signal: killed\nRuntime.ExitError\n"}, "A"},
	} {
		t.Run(name, func(t *testing.T) {
			docs, _ := documents(t, document.Config{}, payloadOf(c.lines...))
			want.Equal(t, "the invocations", lettered(docs), c.want)
		})
	}
}

func TestMaker_putsVersionColdStartAndTraceOnEachLineOfAnInvocation(t *testing.T) {
	for name, c := range map[string]struct {
		lines []string
		want  string
	}{
		"cold by its REPORT":      {[]string{startA, "a", endA, coldA}, "faas.version=12 faas.coldstart=true trace.id=1-5759e988-bd862e3fe1be46a994272793"},
		"warm by its REPORT":      {[]string{startA, "a", endA, reportA}, "faas.version=12 faas.coldstart=false trace.id="},
		"not known without one":   {[]string{startA, "a"}, "faas.version=12 faas.coldstart= trace.id="},
		"cold by the environment": {[]string{"INIT_START Runtime Version: x\n", startA, "a", endA, reportA}, "faas.version=12 faas.coldstart=true trace.id="},
		"in JSON": {[]string{
			platformEvent("initStart", `"initializationType":"on-demand","functionName":"checkout","functionVersion":"7"`),
			platformEvent("start", `"requestId":"`+idA+`","version":"7","tracing":{"spanId":"1","type":"X-Amzn-Trace-Id","value":"Root=1-5759e988-bd862e3fe1be46a994272793;Parent=1;Sampled=1"}`), "a",
		}, "faas.version=7 faas.coldstart=true trace.id=1-5759e988-bd862e3fe1be46a994272793"},
		"of a managed instance, with a duration alone": {[]string{
			platformEvent("start", `"requestId":"`+idA+`","version":"7"`), "a", platformEvent("report", `"requestId":"`+idA+`","metrics":{"durationMs":4.2},"status":"success"`),
		}, "faas.version=7 faas.coldstart= trace.id="},
	} {
		t.Run(name, func(t *testing.T) {
			docs, _ := documents(t, document.Config{}, payloadOf(c.lines...))
			found := 0
			for _, doc := range docs {
				if doc["faas.execution"] == idA {
					want.Equal(t, "what the line has", fields(doc, "faas.version", "faas.coldstart", "trace.id"), c.want)
					found++
				}
			}
			if found < 2 {
				t.Errorf("%d lines of the invocation", found)
			}
		})
	}
}

func TestMaker_makesNumbersOfWhatLambdaWrites(t *testing.T) {
	names := []string{"event.action", "aws.lambda.duration_ms", "aws.lambda.billed_duration_ms", "aws.lambda.memory_size_mb", "aws.lambda.max_memory_used_mb", "aws.lambda.init_duration_ms", "aws.lambda.timed_out", "aws.lambda.out_of_memory", "log.level"}
	for name, c := range map[string]struct{ line, want string }{
		"START":                    {startA, "start - - - - - - - -"},
		"END":                      {endA, "end - - - - - - - -"},
		"REPORT":                   {reportA, "report 2.00 3 128 60 - false false -"},
		"REPORT of a cold start":   {coldA, "report 2.00 3 128 60 90.10 false false -"},
		"REPORT of a time-out":     {"REPORT RequestId: " + idA + "\tDuration: 3000.00 ms\tBilled Duration: 3000 ms\tMemory Size: 128 MB\tMax Memory Used: 60 MB\tStatus: timeout\n", "report 3000.00 3000 128 60 - true false error"},
		"REPORT out of memory":     {"REPORT RequestId: " + idA + "\tDuration: 2.00 ms\tBilled Duration: 3 ms\tMemory Size: 128 MB\tMax Memory Used: 128 MB\tStatus: error\tError Type: Runtime.ExitError\n", "report 2.00 3 128 128 - false true error"},
		"REPORT that says so":      {"REPORT RequestId: " + idA + "\tDuration: 2.00 ms\tBilled Duration: 3 ms\tMemory Size: 128 MB\tMax Memory Used: 127 MB\tStatus: error\tError Type: Runtime.OutOfMemory\n", "report 2.00 3 128 127 - false true error"},
		"INIT_REPORT":              {"INIT_REPORT Init Duration: 9999.84 ms\tPhase: init\tStatus: timeout\n", "initReport - - - - 9999.84 - - error"},
		"platform.report":          {platformEvent("report", `"requestId":"`+idA+`","metrics":{"durationMs":101.51,"billedDurationMs":300,"memorySizeMB":512,"maxMemoryUsedMB":33,"initDurationMs":116.67},"status":"success"`), "report 101.51 300 512 33 116.67 false false -"},
		"of a managed instance":    {platformEvent("report", `"requestId":"`+idA+`","metrics":{"durationMs":4.2},"spans":[{"name":"responseLatency","start":"x","durationMs":70.58}],"status":"success"`), "report 4.2 - - - - false false -"},
		"platform.report, timeout": {platformEvent("report", `"requestId":"`+idA+`","metrics":{"durationMs":3000},"status":"timeout"`), "report 3000 - - - - true false error"},
		"platform.runtimeDone":     {platformEvent("runtimeDone", `"requestId":"`+idA+`","status":"error","errorType":"Runtime.ExitError","metrics":{"durationMs":5,"producedBytes":0}`), "runtimeDone - - - - - - - error"},
		"platform.initReport":      {platformEvent("initReport", `"initializationType":"on-demand","phase":"init","status":"success","metrics":{"durationMs":125.33}`), "initReport - - - - 125.33 - - -"},
		"a number that is none":    {"REPORT RequestId: " + idA + "\tDuration: 01 ms\tBilled Duration: . ms\tMemory Size: 5. MB\tMax Memory Used: \n", "report - - 5 - - false false -"},
		"another order, blanks":    {`{ "record": {"metrics": {"durationMs": 7 }, "requestId": "` + idA + `"}, "type": "platform.report" }`, "report 7 - - - - false false -"},
		"Task timed out":           {"2026-11-29T12:00:00.000Z " + idA + " Task timed out after 3.00 seconds\n\n", "- - - - - - true - error"},
	} {
		t.Run(name, func(t *testing.T) {
			words := strings.Fields(fields(alone(t, document.Config{}, c.line), names...))
			for i, word := range words {
				if _, words[i], _ = strings.Cut(word, "="); words[i] == "" {
					words[i] = "-"
				}
			}
			want.Equal(t, "the numbers", strings.Join(words, " "), c.want)
		})
	}
	for line, percent := range map[string]string{
		reportA: "46.8",
		"REPORT RequestId: " + idA + "\tMemory Size: 128 MB\tMax Memory Used: 128 MB":                                                     "100.0",
		"REPORT RequestId: " + idA + "\tMemory Size: 10240 MB\tMax Memory Used: 9 MB":                                                     "0.0",
		"REPORT RequestId: " + idA + "\tMemory Size: 0 MB\tMax Memory Used: 9 MB":                                                         "",
		"REPORT RequestId: " + idA + "\tMax Memory Used: 9 MB":                                                                            "",
		platformEvent("report", `"requestId":"`+idA+`","metrics":{"memorySizeMB":512,"maxMemoryUsedMB":33}`):                              "6.4",
		platformEvent("report", `"requestId":"`+idA+`","metrics":{"memorySizeMB":512.5,"maxMemoryUsedMB":1e400}`):                         "",
		platformEvent("report", `"requestId":"`+idA+`","metrics":{"memorySizeMB":99999999999999999999,"maxMemoryUsedMB":99999999999999}`): "",
	} {
		used := alone(t, document.Config{}, line)
		want.Equal(t, "the share of "+line, fields(used, "aws.lambda.memory_used_percent"), "aws.lambda.memory_used_percent="+percent)
	}
	got := alone(t, document.Config{}, platformEvent("runtimeDone", `"requestId":"`+idA+`","status":"error","errorType":"Runtime.ExitError","metrics":{"durationMs":5}`))
	want.Equal(t, "the end of a run", fields(got, "aws.lambda.status", "error.type", "aws.lambda.runtime_duration_ms"), "aws.lambda.status=error error.type=Runtime.ExitError aws.lambda.runtime_duration_ms=5")
}
