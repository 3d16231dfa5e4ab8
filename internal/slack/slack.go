// Package slack is for tests and the demo: a server on this machine that takes messages as Slack does, by a
// webhook or by its API, with Block Kit's limits, the errors and the rates, and files in their threads, and draws what
// arrived as a page.
//
// It speaks HTTPS alone, by a certificate authority made for the run: whoever posts to it is told to
// trust that by SSL_CERT_FILE, and to go there by the product's own list of hosts.
package slack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// The secrets that it accepts.
const (
	// Token is a bot's.
	Token = "xoxb-0000000000-0000000000-standin" // #nosec G101 -- of a server that is gone after the run
	// webhookPath is a webhook's, without the host.
	webhookPath = "/services/T00000000/B00000000/standin0000000000000000"
)

// Server is a running stand-in. Its methods may be called from several goroutines.
type Server struct {
	listener net.Listener
	server   *http.Server
	folder   string
	served   chan struct{}

	mutex    sync.Mutex
	messages []*Message
	requests int
	faults   []Fault
	revoked  bool
	uploads  map[string]*upload
	// withheld, banished and elsewhere spoil uploads.
	withheld, banished bool
	elsewhere          string
	// perChannel is how often a message is taken in a channel; 0 is without a limit.
	perChannel time.Duration
	lastPost   map[string]time.Time
}

// Message is one that stands in a channel.
type Message struct {
	Channel, TS string
	// Thread is the TS of the message that it answers; Broadcast shows it in the channel too.
	Thread    string
	Broadcast bool
	// By is webhook or bot.
	By          string
	Text        string
	Attachments []Attachment
	Files       []File
	// Edits is how often it was written anew.
	Edits   int
	At      time.Time
	deleted bool
}

// Fault is what befalls the requests to come.
type Fault struct {
	// Times is how many; 0 is all until Heal.
	Times int
	// Status and Body are answered; with Word the API answers 200 and that error.
	Status     int
	Body, Word string
	RetryAfter string
	// Location redirects.
	Location string
	// Drop cuts the connection; After cuts it once the message was taken.
	Drop, After bool
}

// Start starts a stand-in. It ends with Stop.
func Start() (*Server, error) {
	folder, err := os.MkdirTemp("", "caretaker-slack-")
	if err != nil {
		return nil, err
	}
	s := &Server{folder: folder, served: make(chan struct{}), lastPost: map[string]time.Time{}, uploads: map[string]*upload{}}
	if err := s.start(); err != nil {
		return nil, errors.Join(fmt.Errorf("starting the stand-in for Slack: %w", err), os.RemoveAll(folder))
	}
	return s, nil
}

func (s *Server) start() error {
	certificate, authority, err := certificates()
	if err != nil {
		return err
	}
	if err := os.WriteFile(s.CertFile(), authority, 0o600); err != nil {
		return err
	}
	if s.listener, err = (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0"); err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+webhookPath, s.webhook)
	mux.HandleFunc("POST /services/", func(w http.ResponseWriter, _ *http.Request) { s.words(w, http.StatusNotFound, "no_service") })
	mux.HandleFunc("POST /api/chat.postMessage", s.api)
	mux.HandleFunc("POST /api/chat.update", s.api)
	mux.HandleFunc("POST /api/files.getUploadURLExternal", s.getUploadURL)
	mux.HandleFunc("POST "+uploadPath, s.takeFile)
	mux.HandleFunc("POST /api/files.completeUploadExternal", s.completeUpload)
	mux.HandleFunc("POST /api/files.upload", func(w http.ResponseWriter, _ *http.Request) {
		s.answer(w, map[string]any{"ok": false, "error": "method_deprecated"})
	})
	mux.HandleFunc("GET /{$}", s.show)
	s.server = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, TLSConfig: certificate, ErrorLog: quiet}
	go func() {
		defer close(s.served)
		_ = s.server.ServeTLS(s.listener, "", "") // ends with Stop
	}()
	return nil
}

// Stop ends it and removes its files.
func (s *Server) Stop() {
	_ = s.server.Close()
	<-s.served
	_ = os.RemoveAll(s.folder)
}

// Host is its address with the port, as the product's list of hosts has it.
func (s *Server) Host() string { return s.listener.Addr().String() }

// Webhook is the URL of its webhook, API the base of its API.
func (s *Server) Webhook() string { return "https://" + s.Host() + webhookPath }

// API is the base of its API.
func (s *Server) API() string { return "https://" + s.Host() + "/api" }

// CertFile holds the certificate of the authority that vouches for it.
func (s *Server) CertFile() string { return filepath.Join(s.folder, "authority.pem") }

// Messages are those that stand there, oldest first.
func (s *Server) Messages() []Message {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	var standing []Message
	for _, message := range s.messages {
		if !message.deleted {
			standing = append(standing, *message)
		}
	}
	return standing
}

// Requests is how many there were.
func (s *Server) Requests() int {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.requests
}

// Clear takes all messages away.
func (s *Server) Clear() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.messages, s.requests = nil, 0
	clear(s.uploads)
}

// Delete takes a message away, as a person may.
func (s *Server) Delete(ts string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, message := range s.messages {
		message.deleted = message.deleted || message.TS == ts
	}
}

// Inject adds a fault; of several the first befalls a request. Heal takes them all away.
func (s *Server) Inject(fault Fault) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if fault.Times == 0 {
		fault.Times = -1
	}
	s.faults = append(s.faults, fault)
}

// Heal takes all faults away.
func (s *Server) Heal() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.faults, s.revoked, s.perChannel = nil, false, 0
	s.withheld, s.banished, s.elsewhere = false, false, ""
}

// LimitRate has a channel take a message in so much time, as Slack does in a second.
func (s *Server) LimitRate(every time.Duration) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.perChannel = every
}

// befall carries a fault out; it is false where none befell the request.
func (s *Server) befall(w http.ResponseWriter, after bool) bool {
	s.mutex.Lock()
	at := slices.IndexFunc(s.faults, func(f Fault) bool { return f.After == after })
	var fault Fault
	if at >= 0 {
		fault = s.faults[at]
		if s.faults[at].Times--; s.faults[at].Times == 0 {
			s.faults = slices.Delete(s.faults, at, at+1)
		}
	}
	s.mutex.Unlock()
	if at < 0 {
		return false
	}
	if fault.RetryAfter != "" {
		w.Header().Set("Retry-After", fault.RetryAfter)
	}
	switch {
	case fault.Drop || fault.After:
		panic(http.ErrAbortHandler)
	case fault.Location != "":
		w.Header().Set("Location", fault.Location)
		w.WriteHeader(http.StatusTemporaryRedirect)
	case fault.Word != "":
		s.answer(w, map[string]any{"ok": false, "error": fault.Word})
	default:
		s.words(w, fault.Status, fault.Body)
	}
	return true
}

func (s *Server) words(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}

func (s *Server) answer(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(body)
}

// mostBody is the longest request, in bytes.
const mostBody = 1 << 20

// webhook takes a message as an incoming webhook does: it answers words, and no id.
// https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
func (s *Server) webhook(w http.ResponseWriter, r *http.Request) {
	sent, ok := s.read(w, r)
	if !ok {
		return
	}
	if word := sent.wrong(); word != "" {
		s.words(w, http.StatusBadRequest, word)
		return
	}
	if !s.pace("webhook") {
		w.Header().Set("Retry-After", "1")
		s.words(w, http.StatusTooManyRequests, "rate_limited")
		return
	}
	s.put(sent, "#alerts", "webhook")
	if !s.befall(w, true) {
		s.words(w, http.StatusOK, "ok")
	}
}

// api is chat.postMessage and chat.update. What is wrong it says with the status 200.
// https://docs.slack.dev/reference/methods/chat.postMessage
func (s *Server) api(w http.ResponseWriter, r *http.Request) {
	sent, ok := s.read(w, r)
	if !ok {
		return
	}
	no := func(word string) { s.answer(w, map[string]any{"ok": false, "error": word}) }
	switch word := sent.wrong(); {
	case r.Header.Get("Authorization") != "Bearer "+Token:
		no("invalid_auth")
	case s.isRevoked():
		no("token_revoked")
	case sent.Channel == "":
		no("channel_not_found")
	case word != "":
		no(word)
	case strings.HasSuffix(r.URL.Path, "update"):
		if !strings.HasPrefix(sent.Channel, "C") {
			no("channel_not_found") // an update takes the id alone
		} else if !s.edit(sent) {
			no("message_not_found")
		} else if !s.befall(w, true) {
			s.answer(w, map[string]any{"ok": true, "channel": sent.Channel, "ts": sent.TS})
		}
	case !s.pace(sent.Channel):
		w.Header().Set("Retry-After", "1")
		no("ratelimited")
	default:
		message := s.put(sent, channelID(sent.Channel), "bot")
		if !s.befall(w, true) {
			s.answer(w, map[string]any{"ok": true, "channel": message.Channel, "ts": message.TS})
		}
	}
}

// channelID is the id of a channel by its name: that of #alerts is C0ALERTS00.
func channelID(name string) string {
	if strings.HasPrefix(name, "C") {
		return name
	}
	return (strings.ToUpper("C0"+strings.TrimPrefix(name, "#")) + "0000000000")[:10]
}

// Revoke makes the token worthless.
func (s *Server) Revoke() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.revoked = true
}

func (s *Server) isRevoked() bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.revoked
}

func (s *Server) read(w http.ResponseWriter, r *http.Request) (sent, bool) {
	s.mutex.Lock()
	s.requests++
	s.mutex.Unlock()
	var message sent
	body, err := io.ReadAll(io.LimitReader(r.Body, mostBody))
	if s.befall(w, false) {
		return sent{}, false
	}
	if err != nil || json.Unmarshal(body, &message) != nil || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		s.words(w, http.StatusBadRequest, "invalid_payload")
		return sent{}, false
	}
	return message, true
}

// pace tells whether a channel takes a message now.
func (s *Server) pace(channel string) bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	now := time.Now()
	if s.perChannel > 0 && now.Sub(s.lastPost[channel]) < s.perChannel {
		return false
	}
	s.lastPost[channel] = now
	return true
}

func (s *Server) put(message sent, channel, by string) Message {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	now := time.Now()
	stands := &Message{
		Channel: channel, TS: fmt.Sprintf("%d.%06d", now.Unix(), len(s.messages)+1), Thread: message.Thread, Broadcast: message.Broadcast,
		By: by, Text: message.Text, Attachments: message.Attachments, At: now,
	}
	s.messages = append(s.messages, stands)
	return *stands
}

func (s *Server) edit(message sent) bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, stands := range s.messages {
		if stands.TS == message.TS && stands.Channel == message.Channel && !stands.deleted {
			stands.Text, stands.Attachments = message.Text, message.Attachments
			stands.Edits++
			return true
		}
	}
	return false
}
