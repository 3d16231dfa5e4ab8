package web

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// The ways in which a secret proves who sends.
const (
	Basic  = "basic"
	APIKey = "apiKey"
	Bearer = "bearer"
	// None is no secret at all.
	None = "none"
)

// Secrets reads secrets; a *secretsmanager.Client does.
type Secrets interface {
	GetSecretValue(context.Context, *secretsmanager.GetSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error)
}

// ErrSecret is a secret that could not be read, or is not as it should be.
var ErrSecret = errors.New("the secret cannot be used")

// Secret keeps the header that a secret makes, until it is told to forget it. It may be used by several goroutines at
// the same time.
type Secret struct {
	// Name is the name or the ARN of the secret, Kind is basic, apiKey or bearer, From is who reads it.
	Name, Kind string
	From       Secrets

	mutex sync.Mutex
	kept  string
}

// Forget has the secret read anew.
func (s *Secret) Forget() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.kept = ""
}

// Stale tells whether the secret is to be read again.
func (s *Secret) Stale() bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.kept == ""
}

// Header is the value of Authorization.
func (s *Secret) Header(ctx context.Context) (string, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.kept != "" {
		return s.kept, nil
	}
	given, err := s.From.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &s.Name})
	if err != nil {
		return "", fmt.Errorf("%w: reading %s: %w", ErrSecret, s.Name, err)
	}
	header, err := authorization(s.Kind, aws.ToString(given.SecretString))
	if err != nil {
		return "", fmt.Errorf("%w: %s: %w", ErrSecret, s.Name, err)
	}
	s.kept = header
	return header, nil
}

// Prove puts it into a request, whatever its body is.
func (s *Secret) Prove(ctx context.Context, request *http.Request, _ []byte) error {
	header, err := s.Header(ctx)
	if err == nil {
		request.Header.Set("Authorization", header)
	}
	return err
}

// authorization makes the header. Its errors say what a secret must look like, and nothing of what it holds.
func authorization(kind, text string) (string, error) {
	text = strings.TrimSpace(text)
	switch kind {
	case Basic:
		var user struct{ Username, Password string }
		if json.Unmarshal([]byte(text), &user) != nil || user.Username == "" || user.Password == "" {
			return "", errors.New(`it must be JSON like {"username": "...", "password": "..."}`)
		}
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(user.Username+":"+user.Password)), nil
	case APIKey:
		return token("ApiKey ", text, "the encoded key of Elasticsearch")
	default:
		return token("Bearer ", text, "the token")
	}
}

func token(scheme, text, what string) (string, error) {
	if text == "" || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", fmt.Errorf("it must be %s alone, without spaces or line breaks", what)
	}
	return scheme + text, nil
}
