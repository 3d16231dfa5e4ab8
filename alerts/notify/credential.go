package notify

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// credential is what the secret holds: one of the two. It prints as nothing, in whatever format.
type credential struct {
	webhook, token string
}

// String, GoString and Format keep it out of every log.
func (credential) String() string { return "(secret)" }

// GoString is String.
func (c credential) GoString() string { return c.String() }

// Format is String, whatever the verb.
func (c credential) Format(state fmt.State, _ rune) { _, _ = state.Write([]byte(c.String())) }

// MarshalText keeps it out of JSON.
func (c credential) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// tokenForm is a bot's token, or that of a user: https://docs.slack.dev/authentication/tokens
var tokenForm = regexp.MustCompile(`^xox[a-z]([.-][A-Za-z0-9-]+)+$`)

// readCredential reads the text of a secret: a webhook URL, a token, or a JSON object that holds one as
// url, webhook or webhookUrl, or as token or botToken. What it says of others holds nothing of the text.
func readCredential(text string) (credential, error) {
	text = strings.TrimSpace(text)
	if !strings.HasPrefix(text, "{") {
		return plainCredential(text)
	}
	var object map[string]any
	if json.Unmarshal([]byte(text), &object) != nil {
		return credential{}, errors.New("the secret begins like JSON and is none")
	}
	for _, key := range []string{"url", "webhook", "webhookUrl", "token", "botToken"} {
		if value, is := object[key].(string); is && value != "" {
			return plainCredential(strings.TrimSpace(value))
		}
	}
	return credential{}, errors.New("the secret is JSON without a key url, webhook, webhookUrl, token or botToken")
}

func plainCredential(text string) (credential, error) {
	switch {
	case strings.HasPrefix(text, "https://"):
		return credential{webhook: text}, nil
	case tokenForm.MatchString(text):
		return credential{token: text}, nil
	}
	return credential{}, errors.New("the secret holds neither a webhook URL, which begins with https://, nor a bot token, which begins with xoxb-")
}
