package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/goccy/go-yaml"
	"github.com/jedib0t/go-pretty/v6/text"

	"caretaker/internal/config"
)

// deploy brings the parts into the account, with the CDK's own command line.
func (s *stage) deploy(ctx context.Context, chosen []part) error {
	s.out.heading("A deployment, by the CDK's own command line")
	if err := s.cdk(ctx, "bootstrap", "--app", "", "aws://"+s.Account()+"/"+s.Region()); err != nil {
		return err
	}
	var stacks []string
	set := slices.Clone(s.set)
	for _, one := range chosen {
		for _, stack := range append([]string{one.stack}, one.with...) {
			if name := "Caretaker-" + config.DefaultStage + "-" + stack; !slices.Contains(stacks, name) {
				stacks = append(stacks, name)
			}
		}
		if one.set != "" {
			set = append(set, one.set)
		}
	}
	arch := map[string]string{"amd64": "x86_64", "arm64": "arm64"}[runtime.GOARCH]
	arguments := append([]string{"deploy"}, stacks...)
	arguments = append(arguments, "--require-approval", "never", "-c", "assets=dist/host", "-c", "arch="+arch)
	path, err := s.configure(chosen)
	if err != nil {
		return err
	}
	if path != "" {
		s.config = path
		arguments = append(arguments, "-c", "config="+path)
	}
	if len(set) > 0 {
		arguments = append(arguments, "-c", "set="+strings.Join(set, ","))
	}
	if err := s.cdk(ctx, arguments...); err != nil {
		return err
	}
	for _, stack := range stacks {
		if err := s.describe(ctx, stack); err != nil {
			return err
		}
	}
	for _, one := range chosen {
		if one.set != "" {
			s.out.fact("configuration", "caretaker.yaml, only %s: %s", s.out.paint(one.set, text.Bold), one.why)
			continue
		}
		s.out.fact("configuration", "a copy of caretaker.yaml, in which only this differs: %s", one.why)
		for line := range strings.Lines(one.file) {
			s.out.say("     %s", s.out.paint(strings.TrimRight(line, "\n"), text.Bold))
		}
	}
	return nil
}

// configure writes a copy of caretaker.yaml in which the parts' keys take the place of those that
// ship. The path is empty where no part has any.
func (s *stage) configure(chosen []part) (path string, err error) {
	shipped, err := os.ReadFile("caretaker.yaml")
	if err != nil {
		return "", err
	}
	var whole map[string]any
	if err := yaml.Unmarshal(shipped, &whole); err != nil {
		return "", fmt.Errorf("reading caretaker.yaml: %w", err)
	}
	for _, one := range chosen {
		var own map[string]map[string]any
		if err := yaml.Unmarshal([]byte(one.file), &own); err != nil {
			return "", fmt.Errorf("reading the configuration of %s: %w", one.name, err)
		}
		for name, keys := range own {
			section, is := whole[name].(map[string]any)
			if !is {
				return "", fmt.Errorf("caretaker.yaml has no section %s", name)
			}
			maps.Copy(section, keys)
			path = filepath.Join(s.folder, "caretaker.yaml")
		}
	}
	if path == "" {
		return "", nil
	}
	copied, err := yaml.Marshal(whole)
	if err != nil {
		return "", fmt.Errorf("writing %s: %w", path, err)
	}
	return path, os.WriteFile(path, copied, 0o600)
}

// cdk runs one command and shows how far it is.
func (s *stage) cdk(ctx context.Context, arguments ...string) error {
	s.out.command(append([]string{"npx", "cdk"}, arguments...)...)
	arguments = append(arguments, "--output", filepath.Join(s.folder, "cdk.out"), "--progress", "events")
	command := s.command(ctx, filepath.Join("node_modules", ".bin", "cdk"), arguments...)
	reader, writer := io.Pipe()
	command.Stdout, command.Stderr = writer, writer
	progress := &cdkProgress{now: "starting"}
	read := make(chan struct{})
	go func() {
		defer close(read)
		progress.read(io.TeeReader(reader, s.log))
	}()
	started := time.Now()
	err := s.out.during(progress.String, func() error {
		err := finish(command)
		_ = writer.Close()
		<-read
		return err
	})
	if err != nil {
		return fmt.Errorf("cdk %s: %w\n%s", arguments[0], err, strings.Join(progress.last, "\n"))
	}
	s.out.fact("done", "in %s", seconds(time.Since(started)))
	return nil
}

// cdkProgress reads what the CDK prints.
type cdkProgress struct {
	mutex sync.Mutex
	now   string
	last  []string // the last lines
}

// lastLines is how much of the CDK's output a failure shows.
const lastLines = 15

var (
	escapes  = regexp.MustCompile(`\x1b\[[0-9;]*[A-Za-z]`)
	resource = regexp.MustCompile(`\|\s*(\d+/\d+)\s*\|[^|]*\|\s*(\w+)\s*\|\s*(AWS::[\w:]+|\S+::\S+)`)
)

func (p *cdkProgress) read(from io.Reader) {
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		p.line(strings.TrimSpace(escapes.ReplaceAllString(lines.Text(), "")))
	}
	_, _ = io.Copy(io.Discard, from) // a line too long must not hold the CDK up
}

func (p *cdkProgress) line(line string) {
	if line == "" {
		return
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.last = append(p.last, line)
	p.last = p.last[max(0, len(p.last)-lastLines):]
	switch match := resource.FindStringSubmatch(line); {
	case match != nil:
		p.now = fmt.Sprintf("%s  %s %s", match[1], match[3], strings.ToLower(strings.ReplaceAll(match[2], "_", " ")))
	case strings.Contains(line, "Synthesis time"):
		p.now = "publishing the binaries"
	case strings.Contains(line, "creating CloudFormation changeset"):
		p.now = "creating the change set"
	}
}

// String is what the CDK is doing.
func (p *cdkProgress) String() string {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.now
}

// describe counts what a stack is made of.
func (s *stage) describe(ctx context.Context, stack string) error {
	counts, total := map[string]int{}, 0
	pages := cloudformation.NewListStackResourcesPaginator(cloudformation.NewFromConfig(s.AWS()), &cloudformation.ListStackResourcesInput{StackName: &stack})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("listing the resources of %s: %w", stack, err)
		}
		for _, each := range page.StackResourceSummaries {
			_, kind, _ := strings.Cut(*each.ResourceType, "::")
			counts[kind]++
			total++
		}
	}
	var kinds []string
	for kind, count := range counts {
		if count == 1 {
			kinds = append(kinds, kind)
			continue
		}
		kinds = append(kinds, fmt.Sprintf("%s×%d", kind, count))
	}
	slices.Sort(kinds)
	s.out.fact("stack", "%s, %d resources:", stack, total)
	s.out.paragraph(strings.Join(kinds, ", "))
	return nil
}
