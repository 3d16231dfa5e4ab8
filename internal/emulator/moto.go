package emulator

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// Moto is a running second emulator, for the two services that the first one lacks:
// Application Auto Scaling and, by their defaults, Service Quotas. It is the Second of an Emulator,
// behind whose proxy it stands. It has an environment of its own, since its dependencies and the
// first one's differ. Its account is 123456789012, whoever calls.
type Moto struct {
	folder   string
	endpoint string
	process  *process
	stop     sync.Once
	detach   func() bool
}

// StartMoto starts the second emulator and waits until it answers. It ends with Stop, with ctx,
// and on Linux with this process. An empty python is .venv-moto/bin/python beside the go.mod
// above the working folder.
func StartMoto(ctx context.Context, python string) (*Moto, error) {
	python, err := interpreterOf(python, ".venv-moto")
	if err != nil {
		return nil, err
	}
	folder, err := privateFolder()
	if err != nil {
		return nil, fmt.Errorf("starting the second emulator: %w", err)
	}
	m := &Moto{folder: folder}
	for range 3 { // another process may take the port in between
		if err = m.attempt(ctx, python); err == nil || ctx.Err() != nil {
			break
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("starting the second emulator: %w", err), os.RemoveAll(folder))
	}
	m.detach = context.AfterFunc(ctx, m.Stop)
	return m, nil
}

const serveMoto = `import sys; from moto.server import main; main(["-H", "127.0.0.1", "-p", sys.argv[1]])`

func (m *Moto) attempt(ctx context.Context, python string) error {
	port, err := freePort(ctx)
	if err != nil {
		return err
	}
	tail := &tail{}
	command := exec.Command(python, "-I", "-c", serveMoto, port) // #nosec G204 -- the path is ours; kill ends it with its group
	command.Dir = m.folder
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8", "HOME=" + m.folder, "TMPDIR=" + m.folder}
	command.Stdout, command.Stderr = tail, tail
	command.SysProcAttr = processAttributes()
	command.WaitDelay = 5 * time.Second
	m.endpoint = "http://127.0.0.1:" + port
	if m.process, err = run(command); err != nil {
		return err
	}
	if err := m.await(ctx); err != nil {
		m.process.kill()
		return fmt.Errorf("%w\n%s", err, tail)
	}
	return nil
}

func (m *Moto) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		if m.call(ctx, http.MethodGet, "/moto-api/data.json") == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for its first answer: %w", ctx.Err())
		case <-m.process.exited:
			return fmt.Errorf("waiting for its first answer: it ended: %s", m.process.command.ProcessState)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (m *Moto) call(ctx context.Context, method, path string) error {
	request, err := http.NewRequestWithContext(ctx, method, m.endpoint+path, http.NoBody)
	if err != nil {
		return err
	}
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return errors.New(response.Status)
	}
	return nil
}

// describeScalableTargets is answered without a second emulator too: nothing is managed.
func describeScalableTargets(x *exchange) (*answer, error) {
	if x.options.Second == nil {
		return found(object{"ScalableTargets": []object{}})
	}
	return scalableTargets(x)
}

// scalableTargets passes the call on to the second emulator, which knows neither roles nor
// signatures, once the first one allows it.
func scalableTargets(x *exchange) (*answer, error) {
	if x.options.Second == nil {
		return x.forward() // which refuses it
	}
	refused, err := x.authorise()
	if err != nil || refused != nil {
		return refused, err
	}
	return x.sendTo(x.options.Second, x.request.Clone(x.request.Context()), x.body)
}

// sendTo sends a request to the second emulator.
func (x *exchange) sendTo(second *Moto, request *http.Request, body []byte) (*answer, error) {
	request.URL.Host = strings.TrimPrefix(second.endpoint, "http://")
	request.Body, request.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return x.round(request)
}

// reset empties it.
func (m *Moto) reset(ctx context.Context) error {
	if err := m.call(ctx, http.MethodPost, "/moto-api/reset"); err != nil {
		return fmt.Errorf("resetting the second emulator: %w", err)
	}
	return nil
}

// Stop ends it and removes its folder. More calls do nothing.
func (m *Moto) Stop() {
	m.stop.Do(func() {
		m.process.kill()
		_ = os.RemoveAll(m.folder)
		if m.detach != nil {
			m.detach()
		}
	})
}
