package logshipper

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"caretaker/cmd/caretaker/command"
	"caretaker/cmd/caretaker/console"
	"caretaker/internal/boot"
	"caretaker/log-shipper/replay"
)

// replayCommand ships an archive of logs in S3 again, from here and with the rights of who calls.
type replayCommand struct {
	Target command.Target `embed:""`
	chosen `embed:""`
	Bucket string `required:"" placeholder:"NAME" help:"The bucket that the archive is in."`
	Prefix string `placeholder:"PREFIX" help:"Only objects whose keys begin with this."`
	After  string `placeholder:"KEY" help:"Begin behind this key, where a replay ended before."`
	Group  string `placeholder:"NAME" help:"The log group of an export task, whose files do not say it."`
	Rate   int    `default:"5000" placeholder:"N" help:"The most documents a second (${default}); 0 is no limit."`
	Yes    bool   `short:"y" help:"Replay without asking."`
	DryRun bool   `help:"Read everything, and say what would be sent."`
}

// Run shows how much there is, asks, and replays it.
func (r *replayCommand) Run(j *command.Job) error {
	brake := boot.Brake(os.Getenv("DRY_RUN"))
	switch {
	case r.Rate < 0:
		return console.Misuse("--rate %d: it must be a number of documents a second, or 0 for no limit", r.Rate)
	case !r.Yes && !r.DryRun && !j.Asks && !brake:
		return console.Misuse("there is no terminal to ask at: give --yes to replay without asking")
	}
	c, err := connect(j, r.Target, r.chosen)
	if err != nil {
		return err
	}
	if !c.cfg.IDs {
		return console.Misuse("%s.ids is false: what is replayed would stand there once more each time", c.key)
	}
	progress := j.Console.Progress(1, []string{replaying})
	var total int
	replayer, err := replay.New(c.file.LogShipper, c.aws.Region, s3.NewFromConfig(c.aws), c.to, replay.Options{
		Bucket: r.Bucket, Prefix: r.Prefix, After: r.After, Group: r.Group, Rate: r.Rate, DryRun: r.DryRun || brake,
		Each: func(so replay.Result) { progress.Move(c.aws.Region, replaying, so.Objects, total) },
	})
	if err != nil {
		return err
	}
	var bytes int64
	if total, bytes, err = replayer.Count(j.Stopping); err != nil {
		return err
	}
	where := "s3://" + r.Bucket + "/" + r.Prefix
	j.Say("%s: %d objects of %.1f MiB, to %s in %s at %s.", where, total, float64(bytes)/(1<<20), c.cfg.DataStream, c.key, c.cfg.Endpoint)
	switch {
	case total == 0:
		return nil
	case brake:
		j.Say("DRY_RUN=%s is set in the environment: nothing is sent.", os.Getenv("DRY_RUN"))
	case !r.Yes && !r.DryRun:
		j.Say("You are %s.", c.caller)
		if !j.Confirm(j.Stopping, fmt.Sprintf("Type %d to replay them, anything else to cancel: ", total), strconv.Itoa(total)) {
			j.Say("Nothing was sent.")
			return console.Ending{Code: console.WorkLeft}
		}
	}
	result, err := replayer.Run(j.Stopping)
	progress.Leave(c.aws.Region)
	r.tell(j, result, r.DryRun || brake)
	switch {
	case err != nil && result.Last != "":
		return fmt.Errorf("%w; to go on from there: the same command with --after %s", err, quotedKey(result.Last))
	case err != nil:
		return err
	case r.DryRun || brake || result.UnreadCount > 0 || result.DeadLettered > 0:
		return console.Ending{Code: console.WorkLeft}
	}
	return nil
}

const replaying = "replaying objects"

// tell says what became of everything.
func (r *replayCommand) tell(j *command.Job, so replay.Result, dry bool) {
	delivered := "delivered"
	if dry {
		delivered = "would be sent"
	}
	j.Say("%d events in %d objects: %d %s, %d stood there already, %d are left out by the configuration, %d were refused, %d were not taken in time.",
		so.In, so.Objects, so.Delivered, delivered, so.Already, so.Filtered, so.DeadLettered, so.HandedBack)
	for _, reason := range so.Refused {
		j.Say("Refused: %s", reason)
	}
	for _, one := range so.Unread {
		j.Say("Not read, or not to its end: %s: %s", one.Key, one.Why)
	}
	if more := so.UnreadCount - len(so.Unread); more > 0 {
		j.Say("Not read, or not to their ends: %d objects more.", more)
	}
}

// quotedKey is a key as a shell reads it.
func quotedKey(key string) string {
	return "'" + strings.ReplaceAll(key, "'", `'\''`) + "'"
}
