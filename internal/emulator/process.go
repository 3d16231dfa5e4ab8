package emulator

import (
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"caretaker/internal/checkout"
	"caretaker/internal/tail"
)

//go:embed launcher.py
var launcher []byte

// startTimeout is generous: on a busy machine a cold start takes some seconds.
const startTimeout = 90 * time.Second

// process is the running emulator: the leader of a process group that its
// Lambda workers belong to.
type process struct {
	command *exec.Cmd
	exited  chan struct{}
}

// interpreter finds the Python of the virtual environment beside the go.mod above the working folder.
func interpreter(given string) (string, error) {
	path := given
	if path == "" {
		folder, err := checkout.Folder()
		if err != nil {
			return "", fmt.Errorf("starting the emulator: %w: name the Python interpreter", err)
		}
		path = filepath.Join(folder, ".venv", "bin", "python")
	}
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("starting the emulator: %s is missing: run make setup", path)
	}
	return path, nil
}

// launch starts the emulator on a free port. Another process may take that port
// in between, hence more than one attempt.
func (e *Emulator) launch(ctx context.Context) error {
	var err error
	for range 3 {
		if err = e.attempt(ctx); err == nil || ctx.Err() != nil {
			return err
		}
	}
	return err
}

func (e *Emulator) attempt(ctx context.Context) error {
	port, err := freePort(ctx)
	if err != nil {
		return err
	}
	script := filepath.Join(e.folder, "launcher.py")
	if err := os.WriteFile(script, launcher, 0o600); err != nil {
		return err
	}
	mark := rand.Text()
	environment, err := e.privateEnvironment(port, mark)
	if err != nil {
		return err
	}
	last := &tail.Tail{}
	output := io.Writer(last)
	if e.options.Log != nil {
		output = io.MultiWriter(last, e.options.Log)
	}
	command := exec.Command(e.options.Python, "-I", script) // #nosec G204 -- both paths are ours; kill ends it with its group
	command.Dir, command.Env = e.folder, environment
	command.Stdout, command.Stderr = output, output
	command.SysProcAttr = processAttributes()
	command.WaitDelay = 5 * time.Second // should a stray worker hold the output open
	e.upstream = "http://127.0.0.1:" + port
	if e.process, err = run(command); err != nil {
		return err
	}
	if err := e.awaitHealth(ctx, mark); err != nil {
		e.process.kill()
		return fmt.Errorf("%w\n%s", err, last)
	}
	return nil
}

// privateEnvironment is all the emulator sees. Lambda functions inherit it whole,
// so nothing of the developer's may be in it.
func (e *Emulator) privateEnvironment(port, mark string) ([]string, error) {
	environment := []string{
		"PATH=" + os.Getenv("PATH"),
		"LANG=C.UTF-8",
		"BIND_HOST=127.0.0.1", "MINISTACK_HOST=127.0.0.1", "GATEWAY_PORT=" + port,
		"LAMBDA_ACCOUNT_CONCURRENCY=1000",      // a new account's on AWS; by itself it goes by the machine's memory
		"IOT_MTLS_ENABLED=0", "SFTP_ENABLED=0", // both would listen on fixed ports
		"MINISTACK_ACCOUNT_ID=" + e.options.Account, "MINISTACK_REGION=" + e.options.Region,
		"MINISTACK_EDITION=" + mark, // named by the health check: another emulator's would not match
		"AWS_ACCESS_KEY_ID=" + rootKey, "AWS_SECRET_ACCESS_KEY=" + rootKey,
		"AWS_ENDPOINT_URL=" + e.Endpoint(),
	}
	if e.options.Auth {
		environment = append(environment, "AUTH=true")
	}
	if e.options.FirstRuns {
		environment = append(environment, "EMULATOR_FIRST_RUNS=1")
	}
	if len(e.options.Without) > 0 {
		environment = append(environment, "EMULATOR_WITHOUT="+strings.Join(e.options.Without, " "))
	}
	for variable, name := range map[string]string{"HOME": "home", "TMPDIR": "tmp", "STATE_DIR": "state", "S3_DATA_DIR": "s3"} {
		folder := filepath.Join(e.folder, name)
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return nil, err
		}
		environment = append(environment, variable+"="+folder)
	}
	return environment, nil
}

func freePort(ctx context.Context) (string, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer func() { _ = listener.Close() }()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	return port, err
}

// run starts the command on a thread that stays until the command ends: Linux
// sends the death signal when the starting thread ends, not the process.
// https://github.com/golang/go/issues/27505
func run(command *exec.Cmd) (*process, error) {
	p := &process{command: command, exited: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(p.exited)
		err := command.Start()
		started <- err
		if err == nil {
			_ = command.Wait() // it is killed in the end: never a success
		}
	}()
	return p, <-started
}

// kill ends the process group and waits for its leader.
func (p *process) kill() {
	killGroup(p.command.Process.Pid)
	<-p.exited
}

func (e *Emulator) awaitHealth(ctx context.Context, mark string) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		if e.healthy(ctx, mark) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for its health check: %w", ctx.Err())
		case <-e.process.exited:
			return fmt.Errorf("waiting for its health check: it ended: %s", e.process.command.ProcessState)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (e *Emulator) healthy(ctx context.Context, mark string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, e.upstream+"/_ministack/health", http.NoBody)
	if err != nil {
		return false
	}
	response, err := e.client.Do(request)
	if err != nil {
		return false
	}
	defer func() { _ = response.Body.Close() }()
	var health struct {
		Edition string `json:"edition"`
	}
	return json.NewDecoder(response.Body).Decode(&health) == nil && health.Edition == mark
}
