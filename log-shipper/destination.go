package logshipper

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"caretaker/internal/setting"
)

// The kinds of destination.
const (
	OpenSearch = "opensearch"
	Kinesis    = "kinesis"
	Firehose   = "firehose"
	Logstash   = "logstash"
)

// The ways to prove to a destination who sends.
const (
	SigV4  = "sigv4"
	Basic  = "basic"
	APIKey = "apiKey"
	Bearer = "bearer"
	NoAuth = "none"
)

// What sigv4 signs for.
const (
	Domain     = "es"
	Serverless = "aoss"
)

// Destination is where the documents go.
type Destination struct {
	// Type is opensearch for OpenSearch and for Elasticsearch, kinesis for a data stream of Kinesis,
	// firehose for a Firehose stream, logstash for Logstash.
	Type string `json:"type" yaml:"type" choices:"opensearch, kinesis, firehose, logstash"`
	// Endpoint is the address of OpenSearch or Elasticsearch, without a data stream's name, or of an input of
	// Logstash: https:// for its http, tls://host:port for its tcp with the codec json_lines. Plain http:// and
	// tcp:// are for 127.0.0.1 alone.
	Endpoint string `json:"endpoint" yaml:"endpoint" form:"^(https://[^/?#@ ]+(/[^?#@ ]*)?|http://127\\.0\\.0\\.1(:[0-9]{1,5})?(/[^?#@ ]*)?|tls://[^/?#@: ]+:[0-9]{1,5}|tcp://127\\.0\\.0\\.1:[0-9]{1,5})?$" allowed:"an address such as https://logs.example.com or, for Logstash, tls://logs.example.com:5000, without a user, a password or a query; http:// and tcp:// for 127.0.0.1 alone"`
	// DataStream is the data stream that the documents go to. An index template must stand for it, or
	// OpenSearch makes a plain index of that name: caretaker log-shipper setup puts both.
	DataStream string `json:"dataStream" yaml:"dataStream" form:"^[a-z0-9][a-z0-9._-]{0,254}$" allowed:"up to 255 small letters, digits and ._-, the first a letter or a digit"`
	// Auth is how the shipper proves to OpenSearch, Elasticsearch or Logstash who it is.
	Auth Auth `json:"auth" yaml:"auth"`
	// IDs gives each document the id of its log event, so that what is sent twice stands there once. Time
	// series and vector search collections of OpenSearch Serverless refuse ids: false, for these alone.
	IDs bool `json:"ids" yaml:"ids"`
	// CA is the certificate, in PEM, of the authority that signed the endpoint's, where that is your own.
	// Empty takes those that every system trusts.
	CA string `json:"ca" yaml:"ca" form:"^(\\s*-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\\s-]+-----END CERTIFICATE-----\\s*)*$" allowed:"certificates in PEM, from -----BEGIN CERTIFICATE----- on"`
	// Batch bounds one request to OpenSearch, Elasticsearch or Logstash.
	Batch Batch `json:"batch" yaml:"batch"`
	// Dashboards is the address of OpenSearch Dashboards, with its path, such as https://logs.example.com/_dashboards:
	// caretaker log-shipper setup brings pictures there. Empty brings none.
	Dashboards string `json:"dashboards" yaml:"dashboards" form:"^(https://[^/?#@ ]+(/[^?#@ ]*)?|http://127\\.0\\.0\\.1(:[0-9]{1,5})?(/[^?#@ ]*)?)?$" allowed:"an address such as https://logs.example.com/_dashboards, without a user, a password or a query; http:// for 127.0.0.1 alone"`
	// WithoutAnswer true accepts that the destination never says what it took, as Logstash's input tcp does: what is
	// sent there counts as sent without an answer, never as delivered.
	WithoutAnswer bool `json:"withoutAnswer" yaml:"withoutAnswer"`
	// Stream is the name of the Kinesis or Firehose stream that the documents go to, in the Region of the stack.
	Stream string `json:"stream" yaml:"stream" form:"^[A-Za-z0-9_.-]{0,128}$" allowed:"a stream's name, not its ARN: up to 128 letters, digits and _.-"`
}

// DefaultDestination is what applies to the keys of a destination that the file does not set.
func DefaultDestination() Destination {
	return Destination{
		Type: OpenSearch, DataStream: "logs-lambda-default", Auth: Auth{Type: SigV4, Service: Domain}, IDs: true,
		Batch: Batch{Size: 5, Events: 3000},
	}
}

// Preset makes it DefaultDestination: an entry of destinations has the same defaults as destination.
func (d *Destination) Preset() { *d = DefaultDestination() }

// Auth is how the shipper proves to OpenSearch, Elasticsearch or Logstash who it is.
type Auth struct {
	// Type is sigv4 for the function's own role, basic for a user and a password, apiKey for a key of
	// Elasticsearch, bearer for a token, none for nothing at all. Logstash's input http knows basic; bearer is for
	// a proxy in front of it.
	Type string `json:"type" yaml:"type" choices:"sigv4, basic, apiKey, bearer, none"`
	// Service is es for a domain of the OpenSearch Service, aoss for a collection of OpenSearch
	// Serverless. Only sigv4 reads it.
	Service string `json:"service" yaml:"service" choices:"es, aoss"`
	// Secret is the name or the ARN of the secret in Secrets Manager that basic, apiKey and bearer
	// read: {"username": .., "password": ..} for basic, the key or the token for the others.
	Secret string `json:"secret" yaml:"secret" form:"^([A-Za-z0-9/_+=.@-]{1,512}|arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+)?$" allowed:"the name or ARN of a secret in Secrets Manager, never the password itself"`
}

// Batch bounds one request.
type Batch struct {
	// Size is the most MiB of a request before it is compressed, which is how OpenSearch counts. Small
	// domains of AWS refuse requests over 10 MiB.
	Size float64 `json:"size" yaml:"size" bounds:"0.1 to 100" of:"MiB"`
	// Events are the most documents of a request.
	Events int `json:"events" yaml:"events" bounds:"1 to 10000"`
}

// Targets are the destinations by their names. Where the file names a single one, by destination, it has no
// name: "".
func (c Config) Targets() map[string]Destination {
	if len(c.Destinations) == 0 {
		return map[string]Destination{"": c.Destination}
	}
	return c.Destinations
}

// Place says in words where the documents go.
func (d Destination) Place() string {
	switch d.Type {
	case Kinesis:
		return "the Kinesis stream " + d.Stream
	case Firehose:
		return "the Firehose stream " + d.Stream
	case Logstash:
		return "Logstash at " + d.Endpoint
	}
	return "the data stream " + d.DataStream + " at " + d.Endpoint
}

// mostDestinations bounds how many there are: each may take the memory of a batch, and has alarms.
const mostDestinations = 5

// A destination's name is part of alarms' names and of keys in the bucket.
var nameForm = regexp.MustCompile(`^[a-z][a-z0-9-]{0,31}$`)

// checkDestinations says what is wrong with the destinations of an enabled shipper.
func (c Config) checkDestinations() []setting.Problem {
	if len(c.Destinations) == 0 {
		return c.Destination.check("logShipper.destination")
	}
	var problems []setting.Problem
	wrong := func(key, value, allowed string) {
		problems = append(problems, setting.Problem{Key: "logShipper." + key, Value: value, Allowed: allowed})
	}
	names := slices.Sorted(maps.Keys(c.Destinations))
	if c.Destination != DefaultDestination() {
		wrong("destination", c.Destination.Place(), "either destination or destinations: give this one a name too, and put it among "+strings.Join(names, ", "))
	}
	if len(names) > mostDestinations {
		wrong("destinations", strings.Join(names, ", "), fmt.Sprintf("up to %d: each may take the memory of a batch", mostDestinations))
	}
	taken := map[string]string{}
	for _, name := range names {
		d := c.Destinations[name]
		if !nameForm.MatchString(name) {
			wrong("destinations."+name, name, "a name of up to 32 small letters, digits and hyphens, the first a letter")
		}
		if other := taken[d.Place()]; other != "" {
			wrong("destinations."+name, d.Place(), "each place once: it is where "+other+" sends to")
		}
		taken[d.Place()] = name
		problems = append(problems, d.check("logShipper.destinations."+name)...)
	}
	return problems
}

// check says what a destination lacks, key is where it stands in the file.
func (d Destination) check(key string) []setting.Problem {
	wrong := func(name, value, allowed string) []setting.Problem {
		return []setting.Problem{{Key: key + "." + name, Value: value, Allowed: allowed}}
	}
	served := d.Type == OpenSearch || d.Type == Logstash
	switch {
	case !served && d.Stream == "":
		return wrong("stream", "", "the name of the stream that type: "+d.Type+" sends to")
	case !served:
		return nil
	case d.Endpoint == "" && d.Type == Logstash:
		return wrong("endpoint", "", "the address of an input of Logstash, such as https://logs.example.com:8080 or tls://logs.example.com:5000")
	case d.Endpoint == "":
		return wrong("endpoint", "", "the address of OpenSearch or Elasticsearch, such as https://logs.example.com")
	case d.Auth.needsSecret() && d.Auth.Secret == "":
		return wrong("auth.secret", "", "the name of the secret that auth.type: "+d.Auth.Type+" reads")
	case !addressed(d.Endpoint):
		return wrong("endpoint", d.Endpoint, "the address of a server, which an instance's metadata is not")
	case d.Type == Logstash:
		return d.checkLogstash(wrong)
	case !d.speaksHTTP():
		return wrong("endpoint", d.Endpoint, "https://, unless type is logstash")
	case d.WithoutAnswer:
		return wrong("withoutAnswer", "true", "false: OpenSearch and Elasticsearch answer")
	}
	return nil
}

// checkLogstash says what is wrong with an input of Logstash.
func (d Destination) checkLogstash(wrong func(name, value, allowed string) []setting.Problem) []setting.Problem {
	switch {
	case d.Auth.Type == SigV4, d.Auth.Type == APIKey:
		return wrong("auth.type", d.Auth.Type, "basic, bearer or none with type: logstash")
	case !d.speaksHTTP() && d.Auth.Type != NoAuth:
		return wrong("auth.type", d.Auth.Type, "none with tls://: that input knows no password")
	case !d.speaksHTTP() && !d.WithoutAnswer:
		return wrong("withoutAnswer", "false", "true with tls://: that input of Logstash answers nothing, and what it loses nobody hears of; or an endpoint with https://, whose answer is read")
	case d.speaksHTTP() && d.WithoutAnswer:
		return wrong("withoutAnswer", "true", "false with https://: that input answers")
	}
	return nil
}

// speaksHTTP is whether the endpoint answers.
func (d Destination) speaksHTTP() bool { return strings.HasPrefix(d.Endpoint, "http") }

// needsSecret is whether the kind of proof is read from Secrets Manager.
func (a Auth) needsSecret() bool { return a.Type == Basic || a.Type == APIKey || a.Type == Bearer }

// addressed is false for a link-local address, which leads to no destination and may lead to credentials:
// instances and containers find theirs at one.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
func addressed(endpoint string) bool {
	_, host, _ := strings.Cut(strings.ToLower(endpoint), "://")
	for _, first := range []string{"169.254.", "[fe80:", "[fd00:ec2:", "0.0.0.0", "[::]"} {
		if strings.HasPrefix(host, first) {
			return false
		}
	}
	return true
}
