package logshipper_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"caretaker/internal/opensearch"
	"caretaker/internal/setting"
	"caretaker/internal/want"
	logshipper "caretaker/log-shipper"
	"caretaker/log-shipper/bulk"
	"caretaker/test/deployed"
)

const secretName = "caretaker/logs"

// way is how a deployed shipper may prove who it is. The first one of each stage is deployed; the others
// are the same function with another config.json.
type way struct {
	stage string
	auth  logshipper.Auth
	// secret is what is in Secrets Manager, and rotated what it becomes; empty for none.
	secret, rotated string
	scheme          string
	// caller is who the gate lets in, given the secret.
	caller func(w world, secret string) opensearch.Caller
}

var ways = []way{
	{
		stage: "signing", auth: logshipper.Auth{Type: logshipper.SigV4, Service: "es"}, scheme: "AWS4-HMAC-SHA256",
		caller: func(w world, _ string) opensearch.Caller { return w.signer("es") },
	},
	{
		stage: "signing", auth: logshipper.Auth{Type: logshipper.SigV4, Service: "aoss"}, scheme: "AWS4-HMAC-SHA256",
		caller: func(w world, _ string) opensearch.Caller { return w.signer("aoss") },
	},
	{
		stage: "secret", auth: logshipper.Auth{Type: logshipper.Basic, Service: "es", Secret: secretName}, scheme: "Basic",
		secret: `{"username":"shipper","password":"one"}`, rotated: `{"username":"shipper","password":"two"}`,
		caller: func(_ world, secret string) opensearch.Caller {
			return opensearch.Basic("shipper", strings.Split(secret, `"`)[7])
		},
	},
	{
		stage: "secret", auth: logshipper.Auth{Type: logshipper.APIKey, Service: "es", Secret: secretName}, scheme: "ApiKey",
		secret: "b25lOmtleQ==", rotated: "dHdvOmtleQ==",
		caller: func(_ world, secret string) opensearch.Caller { return opensearch.APIKey(secret) },
	},
	{
		stage: "secret", auth: logshipper.Auth{Type: logshipper.Bearer, Service: "es", Secret: secretName}, scheme: "Bearer",
		secret: "a.one.b", rotated: "a.two.b",
		caller: func(_ world, secret string) opensearch.Caller { return opensearch.Bearer(secret) },
	},
}

// signer lets in whoever signs with a key of the account, for a service in its Region.
func (w world) signer(service string) opensearch.Caller {
	return opensearch.SigV4(service, w.Region(), func(id string) (opensearch.Key, bool) {
		key, err := w.KeyOf(context.Background(), id)
		return opensearch.Key(key), err == nil
	})
}

// Over TLS with an authority of its own, under the deployed role, in each way that the file knows.
func TestDeployed_provesToTheDestinationWhoItIs(t *testing.T) {
	w := shared
	secrets := secretsmanager.NewFromConfig(w.AWS())
	_, err := secrets.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: aws.String(secretName), SecretString: aws.String("nothing yet")})
	want.NoError(t, "making the secret", err)
	put := func(t *testing.T, text string) {
		t.Helper()
		_, err := secrets.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{SecretId: aws.String(secretName), SecretString: &text})
		want.NoError(t, "setting the secret", err)
	}
	stages := map[string]world{}
	for _, way := range ways {
		t.Run(way.auth.Type+" "+way.auth.Service, func(t *testing.T) {
			gate, err := opensearch.OpenGate(t.Context(), w.node.URL(), true)
			want.NoError(t, "opening a gate with TLS", err)
			defer gate.Close()
			if way.secret != "" {
				put(t, way.secret)
			}
			gate.Require(way.caller(w, way.secret))
			cfg := logshipper.Default()
			cfg.Enabled, cfg.Function.Timeout = true, setting.Duration(8*time.Second)
			cfg.Destination.Endpoint, cfg.Destination.CA, cfg.Destination.Auth = gate.URL(), gate.CA(), way.auth
			cfg.Destination.DataStream = "logs-lambda-" + way.stage
			if _, there := stages[way.stage]; there {
				stages[way.stage].reconfigure(t, cfg)
			} else {
				stages[way.stage] = w.deployStage(t, way.stage, cfg)
			}
			way.check(t, stages[way.stage], gate, put)
		})
	}
}

// check ships, ships after a rotation, and parks where nobody is let in.
func (way way) check(t *testing.T, w world, gate *opensearch.Gate, put func(*testing.T, string)) {
	t.Helper()
	ships := func(name string) {
		t.Helper()
		events := lines(t.Name()+name, "one", "two")
		report := w.ships(t, direct(gzipped(t, payload(t, "/aws/lambda/orders", events))))
		want.Equal(t, "delivered "+name, report.Delivered, 2)
		want.Equal(t, "why something was not sent "+name, report.Unsent, "")
	}
	ships("at first")
	for _, call := range gate.Calls() {
		want.Equal(t, "the scheme", call.Scheme, way.scheme)
		want.Equal(t, "the answer", call.Status, http.StatusOK)
	}
	if way.rotated != "" {
		put(t, way.rotated)
		gate.Require(way.caller(w, way.rotated))
		ships("after a rotation")
	}
	gate.Require(opensearch.Bearer("somebody else"))
	report := w.ships(t, direct(gzipped(t, payload(t, "/aws/lambda/orders", lines(t.Name()+"refused", "one")))))
	want.Equal(t, "parked where nobody of us is let in", report.Parked, 1)
	want.Says(t, "the reason", report.Unsent, gate.URL(), "security_exception")
}

// deployStage deploys a stage with this section, and answers its world.
func (w world) deployStage(t *testing.T, stage string, cfg logshipper.Config) world {
	t.Helper()
	to, err := bulk.New(bulk.Options{Endpoint: w.node.URL(), DataStream: cfg.Destination.DataStream, Auth: bulk.Auth{Type: bulk.None}, IDs: true})
	want.NoError(t, "making a destination", err)
	_, err = to.Setup(t.Context())
	want.NoError(t, "setting the data stream up", err)
	return w.deployTo(t, stage, cfg)
}

// deployTo deploys a stage with this section, whose destination is there.
func (w world) deployTo(t *testing.T, stage string, cfg logshipper.Config) world {
	t.Helper()
	destination, err := json.Marshal(cfg.Destination) // JSON is YAML
	want.NoError(t, "encoding the destination", err)
	return w.deploySection(t, stage, fmt.Sprintf("function: {timeout: %s}, destination: %s", cfg.Function.Timeout, destination))
}

// deploySection deploys a stage with these keys of the section, and answers its world.
func (w world) deploySection(t *testing.T, stage, keys string) world {
	t.Helper()
	folder := t.TempDir()
	config := filepath.Join(folder, "caretaker.yaml")
	text := fmt.Sprintf("{version: 1, janitor: {enabled: false}, logShipper: {enabled: true, %s}, stages: {%s: {}}}", keys, stage)
	want.NoError(t, "writing the file", os.WriteFile(config, []byte(text), 0o600))
	err := deployed.CDK(t.Context(), w.Emulator, root, filepath.Join(folder, "cdk.out"),
		"deploy", "Caretaker-"+stage+"-LogShipper", "--require-approval", "never", "-c", "stage="+stage, "-c", "config="+config)
	want.NoError(t, "deploying stage "+stage, err)
	w.Function, err = deployed.Find(t.Context(), w.Emulator, "caretaker-"+stage+"-log-shipper")
	want.NoError(t, "finding the function of stage "+stage, err)
	return w
}

// reconfigure gives the deployed function another config.json, as a deployment would.
func (w world) reconfigure(t *testing.T, cfg logshipper.Config) {
	t.Helper()
	section, err := json.Marshal(cfg)
	want.NoError(t, "encoding the section", err)
	binary, err := os.ReadFile(filepath.Join(root, "dist", "host", "log-shipper", "bootstrap"))
	want.NoError(t, "reading the binary", err)
	var packed bytes.Buffer
	archive := zip.NewWriter(&packed)
	for name, content := range map[string][]byte{"bootstrap": binary, "config.json": section} {
		header := &zip.FileHeader{Name: name, Method: zip.Deflate}
		header.SetMode(0o755)
		file, err := archive.CreateHeader(header)
		want.NoError(t, "packing "+name, err)
		_, err = file.Write(content)
		want.NoError(t, "packing "+name, err)
	}
	want.NoError(t, "packing", archive.Close())
	_, err = w.lambdas.UpdateFunctionCode(t.Context(), &lambdasvc.UpdateFunctionCodeInput{FunctionName: &w.Name, ZipFile: packed.Bytes()})
	want.NoError(t, "updating the function", err)
	waiter := lambdasvc.NewFunctionUpdatedV2Waiter(w.lambdas)
	want.NoError(t, "waiting for the update", waiter.Wait(t.Context(), &lambdasvc.GetFunctionInput{FunctionName: &w.Name}, time.Minute))
}
