package dashboards_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"caretaker/internal/opensearch"
	"caretaker/internal/want"
	"caretaker/log-shipper/bulk"
	"caretaker/log-shipper/dashboards"
)

const stream = "logs-lambda-test"

// vault holds one secret.
type vault string

func (v vault) GetSecretValue(context.Context, *secretsmanager.GetSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error) {
	return &secretsmanager.GetSecretValueOutput{SecretString: aws.String(string(v))}, nil
}

func caller(t *testing.T, address string, change ...func(*bulk.Options)) dashboards.Caller {
	t.Helper()
	options := bulk.Options{Endpoint: address, DataStream: stream, Auth: bulk.Auth{Type: bulk.None}}
	for _, do := range change {
		do(&options)
	}
	to, err := bulk.New(options)
	want.NoError(t, "making a caller", err)
	return to
}

func started(t *testing.T, path string) *opensearch.Dashboards {
	t.Helper()
	d := opensearch.StartDashboards(path)
	t.Cleanup(d.Close)
	return d
}

func TestPut_bringsAllObjectsOnce(t *testing.T) {
	d := started(t, "/_dashboards")
	to := caller(t, d.URL()+"/_dashboards")
	all := dashboards.Objects(stream)
	done, err := dashboards.Put(t.Context(), to, stream)
	want.NoError(t, "putting", err)
	want.Equal(t, "the first time", done, dashboards.Done{Created: len(all)})
	for _, object := range all {
		if d.Object(object.Type, object.ID) == nil {
			t.Errorf("%s %s is not there", object.Type, object.ID)
		}
	}
	done, err = dashboards.Put(t.Context(), to, stream)
	want.NoError(t, "putting again", err)
	want.Equal(t, "the second time", done, dashboards.Done{AsItWas: len(all)})
	want.Equal(t, "imports", d.Imports(), 1)
	other, err := dashboards.Put(t.Context(), to, "logs-lambda-other")
	want.NoError(t, "putting those of another data stream", err)
	want.Equal(t, "for another data stream", other, dashboards.Done{Created: len(all)})
}

func TestPut_keepsWhatWasChangedByHandUntilItChangesHere(t *testing.T) {
	d := started(t, "")
	to := caller(t, d.URL())
	all := dashboards.Objects(stream)
	_, err := dashboards.Put(t.Context(), to, stream)
	want.NoError(t, "putting", err)

	changed, gone, old := all[1], all[2], all[3]
	byHand := edited(t, d, changed, func(text string) string { return strings.Replace(text, `"title":"`, `"title":"Mine: `, 1) })
	d.Keep(gone.Type, gone.ID, nil)
	edited(t, d, old, func(text string) string { return strings.Replace(text, "edition ", "edition 0", 1) })

	done, err := dashboards.Put(t.Context(), to, stream)
	want.NoError(t, "putting again", err)
	want.Equal(t, "what became of them", done, dashboards.Done{Created: 1, Replaced: 1, AsItWas: len(all) - 2})
	want.Equal(t, "what somebody changed", string(d.Object(changed.Type, changed.ID)), byHand)
	want.Says(t, "what was gone", string(d.Object(gone.Type, gone.ID)), gone.ID)
	if strings.Contains(string(d.Object(old.Type, old.ID)), "edition 0") {
		t.Error("what is of another edition was not replaced")
	}
}

// edited changes an object in Dashboards.
func edited(t *testing.T, d *opensearch.Dashboards, object dashboards.Object, change func(string) string) string {
	t.Helper()
	before := string(d.Object(object.Type, object.ID))
	after := change(before)
	if after == before {
		t.Fatalf("nothing was changed in %s", before)
	}
	d.Keep(object.Type, object.ID, json.RawMessage(after))
	return after
}

func TestPut_provesWhoCalls(t *testing.T) {
	d := started(t, "")
	all := len(dashboards.Objects(stream))
	keys := func(id string) (opensearch.Key, bool) {
		return opensearch.Key{Secret: "secret", Token: "token"}, id == "ASIAME"
	}
	for name, c := range map[string]struct {
		caller opensearch.Caller
		as     func(*bulk.Options)
	}{
		"basic": {opensearch.Basic("me", "pass"), func(o *bulk.Options) {
			o.Auth, o.Secrets = bulk.Auth{Type: bulk.Basic, Secret: "s"}, vault(`{"username":"me","password":"pass"}`)
		}},
		"sigv4": {opensearch.SigV4("es", "eu-west-1", keys), func(o *bulk.Options) {
			o.Auth, o.Region = bulk.Auth{Type: bulk.SigV4, Service: "es"}, "eu-west-1"
			o.Credentials = credentials.NewStaticCredentialsProvider("ASIAME", "secret", "token")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			d.Caller = c.caller
			done, err := dashboards.Put(t.Context(), caller(t, d.URL(), c.as), stream)
			want.NoError(t, "putting", err)
			want.Equal(t, "objects that are there", done.Created+done.AsItWas, all)
			_, err = dashboards.Put(t.Context(), caller(t, d.URL()), stream)
			want.Says(t, "the error of somebody else", errors(err), "looking for what is there: Unauthorized", "Authentication Exception")
		})
	}
}

func errors(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestPut_saysWhatIsWrong(t *testing.T) {
	found := `{"saved_objects":[` + strings.TrimSuffix(strings.Repeat(`{"type":"dashboard","id":"x","error":{"statusCode":404,"message":"not found"}},`, len(dashboards.Objects(stream))), ",") + `]}`
	for name, c := range map[string]struct {
		status          int
		get, load, says string
	}{
		"another server":              {404, "<html>", "", "404: there is no OpenSearch Dashboards at this address; on a domain of AWS its address ends in /_dashboards"},
		"a page to log in":            {200, "<html>log in</html>", "", "its answer is no JSON: is this the address of OpenSearch Dashboards? <html>log in</html>"},
		"a redirect":                  {302, "", "", "302: there is no OpenSearch Dashboards at this address"},
		"no right":                    {403, `{"message":"no permissions for [kibana_all_write]"}`, "", "Forbidden: Dashboards does not let us in: no permissions for [kibana_all_write]"},
		"an error":                    {503, `{"message":"OpenSearch is down"}`, "", "503 Service Unavailable: OpenSearch is down"},
		"an object that is unread":    {200, strings.ReplaceAll(found, "404", "403"), "", "looking for dashboard x: not found"},
		"fewer than were asked for":   {200, `{"saved_objects":[]}`, "", "objects, Dashboards tells of 0"},
		"an object that is refused":   {200, found, `{"success":false,"successCount":1,"errors":[{"type":"dashboard","id":"y","error":{"type":"missing_references"}}]}`, "1 of them were refused, such as dashboard y: missing_references"},
		"an import that says nothing": {200, found, `{}`, "Dashboards says that 0 are there"},
		"an import of some":           {200, found, `{"success":true,"successCount":2}`, "Dashboards says that 2 are there"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.WriteHeader(c.status)
				answer := c.get
				if strings.HasSuffix(r.URL.Path, "_import") {
					answer = c.load
				}
				_, _ = w.Write([]byte(answer)) // what is not read tells in the error
			}))
			defer server.Close()
			_, err := dashboards.Put(t.Context(), caller(t, server.URL), stream)
			want.Says(t, "the error", errors(err), c.says)
		})
	}
}

// The stand-in refuses what Dashboards refuses: else these tests could not fail.
func TestStandIn_takesOnlyWhatDashboardsTakes(t *testing.T) {
	d := started(t, "")
	good := `{"type":"dashboard","id":"a","attributes":{"title":"t"},"references":[],"migrationVersion":{"dashboard":"7.9.3"}}`
	for name, c := range map[string]struct {
		file, text string
		header     bool
		says       string
	}{
		"a good one":           {"x.ndjson", good, true, `"success":true`},
		"again, not over":      {"x.ndjson", good, true, `"type":"conflict"`},
		"without the header":   {"x.ndjson", good, false, "Request must contain a osd-xsrf header."},
		"another name":         {"x.json", good, true, "Invalid file extension .json"},
		"another type":         {"x.ndjson", strings.ReplaceAll(good, "dashboard", "canvas"), true, "unsupported_type"},
		"another attribute":    {"x.ndjson", strings.Replace(strings.Replace(good, `"a"`, `"b"`, 1), `"title":"t"`, `"colour":"t"`, 1), true, "dynamic introduction of [colour]"},
		"of a later release":   {"x.ndjson", strings.Replace(strings.Replace(good, `"a"`, `"c"`, 1), "7.9.3", "9.0.0", 1), true, "more recent version"},
		"what is not there":    {"x.ndjson", strings.Replace(strings.Replace(good, `"a"`, `"d"`, 1), "[]", `[{"name":"n","type":"index-pattern","id":"none"}]`, 1), true, "missing_references"},
		"the same twice":       {"x.ndjson", good + "\n" + good, true, "Non-unique import objects detected"},
		"a line that is not":   {"x.ndjson", "{", true, "unexpected end of JSON input"},
		"an export's summary":  {"x.ndjson", `{"exportedCount":1}`, true, `"successCount":0`},
		"with nothing in it":   {"x.ndjson", "\n", true, `"successCount":0`},
		"an import of no file": {"", good, true, "expected value of type [Stream]"},
	} {
		header := http.Header{"Content-Type": {"multipart/form-data; boundary=x"}}
		if c.header {
			header.Set("Osd-Xsrf", "true")
		}
		form := "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"" + c.file + "\"\r\n\r\n" + c.text + "\r\n--x--\r\n"
		if name == "again, not over" {
			d.Keep("dashboard", "a", json.RawMessage(good))
		} else if name == "a good one" {
			d.Keep("dashboard", "a", nil)
		}
		_, answer, err := caller(t, d.URL()).Call(t.Context(), http.MethodPost, "/api/saved_objects/_import", header, []byte(form))
		want.NoError(t, "importing "+name, err)
		want.Says(t, "the answer to "+name, string(answer), c.says)
	}
}
