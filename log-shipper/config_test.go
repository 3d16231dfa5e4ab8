package logshipper_test

import (
	"testing"

	"caretaker/internal/want"
	logshipper "caretaker/log-shipper"
)

// sending is a configuration that is enabled and has a destination.
func sending(change func(*logshipper.Config)) logshipper.Config {
	cfg := logshipper.Default()
	cfg.Enabled, cfg.Destination.Endpoint = true, "https://logs.example.com"
	if change != nil {
		change(&cfg)
	}
	return cfg
}

// several changes a configuration into one with two destinations, which more changes.
func several(more func(map[string]logshipper.Destination)) func(*logshipper.Config) {
	return func(c *logshipper.Config) {
		search := logshipper.DefaultDestination()
		search.Endpoint = "https://logs.example.com"
		c.Destination, c.Destinations = logshipper.DefaultDestination(), map[string]logshipper.Destination{"search": search, "archive": streamTo("logs")}
		if more != nil {
			more(c.Destinations)
		}
	}
}

// logstash changes the destination into an input of Logstash.
func logstash(endpoint, auth string, withoutAnswer bool) func(*logshipper.Config) {
	return func(c *logshipper.Config) {
		c.Destination.Type, c.Destination.Endpoint, c.Destination.Auth.Type, c.Destination.WithoutAnswer = logshipper.Logstash, endpoint, auth, withoutAnswer
	}
}

func streamTo(name string) logshipper.Destination {
	d := logshipper.DefaultDestination()
	d.Type, d.Stream = logshipper.Kinesis, name
	return d
}

func TestDefault_isOffAndInDryRun(t *testing.T) {
	cfg := logshipper.Default()
	want.Equal(t, "enabled", cfg.Enabled, false)
	want.Equal(t, "dry run", cfg.DryRun, true)
	want.Equal(t, "problems of the defaults", len(cfg.Validate()), 0)
}

func TestValidate_namesWhatADestinationLacks(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*logshipper.Config)
		want   string
	}{
		"all it needs":                {func(*logshipper.Config) {}, ""},
		"no endpoint":                 {func(c *logshipper.Config) { c.Destination.Endpoint = "" }, "logShipper.destination.endpoint"},
		"no endpoint while it is off": {func(c *logshipper.Config) { c.Destination.Endpoint, c.Enabled = "", false }, ""},
		"plain http":                  {func(c *logshipper.Config) { c.Destination.Endpoint = "http://logs.example.com" }, "logShipper.destination.endpoint"},
		"plain http to this machine":  {func(c *logshipper.Config) { c.Destination.Endpoint = "http://127.0.0.1:9200" }, ""},
		"a name that begins like it":  {func(c *logshipper.Config) { c.Destination.Endpoint = "http://127.0.0.1.example.com" }, "logShipper.destination.endpoint"},
		"a password in the address":   {func(c *logshipper.Config) { c.Destination.Endpoint = "https://u:p@logs.example.com" }, "logShipper.destination.endpoint"},
		"an instance's metadata":      {func(c *logshipper.Config) { c.Destination.Endpoint = "https://169.254.169.254/latest" }, "logShipper.destination.endpoint"},
		"basic without a secret":      {func(c *logshipper.Config) { c.Destination.Auth.Type = "basic" }, "logShipper.destination.auth.secret"},
		"basic with a secret": {func(c *logshipper.Config) {
			c.Destination.Auth = logshipper.Auth{Type: "basic", Service: "es", Secret: "logs/writer"}
		}, ""},
		"an unknown kind":           {func(c *logshipper.Config) { c.Destination.Type, c.Destination.Stream = "splunk", "logs" }, "logShipper.destination.type"},
		"kinesis without a stream":  {func(c *logshipper.Config) { c.Destination.Type = "kinesis" }, "logShipper.destination.stream"},
		"firehose with a stream":    {func(c *logshipper.Config) { c.Destination.Type, c.Destination.Stream = "firehose", "logs" }, ""},
		"a data stream in capitals": {func(c *logshipper.Config) { c.Destination.DataStream = "Logs" }, "logShipper.destination.dataStream"},
		"an authority that is none": {func(c *logshipper.Config) { c.Destination.CA = "/etc/ca.pem" }, "logShipper.destination.ca"},
		"an authority": {func(c *logshipper.Config) {
			c.Destination.CA = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
		}, ""},
		"logstash by http":                    {logstash("https://logs.example.com:8080/in", "none", false), ""},
		"logstash by http without an answer":  {logstash("https://logs.example.com:8080", "none", true), "logShipper.destination.withoutAnswer"},
		"logstash with the function's role":   {logstash("https://logs.example.com:8080", "sigv4", false), "logShipper.destination.auth.type"},
		"logstash with basic and no secret":   {logstash("https://logs.example.com:8080", "basic", false), "logShipper.destination.auth.secret"},
		"logstash by tls":                     {logstash("tls://logs.example.com:5000", "none", true), ""},
		"logstash by tls, with no word of it": {logstash("tls://logs.example.com:5000", "none", false), "logShipper.destination.withoutAnswer"},
		"logstash by tls without a port":      {logstash("tls://logs.example.com", "none", true), "logShipper.destination.endpoint"},
		"logstash by plain tcp":               {logstash("tcp://logs.example.com:5000", "none", true), "logShipper.destination.endpoint"},
		"logstash by plain tcp here":          {logstash("tcp://127.0.0.1:5000", "none", true), ""},
		"logstash without an endpoint":        {logstash("", "none", false), "logShipper.destination.endpoint"},
		"opensearch by tls":                   {func(c *logshipper.Config) { c.Destination.Endpoint = "tls://logs.example.com:5000" }, "logShipper.destination.endpoint"},
		"opensearch without an answer":        {func(c *logshipper.Config) { c.Destination.WithoutAnswer = true }, "logShipper.destination.withoutAnswer"},
		"several destinations":                {several(nil), ""},
		"destination beside them": {func(c *logshipper.Config) {
			several(nil)(c)
			c.Destination.Endpoint = "https://logs.example.com"
		}, "logShipper.destination"},
		"a name in capitals":        {several(func(all map[string]logshipper.Destination) { all["Third"] = streamTo("third") }), "logShipper.destinations.Third"},
		"one that lacks its stream": {several(func(all map[string]logshipper.Destination) { all["third"] = streamTo("") }), "logShipper.destinations.third.stream"},
		"a form that is wrong":      {several(func(all map[string]logshipper.Destination) { all["third"] = streamTo("a b") }), "logShipper.destinations.third.stream"},
		"one place twice":           {several(func(all map[string]logshipper.Destination) { all["other"] = all["archive"] }), "logShipper.destinations.other"},
		"more than five": {several(func(all map[string]logshipper.Destination) {
			for _, name := range []string{"c", "d", "e", "f"} {
				all[name] = streamTo(name)
			}
		}), "logShipper.destinations"},
		"subnets and no security group": {func(c *logshipper.Config) { c.VPC.Subnets = []string{"subnet-0123456789abcdef0"} }, "logShipper.vpc"},
		"a stream by its ARN":           {func(c *logshipper.Config) { c.Source.Stream = "arn:aws:kinesis:eu-west-1:111122223333:stream/logs" }, ""},
		"a queue for a stream":          {func(c *logshipper.Config) { c.Source.Stream = "arn:aws:sqs:eu-west-1:111122223333:logs" }, "logShipper.source.stream"},
	} {
		t.Run(name, func(t *testing.T) {
			key := ""
			for _, problem := range sending(c.change).Validate() {
				key += problem.Key
			}
			want.Equal(t, "keys with problems", key, c.want)
		})
	}
}
