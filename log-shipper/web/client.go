// Package web is what the ways to a server have in common: a client that repeats nothing, the proof of who sends,
// and a word about a server that says none.
package web

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/rs/zerolog"
)

const (
	// ConnectTimeout is how long a connection may take to be made, and how long the handshake of TLS.
	ConnectTimeout = 2 * time.Second
	// AnswerTimeout is far longer than a server takes over a batch. After it the batch is sent again.
	AnswerTimeout = 30 * time.Second
	// silence is after how long an endpoint that has not answered is named in the log.
	silence = 1800 * time.Millisecond
	// connections is how many are kept for senders at the same time.
	connections = 8
)

// TLS is how a server must prove who it is: by a certificate of one of the authorities, in PEM. Empty takes those that
// every system trusts.
func TLS(ca string) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if ca == "" {
		return config, nil
	}
	config.RootCAs = x509.NewCertPool()
	if !config.RootCAs.AppendCertsFromPEM([]byte(ca)) {
		return nil, errors.New("destination.ca holds no certificate: it must be one or more in PEM")
	}
	return config, nil
}

// NewClient makes the client for one endpoint. It repeats nothing, follows no redirect, which might lead
// anywhere, and knows no proxy.
func NewClient(trust *tls.Config) *http.Client {
	dialer := &net.Dialer{Timeout: ConnectTimeout, KeepAlive: 30 * time.Second}
	return &http.Client{
		Transport: &http.Transport{
			DialContext:           dialer.DialContext,
			TLSClientConfig:       trust,
			TLSHandshakeTimeout:   ConnectTimeout,
			ResponseHeaderTimeout: AnswerTimeout,
			MaxIdleConnsPerHost:   connections,
			IdleConnTimeout:       90 * time.Second,
			DisableCompression:    true, // an answer is small, and the node has better to do
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// NameSilent logs which endpoint it is that does not answer, so that a run that is killed over it has
// said so. The function that it returns ends the wait.
func NameSilent(ctx context.Context, endpoint string) (stop func() bool) {
	return time.AfterFunc(silence, func() {
		zerolog.Ctx(ctx).Warn().Str("endpoint", endpoint).Msg("the destination does not answer")
	}).Stop
}
