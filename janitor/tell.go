package janitor

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
)

// tell sends people a summary when something was deleted or refused or a belt closed.
func (j *Janitor) tell(ctx context.Context, report Report) error {
	worthTelling := report.Outcomes[Deleted]+report.Outcomes[UnderWay]+report.Outcomes[NotVerified]+report.Outcomes[Refused] > 0 || report.Belt.Closed() && !report.DryRun
	if j.options.Topic == "" || !worthTelling {
		return nil
	}
	_, err := j.aws.SNS.Publish(ctx, &sns.PublishInput{
		TopicArn: &j.options.Topic, Subject: aws.String(report.Headline()), Message: aws.String(report.Summary()),
		MessageAttributes: map[string]snstypes.MessageAttributeValue{
			"part":  {DataType: aws.String("String"), StringValue: aws.String("janitor")},
			"stage": {DataType: aws.String("String"), StringValue: aws.String(cmp.Or(j.options.Stage, "default"))},
		},
	})
	if err != nil {
		return fmt.Errorf("sending the summary (sns:Publish): %w", err)
	}
	return nil
}

// Headline is the run in one line of at most 100 ASCII characters, which is what SNS takes as
// a subject.
func (r Report) Headline() string {
	what := "nothing to delete"
	switch {
	case r.Belt.Closed() && !r.DryRun && r.Outcomes[Deleted]+r.Outcomes[NotVerified] > 0:
		what = fmt.Sprintf("%s belt closed after %d deletions", r.Belt.Name, r.Outcomes[Deleted]+r.Outcomes[NotVerified])
	case r.Belt.Closed() && !r.DryRun:
		what = r.Belt.Name + " belt closed, nothing deleted"
	case r.DryRun && r.Deletable() > 0:
		what = fmt.Sprintf("dry run: %d versions (%s) could go", r.Deletable(), Size(r.DeletableBytes))
	case r.Idle:
		what = "idle, storage is low"
	case r.Outcomes[NotVerified] > 0:
		what = fmt.Sprintf("%d versions deleted, not verified", r.Outcomes[Deleted]+r.Outcomes[NotVerified])
	case r.Outcomes[Deleted] > 0:
		what = fmt.Sprintf("%d versions deleted, %s freed", r.Outcomes[Deleted], Size(r.BytesFreed))
	case r.Outcomes[UnderWay] > 0:
		what = fmt.Sprintf("%d versions are being deleted", r.Outcomes[UnderWay])
	case r.Outcomes[Failed] > 0:
		what = fmt.Sprintf("%d versions could not be deleted", r.Outcomes[Failed])
	case r.Outcomes[Remaining] > 0:
		what = fmt.Sprintf("%d versions remain", r.Outcomes[Remaining])
	case r.FunctionsNotLookedAt > 0:
		what = fmt.Sprintf("%d functions not looked at yet", r.FunctionsNotLookedAt)
	case r.Outcomes[Refused] > 0:
		what = fmt.Sprintf("%d versions refused by AWS", r.Outcomes[Refused])
	}
	return fmt.Sprintf("Janitor %s: %s, storage %.1f %% full", r.Region, what, r.After.Percent())
}

// Summary is the run in a few lines for people.
func (r Report) Summary() string {
	var text strings.Builder
	line := func(format string, values ...any) { fmt.Fprintf(&text, format+"\n", values...) }
	line("%s", r.Headline())
	line("")
	line("Account %s, Region %s, %d functions, %d versions.", r.Account, r.Region, r.Functions, r.Versions)
	if r.After.Limit > 0 {
		line("Code storage: %s before, %s after, of %s (%.1f %%).", Size(r.Before.Used), Size(r.After.Used), Size(r.After.Limit), r.After.Percent())
	} else {
		line("Code storage: %s before, of %s; how much it is after could not be read.", Size(r.Before.Used), Size(r.Before.Limit))
	}
	if r.DaysToLimit != nil {
		line("At the growth of the last two weeks the limit is %.0f days away.", *r.DaysToLimit)
	}
	if r.Belt.Closed() {
		what := "nothing is deleted"
		if r.Belt.Name == RefusalsBelt {
			what = "nothing more is deleted"
		}
		line("\nThe %s belt is closed, so %s: %s.", r.Belt.Name, what, r.Belt.Message)
	}
	for _, outcome := range []Outcome{Deletable, NotLookedAt, Deleted, UnderWay, NotVerified, Refused, Gone, Remaining, Failed} {
		if count := r.Outcomes[outcome]; count > 0 {
			line("%7d %s", count, outcome)
		}
	}
	if r.FunctionsNotLookedAt > 0 {
		line("\n%d functions were not looked at for lack of time; the next run continues with them.", r.FunctionsNotLookedAt)
	}
	line("\nKept:")
	for _, reason := range slices.SortedFunc(maps.Keys(r.KeptBy), func(a, b Reason) int {
		return cmp.Or(cmp.Compare(r.KeptBy[b], r.KeptBy[a]), strings.Compare(string(a), string(b)))
	}) {
		line("%7d %s", r.KeptBy[reason], reason)
	}
	if len(r.NotChecked) > 0 {
		line("\nNot checked, since they are switched off: %s.", strings.Join(r.NotChecked, ", "))
	}
	for _, problem := range r.Errors {
		if problem != clipped(BeltError{r.Belt}.Error(), longest) { // said above
			line("\nError: %s", problem)
		}
	}
	return text.String()
}

// Size writes bytes with a unit of 1024, as AWS counts code storage: 75 GB are 80,530,636,800 bytes.
func Size(bytes int64) string {
	value, units := float64(bytes), []string{"B", "KB", "MB", "GB", "TB"}
	for value >= 1024 && len(units) > 1 {
		value /= 1024
		units = units[1:]
	}
	if units[0] == "B" {
		return fmt.Sprintf("%d B", bytes)
	}
	return fmt.Sprintf("%.1f %s", value, units[0])
}
