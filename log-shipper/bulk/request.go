package bulk

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"caretaker/log-shipper/document"
	"caretaker/log-shipper/shipment"
	"caretaker/log-shipper/web"
)

// largestAnswer bounds what is read of an answer. One of 10,000 items with a reason each is below 20 MB.
const largestAnswer = 64 << 20

// requests are the _bulk requests of one batch after the other, with the memory that they share.
type requests struct {
	d     *Destination
	batch *document.Batch
	// bare are the documents whose lifted field was refused. Nil: none.
	bare     map[int]bool
	body     *web.Body
	doc      []byte
	items    []item
	verdicts []shipment.Verdict
}

const (
	actionWithID = `{"create":{"_id":"`
	actionEnd    = "\"}}\n"
	actionAlone  = "{\"create\":{}}\n"
)

// Size is how many bytes a document takes in a request: its action line, itself, and two line ends.
func (r *requests) Size(i int) int {
	return len(actionWithID) + len(r.batch.ID(i)) + len(actionEnd) + len(r.batch.Body(i)) + 1
}

// Strip leaves the lifted field out of a document that was refused.
func (r *requests) Strip(i int) bool {
	if r.bare[i] || len(r.batch.Bare(r.doc[:0], i)) == 0 {
		return false
	}
	if r.bare == nil {
		r.bare = map[int]bool{}
	}
	r.bare[i] = true
	return true
}

// compose writes the body of a request.
func (r *requests) compose(docs []int) error {
	r.body.Begin()
	for _, i := range docs {
		line := append(r.doc[:0], actionAlone...)
		if r.d.options.IDs {
			line = append(append(append(r.doc[:0], actionWithID...), r.batch.ID(i)...), actionEnd...)
		}
		if r.bare[i] {
			line = r.batch.Bare(line, i)
		} else {
			line = append(line, r.batch.Body(i)...)
		}
		r.doc = append(line, '\n')
		if _, err := r.body.Write(r.doc); err != nil {
			return err
		}
	}
	return nil
}

// Post sends documents as one request, and reads what became of each.
func (r *requests) Post(ctx context.Context, docs []int) (shipment.Reply, error) {
	if err := r.compose(docs); err != nil {
		return shipment.Reply{}, err
	}
	answer, err := r.body.Post(ctx, r.d.bulk)
	if err != nil {
		return shipment.Reply{}, err
	}
	if answer.Status != http.StatusOK {
		return shipment.Reply{Verdict: shipment.Judge(answer.Status, whole(answer.Status, answer.Text)), Wait: answer.Wait}, nil
	}
	if r.items, err = readItems(r.items[:0], answer.Text); err == nil && len(r.items) != len(docs) {
		err = fmt.Errorf("%w: %d items for %d documents", errUnreadable, len(r.items), len(docs))
	}
	if err != nil {
		return shipment.Reply{}, err // they are sent again, under the same ids
	}
	r.verdicts = r.verdicts[:0]
	for at := range r.items {
		r.verdicts = append(r.verdicts, r.d.verdict(&r.items[at]))
	}
	return shipment.Reply{Each: r.verdicts}, nil
}

// backing is how the names of a data stream's backing indexes begin.
var backing = []byte(".ds-")

// verdict is what the node said about one document.
func (d *Destination) verdict(it *item) shipment.Verdict {
	accepted := it.status >= 200 && it.status < 300
	conflict := it.status == http.StatusConflict && d.options.IDs
	switch {
	case accepted && string(it.failure) == "used":
		return shipment.Verdict{Kind: shipment.Taken, Fate: document.Diverted}
	case (accepted || conflict) && d.options.IDs && !d.serverless() && !bytes.HasPrefix(it.index, backing):
		return d.noStream("the documents went to " + string(it.index) + ", which is no data stream")
	case conflict:
		return shipment.Verdict{Kind: shipment.Taken, Fate: document.Already}
	case accepted:
		return shipment.Verdict{Kind: shipment.Taken, Fate: document.Delivered}
	case it.status == http.StatusNotFound:
		return d.noStream(reason(it.status, it.problem))
	}
	v := shipment.Judge(it.status, reason(it.status, it.problem))
	if v.Kind != shipment.Later && v.Kind != shipment.Denied {
		v.Kind = shipment.Refused
	}
	return v
}

// noStream is the verdict where no data stream takes the documents. A node makes a plain index of an unknown
// name, without a word: its mapping would be wrong for ever.
func (d *Destination) noStream(what string) shipment.Verdict {
	return shipment.Verdict{
		Kind: shipment.Hopeless, Why: fmt.Sprintf("%s: data stream %s is not set up: run caretaker log-shipper setup", what, d.options.DataStream),
	}
}

// whole says what the endpoint answered in place of items.
func whole(status int, text []byte) string {
	var told struct{ Error json.RawMessage }
	if json.Unmarshal(text, &told) == nil && len(told.Error) > 0 {
		return reason(status, told.Error)
	}
	return cut(strconv.Itoa(status) + " " + strings.TrimSpace(http.StatusText(status)+" "+string(text)))
}

// sign signs requests with the AWS credentials.
func (d *Destination) sign(signer *v4.Signer) func(context.Context, *http.Request, []byte) error {
	return func(ctx context.Context, request *http.Request, body []byte) error {
		sum := sha256.Sum256(body)
		digest := hex.EncodeToString(sum[:])
		// OpenSearch Serverless insists on it, a domain takes it.
		// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-clients.html#serverless-signing
		request.Header.Set("X-Amz-Content-Sha256", digest)
		credentials, err := d.options.Credentials.Retrieve(ctx)
		if err != nil {
			return fmt.Errorf("getting AWS credentials: %w", err)
		}
		if err := signer.SignHTTP(ctx, credentials, request, digest, d.options.Auth.Service, d.options.Region, time.Now()); err != nil {
			return fmt.Errorf("signing: %w", err)
		}
		return nil
	}
}
