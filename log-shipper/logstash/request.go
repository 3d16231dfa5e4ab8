package logstash

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"caretaker/log-shipper/document"
	"caretaker/log-shipper/shipment"
	"caretaker/log-shipper/web"
)

const (
	// largestAnswer bounds what is read of an answer: that of Logstash is ok, or nothing.
	largestAnswer = 64 << 10
	// longestText bounds what is kept of it.
	longestText = 300
	// mostBroken is how often a request may break something there before the document is looked for that does it.
	mostBroken = 2
)

// requests are those of one batch: to the input http, or connections to the input tcp.
type requests struct {
	d     *Destination
	batch *document.Batch
	// broken counts the answers 500.
	broken int
}

// Size is how many bytes a document takes: itself, and what is between it and the next one.
func (r *requests) Size(i int) int { return len(r.batch.Body(i)) + 1 }

// Strip leaves nothing out: Logstash takes fields of any kind.
func (r *requests) Strip(int) bool { return false }

// compose writes the body of a request: a list, which the input takes apart into events wherever its codec for
// application/json is the one that it has by itself.
// https://www.elastic.co/docs/reference/logstash/plugins/plugins-inputs-http
func (r *requests) compose(docs []int) error {
	body := r.d.body
	body.Begin()
	separator := []byte{'['}
	for _, i := range docs {
		if _, err := body.Write(separator); err != nil {
			return err
		}
		if _, err := body.Write(r.batch.Body(i)); err != nil {
			return err
		}
		separator[0] = ','
	}
	_, err := body.Write([]byte{']'})
	return err
}

// Post sends documents as one request, or by a connection of their own where the input does not answer.
func (r *requests) Post(ctx context.Context, docs []int) (shipment.Reply, error) {
	if !r.d.answers() {
		return taken(document.Unanswered), r.write(ctx, docs)
	}
	if err := r.compose(docs); err != nil {
		return shipment.Reply{}, err
	}
	answer, err := r.d.body.Post(ctx, r.d.input)
	switch {
	case err != nil:
		return shipment.Reply{}, err
	case answer.Status >= 200 && answer.Status < 300: // which of them, the input's response_code says
		return taken(document.Delivered), nil
	}
	reply := shipment.Reply{Verdict: shipment.Judge(answer.Status, words(answer)), Wait: answer.Wait}
	switch {
	case answer.Status == http.StatusBadRequest, answer.Status == http.StatusInternalServerError && r.broken >= mostBroken:
		reply.Kind = shipment.Suspect
	case answer.Status == http.StatusInternalServerError:
		r.broken++
	}
	return reply, nil
}

func taken(fate document.Fate) shipment.Reply {
	return shipment.Reply{Verdict: shipment.Verdict{Kind: shipment.Taken, Fate: fate}}
}

// words are what the input, or a proxy in front of it, says in place of a success.
func words(answer web.Answer) string {
	text := strings.TrimSpace(strconv.Itoa(answer.Status) + " " + http.StatusText(answer.Status) + " " + string(answer.Text))
	if len(text) > longestText {
		text = text[:longestText] + "..."
	}
	return strings.ToValidUTF8(text, "?")
}
