package emulator

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// Call is one API call that reached the proxy, with its answer.
type Call struct {
	// Service is the service's IAM prefix: lambda, cloudwatch, states, tag, ...
	Service string
	// Operation is the name in the API: ListFunctions. For s3 it is coarse.
	Operation string
	// Principal is the caller's ARN where IAM is enforced, else the access key.
	Principal string
	AccessKey string
	Region    string
	// Attempt counts the SDK's attempts from 1; 0 where the client does not say.
	Attempt int
	// Function is the name in a Lambda call, without ARN and qualifier.
	Function string
	// Qualifier is that of a Lambda call, from the parameter or behind the name.
	Qualifier string
	// QualifierGiven is false where a Lambda call named no qualifier at all; an
	// empty one is given. Both delete a whole function.
	QualifierGiven bool
	// Status is the HTTP status, 0 for a connection that was cut.
	Status int
	// ErrorCode is that of an answer with a status of 400 and more.
	ErrorCode string
	Start     time.Time
	Duration  time.Duration
}

// recorder keeps the calls. Its zero value is ready.
type recorder struct {
	mutex sync.Mutex
	calls []Call
}

func (r *recorder) add(call Call) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.calls = append(r.calls, call)
}

// Calls are the calls answered since the start or the last ForgetCalls, in the
// order they arrived.
func (e *Emulator) Calls() []Call {
	e.record.mutex.Lock()
	calls := slices.Clone(e.record.calls)
	e.record.mutex.Unlock()
	slices.SortStableFunc(calls, func(a, b Call) int { return a.Start.Compare(b.Start) })
	return calls
}

// ForgetCalls empties Calls.
func (e *Emulator) ForgetCalls() {
	e.record.mutex.Lock()
	defer e.record.mutex.Unlock()
	e.record.calls = nil
}

var (
	credentialText = regexp.MustCompile(`Credential=([^/,\s]+)/\d+/([^/]*)/([^/]+)/aws4_request`)
	attemptText    = regexp.MustCompile(`attempt=(\d+)`)
)

// describe reads from a request whose call it is.
func describe(request *http.Request, body []byte) Call {
	call := Call{Start: time.Now()}
	text := request.Header.Get("Authorization")
	if presigned := request.URL.Query().Get("X-Amz-Credential"); presigned != "" {
		text = "Credential=" + presigned
	}
	var signedFor string
	if match := credentialText.FindStringSubmatch(text); match != nil {
		call.AccessKey, call.Region, signedFor = match[1], match[2], match[3]
		call.Principal = call.AccessKey
	}
	if match := attemptText.FindStringSubmatch(request.Header.Get("Amz-Sdk-Request")); match != nil {
		for _, digit := range match[1] {
			call.Attempt = call.Attempt*10 + int(digit-'0')
		}
	}
	call.Service, call.Operation = identify(request, signedFor, body)
	if call.Service == "lambda" {
		call.Function, call.Qualifier, call.QualifierGiven = functionOf(request.URL)
	}
	return call
}

// functionOf reads the function and the qualifier of a Lambda call from its URL:
// a name, a partial ARN or an ARN, each with or without a qualifier behind it, and
// the Qualifier parameter, which wins.
func functionOf(address *url.URL) (name, qualifier string, given bool) {
	segments := split(address.EscapedPath())
	at := slices.Index(segments, "functions") + 1
	if at == 0 || at >= len(segments) {
		return "", "", false
	}
	reference, err := url.PathUnescape(segments[at])
	if err != nil {
		reference = segments[at]
	}
	name, qualifier, given = splitReference(reference)
	if query := address.Query(); query.Has("Qualifier") {
		qualifier, given = query.Get("Qualifier"), true
	}
	return name, qualifier, given
}

// splitReference splits name, name:qualifier, account:function:name and ARNs.
func splitReference(reference string) (name, qualifier string, given bool) {
	if _, after, found := strings.Cut(reference, ":function:"); found {
		reference = after
	}
	return strings.Cut(reference, ":")
}
