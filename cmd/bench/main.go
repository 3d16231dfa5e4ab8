// Command bench measures what the parts promise. Each figure is a line on stdout,
//
//	<part> <name> <value> <unit> goal <op> <value> ok|short
//
// and how it came about is told on stderr. Without arguments all parts are measured.
// Exit codes: 0 every goal is met, 1 one is not or could not be measured, 2 usage.
//
// A part adds a file of its own, and a line to parts.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
)

// part is what can be measured by name.
type part struct {
	name    string
	measure func(context.Context, *results) error
}

var parts = []part{
	{"janitor", measureJanitor},
	{"limit-raiser", measureLimitRaiser},
	{"alerts", measureAlerts},
	{"log-shipper", measureLogShipper},
	{"warmer", measureWarmer},
}

// children are measured in processes of their own, which are this command again.
var children = map[string]func(context.Context) error{
	janitorChild + "plan":  func(ctx context.Context) error { return janitorAlone(ctx, true) },
	janitorChild + "apply": func(ctx context.Context) error { return janitorAlone(ctx, false) },
	shipperChild + "idle":  func(context.Context) error { return shipperAlone(false) },
	shipperChild + "ship":  func(context.Context) error { return shipperAlone(true) },
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

func run(ctx context.Context, args []string, out, notes io.Writer) int {
	r := &results{out: out, notes: notes}
	if len(args) == 1 && children[args[0]] != nil {
		if err := children[args[0]](ctx); err != nil {
			r.note("%v", err)
			return 1
		}
		return 0
	}
	chosen, err := choose(args)
	if err != nil {
		r.note("bench: %v", err)
		return 2
	}
	for _, p := range chosen {
		r.part = p.name
		if err := p.measure(ctx, r); err != nil {
			r.note("bench: measuring %s: %v", p.name, err)
			return 1
		}
	}
	if len(r.short) > 0 {
		r.note("bench: short of the goal: %s", strings.Join(r.short, ", "))
		return 1
	}
	return 0
}

// choose finds the parts by name; no name is all of them.
func choose(names []string) ([]part, error) {
	if len(names) == 0 {
		return parts, nil
	}
	known := make([]string, len(parts))
	for position, p := range parts {
		known[position] = p.name
	}
	chosen := make([]part, len(names))
	for position, name := range names {
		found := slices.Index(known, name)
		if found < 0 {
			return nil, fmt.Errorf("there is no part %q to measure; there is: %s", name, strings.Join(known, ", "))
		}
		chosen[position] = parts[found]
	}
	return chosen, nil
}

// figure is one measured value with its goal.
type figure struct {
	name  string
	value float64
	unit  string
	// op is <=, >=, <, > or =.
	op   string
	goal float64
}

func (f figure) met() bool {
	switch f.op {
	case "<=":
		return f.value <= f.goal
	case ">=":
		return f.value >= f.goal
	case "<":
		return f.value < f.goal
	case ">":
		return f.value > f.goal
	default:
		return f.value == f.goal
	}
}

// line is the figure as it is printed. Four digits are more than any of them is worth.
func (f figure) line(part string) string {
	verdict := "short"
	if f.met() {
		verdict = "ok"
	}
	return fmt.Sprintf("%s %s %.4g %s goal %s %g %s", part, f.name, f.value, f.unit, f.op, f.goal, verdict)
}

// results are where figures go.
type results struct {
	out, notes io.Writer
	part       string
	// short are the figures that miss their goal.
	short []string
}

func (r *results) report(f figure) {
	_, _ = fmt.Fprintln(r.out, f.line(r.part)) // nobody is left to tell
	if !f.met() {
		r.short = append(r.short, r.part+" "+f.name)
	}
}

// note explains a figure.
func (r *results) note(format string, values ...any) {
	_, _ = fmt.Fprintf(r.notes, format+"\n", values...)
}
