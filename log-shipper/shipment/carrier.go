// Package shipment brings batches of documents to a server that answers: OpenSearch, Elasticsearch, Logstash.
//
// It cuts a batch into requests, sends again what may be taken later, with pauses, until the context ends, halves what
// is too large, and finds the document that has a request refused. How a request is made, and what its answer means,
// each destination says by its Requests.
package shipment

import (
	"context"
	"net/http"
	"sync/atomic"

	"caretaker/log-shipper/document"
	"caretaker/log-shipper/web"
)

const (
	// defaultBytes is the most bytes of a request before it is compressed: far below the 100 MB of
	// http.max_content_length, which counts decompressed bytes, and below the 10 MiB of small AWS domains.
	// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/limits.html#network-limits
	defaultBytes = 5 << 20
	// defaultEvents is the most documents of a request: more did not make a node faster.
	defaultEvents = 3000
)

// Options say how a destination is sent to.
type Options struct {
	// Endpoint names it in errors.
	Endpoint string
	// Bytes is the most bytes of a request before it is compressed; 0 or less is 5 MiB.
	Bytes int
	// Events is the most documents of a request; 0 or less is 3,000.
	Events int
	// Secret is read again when the destination refuses it. Nil: there is none.
	Secret *web.Secret
}

// Carrier brings batches to one destination. Make it once: it remembers which size the destination refused. It may be
// used by several goroutines at the same time.
type Carrier struct {
	endpoint string
	events   int
	secret   *web.Secret
	// most is the most plain bytes of a request: it shrinks when the destination refuses one as too large.
	most atomic.Int64
}

// NewCarrier makes a carrier.
func NewCarrier(options Options) *Carrier {
	if options.Bytes <= 0 {
		options.Bytes = defaultBytes
	}
	if options.Events <= 0 {
		options.Events = defaultEvents
	}
	c := &Carrier{endpoint: options.Endpoint, events: options.Events, secret: options.Secret}
	c.most.Store(int64(options.Bytes))
	return c
}

// Requests are those that one batch is sent by, made as their destination wants them. They name documents by their
// places in the batch.
type Requests interface {
	// Size is how many plain bytes a document takes.
	Size(doc int) int
	// Post sends documents as one request, and reads the answer. An error is one of the way: it is not known whether
	// they arrived. One of web.ErrSecret says that none can be sent.
	Post(ctx context.Context, docs []int) (Reply, error)
	// Strip leaves out of a document, from now on, what it may do without and the destination may have refused. It is
	// false where there is nothing to leave out any more.
	Strip(doc int) bool
}

// Carry sends a batch of so many documents until ctx ends, and says what became of each. A document that is unsent may
// have been taken all the same, when its answer did not arrive.
func (c *Carrier) Carry(ctx context.Context, count int, requests Requests) document.Fates {
	s := &shipment{Carrier: c, requests: requests, fates: document.Fates{Of: make([]document.Fate, count)}, waiting: make([]int, count)}
	for i := range s.waiting {
		s.waiting[i] = i
	}
	s.run(ctx)
	return s.end(ctx)
}

// Judge is the verdict that an HTTP status which is no success means everywhere, for the reason that came with it.
func Judge(status int, why string) Verdict {
	v := Verdict{Kind: Hopeless, Why: why}
	switch {
	case status == http.StatusRequestEntityTooLarge:
		v.Kind = TooLarge
	case status == http.StatusBadRequest:
		v.Kind = Spoiled
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		v.Kind = Denied
	case status == http.StatusTooManyRequests, status == http.StatusRequestTimeout, status >= http.StatusInternalServerError:
		v.Kind = Later
	}
	return v
}
