package logshipper

import (
	"strings"
	"time"

	"caretaker/internal/setting"
	"caretaker/log-shipper/document"
	"caretaker/log-shipper/groups"
)

// Config is the log-shipper's section of caretaker.yaml.
type Config struct {
	// Enabled says whether the log-shipper is deployed at all; where it is false, deploying deletes its stack.
	Enabled bool `json:"enabled" yaml:"enabled"`
	// DryRun keeps the subscriber from changing any log group: it reports what it would subscribe.
	// What is subscribed already, is shipped.
	DryRun bool `json:"dryRun" yaml:"dryRun"`
	// Function is the size of the function that ships.
	Function setting.Function `json:"function" yaml:"function"`
	// Source says what log events come by, beside subscriptions straight to the function.
	Source Source `json:"source" yaml:"source"`
	// Destination is where the documents go.
	Destination Destination `json:"destination" yaml:"destination"`
	// Destinations are several, by names of yours, in the place of destination: each document goes to each of
	// them, and each has an account of its own. Empty means destination alone.
	Destinations map[string]Destination `json:"destinations" yaml:"destinations"`
	// VPC is where the function that ships has its network addresses.
	VPC VPC `json:"vpc" yaml:"vpc"`
	// Drop says which events are not sent.
	Drop document.Drop `json:"drop" yaml:"drop"`
	// Sample says of how many invocations one is shipped.
	Sample document.Sample `json:"sample" yaml:"sample"`
	// Redact says what is replaced before an event is sent, or put among the dead letters.
	Redact document.Redact `json:"redact" yaml:"redact"`
	// Correlation are keys whose values become fields of their own, beside x-correlation-*: those of a
	// JSON object in a message. Empty means no others.
	Correlation []string `json:"correlation" yaml:"correlation" form:"^[A-Za-z0-9_.@-]{1,64}$" allowed:"a key of up to 64 letters, digits and _.@-"`
	// Subscribe says which log groups are shipped.
	Subscribe groups.Config `json:"subscribe" yaml:"subscribe"`
	// KeepDays is how many days what could not be delivered stays in the stack's bucket: dead letters, and
	// payloads that wait for the destination.
	KeepDays int `json:"keepDays" yaml:"keepDays" bounds:"2 to 365"`
}

// Source says what log events come by, beside subscriptions straight to the function.
type Source struct {
	// Stream is a Kinesis stream that subscriptions write to, your own or, with subscribe.through: stream,
	// the subscriber's: its name, in the Region of the stack, or its ARN. Empty means none.
	// https://docs.aws.amazon.com/kinesis/latest/APIReference/API_CreateStream.html
	Stream string `json:"stream" yaml:"stream" form:"^([A-Za-z0-9_.-]{1,128}|arn:aws[a-z-]*:kinesis:[a-z0-9-]+:[0-9]{12}:stream/[A-Za-z0-9_.-]{1,128})?$" allowed:"a stream's name or its ARN"`
	// Records are the most records of the stream that one run gets.
	Records int `json:"records" yaml:"records" bounds:"1 to 10000"`
	// Retries are how often Lambda sends a batch of the stream again of which nothing went through. What is given up then
	// waits, as a range of sequence numbers, in the function's on-failure queue.
	Retries int `json:"retries" yaml:"retries" bounds:"0 to 10000"`
	// MaxAge is how old a record of the stream may be before Lambda gives it up. The records themselves
	// stay in the stream for as long as its retention says: set that longer.
	MaxAge setting.Duration `json:"maxAge" yaml:"maxAge" bounds:"1m to 7d" step:"1s" of:"whole seconds"`
}

// VPC is where a function has its network addresses. Both lists empty means in no VPC of yours.
type VPC struct {
	// Subnets are the ids of private subnets, in at least two zones, from which the destination, S3, SQS
	// and, for a secret, Secrets Manager can be reached. Empty means none.
	Subnets []string `json:"subnets" yaml:"subnets" form:"^subnet-[0-9a-f]{8,17}$" allowed:"a subnet's id such as subnet-0123456789abcdef0"`
	// SecurityGroups are the ids of the function's security groups. Empty means none.
	SecurityGroups []string `json:"securityGroups" yaml:"securityGroups" form:"^sg-[0-9a-f]{8,17}$" allowed:"a security group's id such as sg-0123456789abcdef0"`
}

// Default is the policy that ships: what applies if caretaker.yaml sets nothing. It is switched off,
// since it needs a destination.
func Default() Config {
	return Config{
		DryRun:      true,
		Function:    setting.Function{Memory: 512, Timeout: setting.Duration(time.Minute), LogRetentionDays: 14},
		Source:      Source{Records: 100, Retries: 1000, MaxAge: setting.Duration(setting.Day)},
		Destination: DefaultDestination(),
		Drop:        document.Default().Drop,
		Sample:      document.Default().Sample,
		Redact:      document.Default().Redact,
		Subscribe:   groups.Default(),
		KeepDays:    14,
	}
}

// Validate says everything that is wrong, each with its key, its value and what is allowed. What one key
// asks of another is asked only where the shipper is enabled: a base may leave the destination to its stages.
func (c Config) Validate() []setting.Problem {
	problems := append(setting.Check("logShipper", c), c.documents().Validate("logShipper")...)
	wrong := func(key, value, allowed string) {
		problems = append(problems, setting.Problem{Key: "logShipper." + key, Value: value, Allowed: allowed})
	}
	if !c.Enabled {
		return problems
	}
	problems = append(problems, c.checkDestinations()...)
	if c.Subscribe.Through == groups.Stream && c.Source.Stream == "" {
		wrong("subscribe.through", c.Subscribe.Through, "function, unless source.stream names a stream")
	}
	if (len(c.VPC.Subnets) == 0) != (len(c.VPC.SecurityGroups) == 0) {
		wrong("vpc", strings.Join(append(c.VPC.Subnets, c.VPC.SecurityGroups...), ", "), "both subnets and securityGroups, or neither")
	}
	return problems
}

// documents is what of the section is about documents.
func (c Config) documents() document.Config {
	return document.Config{Drop: c.Drop, Sample: c.Sample, Redact: c.Redact, Correlation: c.Correlation}
}
