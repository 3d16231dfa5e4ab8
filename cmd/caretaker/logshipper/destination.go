package logshipper

import (
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"caretaker/cmd/caretaker/command"
	"caretaker/cmd/caretaker/console"
	"caretaker/internal/config"
	logshipper "caretaker/log-shipper"
)

// chosen is which of several destinations a command is about.
type chosen struct {
	Destination string `placeholder:"NAME" help:"Which of logShipper.destinations, where several of them are of the type opensearch."`
}

// destinationOf is the stage's OpenSearch or Elasticsearch, with the credentials of who calls. It stands once
// for a stage, so that one Region is enough.
func destinationOf(j *command.Job, target command.Target, which chosen) (logshipper.Sender, logshipper.Destination, error) {
	c, err := connect(j, target, which)
	return c.to, c.cfg, err
}

// connection is a destination with what it was found by.
type connection struct {
	file   config.File
	aws    aws.Config
	caller string
	key    string // of the destination in the file
	cfg    logshipper.Destination
	to     logshipper.Sender
}

func connect(j *command.Job, target command.Target, which chosen) (c connection, err error) {
	if c.file, err = j.Settings.Load(j.Console, false); err != nil {
		return c, err
	}
	if c.key, c.cfg, err = which.of(c.file.LogShipper); err != nil {
		return c, err
	}
	if c.cfg.Endpoint == "" {
		return c, console.Misuse("%s.endpoint of stage %s is empty", c.key, j.Stage())
	}
	account, err := target.Open(j, c.file)
	if err != nil {
		return c, err
	}
	c.aws, c.caller = account.In(account.Regions[0]), account.Caller
	if c.to, err = logshipper.ConnectDestination(c.cfg, c.aws); err != nil {
		return c, console.Misuse("logShipper.%v", err)
	}
	return c, nil
}

// of is the destination, with its key in the file: the one that was named, or else the only one of its type.
func (c chosen) of(cfg logshipper.Config) (string, logshipper.Destination, error) {
	if len(cfg.Destinations) == 0 {
		if c.Destination != "" {
			return "", cfg.Destination, console.Misuse("--destination %s: the file has no logShipper.destinations", c.Destination)
		}
		return only("logShipper.destination", cfg.Destination)
	}
	all := slices.Sorted(maps.Keys(cfg.Destinations))
	if c.Destination != "" {
		found, there := cfg.Destinations[c.Destination]
		if !there {
			return "", found, console.Misuse("--destination %s: logShipper.destinations has %s", c.Destination, strings.Join(all, ", "))
		}
		return only("logShipper.destinations."+c.Destination, found)
	}
	searched := slices.DeleteFunc(slices.Clone(all), func(name string) bool { return cfg.Destinations[name].Type != logshipper.OpenSearch })
	switch len(searched) {
	case 0:
		return "", logshipper.Destination{}, console.Misuse("none of logShipper.destinations, which are %s, is of the type opensearch", strings.Join(all, ", "))
	case 1:
		return "logShipper.destinations." + searched[0], cfg.Destinations[searched[0]], nil
	}
	return "", logshipper.Destination{}, console.Misuse("several of logShipper.destinations are of the type opensearch: say which with --destination %s", strings.Join(searched, " or "))
}

func only(key string, d logshipper.Destination) (string, logshipper.Destination, error) {
	if d.Type != logshipper.OpenSearch {
		return key, d, console.Misuse("%s.type is %s: this is for opensearch alone", key, d.Type)
	}
	return key, d, nil
}
