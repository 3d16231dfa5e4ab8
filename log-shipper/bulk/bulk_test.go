package bulk_test

import (
	"fmt"
	"strings"
	"testing"

	"caretaker/internal/opensearch"
	"caretaker/internal/want"
	"caretaker/log-shipper/bulk"
	"caretaker/log-shipper/document"
)

func TestSend_deliversEachDocumentOnce(t *testing.T) {
	w := newWorld(t)
	delivered(t, w.send(some(4000)), 4000)
	again := w.send(some(4000))
	want.Equal(t, "fates of the same again", tally(again), map[document.Fate]int{document.Already: 4000})
	want.NoError(t, "sending again", again.Err)
	w.holds(4000)
}

// An answer with errors: true that holds nothing but 201 and 409 is a success.
func TestSend_doesNotSendAgainWhatIsThereAlready(t *testing.T) {
	w := newWorld(t)
	delivered(t, w.send(some(5)), 5)
	fates := w.send(some(10))
	want.Equal(t, "fates", tally(fates), map[document.Fate]int{document.Already: 5, document.Delivered: 5})
	want.NoError(t, "sending", fates.Err)
	want.Equal(t, "requests", len(w.bulks()), 2)
	w.holds(10)
}

func TestSend_createsUnderTheEventsIDs(t *testing.T) {
	w := newWorld(t)
	w.send(some(1))
	found, err := opensearch.Look(w.service).Find(t.Context(), w.stream, "message", "0")
	want.NoError(t, "finding", err)
	if len(found) != 1 {
		t.Fatalf("%d documents", len(found))
	}
	want.Equal(t, "the id", found[0].ID, "id-0")
	want.Equal(t, "the document", string(found[0].Source), stamp+`"message":"line 0"}`)
}

func TestSend_cutsRequestsByPlainSizeAndByCount(t *testing.T) {
	w := newWorld(t)
	w.options.Events = 100
	delivered(t, w.send(some(250)), 250)
	want.Equal(t, "requests of up to 100 documents", len(w.bulks()), 3)

	w.options.Events, w.options.Bytes = 3000, 10_000
	b := &document.Batch{}
	for i := range 100 {
		add(b, fmt.Sprint("long-", i), `"message":"`+strings.Repeat("a", 1000)+`"`)
	}
	delivered(t, w.send(b), 100)
	cut := w.bulks()[3:]
	want.Equal(t, "requests of up to 10,000 bytes, nine documents each", len(cut), 12)
	for _, request := range cut {
		if request.Bytes > 10_000 {
			t.Errorf("a request has %d bytes, want up to 10,000", request.Bytes)
		}
		if request.Sent >= request.Bytes {
			t.Errorf("a request of %d bytes came as %d: it is not compressed", request.Bytes, request.Sent)
		}
	}
	w.holds(350)
}

// One document is sent also where it alone is larger than a request ought to be.
func TestSend_sendsALargeDocumentAlone(t *testing.T) {
	w := newWorld(t)
	w.options.Bytes = 10_000
	b := some(1)
	add(b, "large", `"message":"`+strings.Repeat("word ", 200_000)+`"`)
	add(b, "small", `"message":"a"`)
	delivered(t, w.send(b), 3)
	want.Equal(t, "requests", len(w.bulks()), 3)
}

func TestSend_withoutIDsLetsTheNodeMakeThem(t *testing.T) {
	w := newWorld(t)
	w.options.IDs = false
	delivered(t, w.send(some(3)), 3)
	delivered(t, w.send(some(3)), 3)
	want.Equal(t, "ids sent", w.bulks()[0].IDs, []string{"", "", ""})
	w.holds(6)
}

// Nothing that one document has may cost its neighbours anything.
func TestSend_refusedDocumentsCostTheirNeighboursNothing(t *testing.T) {
	for name, poison := range map[string]string{
		"invalid UTF-8":           stamp + "\"message\":\"\xff\"}",
		"a raw control character": stamp + "\"message\":\"\x01\"}",
		"cut JSON":                stamp + `"message":"a`,
		"a duplicate key":         stamp + `"message":"a","message":"b"}`,
		"a text for a number":     stamp + `"aws.lambda.duration_ms":"long"}`,
		"no time":                 `{"message":"a"}`,
		"two times":               `{"@timestamp":["2026-11-29T10:00:00.000Z","2026-11-29T11:00:00.000Z"]}`,
		"a time that is none":     `{"@timestamp":"yesterday"}`,
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			b := some(10)
			b.Add([]byte("poison"), []byte(poison), nil, 0)
			add(b, "last", `"message":"a"`)
			fates := w.send(b)
			want.Equal(t, "fates", tally(fates), map[document.Fate]int{document.Delivered: 11, document.Refused: 1})
			want.Equal(t, "the fate of the poison", fates.Of[10], document.Refused)
			want.Says(t, "the reason", fates.Reasons[10], "400", "mapper_parsing_exception")
			want.NoError(t, "sending", fates.Err)
			want.Equal(t, "requests", len(w.bulks()), 1)
			w.holds(11)
		})
	}
}

// A single id that is too long has the node refuse the whole request.
func TestSend_findsTheDocumentThatSpoilsARequest(t *testing.T) {
	w := newWorld(t)
	b := some(100)
	add(b, strings.Repeat("a", 513), `"message":"poison"`)
	add(b, "last", `"message":"a"`)
	fates := w.send(b)
	want.Equal(t, "fates", tally(fates), map[document.Fate]int{document.Delivered: 101, document.Refused: 1})
	want.Says(t, "the reason", fates.Reasons[100], "400", "too long")
	want.NoError(t, "sending", fates.Err)
	w.holds(101)
}

func TestSend_whatTheNodeRefusesInALiftedFieldCostsThatFieldAlone(t *testing.T) {
	w := newWorld(t)
	b := some(1)
	lift(b, "fine", `"message":"fine"`, `{"a":[{"b":1},null],"c":12345678901234567890,"":1e400}`)
	lift(b, "long", `"message":"long"`, `{"a":"`+strings.Repeat("a", 32767)+`"}`)
	lift(b, "twice", `"message":"twice"`, `{"a":1,"a":2}`)
	lift(b, "poison", `"message":"poison","aws.lambda.duration_ms":"long"`, `{"a":1}`)
	fates := w.send(b)
	want.Equal(t, "fates", fates.Of, []document.Fate{document.Delivered, document.Delivered, document.Delivered, document.Delivered, document.Refused})
	want.Equal(t, "documents without their lifted field", fates.Bare, 2)
	want.Says(t, "the reason", fates.Reasons[4], "400", "aws.lambda.duration_ms")
	found, err := opensearch.Look(w.service).Find(t.Context(), w.stream, "tags", document.TagBare)
	want.NoError(t, "finding", err)
	want.Equal(t, "marked documents", len(found), 2)
	w.holds(4)
}

// Without a template a node makes a plain index of any name, and says 201.
func TestSend_whereNoDataStreamIsSetUpIsAnErrorThatNamesTheCommand(t *testing.T) {
	w := worldOf(t, sharedService(t))
	w.options.Events = 10
	for range 2 { // the second time the answers are 409
		fates := w.send(some(30))
		want.Equal(t, "fates", tally(fates), map[document.Fate]int{document.Unsent: 30})
		want.Says(t, "the error", fmt.Sprint(fates.Err), "caretaker log-shipper setup", w.stream)
	}
	want.Equal(t, "requests", len(w.bulks()), 2)
}

func TestSend_nothingIsNothing(t *testing.T) {
	w := newSmallWorld(t)
	fates := w.send(&document.Batch{})
	want.Equal(t, "fates", len(fates.Of), 0)
	want.NoError(t, "sending nothing", fates.Err)
	want.Equal(t, "requests", len(w.bulks()), 0)
}

// The node's own limits: requests are counted decompressed, and writers wait in a queue of one.
func TestSend_toANodeWithLittleRoom(t *testing.T) {
	if why := opensearch.Missing(); why != nil {
		t.Skipf("only the real node is as busy as this: %v", why)
	}
	node, err := opensearch.StartNode(t.Context(), []string{"http.max_content_length=1mb", "thread_pool.write.size=1", "thread_pool.write.queue_size=1"})
	want.NoError(t, "starting a node", err)
	defer node.Stop()
	w := worldOf(t, node)
	w.setup()
	w.options.Endpoint = node.URL()
	d := destination(t, w.options)

	const writers = 8
	fates := make(chan document.Fates, writers)
	for writer := range writers {
		go func() {
			b := &document.Batch{}
			for i := range 1500 {
				add(b, fmt.Sprint(writer, "-", i), `"message":"`+strings.Repeat("a", 1000)+`"`)
			}
			fates <- d.Send(t.Context(), b)
		}()
	}
	for range writers {
		delivered(t, <-fates, 1500)
	}
	w.holds(writers * 1500)
}

func TestNew_takesOnlyWhatCanWork(t *testing.T) {
	fine := bulk.Options{Endpoint: "https://logs.example.com", DataStream: "logs", Auth: bulk.Auth{Type: bulk.None}}
	if _, err := bulk.New(fine); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name  string
		spoil func(*bulk.Options)
		says  string
	}{
		{"plain http", func(o *bulk.Options) { o.Endpoint = "http://logs.example.com" }, "plain http is for 127.0.0.1 alone"},
		{"plain http by name", func(o *bulk.Options) { o.Endpoint = "http://localhost:9200" }, "plain http is for 127.0.0.1 alone"},
		{"another scheme", func(o *bulk.Options) { o.Endpoint = "ftp://logs.example.com" }, "destination.endpoint"},
		{"no endpoint", func(o *bulk.Options) { o.Endpoint = "" }, "destination.endpoint"},
		{"a password in the address", func(o *bulk.Options) { o.Endpoint = "https://me:secret@logs.example.com" }, "without a user"},
		{"no data stream", func(o *bulk.Options) { o.DataStream = "" }, "destination.dataStream"},
		{"an unknown way", func(o *bulk.Options) { o.Auth.Type = "digest" }, `destination.auth.type is "digest"`},
		{"no secret", func(o *bulk.Options) { o.Auth.Type = bulk.Basic }, "destination.auth.secret"},
		{"no credentials", func(o *bulk.Options) { o.Auth.Type = bulk.SigV4 }, "AWS credentials"},
		{"a CA that is none", func(o *bulk.Options) { o.CA = "mine" }, "destination.ca"},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := fine
			test.spoil(&o)
			_, err := bulk.New(o)
			want.Says(t, "the error", fmt.Sprint(err), test.says)
			if strings.Contains(fmt.Sprint(err), "me:secret") {
				t.Errorf("the error holds a password: %v", err)
			}
		})
	}
}
