package boot

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
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

// Retryer is the one place where calls are repeated, in Lambda and on the command line. The
// SDK's bucket of 500 retry tokens is off: it is meant for callers that fan out, and a long
// loop over one API that is throttled now and then empties it and then fails at its first error.
func Retryer() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = attempts
		o.MaxBackoff = longestWait
		o.RateLimiter = ratelimit.None
	})
}

// HTTPClient has the time-outs and connection pools with which everything here calls AWS.
func HTTPClient() *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().
		WithDialerOptions(func(d *net.Dialer) { d.Timeout = connectTimeout }).
		WithTransportOptions(func(t *http.Transport) {
			t.ResponseHeaderTimeout = answerTimeout
			t.MaxIdleConnsPerHost = idleConnections
			t.MaxIdleConns = 4 * idleConnections
		})
}

// settings are the AWS settings of a Lambda function, from its environment. The SDK's own
// package for this knows profiles, single sign-on and assumed roles as well, of which a function
// has none: it links four more services into every binary, 1.5 MB that are set up at each start.
func settings() (aws.Config, error) {
	from := environment{}
	region := os.Getenv("AWS_REGION")
	key, secret := os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY")
	switch {
	case region == "":
		return aws.Config{}, errors.New("loading the AWS settings: no Region: AWS_REGION is empty")
	case key == "" || secret == "":
		return aws.Config{}, errors.New("loading the AWS settings: no credentials: AWS_ACCESS_KEY_ID or AWS_SECRET_ACCESS_KEY is empty")
	}
	for _, name := range []string{fips, dualStack} {
		if _, _, err := from.flag(name); err != nil {
			return aws.Config{}, fmt.Errorf("loading the AWS settings: %w", err)
		}
	}
	cfg := aws.Config{
		Region: region, Retryer: Retryer, HTTPClient: HTTPClient(), ConfigSources: []any{from},
		// Lambda gives a process its credentials once, for as long as it lives.
		Credentials:                 credentials.NewStaticCredentialsProvider(key, secret, os.Getenv("AWS_SESSION_TOKEN")),
		RequestMinCompressSizeBytes: leastCompressed,
	}
	if endpoint := os.Getenv("AWS_ENDPOINT_URL"); endpoint != "" {
		cfg.BaseEndpoint = &endpoint
	}
	return cfg, nil
}

const (
	fips      = "AWS_USE_FIPS_ENDPOINT"
	dualStack = "AWS_USE_DUALSTACK_ENDPOINT"
	// leastCompressed is the SDK's own: smaller requests are sent as they are.
	leastCompressed = 10240
)

// environment answers what the SDK's clients look up when they are made:
// https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html
type environment struct{}

// GetServiceBaseEndpoint is the endpoint of one service, from AWS_ENDPOINT_URL_SERVICE_QUOTAS and the like.
func (environment) GetServiceBaseEndpoint(_ context.Context, service string) (string, bool, error) {
	endpoint := os.Getenv("AWS_ENDPOINT_URL_" + strings.ToUpper(strings.ReplaceAll(service, " ", "_")))
	return endpoint, endpoint != "", nil
}

// GetUseFIPSEndpoint is AWS_USE_FIPS_ENDPOINT.
func (e environment) GetUseFIPSEndpoint(context.Context) (aws.FIPSEndpointState, bool, error) {
	on, found, err := e.flag(fips)
	if on {
		return aws.FIPSEndpointStateEnabled, found, err
	}
	return aws.FIPSEndpointStateDisabled, found, err
}

// GetUseDualStackEndpoint is AWS_USE_DUALSTACK_ENDPOINT.
func (e environment) GetUseDualStackEndpoint(context.Context) (aws.DualStackEndpointState, bool, error) {
	on, found, err := e.flag(dualStack)
	if on {
		return aws.DualStackEndpointStateEnabled, found, err
	}
	return aws.DualStackEndpointStateDisabled, found, err
}

func (environment) flag(name string) (on, found bool, err error) {
	switch value := os.Getenv(name); strings.ToLower(value) {
	case "":
		return false, false, nil
	case "true":
		return true, true, nil
	case "false":
		return false, true, nil
	default:
		return false, false, fmt.Errorf("%s is %q: it must be true or false", name, value)
	}
}
