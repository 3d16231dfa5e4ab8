package opensearch

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Caller says why a request, with the body that came, is refused; nil lets it in.
type Caller func(r *http.Request, body []byte) error

// Require lets only such callers in from now on; nil lets everybody in.
func (g *Gate) Require(caller Caller) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	g.caller = caller
}

// Basic lets a user in.
func Basic(user, password string) Caller {
	return header("Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password)))
}

// APIKey lets an encoded key in.
func APIKey(key string) Caller { return header("ApiKey " + key) }

// Bearer lets a token in.
func Bearer(token string) Caller { return header("Bearer " + token) }

func header(wanted string) Caller {
	return func(r *http.Request, _ []byte) error {
		if subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), []byte(wanted)) != 1 {
			return errors.New("unable to authenticate")
		}
		return nil
	}
}

// Key is what signs requests to AWS.
type Key struct{ Secret, Token string }

const (
	signing = "AWS4-HMAC-SHA256"
	// skew is how far the clock of a caller may be off.
	skew = 5 * time.Minute
)

// SigV4 lets in who signs for a service and a Region with a key that the function knows by its id.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
func SigV4(service, region string, keys func(id string) (Key, bool)) Caller {
	return func(r *http.Request, body []byte) error {
		sum := sha256.Sum256(body)
		digest := hex.EncodeToString(sum[:])
		given, err := readAuthorization(r)
		if err != nil {
			return err
		}
		key, known := keys(given.key)
		at, notTime := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
		switch {
		case !known:
			return errors.New("the security token included in the request is invalid")
		case notTime != nil || time.Since(at).Abs() > skew:
			return errors.New("the time of the signature is missing or off")
		case r.Header.Get("X-Amz-Content-Sha256") != digest:
			return errors.New("x-amz-content-sha256 is not that of the body")
		case !slices.Contains(given.headers, "host"), !slices.Contains(given.headers, "x-amz-content-sha256"):
			return errors.New("host and x-amz-content-sha256 must be signed")
		case r.Header.Get("X-Amz-Security-Token") != key.Token:
			return errors.New("the security token is not that of the key")
		case given.scope != at.Format("20060102")+"/"+region+"/"+service+"/aws4_request":
			return fmt.Errorf("credential should be scoped to %s in %s, not %s", service, region, given.scope)
		}
		canonical := canonicalRequest(r, given.headers, digest)
		hashed := sha256.Sum256([]byte(canonical))
		text := signing + "\n" + r.Header.Get("X-Amz-Date") + "\n" + given.scope + "\n" + hex.EncodeToString(hashed[:])
		derived := []byte("AWS4" + key.Secret)
		for step := range strings.SplitSeq(given.scope, "/") {
			derived = sign(derived, step)
		}
		if !hmac.Equal([]byte(hex.EncodeToString(sign(derived, text))), []byte(given.signature)) {
			return errors.New("the request signature we calculated does not match the signature you provided")
		}
		return nil
	}
}

func sign(key []byte, text string) []byte {
	made := hmac.New(sha256.New, key)
	_, _ = made.Write([]byte(text)) // never fails
	return made.Sum(nil)
}

type authorization struct {
	key, scope, signature string
	headers               []string
}

func readAuthorization(r *http.Request) (authorization, error) {
	rest, is := strings.CutPrefix(r.Header.Get("Authorization"), signing+" ")
	if !is {
		return authorization{}, errors.New("missing authentication token")
	}
	parts := map[string]string{}
	for part := range strings.SplitSeq(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		parts[name] = value
	}
	key, scope, _ := strings.Cut(parts["Credential"], "/")
	return authorization{key, scope, parts["Signature"], strings.Split(parts["SignedHeaders"], ";")}, nil
}

// canonicalRequest is the text that a signature is about.
func canonicalRequest(r *http.Request, headers []string, digest string) string {
	var text strings.Builder
	// Every service but S3 encodes each segment of the path once more.
	segments := strings.Split(r.URL.EscapedPath(), "/")
	for i, segment := range segments {
		segments[i] = strings.ReplaceAll(url.QueryEscape(segment), "+", "%20")
	}
	query := strings.ReplaceAll(r.URL.Query().Encode(), "+", "%20")
	fmt.Fprintf(&text, "%s\n%s\n%s\n", r.Method, strings.Join(segments, "/"), query)
	for _, name := range headers {
		value := strings.Join(r.Header.Values(name), ",")
		switch name {
		case "host":
			value = r.Host
		case "content-length":
			value = fmt.Sprint(r.ContentLength)
		}
		fmt.Fprintf(&text, "%s:%s\n", name, strings.TrimSpace(value))
	}
	fmt.Fprintf(&text, "\n%s\n%s", strings.Join(headers, ";"), digest)
	return text.String()
}
