package emulator

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

var accountText = regexp.MustCompile(`^(?:arn:aws:\w+::)?(\d{12})(?:$|:)`)

// account is the caller's account: what its key or its ARN says, else that of the
// root key.
func (x *exchange) account() string {
	for _, text := range []string{x.call.AccessKey, x.call.Principal} {
		if match := accountText.FindStringSubmatch(text); match != nil {
			return match[1]
		}
	}
	return x.options.Account
}

// region is the Region that the call was signed for.
func (x *exchange) region() string {
	if x.call.Region != "" {
		return x.call.Region
	}
	return x.options.Region
}

// functionARN is the unqualified ARN of a function where the call goes.
func (x *exchange) functionARN(name string) string {
	return "arn:aws:lambda:" + x.region() + ":" + x.account() + ":function:" + name
}

// ask reads JSON from the emulator as root of the caller's account and Region,
// past the proxy. Answers over 299 come back as they are, with out untouched.
func (x *exchange) ask(service, path string, query url.Values, out any) (*answer, error) {
	address := x.upstream + path
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	request, err := http.NewRequestWithContext(x.request.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, err
	}
	given, err := x.asRoot(request, service, nil)
	if err != nil || !given.ok() || out == nil {
		return given, err
	}
	if err := decode(given.body, out); err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	return given, nil
}

// askForm is ask in the query protocol; the answer is XML.
func (x *exchange) askForm(service string, form url.Values) (*answer, error) {
	body := form.Encode()
	request, err := http.NewRequestWithContext(x.request.Context(), http.MethodPost, x.upstream+"/", strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return x.asRoot(request, service, []byte(body))
}

// askTarget is ask in the JSON protocol.
func (x *exchange) askTarget(service, target string, sent, out any) (*answer, error) {
	body, err := json.Marshal(sent)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(x.request.Context(), http.MethodPost, x.upstream+"/", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("X-Amz-Target", target)
	request.Header.Set("Content-Type", "application/x-amz-json-1.0")
	given, err := x.asRoot(request, service, body)
	if err != nil || !given.ok() {
		return given, err
	}
	return given, decode(given.body, out)
}

// asRoot signs with the root key of the caller's account.
func (x *exchange) asRoot(request *http.Request, service string, body []byte) (*answer, error) {
	key := rootKey
	if account := x.account(); account != x.options.Account {
		key = account
	}
	sum := sha256.Sum256(body)
	as := aws.Credentials{AccessKeyID: key, SecretAccessKey: rootKey}
	err := v4.NewSigner().SignHTTP(request.Context(), as, request, hex.EncodeToString(sum[:]), service, x.region(), time.Now())
	if err != nil {
		return nil, err
	}
	return x.round(request)
}

// object is a JSON object that a rule changes in part.
type object = map[string]any

// decode keeps numbers as they are written.
func decode(body []byte, out any) error {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	return decoder.Decode(out)
}

// asks asks the emulator whether the caller may make this call, and reads it into asked. The answer is nil when the caller
// may.
func (x *exchange) asks(asked any) (refused *answer, err error) {
	if refused, err = x.authorise(); err == nil && refused == nil {
		err = decode(x.body, asked)
	}
	return refused, err
}

// amend passes the call on, reads the body of a success, and answers with what change makes of it.
func (x *exchange) amend(body any, change func()) (*answer, error) {
	given, err := x.forward()
	if err != nil || !given.ok() {
		return given, err
	}
	if err := decode(given.body, body); err != nil {
		return nil, err
	}
	change()
	return given.replace(body)
}

// replace puts a new body into an answer.
func (a *answer) replace(body any) (*answer, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	return &answer{status: a.status, header: a.header, body: text}, nil
}

// found is an answer of the proxy's own.
func found(body any) (*answer, error) {
	given := &answer{status: http.StatusOK, header: http.Header{"Content-Type": {"application/json"}}}
	return given.replace(body)
}

// text reads a string field; it is empty where there is none.
func text(o object, field string) string {
	value, _ := o[field].(string)
	return value
}
