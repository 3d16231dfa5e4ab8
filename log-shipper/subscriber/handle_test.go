package subscriber

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	taggingtypes "github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi/types"

	"caretaker/internal/emulator"
	"caretaker/internal/want"
	"caretaker/log-shipper/groups"
)

// Others subscribed the first fifty groups and took them for all.
func TestHandle_subscribesTheGroupsOfEveryPageOnce(t *testing.T) {
	w := newWorld(t)
	names := w.groups(120)
	report := w.runs()
	want.Equal(t, "groups subscribed now", report.Outcomes[groups.Made], 120)
	want.Equal(t, "groups with the filter", w.subscribed(names), 120)
	w.emulator.ForgetCalls()
	report = w.runs()
	want.Equal(t, "groups that the next run finds subscribed", report.Outcomes[groups.Subscribed], 120)
	want.Equal(t, "what the next run changes", w.changes(), []string{})
}

// A call a group, beside the lists: others asked for each group's tags too.
func TestHandle_makesOneReadingCallAGroup(t *testing.T) {
	w := newWorld(t)
	w.groups(120)
	w.runs()
	w.emulator.ForgetCalls()
	w.runs()
	for operation, calls := range map[string]int{
		"DescribeLogGroups": 3, "GetResources": 1, "DescribeSubscriptionFilters": 120, "ListTagsForResource": 0,
	} {
		want.Equal(t, "calls of "+operation, w.calls(operation), calls)
	}
}

func TestHandle_changesNothingInADryRun(t *testing.T) {
	w := newWorld(t)
	w.cfg.DryRun = Default().DryRun
	w.cfg.Subscribe.RetentionDays = 30
	name := w.group("/aws/lambda/checkout")
	report := w.runs()
	want.Equal(t, "groups to subscribe", report.Outcomes[groups.ToSubscribe], 1)
	want.Equal(t, "the groups that it lists", report.Listed, []groups.Decision{{Group: name, Outcome: groups.ToSubscribe, Reason: groups.NoFilter, Retention: 30}})
	want.Equal(t, "what it changes", w.changes(), []string{})
}

// A dry run that somebody asks for is one run: the process lives on.
func TestHandle_ofADryRunEventIsFollowedByOneInEarnest(t *testing.T) {
	w := newWorld(t)
	name, s := w.group("/aws/lambda/checkout"), w.subscriber()
	report, err := s.Handle(t.Context(), Event{DryRun: true})
	w.must("the dry run", err)
	want.Equal(t, "it is a dry run", report.DryRun, true)
	want.Equal(t, "the filters after a dry run", w.filters(name), []string{})
	_, err = s.Handle(t.Context(), Event{})
	w.must("the run", err)
	want.Equal(t, "the filters after the next run", w.filters(name), []string{ours})
}

func TestHandle_choosesByNameAndTagAndNeverItsOwn(t *testing.T) {
	w := newWorld(t)
	w.cfg.Subscribe.Exclude = groups.Exclude{Names: []string{"*/debug-*"}, Tags: map[string]string{"logs": "private"}}
	w.infrequent("/aws/lambda/rare")
	wanted := map[string][]string{
		w.group("/aws/lambda/checkout", "team", "shop"):                 {ours},
		w.group("/aws/lambda/off", "caretaker:logs", "off"):             {},
		w.group("/aws/lambda/debug-checkout"):                           {},
		w.group("/aws/lambda/salaries", "logs", "private"):              {},
		w.group("/aws/rds/orders"):                                      {},
		w.group("/aws/lambda/caretaker-prod-log-shipper"):               {},
		w.group("/aws/lambda/caretaker-dev-log-shipper-subscriber"):     {},
		w.group("/aws/kinesisfirehose/logs"):                            {},
		w.group("/aws/OpenSearchService/domains/logs/application-logs"): {},
		"/aws/lambda/rare": {},
	}
	w.runs()
	for name, filters := range wanted {
		want.Equal(t, "the filters of "+name, w.filters(name), filters)
	}
}

// Nobody knows what AWS answers to who asks for the filters of a class that has none.
func TestHandle_doesNotAskForTheFiltersOfAClassWithoutSubscriptions(t *testing.T) {
	w := newWorld(t)
	w.infrequent("/aws/lambda/rare")
	w.runs()
	want.Equal(t, "calls for filters", w.calls("DescribeSubscriptionFilters"), 0)
}

// The tagging API shows a change only after a while: what is about to be changed is looked at once more,
// where CloudWatch Logs itself knows it at once.
func TestHandle_heedsATagThatTheListDoesNotHaveYet(t *testing.T) {
	w := newWorld(t)
	w.cfg.Subscribe.Include.Tags = map[string]string{"team": "shop"}
	off, kept := w.group("/aws/lambda/off", "team", "shop", "caretaker:logs", "off"), w.group("/aws/lambda/kept", "team", "shop")
	w.filter(kept, "caretaker-prod", w.options.Target.Destination)
	s := w.subscriber()
	s.aws.Tagging = stale{s.aws.Tagging, map[string]map[string]string{"off": {"team": "shop"}, "kept": {}}}
	report, err := s.Handle(t.Context(), Event{})
	w.must("the run", err)
	want.Equal(t, "the filters of the group that is off by now", w.filters(off), []string{})
	want.Equal(t, "the filters of the group that is included by now", w.filters(kept), []string{ours})
	want.Equal(t, "what became of them", report.Outcomes, map[groups.Outcome]int{groups.LeftAlone: 1, groups.Subscribed: 1})
}

// stale is a tagging API that shows how groups were tagged before, by the end of their names.
type stale struct {
	taggingAPI
	before map[string]map[string]string
}

func (s stale) GetResources(ctx context.Context, input *resourcegroupstaggingapi.GetResourcesInput, options ...func(*resourcegroupstaggingapi.Options)) (*resourcegroupstaggingapi.GetResourcesOutput, error) {
	page, err := s.taggingAPI.GetResources(ctx, input, options...)
	if err != nil {
		return nil, err
	}
	for position, resource := range page.ResourceTagMappingList {
		name := aws.ToString(resource.ResourceARN)
		page.ResourceTagMappingList[position].Tags = nil
		for key, value := range s.before[name[strings.LastIndex(name, "/")+1:]] {
			page.ResourceTagMappingList[position].Tags = append(page.ResourceTagMappingList[position].Tags, taggingtypes.Tag{Key: &key, Value: &value})
		}
	}
	return page, nil
}

func TestHandle_takesItsFilterAwayFromWhatIsExcludedSince(t *testing.T) {
	w := newWorld(t)
	name, aside := w.group("/aws/lambda/checkout"), w.group("/aws/rds/orders")
	w.filter(name, "security", security)
	w.cfg.Subscribe.Include.Names = nil
	w.runs()
	want.Equal(t, "the filters before", append(w.filters(name), w.filters(aside)...), []string{ours, "security to security", ours})
	_, err := w.logs.TagResource(t.Context(), &cloudwatchlogs.TagResourceInput{
		ResourceArn: aws.String("arn:aws:logs:eu-west-1:" + w.account + ":log-group:" + name), Tags: map[string]string{"caretaker:logs": "off"},
	})
	w.must("tagging", err)
	w.cfg.Subscribe.Include.Names = []string{"/aws/lambda/*"}
	report := w.runs()
	want.Equal(t, "groups unsubscribed", report.Outcomes[groups.Removed], 2)
	want.Equal(t, "the filters afterwards", append(w.filters(name), w.filters(aside)...), []string{"security to security"})
}

// LimitExceededException is no throttling here: it is asked once, counted, and no error.
func TestHandle_countsAGroupThatIsFull(t *testing.T) {
	w := newWorld(t)
	full, free := w.group("/aws/lambda/full"), w.group("/aws/lambda/free")
	w.filter(full, "security", security)
	w.filter(full, "audit", security)
	w.emulator.ForgetCalls()
	report := w.runs()
	want.Equal(t, "full groups", report.Outcomes[groups.Full], 1)
	want.Equal(t, "calls to put a filter", w.calls("PutSubscriptionFilter"), 2)
	want.Equal(t, "the filters of the full group", w.filters(full), []string{"audit to security", "security to security"})
	want.Equal(t, "the filters of the other", w.filters(free), []string{ours})
}

// At the limit, AWS still changes a filter that stands.
func TestHandle_movesItsFilterInAGroupThatIsFull(t *testing.T) {
	w := newWorld(t)
	name := w.group("/aws/lambda/checkout")
	w.filter(name, "security", security)
	w.filter(name, "caretaker-prod", security)
	report := w.runs()
	want.Equal(t, "filters changed", report.Outcomes[groups.Changed], 1)
	want.Equal(t, "the filters", w.filters(name), []string{ours, "security to security"})
}

func TestHandle_pointsToAStreamByItsRole(t *testing.T) {
	w := newWorld(t)
	w.options.Target = groups.Target{Destination: "arn:aws:kinesis:eu-west-1:" + w.account + ":stream/logs", Role: "arn:aws:iam::" + w.account + ":role/logs"}
	name := w.group("/aws/lambda/checkout")
	w.runs()
	found, err := w.logs.DescribeSubscriptionFilters(t.Context(), &cloudwatchlogs.DescribeSubscriptionFiltersInput{LogGroupName: &name})
	w.must("reading the filters", err)
	filter := found.SubscriptionFilters[0]
	want.Equal(t, "the filter", aws.ToString(filter.DestinationArn)+" by "+aws.ToString(filter.RoleArn), w.options.Target.Destination+" by "+w.options.Target.Role)
	w.emulator.ForgetCalls()
	w.runs()
	want.Equal(t, "what the next run changes", w.changes(), []string{})
}

func TestHandle_setsTheRetentionOfGroupsThatHaveNone(t *testing.T) {
	w := newWorld(t)
	w.cfg.Subscribe.RetentionDays = 30
	none, longer, aside := w.group("/aws/lambda/none"), w.group("/aws/lambda/longer"), w.group("/aws/rds/orders")
	_, err := w.logs.PutRetentionPolicy(t.Context(), &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: &longer, RetentionInDays: aws.Int32(400)})
	w.must("setting a retention", err)
	report := w.runs()
	want.Equal(t, "retentions set", report.RetentionSet, 1)
	for name, days := range map[string]int32{none: 30, longer: 400, aside: 0} {
		want.Equal(t, "the retention of "+name, w.retention(name), days)
	}
}

// A shorter retention than the one that somebody set meanwhile would delete what they keep.
func TestHandle_leavesARetentionThatWasSetWhileItRan(t *testing.T) {
	w := newWorld(t)
	w.cfg.Subscribe.RetentionDays = 30
	name := w.group("/aws/lambda/checkout")
	w.emulator.Inject(emulator.Fault{Operation: "PutSubscriptionFilter", Times: 1, After: func(emulator.Call) {
		_, err := w.logs.PutRetentionPolicy(t.Context(), &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: &name, RetentionInDays: aws.Int32(400)})
		if err != nil {
			t.Error(err)
		}
	}})
	report := w.runs()
	want.Equal(t, "retentions set", report.RetentionSet, 0)
	want.Equal(t, "the retention", w.retention(name), 400)
}

func TestHandle_looksOnlyAtTheGroupThatWasMade(t *testing.T) {
	w := newWorld(t)
	w.cfg.Subscribe.RetentionDays = 30
	made, other := w.group("/aws/lambda/checkout"), w.group("/aws/lambda/checkout-2")
	report, err := w.subscriber().Handle(t.Context(), w.created(made))
	w.must("the run", err)
	want.Equal(t, "groups subscribed now", report.Outcomes[groups.Made], 1)
	want.Equal(t, "the filters of the new group", w.filters(made), []string{ours})
	want.Equal(t, "the filters of the other", w.filters(other), []string{})
	want.Equal(t, "its retention", w.retention(made), 30)
	want.Equal(t, "metrics of the Region", len(report.Metrics()), 0)
	want.Equal(t, "calls that list all tags", w.calls("GetResources"), 0)
}

func TestHandle_heedsTheTagsOfAGroupThatWasMade(t *testing.T) {
	w := newWorld(t)
	off := w.group("/aws/lambda/checkout", "caretaker:logs", "off")
	_, err := w.subscriber().Handle(t.Context(), w.created(off))
	w.must("the run", err)
	want.Equal(t, "the filters", w.filters(off), []string{})
}

func TestHandle_hasNothingToDoForAGroupThatWasNotMadeOrIsGone(t *testing.T) {
	w := newWorld(t)
	w.group("/aws/lambda/checkout-longer")
	gone := w.created("/aws/lambda/checkout")
	report, err := w.subscriber().Handle(t.Context(), gone)
	w.must("the run for a group that is gone", err)
	want.Equal(t, "groups", report.Groups, 0)
	w.emulator.ForgetCalls()
	gone.Failed = "ResourceAlreadyExistsException"
	_, err = w.subscriber().Handle(t.Context(), gone)
	w.must("the run for a group that was there already", err)
	want.Equal(t, "calls", len(w.emulator.Calls()), 0)
}

func TestHandle_refusesAGroupOfElsewhere(t *testing.T) {
	w := newWorld(t)
	event := w.created(w.group("/aws/lambda/checkout"))
	w.emulator.ForgetCalls()
	for _, place := range [][2]string{{"999988887777", "eu-west-1"}, {w.account, "us-east-1"}} {
		event.Account, event.Region = place[0], place[1]
		_, err := w.subscriber().Handle(t.Context(), event)
		want.Says(t, "the error", fmt.Sprint(err), "was made in account "+place[0]+", Region "+place[1])
	}
	want.Equal(t, "calls", len(w.emulator.Calls()), 0)
}

// Two runs at once, as of the schedule and of a new group, put each filter once.
func TestHandle_twiceAtOnceIsHarmless(t *testing.T) {
	w := newWorld(t)
	w.cfg.Subscribe.RetentionDays = 7
	names := w.groups(40)
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			if _, err := w.subscriber().Handle(t.Context(), Event{}); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	for _, name := range names {
		want.Equal(t, "the filters of "+name, w.filters(name), []string{ours})
		want.Equal(t, "the retention of "+name, w.retention(name), 7)
	}
}

// A run that ends early leaves each group whole or as it was, says what is left, is no error, and the
// next one goes on.
func TestHandle_thatEndsEarlyIsContinuedByTheNext(t *testing.T) {
	w := newWorld(t)
	names := w.groups(40)
	ctx, cancel := context.WithCancel(t.Context())
	var puts atomic.Int64
	w.emulator.OnCall(func(call emulator.Call) {
		if call.Operation == "PutSubscriptionFilter" && puts.Add(1) == 10 {
			cancel()
		}
	})
	report, err := w.subscriber().Handle(ctx, Event{})
	w.must("the run that ends early", err)
	w.emulator.ClearFaults()
	if done := w.subscribed(names); done == 0 || done >= 40 || report.Left < 40-done {
		t.Errorf("%d of 40 groups are subscribed, and the report says that %d are left", done, report.Left)
	}
	w.runs()
	want.Equal(t, "groups with the filter after the next run", w.subscribed(names), 40)
}

// A call for which there is no time is not begun.
func TestHandle_leavesWhatThePaceHasNoTimeFor(t *testing.T) {
	w := newWorld(t)
	w.groups(3)
	w.cfg.Subscribe.Rate = 1.0 / 3600 / 24
	ctx, cancel := context.WithTimeout(t.Context(), 6*time.Hour)
	defer cancel()
	report, err := New(w.cfg, Connect(w.config, w.cfg.Subscribe.Rate), w.options).Handle(ctx, Event{})
	w.must("the run", err)
	want.Equal(t, "groups subscribed now", report.Outcomes[groups.Made], 1)
	want.Equal(t, "groups left", report.Left, 2)
}

// What Lambda hands back fits, however many groups there are.
func TestReport_isSmall(t *testing.T) {
	result := Result{}
	for number := range 20_000 {
		result.Decisions = append(result.Decisions, groups.Decision{Group: fmt.Sprintf("/aws/lambda/%0400d", number), Outcome: groups.Made, Reason: groups.NoFilter})
		result.Failures = append(result.Failures, fmt.Errorf("%0400d", number))
	}
	report := newReport(result, Event{}, false)
	text, err := json.Marshal(report)
	want.NoError(t, "encoding the report", err)
	if len(text) > 100_000 {
		t.Errorf("the report is %d bytes long, want 100,000 at most", len(text))
	}
	if said := summed(result.Failures, 20_000).Error(); len(said) > 2_000 {
		t.Errorf("the error is %d bytes long: %.100s", len(said), said)
	}
}

func TestMetrics_areThoseOfARunThatKnowsTheRegion(t *testing.T) {
	result := Result{Decisions: []groups.Decision{{Outcome: groups.Made}, {Outcome: groups.Subscribed}, {Outcome: groups.Full}, {Outcome: groups.NotRead}, {Outcome: groups.ToSubscribe}}}
	got := map[string]float64{}
	for _, metric := range newReport(result, Event{}, false).Metrics() {
		got[metric.Name] = metric.Value
	}
	want.Equal(t, "the metrics", got, map[string]float64{
		"RunCompleted": 1, "Groups": 5, "GroupsSubscribed": 2, "GroupsToSubscribe": 1, "GroupsFull": 1, "GroupsLeft": 2, "GroupsFailed": 0,
	})
	want.Equal(t, "metrics of a run that came to no plan", len(newReport(Result{}, Event{}, false).Metrics()), 0)
	want.Equal(t, "metrics of an empty Region", len(newReport(Result{Decisions: []groups.Decision{}}, Event{}, false).Metrics()), 7)
}
