package janitor

import (
	"encoding/json"
	"time"

	"caretaker/cmd/caretaker/console"
	"caretaker/janitor"
)

// format says how the result is written.
type format struct {
	JSON bool `name:"json" xor:"format" help:"One JSON document: every decision and the report, by Region."`
	All  bool `short:"a" xor:"format" help:"Every decision, one a line, before the summary."`
}

// printer writes what comes of one Region.
type printer interface {
	// decided gets each decision, by function and version, and finished the Region at its end.
	decided(janitor.Decision)
	finished(*region)
}

// output is stdout, which the Regions write to one after the other, however they overlap.
type output struct {
	format  format
	command string
	session *session
	*console.Sheet
	// turns are closed, one by one, when that Region may write.
	turns []chan struct{}
}

func newOutput(s *session, f format, command string) *output {
	o := &output{format: f, command: command, session: s, Sheet: s.Sheet()}
	for range len(s.regions) + 1 {
		o.turns = append(o.turns, make(chan struct{}))
	}
	close(o.turns[0])
	if f.JSON {
		head, err := json.Marshal(s.Head(command, s.account))
		if err != nil {
			panic(err) // four plain values
		}
		o.Printf(`%s,"regions":[`, head[:len(head)-1])
	}
	return o
}

// printer is the Region's.
func (o *output) printer(r *region) printer {
	own := ordered{output: o}
	for position, other := range o.session.regions {
		if other == r {
			own.position = position
		}
	}
	switch {
	case o.format.JSON:
		return &jsonPrinter{ordered: own}
	case o.format.All:
		return &linePrinter{ordered: own}
	}
	return &tablePrinter{ordered: own, tally: tally{newest: r.plan.Newest}}
}

// close ends the output after the last Region.
func (o *output) close() error {
	if o.format.JSON {
		o.Printf("\n]}\n")
	} else if len(o.session.regions) > 1 {
		o.totals()
	}
	return o.Flush()
}

// ordered waits for a Region's turn.
type ordered struct {
	*output
	position int
}

func (o ordered) turn() { <-o.turns[o.position] }

// next lets the next Region write. What was printed is shown at once: the others may take long.
func (o ordered) next() {
	_ = o.Flush() // an error stays in the writer and comes with close
	close(o.turns[o.position+1])
}

// decisionLine is a decision as --json writes it.
type decisionLine struct {
	Function string `json:"function"`
	// Version is 0 for $LATEST.
	Version    int64           `json:"version"`
	Bytes      int64           `json:"bytes"`
	CodeSHA256 string          `json:"codeSha256,omitempty"`
	Published  time.Time       `json:"published,omitzero"`
	Outcome    janitor.Outcome `json:"outcome"`
	Reason     janitor.Reason  `json:"reason"`
	Detail     string          `json:"detail,omitempty"`
}

// jsonPrinter writes a Region as an object that ends with its report.
type jsonPrinter struct {
	ordered
	begun bool
}

func (p *jsonPrinter) decided(d janitor.Decision) {
	separator := ",\n"
	if !p.begun {
		p.begin()
		separator = "\n"
	}
	p.value(separator, decisionLine{
		d.Function, d.Version.Number, d.Version.Bytes, d.Version.SHA, d.Version.Published, d.Outcome, d.Reason, d.Detail,
	})
}

func (p *jsonPrinter) begin() {
	p.turn()
	p.begun = true
	separator := "\n"
	if p.position > 0 {
		separator = ",\n"
	}
	p.Printf(`%s{"region":%q,"decisions":[`, separator, p.session.regions[p.position].name)
}

func (p *jsonPrinter) finished(r *region) {
	if !p.begun {
		p.begin()
	}
	p.Printf("]")
	if !r.report.Started.IsZero() {
		p.value(`,"report":`, r.report)
	}
	if r.err != nil {
		p.value(`,"error":`, r.err.Error())
	}
	p.Printf("}")
	p.next()
}

func (p *jsonPrinter) value(before string, value any) {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // plain values, all of them
	}
	p.Printf("%s%s", before, text)
}

// linePrinter writes every decision and then the summary.
type linePrinter struct {
	ordered
	begun bool
}

func (p *linePrinter) decided(d janitor.Decision) {
	if !p.begun {
		p.turn()
		p.begun = true
	}
	detail := ""
	if d.Detail != "" {
		detail = " (" + d.Detail + ")"
	}
	p.Printf("%-30s %7s %9s  %-9s  %s%s\n", d.Function, d.Qualifier(), size(d), d.Outcome, d.Reason, detail)
}

// size leaves $LATEST empty: it is not the janitor's.
func size(d janitor.Decision) string {
	if d.Version.Number == 0 {
		return "-"
	}
	return janitor.Size(d.Version.Bytes)
}

func (p *linePrinter) finished(r *region) {
	if !p.begun {
		p.turn()
	}
	p.summary(r)
	p.next()
}

// tablePrinter sums up by function.
type tablePrinter struct {
	ordered
	tally tally
}

func (p *tablePrinter) decided(d janitor.Decision) { p.tally.add(d) }

func (p *tablePrinter) finished(r *region) {
	p.tally.flush()
	p.turn()
	p.tables(r.name, &p.tally)
	p.summary(r)
	p.next()
}
