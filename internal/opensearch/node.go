package opensearch

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"caretaker/internal/checkout"
	"caretaker/internal/tail"
)

// startTimeout is generous: on a busy machine the node takes ten times its usual three seconds.
const startTimeout = 3 * time.Minute

// Node is a real OpenSearch node.
type Node struct {
	home     string // where make setup put it
	folder   string // its data
	settings []string
	port     string
	detach   func() bool

	mutex   sync.Mutex
	command *exec.Cmd // nil while it is down
	exited  chan struct{}
}

// Missing says why there is no real node on this machine; nil where there is one.
func Missing() error {
	_, err := home()
	return err
}

// home finds what make setup resolved, beside the go.mod above the working folder.
func home() (string, error) {
	folder, err := checkout.Folder()
	if err != nil {
		return "", fmt.Errorf("looking for OpenSearch: %w", err)
	}
	found := filepath.Join(folder, ".tools", "opensearch-"+Version)
	if _, err := os.Stat(filepath.Join(found, ".ready")); err != nil {
		return "", fmt.Errorf("no OpenSearch %s on this machine: make setup resolves it where Java 17 and Maven are", Version)
	}
	if _, err := exec.LookPath("java"); err != nil {
		return "", fmt.Errorf("no OpenSearch on this machine: it needs Java 17: %w", err)
	}
	return found, nil
}

// StartNode starts a node that holds nothing, with further settings of opensearch.yml, each as key=value. It
// ends with Stop, with ctx, and with this process.
func StartNode(ctx context.Context, settings []string) (*Node, error) {
	found, err := home()
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "caretaker-opensearch-")
	if err != nil {
		return nil, err
	}
	n := &Node{home: found, folder: folder, settings: settings, port: "0"}
	if err := n.Restart(ctx); err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	n.detach = context.AfterFunc(ctx, n.Stop)
	return n, nil
}

// URL is where it answers, or answered.
func (n *Node) URL() string {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	return "http://127.0.0.1:" + n.port
}

// Real is true.
func (n *Node) Real() bool { return true }

// Kill ends its process at once. Its data stays.
func (n *Node) Kill() {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	if n.command == nil {
		return
	}
	_ = n.command.Process.Kill() // it may have ended by itself
	<-n.exited
	n.command = nil
}

// Stop ends it and removes its data. More calls do nothing.
func (n *Node) Stop() {
	n.Kill()
	if n.detach != nil {
		n.detach()
	}
	for range 20 { // the last write of a killed process may come late
		if os.RemoveAll(n.folder) == nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// Restart starts it on its data, at the same port, and waits until it answers.
func (n *Node) Restart(ctx context.Context) error {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	java, err := exec.LookPath("java")
	if err != nil {
		return fmt.Errorf("starting OpenSearch: %w", err)
	}
	arguments := append([]string{
		"-Xms512m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:-UsePerfData", "-Djava.io.tmpdir=" + n.folder, "-cp", filepath.Join(n.home, "classes") + string(os.PathListSeparator) + filepath.Join(n.home, "lib", "*"),
		"Main", n.folder, n.port,
	}, n.settings...)
	command := exec.Command(java, arguments...) // #nosec G204 -- the arguments are this package's and its tests'
	command.Dir, command.Env = n.folder, []string{"LANG=C.UTF-8"}
	last := &tail.Tail{}
	command.Stderr = last
	// It ends when its standard input does: with this process, however that ends.
	if _, err := command.StdinPipe(); err != nil {
		return fmt.Errorf("starting OpenSearch: %w", err)
	}
	output, err := command.StdoutPipe()
	if err != nil {
		return fmt.Errorf("starting OpenSearch: %w", err)
	}
	if err := command.Start(); err != nil {
		return fmt.Errorf("starting OpenSearch: %w", err)
	}
	ready := make(chan string, 1)
	n.command, n.exited = command, make(chan struct{})
	go watch(command, io.TeeReader(output, last), ready, n.exited)
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	select {
	case port := <-ready:
		n.port = port
		return nil
	case <-ctx.Done():
		err = ctx.Err()
	case <-n.exited:
		err = errors.New("it ended")
	}
	_ = command.Process.Kill()
	<-n.exited
	n.command = nil
	return fmt.Errorf("starting OpenSearch: %w\n%s", err, last)
}

// watch reads what a node prints, says at which port it is ready, and when it has ended.
func watch(command *exec.Cmd, output io.Reader, ready chan<- string, exited chan<- struct{}) {
	defer close(exited)
	for lines := bufio.NewScanner(output); lines.Scan(); {
		if address, is := strings.CutPrefix(lines.Text(), "READY 127.0.0.1:"); is {
			ready <- address
		}
	}
	_ = command.Wait() // it is killed in the end: never a success
}
