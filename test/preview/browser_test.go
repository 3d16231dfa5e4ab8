// Package preview_test looks at the page of caretaker alerts preview as a person does: in a browser.
package preview_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"caretaker/internal/want"
)

// seen is what test/browser/look.mjs says of a page.
type seen struct {
	Canvases []struct {
		Title string  `json:"title"`
		Drawn int     `json:"drawn"`
		Width int     `json:"width"`
		Axis  float64 `json:"axis"`
		Back  float64 `json:"back"`
	} `json:"canvases"`
	Metrics  int      `json:"metrics"`
	Wide     int      `json:"wide"`
	Overlap  []string `json:"overlap"`
	Text     string   `json:"text"`
	Errors   []string `json:"errors"`
	Requests []string `json:"requests"`
}

// noBrowser is how look.mjs ends where none runs.
const noBrowser = 3

// root is the checkout's, seen from this folder.
var root, _ = filepath.Abs(filepath.Join("..", ".."))

// look opens a page in some views. Without a browser nothing of it is checked, which make test says again at its end.
func look(t *testing.T, page string, views ...string) []seen {
	t.Helper()
	command := exec.Command("node", append([]string{"look.mjs", page}, views...)...) // #nosec G204 -- the test's own
	command.Dir = filepath.Join(root, "test", "browser")
	var said bytes.Buffer
	command.Stderr = &said
	out, err := command.Output()
	var ended *exec.ExitError
	if errors.As(err, &ended) && ended.ExitCode() == noBrowser || errors.Is(err, exec.ErrNotFound) {
		t.Skipf("NOT CHECKED: that the page opens in a browser, draws every graph, in light and dark and on a phone, has no script error and asks nobody for anything. %s", strings.TrimSpace(said.String()))
	}
	want.NoError(t, "opening the page: "+said.String(), err)
	var found []seen
	want.NoError(t, "reading what is seen", json.Unmarshal(out, &found))
	want.Equal(t, "views", len(found), len(views))
	return found
}

// sample is the page that the command line writes of samples.
func sample(t *testing.T, seed string) string {
	t.Helper()
	folder := t.TempDir()
	binary := filepath.Join(folder, "caretaker")
	build := exec.Command("go", "build", "-o", binary, "./cmd/caretaker") // #nosec G204 -- the test's own
	build.Dir = root
	text, err := build.CombinedOutput()
	want.NoError(t, "building the command line: "+string(text), err)
	page := filepath.Join(folder, "page.html")
	command := exec.Command(binary, "alerts", "preview", "--config", "none", "--sample", "--seed", seed, "--output", page) // #nosec G204 -- the test's own
	text, err = command.CombinedOutput()
	want.NoError(t, "drawing the samples: "+string(text), err)
	return page
}

func TestPreview_opensInABrowserAndDrawsEveryGraph(t *testing.T) {
	page := sample(t, "1")
	content, err := os.ReadFile(page) // #nosec G304 -- written above
	want.NoError(t, "reading the page", err)
	metrics := strings.Count(string(content), `<div class="graph">`)
	if metrics < 30 {
		t.Fatalf("the page has %d graphs, want 30 at least", metrics)
	}
	views := []string{"1280x900,light", "1280x900,dark", "390x844,light", "390x844,dark"}
	for number, found := range look(t, page, views...) {
		t.Run(views[number], func(t *testing.T) {
			want.Equal(t, "script errors", found.Errors, []string{})
			want.Equal(t, "requests", found.Requests, []string{})
			want.Equal(t, "metric widgets", found.Metrics, metrics)
			want.Equal(t, "canvases", len(found.Canvases), metrics)
			want.Equal(t, "pixels that it is too wide by", found.Wide, 0)
			want.Equal(t, "widgets that lie over another", found.Overlap, []string{})
			want.Says(t, "the page", found.Text, "checkout", "on\nfunction/checkout-api/failing", "No datapoint in the last 3h")
			for _, canvas := range found.Canvases {
				if canvas.Drawn < 500 || canvas.Width < 200 {
					t.Errorf("%s: %d pixels are drawn on %d", canvas.Title, canvas.Drawn, canvas.Width)
				}
				if difference := canvas.Axis - canvas.Back; difference < 60 && difference > -60 {
					t.Errorf("%s: the axis has a brightness of %.0f on %.0f: nobody can read it", canvas.Title, canvas.Axis, canvas.Back)
				}
			}
		})
	}
}

// A page that asks for something, or whose script fails, must not pass.
func TestLook_findsWhatIsWrongWithAPage(t *testing.T) {
	page := filepath.Join(t.TempDir(), "page.html")
	text := `<!DOCTYPE html><title>x</title><article class="widget metric"><h3>Errors</h3></article><img src="http://127.0.0.1:9/x.png"><script>nothing()</script>`
	want.NoError(t, "writing", os.WriteFile(page, []byte(text), 0o600))
	found := look(t, page, "800x600,light")[0]
	want.Equal(t, "canvases and metric widgets", []int{len(found.Canvases), found.Metrics}, []int{0, 1})
	want.Equal(t, "requests", found.Requests, []string{"http://127.0.0.1:9/x.png"})
	want.Says(t, "the errors", strings.Join(found.Errors, "\n"), "nothing is not defined")
}
