package console

import (
	"bufio"
	"context"
	"fmt"
	"strings"
)

// Line asks for a line.
func (c Console) Line(prompt string) (string, error) {
	_, _ = fmt.Fprint(c.Err, prompt) // nobody is left to tell
	line, err := bufio.NewReader(c.In).ReadString('\n')
	return strings.TrimSpace(line), err
}

// Confirm wants one answer typed, such as a number: a yes comes too easily, and is asked again.
func (c Console) Confirm(stopping context.Context, prompt, wanted string) bool {
	answers := c.answers(stopping)
	for range 3 {
		_, _ = fmt.Fprint(c.Err, prompt) // nobody is left to tell
		select {
		case answer := <-answers:
			switch strings.ToLower(strings.TrimSpace(answer)) {
			case wanted:
				return true
			case "y", "yes":
				continue
			}
			return false
		case <-stopping.Done():
			return false
		}
	}
	return false
}

// answers are the lines typed; the end of them is an empty one.
func (c Console) answers(stopping context.Context) <-chan string {
	lines := make(chan string)
	go func() {
		reader := bufio.NewReader(c.In)
		for {
			line, err := reader.ReadString('\n')
			select {
			case lines <- line:
			case <-stopping.Done():
				return
			}
			if err != nil {
				return
			}
		}
	}()
	return lines
}
