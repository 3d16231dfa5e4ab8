package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"time"

	"caretaker/internal/opensearch"
	logshipper "caretaker/log-shipper"
	"caretaker/log-shipper/bulk"
	"caretaker/log-shipper/sample"
	"caretaker/log-shipper/shelf"
)

const (
	nodeEvents = 1_000_000
	// nodeTimeout is the time-out of a run, and downTimeout that of one that the node is down for: a third
	// of that is kept for parking.
	nodeTimeout = time.Minute
	downTimeout = 3 * time.Second
	// downFor is how often a payload comes while the node goes down and is down.
	downFor = 3
	// nodeStream is the data stream.
	nodeStream = "logs-lambda-bench"
)

// shipperNode sends a million events into a real node that is killed half way, while documents are on
// their way, and comes back on its data.
func shipperNode(ctx context.Context, r *results) error {
	if why := opensearch.Missing(); why != nil {
		return fmt.Errorf("node_missing, node_twice and cpu_share need a real node: %w", why)
	}
	n, err := newNodeRun(ctx, nodeEvents)
	if err != nil {
		return err
	}
	defer n.node.Stop()
	started := time.Now()
	if err := n.ship(ctx); err != nil {
		return err
	}
	took := time.Since(started)
	theirs, err := opensearch.Look(n.node).Processor(ctx)
	if err != nil {
		return err
	}
	theirs += n.beforeKill - n.atRest
	missing, twice, err := n.compare(ctx)
	if err != nil {
		return err
	}
	r.note("node_missing, node_twice: %d events in %d payloads, into OpenSearch %s on this machine, killed and restarted half way: %d payloads were parked and came back, in %s in all",
		n.events, n.payloads, opensearch.Version, n.parked, took.Round(time.Second))
	r.report(figure{"node_missing", float64(missing), "events", "=", 0})
	r.report(figure{"node_twice", float64(twice), "events", "=", 0})
	r.note("cpu_share: the shipper took %.1f s of the processor from event to _bulk, the node %.1f s, its start not counted in the first half", n.ours, theirs.Seconds())
	r.report(figure{"cpu_share", n.ours / theirs.Seconds(), "ratio", "<=", 0.25})
	return nil
}

// nodeRun is a shipper with a bucket and a queue in memory, in front of a node.
type nodeRun struct {
	node    *opensearch.Node
	shelf   *shelf.Shelf
	shipper *logshipper.Shipper

	events   int
	sent     map[string]int // events, by id, to how often they were found
	payloads int
	parked   int
	// ours is the seconds of the processor that the shipper took.
	ours float64
	// atRest and beforeKill are what the first node had taken before the first event and at its end.
	atRest, beforeKill time.Duration
}

func newNodeRun(ctx context.Context, events int) (*nodeRun, error) {
	node, err := opensearch.StartNode(ctx, nil)
	if err != nil {
		return nil, err
	}
	n := &nodeRun{node: node, events: events, shelf: &shelf.Shelf{}, sent: map[string]int{}}
	destination, err := bulk.New(bulk.Options{Endpoint: node.URL(), DataStream: nodeStream, Auth: bulk.Auth{Type: bulk.None}, IDs: true})
	if err == nil {
		_, err = destination.Setup(ctx)
	}
	if err == nil {
		n.shipper, err = logshipper.New(logshipper.Default(), logshipper.Clients{S3: n.shelf, SQS: n.shelf}, logshipper.Alone(destination), logshipper.Options{Region: "eu-west-1", Bucket: "bench", Queue: "bench"})
	}
	if err == nil {
		n.atRest, err = opensearch.Look(node).Processor(ctx)
	}
	if err != nil {
		node.Stop()
	}
	return n, err
}

var eventID = regexp.MustCompile(`"id":"([0-9]{56})"`)

// ship hands the events over, kills the node in the middle, and brings back what was parked.
func (n *nodeRun) ship(ctx context.Context) error {
	for sent := 0; sent < n.events; n.payloads++ {
		count := min(shipperEvents, n.events-sent)
		plain := sample.Payload(uint64(n.payloads), count) // #nosec G115 -- a few hundred
		for _, match := range eventID.FindAllSubmatch(plain, -1) {
			n.sent[string(match[1])] = 0
		}
		if sent <= n.events/2 && sent+count > n.events/2 {
			if err := n.handAndKill(ctx, directEvent(plain)); err != nil {
				return err
			}
		} else if err := n.hand(ctx, directEvent(plain), nodeTimeout); err != nil {
			return err
		}
		sent += count
	}
	if len(n.sent) != n.events {
		return fmt.Errorf("%d events have ids of their own, want %d", len(n.sent), n.events)
	}
	return n.drain(ctx)
}

// handAndKill ends the node a moment after an event was handed over. Two more copies come while it is
// down, as Lambda's own retries would, and what was parked comes back when it is up again.
func (n *nodeRun) handAndKill(ctx context.Context, event []byte) error {
	killed := make(chan error, 1)
	go func() {
		time.Sleep(20 * time.Millisecond)
		used, err := opensearch.Look(n.node).Processor(ctx)
		n.beforeKill = used
		n.node.Kill()
		killed <- err
	}()
	for range downFor {
		if err := n.hand(ctx, event, downTimeout); err != nil {
			return err
		}
	}
	if err := <-killed; err != nil {
		return err
	}
	if err := n.node.Restart(ctx); err != nil {
		return err
	}
	return n.drain(ctx)
}

// hand has the shipper handle one event, and counts what that takes.
func (n *nodeRun) hand(ctx context.Context, event []byte, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	before, err := processorSeconds()
	if err != nil {
		return err
	}
	report, err := n.shipper.Handle(ctx, event)
	after, noTime := processorSeconds()
	n.ours += after - before
	if refused := report.DeadLettered; refused > 0 {
		return fmt.Errorf("%d events were refused: %v", refused, report.Errors)
	}
	return errors.Join(err, noTime)
}

// drain brings back what was parked, until nothing is.
func (n *nodeRun) drain(ctx context.Context) error {
	for {
		message, there := n.shelf.Take()
		if !there {
			return nil
		}
		n.parked++
		event, err := json.Marshal(map[string]any{"Records": []any{map[string]any{"eventSource": "aws:sqs", "messageId": "1", "body": message}}})
		if err != nil {
			return err
		}
		if err := n.hand(ctx, event, nodeTimeout); err != nil {
			return err
		}
	}
}

// compare finds the events that the node does not hold, and those that it holds more than once.
func (n *nodeRun) compare(ctx context.Context) (missing, twice int, err error) {
	strange := 0
	err = opensearch.Look(n.node).Each(ctx, nodeStream, "event.id", func(id string) {
		if _, known := n.sent[id]; !known {
			strange++
			return
		}
		n.sent[id]++
	})
	for _, found := range n.sent {
		switch {
		case found == 0:
			missing++
		case found > 1:
			twice++
		}
	}
	if strange > 0 {
		err = errors.Join(err, fmt.Errorf("%d documents are of no event that was sent", strange))
	}
	return missing, twice, err
}
