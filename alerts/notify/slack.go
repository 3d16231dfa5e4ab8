package notify

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Time-outs of Slack, which mostly answers within half a second.
const (
	connectTimeout = 3 * time.Second
	answerTimeout  = 10 * time.Second
	// mostAnswer is more than Slack ever answers to a message, in bytes.
	mostAnswer = 256 << 10
	// mostPauses are as often as Slack may ask for a pause before the message waits in its queue instead.
	mostPauses = 3
	// betweenPosts is Slack's limit: a message a second in a channel.
	// https://docs.slack.dev/apis/web-api/rate-limits
	betweenPosts = time.Second
	slackAPI     = "https://slack.com/api"
)

// slackSender sends to Slack, and to what speaks like it.
type slackSender struct {
	target Target
	client *http.Client
	last   time.Time // of the last message
}

// receipt is where a message stands; it is empty of a webhook's, which cannot be edited.
type receipt struct{ channel, ts string }

func newSlackSender(target Target) *slackSender {
	dialer := &net.Dialer{Timeout: connectTimeout}
	transport := &http.Transport{
		Proxy: nil, TLSHandshakeTimeout: connectTimeout, ResponseHeaderTimeout: answerTimeout, ForceAttemptHTTP2: true, IdleConnTimeout: time.Minute,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			host, _, err := net.SplitHostPort(address)
			if err != nil {
				return nil, err
			}
			private := named(host, target.Hosts)
			guarded := *dialer
			// Checked is what is connected to, and not what the name led to a moment before.
			guarded.ControlContext = func(_ context.Context, _, resolved string, _ syscall.RawConn) error {
				to, err := netip.ParseAddrPort(resolved)
				if err != nil {
					return refused{reason: "the host leads to no address", cause: misplaced}
				}
				if err := reachable(to.Addr(), private); err != nil {
					return refused{reason: err.Error(), cause: misplaced}
				}
				return nil
			}
			return guarded.DialContext(ctx, network, address)
		},
	}
	return &slackSender{target: target, client: &http.Client{
		Transport: transport, Timeout: connectTimeout + answerTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// send posts a message, or edits the one that stands.
func (s *slackSender) send(ctx context.Context, as credential, content post, stands receipt, edit bool) (receipt, error) {
	if as.webhook != "" {
		return receipt{}, s.paced(ctx, func() error {
			_, err := s.call(ctx, as.webhook, "", content)
			return err
		})
	}
	method := "chat.postMessage"
	content.Channel = s.target.Channel
	if edit {
		method, content.Channel, content.TS = "chat.update", stands.channel, stands.ts
	} else if stands.ts != "" {
		content.Channel, content.Thread, content.Broadcast = stands.channel, stands.ts, true
	}
	var answer apiAnswer
	err := s.paced(ctx, func() (err error) {
		answer, err = s.call(ctx, s.method(method), as.token, content)
		return err
	})
	if edit || stands.ts != "" {
		return stands, err // an answer in its thread does not take its place
	}
	return receipt{answer.Channel, answer.TS}, err
}

// method is the address of a method of the API.
func (s *slackSender) method(name string) string {
	return strings.TrimSuffix(cmp.Or(s.target.API, slackAPI), "/") + "/" + name
}

// own are the hosts that messages may be posted to.
func (s *slackSender) own() []string { return slices.Concat(slackHosts, s.target.Hosts) }

// paced keeps to Slack's pace of messages in a channel.
func (s *slackSender) paced(ctx context.Context, call func() error) error {
	return patient(ctx, betweenPosts-time.Since(s.last), func() error {
		defer func() { s.last = time.Now() }()
		return call()
	})
}

// patient waits before a call, and as long as Slack asks for, where the run has the time.
func patient(ctx context.Context, wait time.Duration, call func() error) error {
	for pauses := 0; ; pauses++ {
		if err := pause(ctx, wait); err != nil {
			return refused{reason: "there is no time left in this run", cause: passing}
		}
		err := call()
		var no refused
		if !errors.As(err, &no) || no.cause != limited || pauses == mostPauses {
			return err
		}
		wait = max(no.after, time.Second)
	}
}

// pause waits, unless the run would end before.
func pause(ctx context.Context, wait time.Duration) error {
	if deadline, ends := ctx.Deadline(); ends && time.Until(deadline) < wait {
		return context.DeadlineExceeded
	}
	if wait <= 0 {
		return ctx.Err()
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(wait):
		return nil
	}
}

// apiAnswer is what a method of Slack's API answers.
type apiAnswer struct {
	OK      bool   `json:"ok"`
	Error   string `json:"error"`
	TS      string `json:"ts"`
	Channel string `json:"channel"`
	// UploadURL is where a file is taken, File the id that it will have.
	UploadURL string `json:"upload_url"`
	File      string `json:"file_id"`
}

// asJSON is the form of messages.
const asJSON = "application/json; charset=utf-8"

// call sends one message.
func (s *slackSender) call(ctx context.Context, address, token string, content post) (apiAnswer, error) {
	body, err := json.Marshal(content)
	if err != nil {
		return apiAnswer{}, refused{reason: "the message cannot be written", cause: malformed}
	}
	return s.request(ctx, address, token, s.own(), asJSON, body)
}

// request sends one request to one of the hosts. Its errors are refused, and say nothing of the address, which may be
// the secret.
func (s *slackSender) request(ctx context.Context, address, token string, hosts []string, form string, body []byte) (apiAnswer, error) {
	if err := permitted(address, hosts); err != nil {
		return apiAnswer{}, refused{reason: "the address is not allowed: " + err.Error(), cause: misplaced}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return apiAnswer{}, refused{reason: "the address cannot be read", cause: misplaced}
	}
	request.Header.Set("Content-Type", form)
	request.Header.Set("User-Agent", "caretaker")
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := s.client.Do(request)
	if err != nil {
		return apiAnswer{}, broken(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(response.Body, mostAnswer))
	if err != nil {
		return apiAnswer{}, broken(err)
	}
	return judge(response.StatusCode, response.Header.Get("Retry-After"), text, token != "")
}

// broken is a call without an answer. The error of http holds the address: only what is behind it is told.
func broken(err error) error {
	var no refused
	if errors.As(err, &no) {
		return no
	}
	var outer *url.Error
	for errors.As(err, &outer) {
		err = outer.Err
	}
	reason := "the connection broke"
	var dns *net.DNSError
	var timeout interface{ Timeout() bool }
	switch {
	case errors.As(err, &dns):
		reason = "the name server does not know the host"
	case errors.As(err, &timeout) && timeout.Timeout():
		reason = "it did not answer in time"
	case errors.Is(err, syscall.ECONNREFUSED):
		reason = "the connection was refused"
	case strings.Contains(err.Error(), "x509: "):
		reason = "its certificate is not trusted"
	}
	return refused{reason: reason, cause: passing}
}

// judge reads an answer: of a webhook by its status and words, of the API by what it says, which mostly
// has the status 200.
func judge(status int, retryAfter string, body []byte, api bool) (apiAnswer, error) {
	var answer apiAnswer
	word := wordOf(body)
	if json.Unmarshal(body, &answer) == nil && answer.Error != "" {
		word = wordOf([]byte(answer.Error))
	} else if api && status == http.StatusOK && !answer.OK {
		return apiAnswer{}, refused{reason: "it answered something else than Slack does", cause: passing}
	}
	if status/100 == 2 && answer.Error == "" {
		return answer, nil
	}
	after, _ := strconv.Atoi(retryAfter)
	no := refused{reason: fmt.Sprintf("it answered %d", status), cause: causeOf(status, word), after: time.Duration(min(max(after, 0), 3600)) * time.Second}
	if word != "" {
		no.reason += " " + word
	}
	return apiAnswer{}, no
}

// wordOf is an answer where it looks like one of Slack's words, and not like a page, or like the secret
// that somebody sends back.
func wordOf(body []byte) string {
	word := strings.TrimSpace(string(body))
	if len(word) > 40 || strings.ContainsFunc(word, func(r rune) bool { return r != '_' && (r < 'a' || r > 'z') }) {
		return ""
	}
	return word
}

// causeOf sorts a refusal by Slack's words, and by the status where it has none.
// https://docs.slack.dev/reference/methods/chat.postMessage
// https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
func causeOf(status int, word string) cause {
	for known, words := range refusals {
		if slices.Contains(words, word) {
			return known
		}
	}
	switch {
	case status == http.StatusTooManyRequests:
		return limited
	case status/100 == 5, status == http.StatusRequestTimeout:
		return passing
	case status == http.StatusBadRequest, status == http.StatusRequestEntityTooLarge:
		return malformed
	}
	return misplaced
}
