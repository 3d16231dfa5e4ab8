package warmer

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
)

// Clients are what the warmer calls AWS with, all of one account and Region.
type Clients struct {
	Ledger ledgerAPI
	Lambda lambdaAPI
	Tags   tagsAPI
	// Scaling says what Application Auto Scaling looks after.
	Scaling scalingAPI
	Invoke  invokeAPI
	// Hang closes the connections of Invoke that nobody uses; nil closes none.
	Hang func()
}

// Connect makes the clients for one account and Region. What invokes is a client of its own: where the
// others try again, a ping that is sent again is a second ping, and where they give up after seconds, an answer may take
// as long as an init.
func Connect(cfg aws.Config, inFlight int) Clients {
	pings := cfg.Copy()
	transport := pingTransport(inFlight)
	pings.HTTPClient = brief{&http.Client{
		Transport: transport,
		// AWS redirects nobody who pings.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	pings.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	return Clients{
		Ledger:  dynamodb.NewFromConfig(cfg),
		Lambda:  lambdasvc.NewFromConfig(cfg),
		Scaling: applicationautoscaling.NewFromConfig(cfg),
		Tags:    resourcegroupstaggingapi.NewFromConfig(cfg),
		Invoke:  lambdasvc.NewFromConfig(pings),
		Hang:    transport.CloseIdleConnections,
	}
}

// pingTransport keeps an idle connection for each ping that may be in flight: one that is opened with a ping is
// late by its handshakes. A connection carries one ping at a time, so HTTP/2 is off.
func pingTransport(inFlight int) *http.Transport {
	transport := awshttp.NewBuildableClient().
		WithDialerOptions(func(d *net.Dialer) { d.Timeout = 2 * time.Second }).
		WithTransportOptions(func(t *http.Transport) {
			t.MaxIdleConnsPerHost, t.MaxIdleConns = inFlight, inFlight
			t.ResponseHeaderTimeout = 0 // each ping has a time-out of its own
			t.ForceAttemptHTTP2 = false
			t.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{}
		}).GetTransport()
	return transport
}

// mostRead is more than an answer in the protocol may have.
const mostRead = 8192

// brief is a client that reads no more of an answer than the protocol may have, however long it is: fifty
// answers of 6 MB would not fit into a small function.
type brief struct{ client *http.Client }

func (b brief) Do(request *http.Request) (*http.Response, error) {
	response, err := b.client.Do(request) // #nosec G704 -- the SDK made the request
	if err != nil {
		return nil, err
	}
	response.Body = cut{io.LimitReader(response.Body, mostRead), response.Body}
	return response, nil
}

type cut struct {
	io.Reader
	io.Closer
}
