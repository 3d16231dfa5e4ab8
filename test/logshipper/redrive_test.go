package logshipper_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"caretaker/internal/want"
	logshipper "caretaker/log-shipper"
)

// Dead letters are sent again once what refused them is put right; what is refused again stays; twice
// changes nothing.
func TestDeployed_sendsDeadLettersAgain(t *testing.T) {
	w := shared
	redriver := logshipper.Redriver{
		S3: s3.NewFromConfig(w.AWS(), func(o *s3.Options) { o.UsePathStyle = true }), SQS: w.queues, Bucket: w.Variables["BUCKET_NAME"], Queue: w.Variables["QUEUE_URL"],
	}
	events := lines(t.Name(), "mended", "refused for good")
	w.meets(t, poisoned(events[0].ID, events[1].ID))
	report := w.ships(t, direct(gzipped(t, payload(t, "/aws/lambda/orders", events))))
	want.Equal(t, "dead letters", report.DeadLettered, 2)
	w.gate.ClearFaults()
	w.meets(t, poisoned(events[1].ID))

	left := func(key string) []logshipper.Letter {
		found, err := redriver.Letters(t.Context())
		want.NoError(t, "listing", err)
		if _, there := found[key]; !there {
			return nil
		}
		return w.letters(t, key)
	}
	redrive := func() {
		want.NoError(t, "redriving", redriver.Ask(t.Context(), report.Letters[0], time.Now()))
		eventually(t, "the shipper took the message", func() bool { return !w.waits(t) })
	}
	redrive()
	want.Equal(t, "documents", w.found(t, events), 1)
	want.Equal(t, "letters under the first key", len(left(report.Letters[0])), 0)
	objects := w.kept(t, logshipper.DeadLettersPrefix)
	redrive()
	want.Equal(t, "objects after the second time", w.kept(t, logshipper.DeadLettersPrefix), objects)
	var kept []logshipper.Letter
	for _, key := range objects {
		for _, letter := range left(key) {
			if letter.ID == events[1].ID {
				kept = append(kept, letter)
				report.Letters[0] = key
			}
		}
	}
	want.Equal(t, "letters of what is refused for good", len(kept), 1)
	redrive() // by its own key: it is written there anew, and not deleted
	want.Equal(t, "letters of it after it was sent again by itself", len(left(report.Letters[0])), 1)
}
