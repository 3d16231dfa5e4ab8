package logshipper

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"caretaker/cmd/caretaker/command"
	"caretaker/cmd/caretaker/console"
	"caretaker/internal/config"
	"caretaker/log-shipper/groups"
	"caretaker/log-shipper/subscriber"
)

// looking is what the commands begin with: the account, and the Regions with their progress.
type looking struct {
	*command.Job
	file     config.File
	account  command.Account
	progress *console.Progress
}

// reading is the only phase.
const reading = "reading log groups"

func open(j *command.Job, target command.Target) (looking, error) {
	file, account, err := target.Begin(j, false)
	if err != nil {
		return looking{}, err
	}
	return looking{j, file, account, j.Console.Progress(len(account.Regions), []string{reading})}, nil
}

// in is the subscriber of a Region, in a dry run unless it is told what to do.
func (l looking) in(region string, leaving bool) *subscriber.Subscriber {
	cfg := l.file.LogShipper.Subscribe
	return subscriber.New(subscriber.Config{DryRun: true, Subscribe: cfg}, subscriber.Connect(l.account.In(region), cfg.Rate), subscriber.Options{
		Stage: l.Stage(), Target: groups.Target{Destination: l.destination(region)}, Leaving: leaving,
		Progress: func(done, of int) { l.progress.Move(region, reading, done, of) },
	})
}

// destination is what the filters of a Region point to: the shipper that the stage's stack has there,
// or the stream. The role for a stream is not known here, and so not compared.
func (l looking) destination(region string) string {
	partition := "aws"
	if caller, err := arn.Parse(l.account.Caller); err == nil {
		partition = caller.Partition
	}
	of := func(service, resource string) string {
		return arn.ARN{Partition: partition, Service: service, Region: region, AccountID: l.account.Number, Resource: resource}.String()
	}
	cfg := l.file.LogShipper
	switch {
	case cfg.Subscribe.Through != groups.Stream:
		return of("lambda", "function:caretaker-"+l.Stage()+"-log-shipper")
	case strings.HasPrefix(cfg.Source.Stream, "arn:"):
		return cfg.Source.Stream
	}
	return of("kinesis", "stream/"+cfg.Source.Stream)
}
