// Package sample makes payloads as CloudWatch Logs sends them, for tests and measurements: lines of
// Lambda itself, JSON and text of functions, stack traces, all in the usual shares. The same seed makes
// the same bytes.
package sample

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"strings"
)

// Payload is one payload of so many events, as plain JSON. Some 35 % of its lines are Lambda's own,
// 35 % are JSON, the rest is text of Node and stack traces with tabs, quotes and letters that are not
// ASCII.
func Payload(seed uint64, events int) []byte {
	g := generator{state: seed*2 + 1}
	var lines []string
	for len(lines) < events {
		lines = append(lines, g.invocation()...)
	}
	logEvents := make([]map[string]any, events)
	time := int64(1_795_000_000_000) + int64(seed%1000)*3_600_000 // #nosec G115 -- below 1000
	for i, line := range lines[:events] {
		time += int64(g.below(40))                                                                                                // #nosec G115 -- below 40
		logEvents[i] = map[string]any{"id": fmt.Sprintf("%056d", uint64(time)<<20+uint64(i)), "timestamp": time, "message": line} // #nosec G115 -- positive
	}
	return Of("/aws/lambda/checkout", "2026/11/18/[$LATEST]"+g.hex(32), logEvents)
}

// Of is a payload of one group and stream with such events.
func Of(group, stream string, logEvents any) []byte {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false) // AWS does not either
	if err := encoder.Encode(map[string]any{
		"messageType": "DATA_MESSAGE", "owner": "123456789012", "logGroup": group, "logStream": stream,
		"subscriptionFilters": []string{"caretaker-default"}, "logEvents": logEvents,
	}); err != nil {
		panic(err) // nothing of it can fail to encode
	}
	return bytes.TrimSpace(text.Bytes())
}

// Gzip packs a payload as CloudWatch Logs does.
func Gzip(plain []byte) []byte {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, _ = w.Write(plain) // a buffer takes everything
	_ = w.Close()
	return packed.Bytes()
}

// generator makes lines. It has its own numbers, so that they stay the same.
type generator struct{ state uint64 }

// below is a number from 0 to most-1.
func (g *generator) below(most uint64) uint64 {
	g.state = g.state*6_364_136_223_846_793_005 + 1_442_695_040_888_963_407
	return (g.state >> 33) % most
}

func (g *generator) hex(length int) string {
	var text strings.Builder
	for range length {
		text.WriteByte("0123456789abcdef"[g.below(16)])
	}
	return text.String()
}

func (g *generator) pick(words ...string) string { return words[g.below(uint64(len(words)))] }

// invocation is the lines of one: START, what the function logs, END, REPORT.
func (g *generator) invocation() []string {
	id := g.hex(8) + "-" + g.hex(4) + "-4" + g.hex(3) + "-a" + g.hex(3) + "-" + g.hex(12)
	lines := []string{"START RequestId: " + id + " Version: $LATEST\n"}
	for range 3 {
		lines = append(lines, g.json(id))
	}
	lines = append(lines, g.text(id), g.text(id))
	if g.below(2) == 0 {
		lines = append(lines, g.stack(id))
	}
	lines = append(lines, "END RequestId: "+id+"\n")
	return append(lines, fmt.Sprintf("REPORT RequestId: %s\tDuration: %d.%02d ms\tBilled Duration: %d ms\tMemory Size: 512 MB\tMax Memory Used: %d MB\t\n",
		id, 1+g.below(900), g.below(100), 2+g.below(900), 90+g.below(300)))
}

func (g *generator) json(id string) string {
	return fmt.Sprintf(`{"timestamp":"2026-11-18T10:%02d:%02d.%03dZ","level":"%s","requestId":"%s","message":"order %s","order":{"id":"o-%s","items":%d,`+
		`"total":%d.%02d,"currency":"EUR","customer":"c-%s"},"x-correlation-id":"%s","service":"checkout","attempt":%d}`+"\n",
		g.below(60), g.below(60), g.below(1000), g.pick("INFO", "INFO", "INFO", "DEBUG", "WARN"), id, g.pick("placed", "paid", "\\\"sent\\\"", "größer"),
		g.hex(12), 1+g.below(9), 1+g.below(300), g.below(100), g.hex(8), g.hex(32), g.below(3))
}

func (g *generator) text(id string) string {
	return fmt.Sprintf("2026-11-18T10:%02d:%02d.%03dZ\t%s\t%s\t%s %s of customer %s took %d ms\n", g.below(60), g.below(60), g.below(1000), id,
		g.pick("INFO", "INFO", "WARN", "ERROR"), g.pick("reading \"basket\"", "writing the größten order", "calling payments"), g.hex(10), g.hex(8), g.below(500))
}

func (g *generator) stack(id string) string {
	var text strings.Builder
	fmt.Fprintf(&text, "2026-11-18T10:%02d:%02d.%03dZ\t%s\tERROR\tError: \"payment\" refused\n", g.below(60), g.below(60), g.below(1000), id)
	for range 6 {
		fmt.Fprintf(&text, "    at %s (/var/task/src/%s.js:%d:%d)\n", g.pick("Object.<anonymous>", "async pay", "Runtime.handler"), g.pick("pay", "index", "größe"), g.below(300), g.below(80))
	}
	return text.String()
}
