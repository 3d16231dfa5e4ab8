// Package logstash sends documents to Logstash: to its input http, which answers, or to its input tcp with
// the codec json_lines, which does not.
//
// By http a request is a list of documents, and its answer says whether Logstash took them into its queue. What
// may be taken later is sent again, until the context ends. By tcp nobody ever says so: documents are written
// to a connection of their own, each as a line, and count as sent without an answer once Logstash, told that
// nothing more comes, has closed it, which it does when it has read to the end. One that breaks before that took
// nothing, as far as anybody knows. Either way something may arrive twice: event.id tells.
//
// It logs the address of an endpoint that does not answer, and nothing of what it sends.
package logstash

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"caretaker/log-shipper/document"
	"caretaker/log-shipper/shipment"
	"caretaker/log-shipper/web"
)

// Options say where documents go.
type Options struct {
	// Endpoint is like https://logs.example.com:8080/path for the input http, tls://logs.example.com:5000 for
	// the input tcp. http:// and tcp:// are for 127.0.0.1 alone.
	Endpoint string
	// WithoutAnswer accepts an input that never says what it took: tls and tcp need it.
	WithoutAnswer bool
	// Auth is basic, bearer or none, Secret the name or the ARN of the secret that the first two need.
	Auth, Secret string
	// Secrets reads it.
	Secrets web.Secrets
	// CA is the authorities, in PEM, one of which must have signed the endpoint's certificate. Empty: the system's.
	CA string
	// Bytes is the most plain bytes of a request, or of a connection, Events the most documents; 0 is the default of
	// shipment.Options.
	Bytes, Events int
}

// Destination sends to one input. Make it once. It serves one batch at a time.
type Destination struct {
	options Options
	address *url.URL
	trust   *tls.Config
	carrier *shipment.Carrier
	input   web.Address // where documents are posted to an input that answers
	body    *web.Body
}

// New makes a destination. It asks nobody anything; an error is about the options.
func New(options Options) (*Destination, error) {
	address, err := url.Parse(options.Endpoint)
	if err != nil || address.Host == "" || address.User != nil {
		return nil, errors.New("destination.endpoint is no address: it must be like https://logs.example.com:8080 or tls://logs.example.com:5000")
	}
	local := address.Hostname() == "127.0.0.1"
	switch {
	case address.Scheme == "https", address.Scheme == "http" && local:
	case address.Scheme == "tls", address.Scheme == "tcp" && local:
		if !options.WithoutAnswer {
			return nil, fmt.Errorf("destination.withoutAnswer is false: %s answers nothing", options.Endpoint)
		}
		if address.Port() == "" {
			return nil, fmt.Errorf("destination.endpoint is %q: it must name a port", options.Endpoint)
		}
	default:
		return nil, fmt.Errorf("destination.endpoint is %q: it must begin with https:// or tls://; http:// and tcp:// are for 127.0.0.1 alone", options.Endpoint)
	}
	if options.Auth != web.Basic && options.Auth != web.Bearer && options.Auth != web.None {
		return nil, fmt.Errorf("destination.auth.type is %q: with Logstash it must be basic, bearer or none", options.Auth)
	}
	if options.Auth != web.None && (options.Secret == "" || options.Secrets == nil) {
		return nil, fmt.Errorf("destination.auth.secret is empty: destination.auth.type %s needs the name of a secret", options.Auth)
	}
	trust, err := web.TLS(options.CA)
	if err != nil {
		return nil, err
	}
	d := &Destination{options: options, address: address, trust: trust, body: web.NewBody()}
	d.input = web.Address{Client: web.NewClient(trust), Endpoint: options.Endpoint, URL: options.Endpoint, Type: "application/json", Longest: largestAnswer}
	var secret *web.Secret
	if options.Auth != web.None {
		secret = &web.Secret{Name: options.Secret, Kind: options.Auth, From: options.Secrets}
		d.input.Prove = secret.Prove
	}
	d.carrier = shipment.NewCarrier(shipment.Options{Endpoint: options.Endpoint, Bytes: options.Bytes, Events: options.Events, Secret: secret})
	return d, nil
}

// answers tells whether the input says what it took.
func (d *Destination) answers() bool { return strings.HasPrefix(d.address.Scheme, "http") }

// Send sends a batch until ctx ends, and says what became of each document. A document that is unsent
// may have been taken all the same.
func (d *Destination) Send(ctx context.Context, b *document.Batch) document.Fates {
	return d.carrier.Carry(ctx, b.Len(), &requests{d: d, batch: b})
}
