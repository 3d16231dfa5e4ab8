// Package replay ships an archive of logs in S3: export tasks of CloudWatch Logs, payloads of subscriptions
// that Firehose wrote, and what the shipper parked or gave up. It is for people's commands, with their rights.
//
// Objects are read one after the other in the order of their keys, each from its beginning to its end, in
// pieces that fit into memory, and made into documents as the shipper makes them: dropped, sampled and
// redacted as the file says. Documents are created under ids that depend on the events alone, so that a
// second time changes nothing.
package replay

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"golang.org/x/time/rate"

	logshipper "caretaker/log-shipper"
	"caretaker/log-shipper/document"
)

// S3 reads the archive; a *s3.Client does.
type S3 interface {
	s3.ListObjectsV2APIClient
	GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error)
}

// Options say what is replayed, and how.
type Options struct {
	// Bucket and Prefix are where the archive is; After is the key after which to begin, empty for the first.
	Bucket, Prefix, After string
	// Group is the log group of an export, which does not say it itself.
	Group string
	// Rate is the most documents a second; 0 is no limit.
	Rate int
	// DryRun reads everything and sends nothing.
	DryRun bool
	// Patience is how long the destination may take for a batch, with everything that is sent again. 0 is a minute.
	Patience time.Duration
	// Each is called after each object with what came of all so far; nil tells nobody.
	Each func(Result)
}

// Replayer replays an archive.
type Replayer struct {
	s3      S3
	to      logshipper.Sender
	maker   *document.Maker
	options Options
	pace    *rate.Limiter

	batch  document.Batch
	result Result
}

// Result is what came of an archive.
type Result struct {
	// Objects were read, to their ends or not, of so many Bytes as they lie there. Skipped hold no logs.
	Objects, Skipped int
	Bytes            int64
	// Tally is what became of the events: DeadLettered were refused for good, and HandedBack were not taken in
	// time. Both stay in the archive. In a dry run Delivered are those that would be sent.
	logshipper.Tally
	// Unread are objects that could not be read, or not to their end; UnreadCount says how many.
	Unread      []Unread
	UnreadCount int
	// Refused are the first reasons why documents were refused.
	Refused []string
	// Last is the key of the last object that is done with: After of the next run.
	Last string
}

// Unread is an object that could not be read.
type Unread struct{ Key, Why string }

const (
	// mostTold bounds each list of a Result.
	mostTold = 20
	// mostInARow is after how many objects that cannot be read one after the other none is any more.
	mostInARow = 20
)

// New makes a replayer. An error names an expression of the file that cannot be read.
func New(cfg logshipper.Config, region string, from S3, to logshipper.Sender, options Options) (*Replayer, error) {
	maker, err := cfg.Maker(region)
	if err != nil {
		return nil, err
	}
	if options.Patience == 0 {
		options.Patience = time.Minute
	}
	r := &Replayer{s3: from, to: to, maker: maker, options: options}
	if options.Rate > 0 {
		r.pace = rate.NewLimiter(rate.Limit(options.Rate), options.Rate)
	}
	return r, nil
}

// stopped is why a replay ends before its end: the destination, or who called.
type stopped struct{ error }

func (s stopped) Unwrap() error { return s.error }

// Run replays the archive. An error says why it ended before its end; the result is true all the same, and its
// Last says where to go on.
func (r *Replayer) Run(ctx context.Context) (Result, error) {
	r.result = Result{Last: r.options.After}
	row := 0
	err := r.list(ctx, func(o object) error {
		if o.skip {
			r.result.Skipped++
			r.result.Last = o.key
			return nil
		}
		why := o.unread
		if why == "" {
			err := r.object(ctx, o)
			var end stopped
			switch {
			case errors.As(err, &end):
				return fmt.Errorf("%s: %w", o.key, end.error)
			case err != nil:
				why = err.Error()
			}
			r.result.Objects, r.result.Bytes = r.result.Objects+1, r.result.Bytes+o.bytes
		}
		if why != "" {
			r.result.unread(o.key, why)
			if row++; row == mostInARow {
				return fmt.Errorf("%d objects in a row could not be read, the last of them %s: %s", row, o.key, why)
			}
		} else {
			row = 0
		}
		r.result.Last = o.key
		if r.options.Each != nil {
			r.options.Each(r.result)
		}
		return nil
	})
	if odd := r.result.Imbalance(); odd != 0 {
		err = errors.Join(err, fmt.Errorf("the account does not balance: of %d events %d became nothing, or, below 0, more than one thing", r.result.In, odd))
	}
	return r.result, err
}

func (r *Result) unread(key, why string) {
	r.UnreadCount++
	if len(r.Unread) < mostTold {
		r.Unread = append(r.Unread, Unread{key, why})
	}
}

// exported is how CloudWatch Logs names the objects of an export: below the task's id and the stream's name, whose
// slashes are dashes.
var exported = regexp.MustCompile(`/([^/]+)/[0-9]{6}\.gz$`)

var datedStream = regexp.MustCompile(`^([0-9]{4})-([0-9]{2})-([0-9]{2})-(.*\[)`)

// streamOf is the log stream of an object of an export; empty where its key tells none.
func streamOf(key string) string {
	if found := exported.FindStringSubmatch(key); found != nil {
		return datedStream.ReplaceAllString(found[1], "$1/$2/$3/$4")
	}
	return ""
}

// object replays one object.
func (r *Replayer) object(ctx context.Context, o object) error {
	given, err := r.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: &r.options.Bucket, Key: &o.key})
	if _, gone := errors.AsType[*s3types.NoSuchKey](err); gone {
		return errors.New("it was there when the list was read, and is no more")
	}
	if ctx.Err() != nil {
		return stopped{ctx.Err()}
	}
	if err != nil {
		return err
	}
	defer func() { _ = given.Body.Close() }()
	failure := unpack(given.Body, origin{r.options.Group, streamOf(o.key)}, func(p piece) error {
		if p.letter {
			return r.letter(ctx, p.text)
		}
		return r.payload(ctx, p.text)
	})
	if ctx.Err() != nil {
		failure = stopped{ctx.Err()}
	}
	// What was read before something bad is good.
	return errors.Join(failure, r.send(ctx))
}
