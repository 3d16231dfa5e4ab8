// Package opensearch is for tests, demo and bench: an OpenSearch to send to, on this machine.
//
// Node is the real one, where make setup found Java 17 and Maven. StandIn is a server in Go that answers
// as the node does, for machines without Java, and for tests of what a node does only now and then; a
// test holds it to the node's answers. Both are a Service, and View looks into either. Gate stands in
// front of one, checks who calls, and answers as a busy, slow or broken one would.
//
// Each listens on a free port of 127.0.0.1 and ends with its context, and with the process that started it.
package opensearch

import "context"

// Version is the release that Node runs and StandIn answers like.
const Version = "2.19.1"

// Service is an OpenSearch, real or not.
type Service interface {
	// URL is where it answers, or answered: like http://127.0.0.1:9200.
	URL() string
	// Kill takes it down at once, as a power cut does. What it acknowledged it keeps.
	Kill()
	// Restart brings it back at the same URL, with what it kept.
	Restart(ctx context.Context) error
	// Stop ends it and removes what it kept.
	Stop()
	// Real tells whether it is a Node.
	Real() bool
}

// Start starts the real node where there is one, and the stand-in elsewhere.
func Start(ctx context.Context) (Service, error) {
	if Missing() != nil {
		return StartStandIn(ctx)
	}
	return StartNode(ctx, nil)
}
