package boot

import (
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
)

const (
	attempts       = 5
	longestWait    = 5 * time.Second
	connectTimeout = 2 * time.Second
	answerTimeout  = 5 * time.Second
	// idleConnections is at least the number of requests any part has in flight to
	// one host; the SDK keeps 10, and a connection that is not kept is a TLS handshake more.
	idleConnections = 64
)

// AWSOptions are the retries, time-outs and connection pools with which everything
// here calls AWS, in Lambda and on the command line. Region, profile and
// credentials are the environment's; options added after these override them.
func AWSOptions() []func(*config.LoadOptions) error {
	return []func(*config.LoadOptions) error{
		config.WithRetryer(newRetryer),
		config.WithHTTPClient(awshttp.NewBuildableClient().
			WithDialerOptions(func(d *net.Dialer) { d.Timeout = connectTimeout }).
			WithTransportOptions(func(t *http.Transport) {
				t.ResponseHeaderTimeout = answerTimeout
				t.MaxIdleConnsPerHost = idleConnections
				t.MaxIdleConns = 4 * idleConnections
			})),
	}
}

// newRetryer makes the one place where calls are repeated. The SDK's bucket of 500
// retry tokens is off: it is meant for callers that fan out, and a long loop over
// one API that is throttled now and then empties it and then fails at its first error.
func newRetryer() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = attempts
		o.MaxBackoff = longestWait
		o.RateLimiter = ratelimit.None
	})
}
