package slack_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"caretaker/internal/slack"
	"caretaker/internal/want"
)

// client posts to a stand-in as a product does: it trusts the run's authority and follows no redirect.
type client struct {
	*testing.T
	server *slack.Server
	http   *http.Client
}

func start(t *testing.T) *client {
	t.Helper()
	server, err := slack.Start()
	want.NoError(t, "starting the stand-in", err)
	t.Cleanup(server.Stop)
	authority, err := os.ReadFile(server.CertFile())
	want.NoError(t, "reading the authority", err)
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(authority)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted, MinVersion: tls.VersionTLS12}}
	t.Cleanup(transport.CloseIdleConnections)
	return &client{t, server, &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// answer is what came back.
type answer struct {
	Status      int
	Retry, Body string
	Err         error
}

func (c *client) post(address, token, contentType, body string) answer {
	c.Helper()
	request, err := http.NewRequestWithContext(c.Context(), http.MethodPost, address, strings.NewReader(body))
	want.NoError(c.T, "making a request", err)
	request.Header.Set("Content-Type", contentType)
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return answer{Err: err}
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, response.Header.Get("Retry-After"), strings.TrimSpace(string(text)), err}
}

const asJSON = "application/json; charset=utf-8"

// says is Slack's word of an answer of the API; empty where it took the message.
func (c *client) says(method, token string, message object) (word, channel, ts string) {
	c.Helper()
	body, err := json.Marshal(message)
	want.NoError(c.T, "encoding", err)
	got := c.post(c.server.API()+"/"+method, token, asJSON, string(body))
	want.NoError(c.T, "posting", got.Err)
	want.Equal(c.T, "the status of an answer of the API", got.Status, http.StatusOK)
	var said struct {
		OK                 bool
		Error, Channel, TS string
	}
	want.NoError(c.T, "reading the answer", json.Unmarshal([]byte(got.Body), &said))
	want.Equal(c.T, "whether it says that it is well", said.OK, said.Error == "")
	return said.Error, said.Channel, said.TS
}

func TestWebhook_answersWordsAndNoID(t *testing.T) {
	c := start(t)
	got := c.post(c.server.Webhook(), "", asJSON, `{"text":"hello"}`)
	want.Equal(t, "the answer", got, answer{200, "", "ok", nil})
	want.Equal(t, "the answer to what is too much", c.post(c.server.Webhook(), "", asJSON, `{}`), answer{400, "", "no_text", nil})
	want.Equal(t, "the answer to what is no JSON", c.post(c.server.Webhook(), "", asJSON, `{`), answer{400, "", "invalid_payload", nil})
	want.Equal(t, "the answer to a form", c.post(c.server.Webhook(), "", "text/plain", `{"text":"hello"}`), answer{400, "", "invalid_payload", nil})
	want.Equal(t, "the answer of a webhook that is not there", c.post("https://"+c.server.Host()+"/services/T1/B1/gone", "", asJSON, `{"text":"x"}`), answer{404, "", "no_service", nil})
	messages := c.server.Messages()
	want.Equal(t, "messages", len(messages), 1)
	want.Equal(t, "the message", []string{messages[0].Channel, messages[0].By, messages[0].Text}, []string{"#alerts", "webhook", "hello"})
	want.Equal(t, "requests", c.server.Requests(), 4)
}

func TestAPI_postsAnswersAndEditsByTheIDOfTheChannel(t *testing.T) {
	c := start(t)
	word, channel, ts := c.says("chat.postMessage", slack.Token, object{"channel": "#alerts", "text": "one"})
	want.Equal(t, "the answer", []string{word, channel}, []string{"", "C0ALERTS00"})
	word, _, _ = c.says("chat.postMessage", slack.Token, object{"channel": channel, "text": "two", "thread_ts": ts, "reply_broadcast": true})
	want.Equal(t, "the answer to one in a thread", word, "")
	word, _, _ = c.says("chat.update", slack.Token, object{"channel": channel, "ts": ts, "text": "one, anew"})
	want.Equal(t, "the answer to an edit", word, "")
	word, _, _ = c.says("chat.update", slack.Token, object{"channel": "#alerts", "ts": ts, "text": "x"})
	want.Equal(t, "the answer to an edit by the channel's name", word, "channel_not_found")
	word, _, _ = c.says("chat.update", slack.Token, object{"channel": channel, "ts": "1.1", "text": "x"})
	want.Equal(t, "the answer to an edit of what is not there", word, "message_not_found")
	messages := c.server.Messages()
	want.Equal(t, "messages", len(messages), 2)
	want.Equal(t, "the first", []any{messages[0].Text, messages[0].Edits, messages[0].By}, []any{"one, anew", 1, "bot"})
	want.Equal(t, "the second", []any{messages[1].Thread, messages[1].Broadcast}, []any{ts, true})
	c.server.Delete(ts)
	want.Equal(t, "messages when somebody deleted one", len(c.server.Messages()), 1)
	word, _, _ = c.says("chat.update", slack.Token, object{"channel": channel, "ts": ts, "text": "x"})
	want.Equal(t, "the answer to an edit of that", word, "message_not_found")
}

func TestAPI_saysWithAStatusOf200WhatIsWrong(t *testing.T) {
	c := start(t)
	for wanted, one := range map[string]struct {
		token   string
		message object
	}{
		"invalid_auth":        {"xoxb-other", object{"channel": "#alerts", "text": "x"}},
		"channel_not_found":   {slack.Token, object{"text": "x"}},
		"no_text":             {slack.Token, object{"channel": "#alerts"}},
		"msg_blocks_too_long": {slack.Token, object{"channel": "#alerts", "blocks": times(5, object{"type": "section", "text": text("mrkdwn", strings.Repeat("x", 3000))})}},
	} {
		word, _, _ := c.says("chat.postMessage", one.token, one.message)
		want.Equal(t, "the answer", word, wanted)
	}
	c.server.Revoke()
	word, _, _ := c.says("chat.postMessage", slack.Token, object{"channel": "#alerts", "text": "x"})
	want.Equal(t, "the answer to a token that was revoked", word, "token_revoked")
	c.server.Heal()
	word, _, _ = c.says("chat.postMessage", slack.Token, object{"channel": "#alerts", "text": "x"})
	want.Equal(t, "the answer when that is over", word, "")
	want.Equal(t, "messages", len(c.server.Messages()), 1)
}

func TestLimitRate_takesAMessageInSoMuchTimeInAChannel(t *testing.T) {
	c := start(t)
	c.server.LimitRate(time.Hour)
	want.Equal(t, "the first of a webhook", c.post(c.server.Webhook(), "", asJSON, `{"text":"x"}`).Status, 200)
	want.Equal(t, "the second", c.post(c.server.Webhook(), "", asJSON, `{"text":"x"}`), answer{429, "1", "rate_limited", nil})
	word, _, _ := c.says("chat.postMessage", slack.Token, object{"channel": "#alerts", "text": "x"})
	want.Equal(t, "the first of a bot", word, "")
	got := c.post(c.server.API()+"/chat.postMessage", slack.Token, asJSON, `{"channel":"#alerts","text":"x"}`)
	want.Equal(t, "the second", []any{got.Status, got.Retry, got.Body}, []any{200, "1", `{"error":"ratelimited","ok":false}`})
	word, _, _ = c.says("chat.postMessage", slack.Token, object{"channel": "#others", "text": "x"})
	want.Equal(t, "the first in another channel", word, "")
}

func TestInject_befallsAsManyRequestsAsItSays(t *testing.T) {
	c := start(t)
	post := func() answer { return c.post(c.server.Webhook(), "", asJSON, `{"text":"x"}`) }
	c.server.Inject(slack.Fault{Times: 2, Status: 503, Body: "oops", RetryAfter: "7"})
	want.Equal(t, "the first", post(), answer{503, "7", "oops", nil})
	want.Equal(t, "the second", post().Status, 503)
	want.Equal(t, "the third", post().Status, 200)
	c.server.Inject(slack.Fault{Times: 1, Word: "internal_error"})
	want.Equal(t, "a word", post().Body, `{"error":"internal_error","ok":false}`)
	c.server.Inject(slack.Fault{Times: 1, Location: "https://elsewhere.example"})
	want.Equal(t, "a redirect", post().Status, 307)
	c.server.Inject(slack.Fault{Times: 1, Drop: true})
	if got := post(); got.Err == nil {
		t.Errorf("a cut connection answers %d", got.Status)
	}
	want.Equal(t, "messages", len(c.server.Messages()), 1)
	c.server.Inject(slack.Fault{Times: 1, After: true})
	if got := post(); got.Err == nil {
		t.Errorf("a connection that is cut after the message answers %d", got.Status)
	}
	want.Equal(t, "messages", len(c.server.Messages()), 2)
	c.server.Inject(slack.Fault{Status: 500})
	want.Equal(t, "one without end", []int{post().Status, post().Status}, []int{500, 500})
	c.server.Heal()
	want.Equal(t, "after it healed", post().Status, 200)
	c.server.Clear()
	want.Equal(t, "messages after they were cleared", len(c.server.Messages()), 0)
}

// What others write is shown as text, never as markup of the page.
func TestPage_showsWhatArrived(t *testing.T) {
	c := start(t)
	word, _, _ := c.says("chat.postMessage", slack.Token, object{
		"channel": "#alerts", "text": "Critical: <checkout>",
		"attachments": []object{{"color": "#d13212", "blocks": []object{richText(text("text", "<script>alert(1)</script>"), object{"type": "link", "url": "https://a.example", "text": "alarm"})}}, {"color": "red;}", "blocks": []object{richText(text("text", "odd"))}}},
	})
	want.Equal(t, "the answer", word, "")
	page, err := c.server.Page()
	want.NoError(t, "drawing", err)
	want.Says(t, "the page", string(page), "&lt;script&gt;", "https://a.example", "#d13212", "#bbbbbb")
	if bytes.Contains(page, []byte("<script>alert")) || bytes.Contains(page, []byte("red;}")) {
		t.Error("the page takes what was sent for markup")
	}
	response, err := c.http.Get("https://" + c.server.Host() + "/")
	want.NoError(t, "getting the page", err)
	defer func() { _ = response.Body.Close() }()
	served, err := io.ReadAll(response.Body)
	want.NoError(t, "reading the page", err)
	want.Equal(t, "what is served", string(served), string(page))
	want.Says(t, "what is shown", c.server.Messages()[0].Shown(), "Critical: <checkout>", "<script>alert(1)</script>", "alarm")
}

// Only those who were told of the authority trust it.
func TestStart_isTrustedByItsOwnAuthorityAlone(t *testing.T) {
	c := start(t)
	stranger := &http.Client{Transport: &http.Transport{}}
	response, err := stranger.Get("https://" + c.server.Host() + "/")
	if err == nil {
		_ = response.Body.Close()
		t.Error("a stranger trusts it")
	}
	file := c.server.CertFile()
	c.server.Stop()
	if _, err := os.Stat(file); !os.IsNotExist(err) {
		t.Errorf("the authority is left behind: %v", err)
	}
}
