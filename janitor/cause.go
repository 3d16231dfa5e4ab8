package janitor

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// cause is what kind of thing went wrong, as far as somebody has to do something else about it.
type cause int

const (
	otherwise cause = iota
	denial
	throttling
	fault   // AWS's own
	silence // no answer came
	expiry  // of the credentials, or they never were any
)

// credentialCodes are how services say that they do not accept the credentials, whatever is asked:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_general.html
var credentialCodes = []string{
	"ExpiredToken", "ExpiredTokenException", "RequestExpired", "UnrecognizedClientException", "InvalidClientTokenId",
	"InvalidSignatureException", "SignatureDoesNotMatch",
}

// errNoCredentials is the error of credentials that could not be had, as when single sign-on has ended.
var errNoCredentials = errors.New("there are no usable credentials")

func causeOf(err error) cause {
	var (
		api      smithy.APIError
		answered *smithyhttp.ResponseError
		canceled *aws.RequestCanceledError
		unsent   *smithyhttp.RequestSendError
		status   int
		code     string
	)
	if errors.As(err, &answered) {
		status = answered.HTTPStatusCode()
	}
	if errors.As(err, &api) {
		code = api.ErrorCode()
	}
	switch {
	case errors.Is(err, errNoCredentials) || slices.Contains(credentialCodes, code):
		return expiry
	case isThrottle(err) || status == http.StatusTooManyRequests:
		return throttling
	// JSON services deny with 400, all others with 403.
	case status == http.StatusForbidden || strings.HasSuffix(code, "AccessDeniedException"), code == "AccessDenied", code == "AuthorizationError":
		return denial
	case status >= http.StatusInternalServerError || api != nil && api.ErrorFault() == smithy.FaultServer:
		return fault
	case errors.As(err, &canceled) || errors.As(err, &unsent) || errors.Is(err, context.DeadlineExceeded):
		return silence
	}
	return otherwise
}

// need is what a call needs to succeed: an action on a resource, and the check that it is made for,
// which is empty where nothing switches it off.
type need struct {
	action, resource, key string
}

// advice is what to do about the error of a call.
func (n need) advice(err error) string {
	var api smithy.APIError
	switch causeOf(err) {
	case denial:
		text := fmt.Sprintf("grant %s on %s", n.action, anywhere.Replace(n.resource))
		// AWS asks it of whoever reads what is encrypted.
		if errors.As(err, &api) && strings.EqualFold(api.ErrorCode(), "KmsAccessDeniedException") {
			text = "grant kms:Decrypt in the policy of its key"
		}
		if n.key != "" {
			text += " or switch off " + n.key
		}
		return text
	case throttling:
		if strings.HasPrefix(n.action, "lambda:") {
			return "AWS allows no more calls just now, and deployments make them too: run it again when fewer do, or lower janitor.rate"
		}
		return "AWS allows no more calls just now, whoever makes them: run it again later"
	case fault:
		return "a fault of AWS's: run it again later"
	case silence:
		return "no answer came from AWS: look at the network, and run it again later"
	case expiry:
		return "AWS does not accept these credentials: log in again"
	}
	if n.key != "" {
		return "this is not about permissions; switching off " + n.key + " leaves out all that it protects"
	}
	return "this is not about permissions"
}

// anywhere fills in a statement's placeholders.
var anywhere = strings.NewReplacer("${Partition}", "*", "${Region}", "*", "${Account}", "*")

// explain is the error with what to do about it.
func (n need) explain(err error) string { return fmt.Sprintf("%v (%s)", err, n.advice(err)) }

// CredentialsError is the error of a run whose credentials AWS accepts no longer. What was done until then stands in
// its report, and the rest remains.
type CredentialsError struct{ Err error }

// credentialsEnded begins each text of it.
const credentialsEnded = "AWS no longer accepts the credentials: " // #nosec G101 -- the words of a message

// Error is one line.
func (e CredentialsError) Error() string {
	return credentialsEnded + strings.Join(strings.Fields(e.Err.Error()), " ")
}

// Unwrap is what AWS or the source of the credentials said.
func (e CredentialsError) Unwrap() error { return e.Err }

// source is where credentials come from; its errors are told from those of AWS's answers.
type source struct{ aws.CredentialsProvider }

// Retrieve marks the error.
func (s source) Retrieve(ctx context.Context) (aws.Credentials, error) {
	found, err := s.CredentialsProvider.Retrieve(ctx)
	if err != nil && ctx.Err() == nil {
		err = fmt.Errorf("%w: %w", errNoCredentials, err)
	}
	return found, err
}
