package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"caretaker/internal/setting"
	"caretaker/internal/slack"
	"caretaker/internal/want"
)

func TestPermitted_refusesAllButHTTPSToListedHosts(t *testing.T) {
	hosts := []string{"chat.example.com", "127.0.0.1:8443"}
	for address, fine := range map[string]bool{
		"https://hooks.slack.com/services/T/B/x": true, "https://slack.com/api": true, "https://hooks.slack.com:443/x": true, "https://chat.example.com/hooks/x": true,
		"https://127.0.0.1:8443/x": true, "https://HOOKS.slack.com/x": true,
		"http://hooks.slack.com/x": false, "https://hooks.slack.com:8443/x": false, "https://hooks.slack.com.evil.example/x": false, "https://evil.example/hooks.slack.com": false,
		"https://user@hooks.slack.com/x": false, "https://127.0.0.1/x": false, "https://chat.example.com:8443/x": false, "file:///etc/passwd": false, "": false, "https://": false, "hooks.slack.com/x": false,
	} {
		err := permitted(address, slices.Concat(slackHosts, hosts))
		want.Equal(t, address, err == nil, fine)
		if err != nil && strings.Contains(err.Error(), "/x") {
			t.Errorf("%s: the error tells the path: %v", address, err)
		}
	}
}

func TestReachable_refusesPrivateAddressesUnlessNamedAndTheMachinesOwnAlways(t *testing.T) {
	for address, c := range map[string]struct{ fine, named bool }{
		"3.5.140.1": {true, true}, "2600:1f18::1": {true, true},
		"10.0.0.1": {false, true}, "192.168.1.1": {false, true}, "172.16.0.1": {false, true}, "127.0.0.1": {false, true}, "::1": {false, true}, "fd12::1": {false, true}, "100.64.0.1": {false, true}, "::ffff:10.0.0.1": {false, true}, "64:ff9b::a00:1": {false, true},
		"169.254.169.254": {false, false}, "169.254.170.2": {false, false}, "fe80::1": {false, false}, "fd00:ec2::254": {false, false}, "::ffff:169.254.169.254": {false, false}, "0.0.0.0": {false, false}, "224.0.0.1": {false, false},
	} {
		parsed := netip.MustParseAddr(address)
		want.Equal(t, address, reachable(parsed, false) == nil, c.fine)
		want.Equal(t, address+", of a host that the file names", reachable(parsed, true) == nil, c.named)
	}
}

// A name that is listed and leads inside is refused at the connection.
func TestSend_refusesAHostThatLeadsToAPrivateAddress(t *testing.T) {
	sender := newSlackSender(Target{Hosts: []string{"other.example"}})
	_, err := sender.client.Get("https://localhost:1/x") // #nosec G107 -- it must not get there
	if err == nil || !strings.Contains(broken(err).Error(), "private address") {
		t.Errorf("connecting to localhost: %v", err)
	}
}

func TestCredential_isReadInEachFormAndPrintsAsNothing(t *testing.T) {
	for text, expected := range map[string]credential{
		" https://hooks.slack.com/x\n": {webhook: "https://hooks.slack.com/x"}, "xoxb-1-2-a": {token: "xoxb-1-2-a"},
		`{"url":"https://hooks.slack.com/x"}`: {webhook: "https://hooks.slack.com/x"}, `{"webhookUrl":"https://a/x","other":1}`: {webhook: "https://a/x"},
		`{"token":"xoxb-1-2-a"}`: {token: "xoxb-1-2-a"}, `{"botToken":" xoxb-1-2-a "}`: {token: "xoxb-1-2-a"},
	} {
		got, err := readCredential(text)
		if err != nil || got != expected {
			t.Errorf("%s is not read as it should be: %v", text, err)
		}
		for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			want.Equal(t, format, fmt.Sprintf(format, got), "(secret)")
		}
		raw, _ := json.Marshal(got)
		want.Equal(t, "its JSON", string(raw), `"(secret)"`)
	}
	for _, text := range []string{"", "planted", "http://hooks.slack.com/planted", `{"url":7,"x":"planted"}`, `{"url":"planted"}`, "{planted", "xoxb planted"} {
		_, err := readCredential(text)
		if err == nil || strings.Contains(err.Error(), "planted") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// Two runs at once open one incident: one waits for the other.
func TestHandle_twoRunsAtOnceOpenOneMessage(t *testing.T) {
	w := newWorld(t, slack.Token)
	w.memory.now, w.options.Now = time.Now, time.Now
	var group sync.WaitGroup
	for i := range 4 {
		group.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			other := New(Deployed{Config: w.cfg, Target: w.target}, w.aws, w.options)
			report, err := other.Handle(ctx, brings(1, says(stateAlarm, fmt.Sprint("f", i), float64(i))))
			if err != nil || len(report.BatchItemFailures) > 0 {
				t.Errorf("a run: %v, %+v", err, report)
			}
		})
	}
	group.Wait()
	messages := standIn.Messages()
	if want.Equal(t, "messages", len(messages), 1) {
		want.Equal(t, "the message", messages[0].Text, "Critical: checkout, 4 alarms are on")
	}
}

// A run that finds another at work for as long as it has time gives everything back.
func TestHandle_givesEverythingBackWhileAnotherRunHoldsTheMemory(t *testing.T) {
	w := newWorld(t, slack.Token)
	_, _, err := w.memory.take(t.Context())
	want.NoError(t, "taking the memory", err)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	report, err := w.Handle(ctx, brings(1, says(stateAlarm, "a", 0), "a notice"))
	want.NoError(t, "the run", err)
	want.Equal(t, "messages that come again", len(report.BatchItemFailures), 2)
	want.Equal(t, "messages in the channel", len(standIn.Messages()), 0)
	w.clock = noon.Add(time.Minute) // the run that held it died
	later := w.hears(60, says(stateAlarm, "a", 0))
	want.Equal(t, "messages that come again later", len(later.BatchItemFailures), 0)
}

// A run that was killed keeps the next one waiting for some seconds, and one that is at work keeps it out.
func TestHold_lastsAsLongAsTheRunIsAlive(t *testing.T) {
	w := newWorld(t, slack.Token)
	w.memory.now, w.memory.length, w.memory.renew = time.Now, 4*time.Second, 200*time.Millisecond
	owner, _, err := w.memory.take(t.Context())
	want.NoError(t, "taking the memory", err)
	end := w.memory.hold(t.Context(), owner)
	time.Sleep(w.memory.length + time.Second) // the first hold is over by then, and renewed
	_, err = w.memory.attempt(t.Context(), "another", time.Now().Add(time.Second))
	if !errors.Is(err, errHeld) {
		t.Errorf("another run gets it while the first is alive: %v", err)
	}
	end()
	if _, _, err := w.memory.take(t.Context()); err != nil {
		t.Errorf("nobody gets it after the run was killed: %v", err)
	}
}

func TestPack_keepsTheMemoryOfAThousandAlarmsWithinAnItem(t *testing.T) {
	var changes []Change
	for i := range 5000 {
		c := became(stateAlarm, fmt.Sprint("service-", i%40), fmt.Sprint("function-", i, "-errors"), float64(i)/100)
		c.Reason, c.Description = strings.Repeat(fmt.Sprint(i, " "), 40), strings.Repeat(fmt.Sprint("d", i), 40)
		changes = append(changes, c)
	}
	state, _ := Decide(State{}, News{Changes: changes}, at(60), bot)
	packed, err := pack(remembered{State: state})
	want.NoError(t, "packing", err)
	if len(packed) > mostPacked {
		t.Errorf("it takes %d bytes", len(packed))
	}
}

func TestConfig_refusesWhatCannotWork(t *testing.T) {
	for name, c := range map[string]struct {
		problems []setting.Problem
		key      string
	}{
		"a window of hours": {func() []setting.Problem { c := Default(); c.Window = setting.Duration(time.Hour); return c.Validate() }(), "alerts.notify.window"},
		"a time-out too short": {func() []setting.Problem {
			c := Default()
			c.Function.Timeout = setting.Duration(5 * time.Second)
			return c.Validate()
		}(), "alerts.notify.function.timeout"},
		"an own topic": {func() []setting.Problem {
			c := Default()
			c.Topics = []string{"caretaker-prod-notify"}
			return c.Validate()
		}(), "alerts.notify.topics[0]"},
		"a topic that is none": {func() []setting.Problem {
			c := Default()
			c.Topics = []string{"arn:aws:sqs:eu-west-1:111122223333:q"}
			return c.Validate()
		}(), "alerts.notify.topics[0]"},
		"a topic twice":              {func() []setting.Problem { c := Default(); c.Topics = []string{"a", "a"}; return c.Validate() }(), "alerts.notify.topics[1]"},
		"a host that is a URL":       {Target{Hosts: []string{"https://chat.example.com"}}.Validate("notify"), "notify.hosts[0]"},
		"a host with a path":         {Target{Hosts: []string{"chat.example.com/hooks/planted"}}.Validate("notify"), "notify.hosts[0]"},
		"Slack's own host":           {Target{Hosts: []string{"slack.com"}}.Validate("notify"), "notify.hosts[0]"},
		"a channel with blanks":      {Target{Secret: "s", Channel: "on call"}.Validate("notify"), "notify.slack.channel"},
		"an API on an unknown host":  {Target{Secret: "s", API: "https://evil.example/api"}.Validate("notify"), "notify.slack.api"},
		"an API without https":       {Target{Secret: "s", API: "http://slack.com/api"}.Validate("notify"), "notify.slack.api"},
		"a channel without a secret": {Target{Channel: "#alerts"}.Validate("notify"), "notify.slack.secret"},
	} {
		if len(c.problems) != 1 || c.problems[0].Key != c.key || c.problems[0].Allowed == "" {
			t.Errorf("%s: %v, want one problem with %s", name, c.problems, c.key)
		}
	}
	want.Equal(t, "problems of what ships", len(Default().Validate())+len(Target{Blocks: true}.Validate("notify")), 0)
	var no refused
	if !errors.As(broken(errors.New(`Post "https://hooks.slack.com/services/planted": EOF`)), &no) || strings.Contains(no.Error(), "planted") {
		t.Errorf("a broken call tells its address: %v", no)
	}
}
