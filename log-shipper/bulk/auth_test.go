package bulk_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"caretaker/internal/opensearch"
	"caretaker/internal/want"
	"caretaker/log-shipper/bulk"
	"caretaker/log-shipper/document"
)

// vault holds one secret.
type vault struct {
	mutex sync.Mutex
	text  string
	err   error
	reads int
}

func (v *vault) GetSecretValue(_ context.Context, in *secretsmanager.GetSecretValueInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error) {
	v.mutex.Lock()
	defer v.mutex.Unlock()
	v.reads++
	if v.err != nil {
		return nil, v.err
	}
	if aws.ToString(in.SecretId) != "caretaker/logs" {
		return nil, errors.New("no such secret")
	}
	return &secretsmanager.GetSecretValueOutput{SecretString: &v.text}, nil
}

func (v *vault) put(text string) {
	v.mutex.Lock()
	defer v.mutex.Unlock()
	v.text = text
}

// secureWorld is a world behind TLS that lets one caller in.
func secureWorld(t *testing.T, caller opensearch.Caller) *world {
	t.Helper()
	w := newSmallWorld(t)
	gate, err := opensearch.OpenGate(t.Context(), w.service.URL(), true)
	want.NoError(t, "opening a gate with TLS", err)
	t.Cleanup(gate.Close)
	gate.Require(caller)
	w.Gate, w.options.Endpoint, w.options.CA = gate, gate.URL(), gate.CA()
	return w
}

func keys(id string) (opensearch.Key, bool) {
	return opensearch.Key{Secret: "secret of " + id, Token: "token of " + id}, id == "ASIAROLE"
}

func signed(service string) func(*bulk.Options) {
	return func(o *bulk.Options) {
		o.Auth = bulk.Auth{Type: bulk.SigV4, Service: service}
		o.Region, o.Credentials = "eu-west-1", credentials.NewStaticCredentialsProvider("ASIAROLE", "secret of ASIAROLE", "token of ASIAROLE")
	}
}

func with(kind, text string) func(*bulk.Options) {
	return func(o *bulk.Options) {
		o.Auth, o.Secrets = bulk.Auth{Type: kind, Secret: "caretaker/logs"}, &vault{text: text}
	}
}

func TestSend_provesWhoSends(t *testing.T) {
	for _, test := range []struct {
		name   string
		caller opensearch.Caller
		as     func(*bulk.Options)
	}{
		{"sigv4 to a domain", opensearch.SigV4("es", "eu-west-1", keys), signed("es")},
		{"sigv4 to OpenSearch Serverless", opensearch.SigV4("aoss", "eu-west-1", keys), signed("aoss")},
		{"basic", opensearch.Basic("shipper", "pass:word"), with(bulk.Basic, `{"username":"shipper","password":"pass:word"}`)},
		{"apiKey", opensearch.APIKey("VnVhQ2ZHY0JDZGJrU=="), with(bulk.APIKey, "VnVhQ2ZHY0JDZGJrU==\n")},
		{"bearer", opensearch.Bearer("a.b.c"), with(bulk.Bearer, "a.b.c")},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := secureWorld(t, test.caller)
			test.as(&w.options)
			d := destination(t, w.options)
			_, err := d.Setup(t.Context())
			want.NoError(t, "setting up", err)
			delivered(t, d.Send(t.Context(), some(20)), 20)
			w.holds(20)
		})
	}
}

func TestSend_asSomebodyElseIsRefused(t *testing.T) {
	for _, test := range []struct {
		name   string
		caller opensearch.Caller
		as     func(*bulk.Options)
	}{
		{"another service", opensearch.SigV4("es", "eu-west-1", keys), signed("aoss")},
		{"another Region", opensearch.SigV4("es", "us-east-1", keys), signed("es")},
		{"another key", opensearch.SigV4("es", "eu-west-1", func(string) (opensearch.Key, bool) {
			return opensearch.Key{Secret: "other", Token: "token of ASIAROLE"}, true
		}), signed("es")},
		{"another password", opensearch.Basic("shipper", "other"), with(bulk.Basic, `{"username":"shipper","password":"word"}`)},
		{"nobody", opensearch.Basic("shipper", "other"), func(*bulk.Options) {}},
		{"nobody, though there is a secret", opensearch.Basic("shipper", "other"), func(o *bulk.Options) { o.Auth.Secret = "caretaker/logs" }},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := secureWorld(t, test.caller)
			test.as(&w.options)
			fates := w.send(some(20))
			want.Equal(t, "fates", tally(fates), map[document.Fate]int{document.Unsent: 20})
			want.Says(t, "the error", fmt.Sprint(fates.Err), "security_exception")
			w.holds(0)
		})
	}
}

func TestSend_readsASecretOnceUntilItIsRefused(t *testing.T) {
	w := secureWorld(t, opensearch.Bearer("first"))
	v := &vault{text: "first"}
	w.options.Auth, w.options.Secrets = bulk.Auth{Type: bulk.Bearer, Secret: "caretaker/logs"}, v
	w.options.Events = 5
	d := destination(t, w.options)
	delivered(t, d.Send(t.Context(), some(20)), 20)
	want.Equal(t, "reads of the secret", v.reads, 1)

	v.put("second")
	w.Require(opensearch.Bearer("second"))
	fates := d.Send(t.Context(), some(40))
	want.Equal(t, "fates after a rotation", tally(fates), map[document.Fate]int{document.Already: 20, document.Delivered: 20})
	want.NoError(t, "sending after a rotation", fates.Err)
	want.Equal(t, "reads of the secret after a rotation", v.reads, 2)

	w.Require(opensearch.Bearer("third"))
	fates = d.Send(t.Context(), some(20))
	want.Equal(t, "fates with a secret that is wrong", tally(fates), map[document.Fate]int{document.Unsent: 20})
	want.Says(t, "the error", fmt.Sprint(fates.Err), "401")
	want.Equal(t, "reads of a secret that is wrong", v.reads, 3)
}

// What is wrong with a secret is said; what is in it is not.
func TestSend_aSecretThatCannotBeUsed(t *testing.T) {
	for _, test := range []struct {
		name, kind string
		vault      *vault
		says       string
	}{
		{"it is missing", bulk.Bearer, &vault{err: errors.New("ResourceNotFoundException")}, "ResourceNotFoundException"},
		{"a text for a user", bulk.Basic, &vault{text: "hush:hush"}, `{"username": "...", "password": "..."}`},
		{"a user without a password", bulk.Basic, &vault{text: `{"username":"hush"}`}, `{"username": "...", "password": "..."}`},
		{"an empty token", bulk.Bearer, &vault{}, "it must be the token alone"},
		{"a line break in a key", bulk.APIKey, &vault{text: "hush\nhush"}, "it must be the encoded key"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newSmallWorld(t)
			w.options.Auth, w.options.Secrets = bulk.Auth{Type: test.kind, Secret: "caretaker/logs"}, test.vault
			fates := w.send(some(2))
			want.Equal(t, "fates", tally(fates), map[document.Fate]int{document.Unsent: 2})
			want.Says(t, "the error", fmt.Sprint(fates.Err), "caretaker/logs", test.says)
			if strings.Contains(fmt.Sprint(fates.Err), "hush") {
				t.Errorf("the error holds the secret: %v", fates.Err)
			}
			want.Equal(t, "requests", len(w.bulks()), 0)
		})
	}
}

func TestSend_trustsItsOwnAuthorityAlone(t *testing.T) {
	w := secureWorld(t, nil)
	other, err := opensearch.OpenGate(t.Context(), w.service.URL(), true)
	want.NoError(t, "opening another gate", err)
	defer other.Close()
	for name, ca := range map[string]string{"the system's authorities": "", "another authority": other.CA()} {
		t.Run(name, func(t *testing.T) {
			w.options.CA = ca
			fates := w.sendFor(500*time.Millisecond, some(2))
			want.Equal(t, "fates", tally(fates), map[document.Fate]int{document.Unsent: 2})
			want.Says(t, "the error", fmt.Sprint(fates.Err), "certificate")
		})
	}
	w.holds(0)
}
