// Package bulk sends documents to OpenSearch or Elasticsearch by its _bulk API.
//
// Documents are created in a data stream, each under the id of its log event, so that what is sent
// twice stands there once. Each item's answer is read: only what may be accepted later is sent again,
// until the context ends, and what never will be is told apart with the reason. Setup puts the index
// template and the data stream.
//
// It logs the address of an endpoint that does not answer, and nothing of what it sends.
package bulk

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"caretaker/log-shipper/document"
	"caretaker/log-shipper/shipment"
	"caretaker/log-shipper/web"
)

// Options say where documents go. Endpoint and DataStream are needed, the rest has defaults.
type Options struct {
	// Endpoint is like https://logs.example.com; plain http is for 127.0.0.1 alone.
	Endpoint string
	// DataStream is the data stream's name.
	DataStream string
	// Auth is how the endpoint knows who sends.
	Auth Auth
	// IDs says that documents are created under their ids. False for what refuses ids, such as time
	// series of OpenSearch Serverless: what is sent twice may then stand there twice.
	IDs bool
	// CA is the authorities, in PEM, one of which must have signed the endpoint's certificate. Empty: the system's.
	CA string
	// Bytes is the most bytes of a request before it is compressed, Events the most documents of one; 0 is the default
	// of shipment.Options.
	Bytes, Events int
	// Region and Credentials sign requests where Auth is SigV4; Secrets is read for Basic, APIKey and Bearer.
	// An endpoint of AWS whose name tells another Region is signed for that one.
	Region      string
	Credentials aws.CredentialsProvider
	Secrets     web.Secrets
}

// Auth is how the endpoint knows who sends.
type Auth struct {
	// Type is sigv4, basic, apiKey, bearer or none.
	Type string
	// Service is what SigV4 signs for: es is a domain, aoss is OpenSearch Serverless.
	Service string
	// Secret is the name or the ARN of the secret in Secrets Manager that Basic, APIKey and Bearer need.
	Secret string
}

// The ways in which the endpoint may know who sends.
const (
	SigV4  = "sigv4"
	Basic  = web.Basic
	APIKey = web.APIKey
	Bearer = web.Bearer
	None   = web.None
)

// Destination sends to one data stream. Make it once: it keeps connections and the secret. Its methods
// may be called at the same time from several goroutines.
type Destination struct {
	options  Options
	endpoint string // without a slash at its end
	client   *http.Client
	// prove puts into a request by what the endpoint knows us.
	prove   func(ctx context.Context, request *http.Request, body []byte) error
	carrier *shipment.Carrier
	bulk    web.Address // where documents are posted
	idle    sync.Pool   // of *requests
}

// New makes a destination. It asks nobody anything; an error is about the options.
func New(options Options) (*Destination, error) {
	endpoint, err := url.Parse(options.Endpoint)
	switch {
	case err != nil:
		return nil, errors.New("destination.endpoint is no address: it must be like https://logs.example.com")
	case endpoint.Scheme == "http" && endpoint.Hostname() != "127.0.0.1":
		return nil, fmt.Errorf("destination.endpoint is %q: it must begin with https://; plain http is for 127.0.0.1 alone", options.Endpoint)
	case endpoint.Scheme != "http" && endpoint.Scheme != "https", endpoint.Host == "", endpoint.User != nil, endpoint.RawQuery != "", endpoint.Fragment != "":
		return nil, fmt.Errorf("destination.endpoint is %q: it must be like https://logs.example.com, without a user, a password or a query", endpoint.Redacted())
	case options.DataStream == "":
		return nil, errors.New("destination.dataStream is empty: it must be the name of a data stream")
	}
	if err := options.checkAuth(); err != nil {
		return nil, err
	}
	trust, err := web.TLS(options.CA)
	if err != nil {
		return nil, err
	}
	options.Region = RegionOf(options.Endpoint, options.Region)
	d := &Destination{options: options, endpoint: strings.TrimRight(options.Endpoint, "/"), client: web.NewClient(trust)}
	var secret *web.Secret
	switch options.Auth.Type {
	case SigV4:
		d.prove = d.sign(v4.NewSigner())
	case Basic, APIKey, Bearer:
		secret = &web.Secret{Name: options.Auth.Secret, Kind: options.Auth.Type, From: options.Secrets}
		d.prove = secret.Prove
	}
	d.carrier = shipment.NewCarrier(shipment.Options{Endpoint: d.endpoint, Bytes: options.Bytes, Events: options.Events, Secret: secret})
	d.bulk = web.Address{
		Client: d.client, Endpoint: d.endpoint, URL: d.endpoint + d.path() + "/_bulk" + d.filter(), Type: "application/x-ndjson",
		Prove: d.prove, Longest: largestAnswer,
	}
	d.idle.New = func() any { return &requests{d: d, body: web.NewBody()} }
	return d, nil
}

// At is the same caller at another address, such as that of OpenSearch Dashboards in front of the same node.
func (d *Destination) At(address string) (*Destination, error) {
	options := d.options
	options.Endpoint = address
	return New(options)
}

// path is where something of the data stream is.
func (d *Destination) path() string { return "/" + url.PathEscape(d.options.DataStream) }

// serverless tells whether this is OpenSearch Serverless, which has no data streams.
// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-genref.html
func (d *Destination) serverless() bool {
	return d.options.Auth.Type == SigV4 && d.options.Auth.Service == "aoss"
}

// filter asks for what is read of an answer and no more, which makes it a third as long. Whether
// OpenSearch Serverless knows the parameter is not documented.
func (d *Destination) filter() string {
	if d.serverless() {
		return ""
	}
	return "?filter_path=errors,items.*._index,items.*.status,items.*.failure_store,items.*.error.type,items.*.error.reason,items.*.error.caused_by.reason"
}

// awsNames are what AWS calls the endpoints of domains and collections.
// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/createupdatedomains-dualstack.html
var awsNames = regexp.MustCompile(`\.([a-z]{2,}(?:-[a-z]+)+-[0-9])\.(?:es|aoss)\.amazonaws\.com(?:\.cn)?$|\.(?:aos|aoss)\.([a-z]{2,}(?:-[a-z]+)+-[0-9])\.on\.aws$`)

// RegionOf is the Region in the name of an endpoint of AWS; otherwise where it tells none.
func RegionOf(endpoint, otherwise string) string {
	parsed, err := url.Parse(endpoint)
	if err != nil {
		return otherwise
	}
	if found := awsNames.FindStringSubmatch(parsed.Hostname()); found != nil {
		return found[1] + found[2]
	}
	return otherwise
}

func (o Options) checkAuth() error {
	switch o.Auth.Type {
	case None:
		return nil
	case SigV4:
		if o.Credentials == nil || o.Region == "" {
			return errors.New("destination.auth.type is sigv4: that needs AWS credentials and a Region")
		}
		if o.Auth.Service != "es" && o.Auth.Service != "aoss" {
			return fmt.Errorf("destination.auth.service is %q: it must be es or aoss", o.Auth.Service)
		}
		return nil
	case Basic, APIKey, Bearer:
		if o.Auth.Secret == "" || o.Secrets == nil {
			return fmt.Errorf("destination.auth.secret is empty: destination.auth.type %s needs the name of a secret", o.Auth.Type)
		}
		return nil
	}
	return fmt.Errorf("destination.auth.type is %q: it must be sigv4, basic, apiKey, bearer or none", o.Auth.Type)
}

// Send sends a batch until ctx ends, and says what became of each document. A document that is unsent
// may have been accepted all the same, when its answer did not arrive: with ids, sending it again is harmless.
func (d *Destination) Send(ctx context.Context, b *document.Batch) document.Fates {
	r := d.idle.Get().(*requests)
	defer d.idle.Put(r)
	r.batch, r.bare = b, nil
	fates := d.carrier.Carry(ctx, b.Len(), r)
	for i := range r.bare {
		if fates.Of[i] == document.Delivered {
			fates.Bare++
		}
	}
	r.batch = nil
	return fates
}
