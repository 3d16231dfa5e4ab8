package warmer

import (
	"io"

	"caretaker/cmd/caretaker/command"
	"caretaker/warmer/ping"
)

// middlewareCommand writes the middleware.
type middlewareCommand struct {
	Lang string `required:"" enum:"go,node,python" placeholder:"LANGUAGE" help:"The functions' language: go for ping.go, node for ping.cjs, python for ping.py."`
}

// Run writes the file of the language to stdout.
func (m *middlewareCommand) Run(j *command.Job) error {
	_, err := io.WriteString(j.Out, map[string]string{"go": ping.Go, "node": ping.Node, "python": ping.Python}[m.Lang])
	return err
}
