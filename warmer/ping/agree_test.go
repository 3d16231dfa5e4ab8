package ping

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// What the table does not think of: the three languages agree on events made up by chance, most of
// which are nearly pings.
func TestLanguages_agreeOnEventsOfAllKinds(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var calls []call
	for range 1500 {
		var library []string
		if random.IntN(2) == 0 {
			library = []string{pick(random, "lambda-warmer", "lambda-warmer-py", "lambda-warmer-go", "serverless-plugin-warmup", "opennext", "thundra-lambda-warmup")}
		}
		calls = append(calls, call{Event: event(random), Accept: append([]string{}, library...)})
	}
	said, answers := map[string][]bool{}, 0
	for name, middleware := range languages(t) {
		for _, c := range calls {
			o := middleware(t, c)
			if o.Handler == (o.Answer != nil) {
				t.Fatalf("%s: %s reached the handler: %t, and is answered with %s", name, c.Event, o.Handler, o.Answer)
			}
			if !o.Handler {
				answers++
			}
			said[name] = append(said[name], !o.Handler)
		}
	}
	for i, c := range calls {
		if said["go"][i] != said["node"][i] || said["go"][i] != said["python"][i] {
			t.Errorf("%s, accepting %q: it is a ping to Go: %t, to Node: %t, to Python: %t", c.Event, c.Accept, said["go"][i], said["node"][i], said["python"][i])
		}
	}
	if answers < len(calls)/10 || answers > 2*len(calls) {
		t.Errorf("%d of %d events are pings: too few of either kind to show anything", answers, 3*len(calls))
	}
}

// event is one at random: JSON as Lambda hands it over.
func event(random *rand.Rand) string {
	key := pick(random, "caretakerPing", "caretakerPing", "caretakerPing", "caretakerping", "caretakerPong", "warmer", "source", "type", "body")
	var value string
	switch key {
	case "warmer":
		value = pick(random, "true", "true", "false", "1", `"true"`, "[true]")
	case "source":
		value = pick(random, `"serverless-plugin-warmup"`, `"aws.events"`)
	case "type":
		value = pick(random, `"warmer"`, `"order"`)
	default:
		value = fmt.Sprintf(`{"protocol":%s,"holdMs":%s}`, scalar(random), scalar(random))
	}
	if random.IntN(8) == 0 {
		value = scalar(random)
	}
	text := fmt.Sprintf(`{%q:%s`, key, value)
	if random.IntN(4) == 0 {
		text += fmt.Sprintf(`,%q:%s`, pick(random, "concurrency", "order", "correlationId", "__WARMER_CORRELATIONID__", "__WARMER_CORRELATION_ID__"), scalar(random))
	}
	text += "}"
	switch random.IntN(12) {
	case 0:
		return "[" + text + "]"
	case 1:
		return scalar(random)
	case 2:
		quoted, _ := json.Marshal(text) // a string
		return string(quoted)
	case 3:
		return " \n" + strings.ReplaceAll(text, ":", " :\t") + "\r\n"
	}
	return text
}

func scalar(random *rand.Rand) string {
	return pick(random, "1", "1", "1", "1.0", "10e-1", "0", "-0", "-1", "1.5", "1000", "1001", "1e3", "1e9", "1e400", "-1e400", "1e-400", "123456789012345678901234567890",
		"9007199254740993", `"1"`, `""`, "true", "false", "null", "[]", "[1]", "{}", `{"protocol":1}`, `"é\u0000\ud83d\ude00"`, `"`+strings.Repeat("x", random.IntN(1200))+`"`)
}

func pick(random *rand.Rand, from ...string) string { return from[random.IntN(len(from))] }

func TestHandlers_ofAllShapesAreWrapped(t *testing.T) {
	for program, script := range map[string]string{"node": "testdata/users.cjs", "python3": "testdata/users.py"} {
		if text, err := exec.Command(program, script).CombinedOutput(); err != nil { // #nosec G204 -- this file's own
			t.Errorf("%s: %v\n%s", script, err, text)
		}
	}
}

// Users keep one file, in a module that knows nothing of this one.
func TestGo_isOneFileThatNeedsNothingElse(t *testing.T) {
	folder := t.TempDir()
	for name, text := range map[string]string{"go.mod": "module example.com/orders\n\ngo 1.23\n", "ping.go": Go} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	command := exec.Command("go", "vet", ".")
	command.Dir, command.Env = folder, append(os.Environ(), "GOFLAGS=-mod=readonly", "GOWORK=off", "GOTOOLCHAIN=local")
	if text, err := command.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, text)
	}
}
