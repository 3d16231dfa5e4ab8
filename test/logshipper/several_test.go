package logshipper_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"caretaker/internal/logstash"
	"caretaker/internal/opensearch"
	"caretaker/internal/want"
	logshipper "caretaker/log-shipper"
	"caretaker/log-shipper/bulk"
)

// several is a deployed shipper with three destinations: OpenSearch, and Logstash by http with a password and by
// lines of JSON, all over TLS.
type several struct {
	world
	gate        *opensearch.Gate
	pipe, lines *logstash.StandIn
}

const severalStream = "logs-lambda-several"

func deploySeveral(t *testing.T) several {
	t.Helper()
	s := several{world: shared}
	var err error
	s.gate, err = opensearch.OpenGate(t.Context(), s.node.URL(), true)
	want.NoError(t, "opening a gate with TLS", err)
	to, err := bulk.New(bulk.Options{Endpoint: s.node.URL(), DataStream: severalStream, Auth: bulk.Auth{Type: bulk.None}, IDs: true})
	want.NoError(t, "making a destination", err)
	_, err = to.Setup(t.Context())
	want.NoError(t, "setting the data stream up", err)
	s.pipe, err = logstash.Start(t.Context(), true)
	want.NoError(t, "starting the stand-in for Logstash", err)
	s.pipe.Require("shipper", "one")
	s.lines, err = logstash.Start(t.Context(), true)
	want.NoError(t, "starting another", err)
	_, err = secretsmanager.NewFromConfig(s.AWS()).CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{
		Name: aws.String("caretaker/pipe"), SecretString: aws.String(`{"username":"shipper","password":"one"}`),
	})
	want.NoError(t, "making the secret", err)
	destinations, err := json.Marshal(map[string]any{ // JSON is YAML
		"search": map[string]any{"endpoint": s.gate.URL(), "ca": s.gate.CA(), "dataStream": severalStream, "auth": map[string]any{"type": "none"}},
		"pipe":   map[string]any{"type": "logstash", "endpoint": s.pipe.HTTP(), "ca": s.pipe.CA(), "auth": map[string]any{"type": "basic", "secret": "caretaker/pipe"}},
		"lines":  map[string]any{"type": "logstash", "endpoint": s.lines.TCP(), "ca": s.lines.CA(), "withoutAnswer": true, "auth": map[string]any{"type": "none"}},
	})
	want.NoError(t, "encoding the destinations", err)
	s.world = s.deploySection(t, "several", "function: {timeout: 8s}, destinations: "+string(destinations))
	return s
}

// stands says that each of the events stands once at each destination.
func (s several) stands(t *testing.T, events []line) {
	t.Helper()
	documents, piped, lined := s.node.Documents(severalStream), s.pipe.Events(), s.lines.Events()
	for _, event := range events {
		if _, there := documents[event.ID]; !there {
			t.Errorf("%s (%s) is missing at search", event.ID, event.Message)
		}
		want.Equal(t, "how often "+event.Message+" is at pipe", piped[event.ID], 1)
		want.Equal(t, "how often "+event.Message+" is at lines", lined[event.ID], 1)
	}
}

// tallies are what became of the events at each destination.
func tallies(report logshipper.Report) map[string]logshipper.Tally {
	all := map[string]logshipper.Tally{}
	for name, account := range report.Destinations {
		all[name] = account.Tally
	}
	return all
}

func TestDeployed_sendsToSeveralDestinationsAndAccountsForEach(t *testing.T) {
	s := deploySeveral(t)
	s.ForgetCalls()
	t.Run("one refuses something", s.refusal) // first, since one that was down is left alone for a while
	t.Run("one is down and comes back", s.outage)
	s.callsWhatIsGranted(t)
}

// outage is that one is down and comes back: the others get everything meanwhile, and in the end none lacks an event or
// has one twice.
func (s several) outage(t *testing.T) {
	const group = "/aws/lambda/orders"
	everything := lines("at first", "one", "two")
	report := s.ships(t, direct(gzipped(t, payload(t, group, everything))))
	want.Equal(t, "what became of the events", tallies(report), map[string]logshipper.Tally{
		"search": {In: 2, Delivered: 2}, "pipe": {In: 2, Delivered: 2}, "lines": {In: 2, Unanswered: 2},
	})
	s.stands(t, everything)

	s.pipe.Kill()
	while := lines("while it is down", "three", "four")
	began := time.Now()
	report = s.ships(t, direct(gzipped(t, payload(t, group, while))))
	want.Equal(t, "what became of the events while pipe is down", tallies(report), map[string]logshipper.Tally{
		"search": {In: 2, Delivered: 2}, "pipe": {In: 2, Parked: 2}, "lines": {In: 2, Unanswered: 2},
	})
	want.Says(t, "why", report.Unsent, "pipe: ", "refused")
	t.Logf("a run with one destination down took %s", time.Since(began).Round(time.Millisecond))
	first, second := lines("first of a stream", "five"), lines("second of a stream", "six", "seven")
	report = s.ships(t, records(t, record(1, gzipped(t, payload(t, group, first))), record(2, gzipped(t, payload(t, group, second)))))
	want.Equal(t, "what became of the records", tallies(report), map[string]logshipper.Tally{
		"search": {In: 3, Delivered: 3}, "pipe": {In: 3, Parked: 3}, "lines": {In: 3, Unanswered: 3},
	})
	want.Equal(t, "records that come again", len(report.BatchItemFailures), 0)
	for _, key := range s.kept(t, "parked/") {
		want.Equal(t, "for whom "+key+" waits", strings.HasPrefix(key, "parked/pipe/"), true)
	}
	want.NoError(t, "bringing pipe back", s.pipe.Restart())
	s.comesBack(t)
	for _, more := range [][]line{while, first, second} {
		everything = append(everything, more...)
	}
	s.stands(t, everything)
}

// refusal is that one refuses something: that is among its own dead letters, and goes to it alone when it is sent
// again.
func (s several) refusal(t *testing.T) {
	events := lines(t.Name(), "fine", "refused")
	s.gate.Inject(poisoned(events[1].ID))
	report := s.ships(t, direct(gzipped(t, payload(t, "/aws/lambda/orders", events))))
	want.Equal(t, "what became of the events", tallies(report), map[string]logshipper.Tally{
		"search": {In: 2, Delivered: 1, DeadLettered: 1}, "pipe": {In: 2, Delivered: 2}, "lines": {In: 2, Unanswered: 2},
	})
	want.Equal(t, "objects of dead letters", len(report.Letters), 1)
	want.Equal(t, "whose they are", logshipper.OwnerOf(report.Letters[0]), "search")
	s.gate.ClearFaults()
	redriver := logshipper.Redriver{
		S3: s3.NewFromConfig(s.AWS(), func(o *s3.Options) { o.UsePathStyle = true }), SQS: s.queues, Bucket: s.Variables["BUCKET_NAME"], Queue: s.Variables["QUEUE_URL"],
	}
	want.NoError(t, "redriving", redriver.Ask(t.Context(), report.Letters[0], time.Now()))
	eventually(t, "the dead letters are gone", func() bool { return len(s.kept(t, logshipper.DeadLettersPrefix)) == 0 })
	s.stands(t, events)
}
