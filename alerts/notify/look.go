package notify

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"caretaker/internal/paged"
)

// mostNames is how many alarms one call describes:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
const mostNames = 100

// look asks CloudWatch about the alarms that are on, and answers what changed: not every alarm tells
// that it is OK again, and one that was deleted tells nothing any more.
func (n *Notifier) look(ctx context.Context, state State) ([]Change, error) {
	var on []Member
	var names []string
	for _, incident := range state.Incidents {
		for _, member := range incident.alarmsOn() {
			if member.Account == n.options.Place.Account && member.Region == n.options.Place.Region {
				on = append(on, member)
				if !slices.Contains(names, member.Name) {
					names = append(names, member.Name)
				}
			}
		}
	}
	found := map[string]current{}
	for chunk := range slices.Chunk(names, mostNames) {
		if err := n.describe(ctx, chunk, found); err != nil {
			return nil, err // what could not be read is not gone
		}
	}
	contributors, err := n.contributors(ctx, on, found)
	var changes []Change
	for _, member := range on {
		now := found[member.Name]
		now.contributors = contributors[member.Name]
		if change, changed := member.since(now, n.now()); changed {
			changes = append(changes, change)
		}
	}
	return changes, err // what could not be read of contributors is not gone either
}

// mostContributors is how many in ALARM CloudWatch keeps of an alarm; with as many, one that is not among them may
// be on all the same.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-contributors.html
const mostContributors = 100

// contributors are the ids of those in ALARM, of each alarm that is on and of which one is told of; nil where
// nobody knows them all.
func (n *Notifier) contributors(ctx context.Context, on []Member, found map[string]current) (map[string]map[string]bool, error) {
	known := map[string]map[string]bool{}
	for _, member := range on {
		if _, asked := known[member.Name]; asked || member.contributor() == "" || found[member.Name].state != stateAlarm {
			continue
		}
		ids := map[string]bool{}
		err := paged.Every(func(token *string) (*string, error) {
			page, err := n.aws.CloudWatch.DescribeAlarmContributors(ctx, &cloudwatch.DescribeAlarmContributorsInput{AlarmName: &member.Name, NextToken: token})
			if err != nil {
				return nil, err
			}
			for _, one := range page.AlarmContributors {
				ids[aws.ToString(one.ContributorId)] = true
			}
			return page.NextToken, nil
		})
		if err != nil {
			return known, fmt.Errorf("looking at the contributors of %s (cloudwatch:DescribeAlarmContributors): %w", member.Name, err)
		}
		if len(ids) >= mostContributors {
			ids = nil
		}
		known[member.Name] = ids
	}
	return known, nil
}

// contributor is the id of the contributor that a change is of; empty where it is of an alarm as a whole.
func (c Change) contributor() string {
	id, _ := strings.CutPrefix(c.Alarm, strings.Join([]string{c.Account, c.Region, c.Name, ""}, "/"))
	return id
}

// current is an alarm as CloudWatch describes it; the zero value is one that is not there.
type current struct {
	state, reason string
	at            time.Time
	// contributors are those of it in ALARM; nil where nobody knows.
	contributors map[string]bool
}

func (n *Notifier) describe(ctx context.Context, names []string, found map[string]current) error {
	pages := cloudwatch.NewDescribeAlarmsPaginator(n.aws.CloudWatch, &cloudwatch.DescribeAlarmsInput{
		AlarmNames: names, MaxRecords: aws.Int32(mostNames),
		AlarmTypes: []cloudwatchtypes.AlarmType{cloudwatchtypes.AlarmTypeMetricAlarm, cloudwatchtypes.AlarmTypeCompositeAlarm, cloudwatchtypes.AlarmTypeLogAlarm},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("looking at alarms (cloudwatch:DescribeAlarms): %w", err)
		}
		for _, one := range page.MetricAlarms {
			found[aws.ToString(one.AlarmName)] = current{string(one.StateValue), aws.ToString(one.StateReason), changedAt(one.StateTransitionedTimestamp, one.StateUpdatedTimestamp), nil}
		}
		for _, one := range page.CompositeAlarms {
			found[aws.ToString(one.AlarmName)] = current{string(one.StateValue), aws.ToString(one.StateReason), changedAt(one.StateTransitionedTimestamp, one.StateUpdatedTimestamp), nil}
		}
		for _, one := range page.LogAlarms {
			found[aws.ToString(one.AlarmName)] = current{string(one.StateValue), aws.ToString(one.StateReason), changedAt(one.StateTransitionedTimestamp, one.StateUpdatedTimestamp), nil}
		}
	}
	return nil
}

func changedAt(times ...*time.Time) time.Time {
	for _, at := range times {
		if at != nil {
			return at.UTC()
		}
	}
	return time.Time{}
}

// since is what became of a member that nobody told of. A contributor is OK again when its alarm as a whole is, or
// when it is not among those in ALARM any more.
func (m Member) since(now current, at time.Time) (Change, bool) {
	change := m.Change
	change.OldState, change.Reason = m.State, now.reason
	switch {
	case now.state == "":
		change.State, change.At, change.Reason = stateOK, at, "The alarm is not there any more."
	case m.contributor() != "" && now.state == stateAlarm && now.contributors != nil && !now.contributors[m.contributor()]:
		change.State, change.At, change.Reason = stateOK, at, "It is not among the alarm's contributors any more."
	case now.state == m.State || now.state == stateAlarm || m.contributor() != "" && now.state != stateOK:
		return Change{}, false
	default:
		change.State, change.At = now.state, now.at
	}
	return change, true
}

// beat sends the heartbeat on its way, the same way that alarms take from the queue on.
func (n *Notifier) beat(ctx context.Context) error {
	if _, err := n.aws.SQS.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &n.options.Queue, MessageBody: aws.String(heartbeat)}); err != nil {
		return fmt.Errorf("sending the heartbeat (sqs:SendMessage): %w", err)
	}
	return nil
}
