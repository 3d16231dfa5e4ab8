package alerts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cloudformationtypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"caretaker/internal/emulator"
	"caretaker/internal/want"
)

// waiting is CloudFormation, which waits for an answer. It refuses the first answers.
type waiting struct {
	*httptest.Server
	refuses  int
	answers  []stackAnswer
	problems []string
}

func newWaiting(t *testing.T, refuses int) *waiting {
	t.Helper()
	w := &waiting{refuses: refuses}
	w.Server = httptest.NewServer(http.HandlerFunc(func(writer http.ResponseWriter, r *http.Request) {
		if w.refuses--; w.refuses >= 0 {
			writer.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		body, _ := io.ReadAll(r.Body)
		var answer stackAnswer
		if err := json.Unmarshal(body, &answer); err != nil || r.Method != http.MethodPut || r.Header.Get("Content-Type") != "" || len(body) > 4096 {
			w.problems = append(w.problems, fmt.Sprintf("%s of %d bytes, content type %q: %v", r.Method, len(body), r.Header.Get("Content-Type"), err))
		}
		w.answers = append(w.answers, answer)
	}))
	t.Cleanup(w.Close)
	return w
}

// secret stands in the address for the answer, as a signature does.
const secret = "X-Amz-Signature=0123abcd"

// departing asks for the deletion, as CloudFormation does.
func departing(to *waiting, kind string) Event {
	event := Event{StackRequest: StackRequest{
		RequestType: kind, ResponseURL: to.URL + "/answer?" + secret, StackID: "arn:aws:cloudformation:eu-west-1:111122223333:stack/Caretaker-prod-Alerts/1",
		RequestID: "r-1", LogicalResourceID: "AlarmsGoAlong", PhysicalResourceID: Prefix("prod"),
	}}
	event.ResourceProperties.DeleteAlarms = "true"
	return event
}

// stackIn is CloudFormation's word on the stack: the emulator is asked for one that is really deleted by a test of its own.
type stackIn struct {
	status cloudformationtypes.StackStatus
	err    error
}

func (s stackIn) DescribeStacks(context.Context, *cloudformation.DescribeStacksInput, ...func(*cloudformation.Options)) (*cloudformation.DescribeStacksOutput, error) {
	return &cloudformation.DescribeStacksOutput{Stacks: []cloudformationtypes.Stack{{StackStatus: s.status}}}, s.err
}

// leaver is a reconciler whose stack is in a status.
func (w *world) leaver(stack stackIn) *Reconciler {
	w.Helper()
	_, err := sns.NewFromConfig(w.config).CreateTopic(w.Context(), &sns.CreateTopicInput{Name: aws.String("caretaker-prod-alerts")})
	w.must("making the topic", err)
	r := w.reconciler()
	r.aws.CloudFormation = stack
	w.emulator.ForgetCalls()
	return r
}

var going = stackIn{status: cloudformationtypes.StackStatusDeleteInProgress}

func (w *world) told() int {
	count := 0
	for _, call := range w.emulator.Calls() {
		if call.Operation == "Publish" {
			count++
		}
	}
	return count
}

func TestStack_takesItsAlarmsAlongAndNoOthers(t *testing.T) {
	w, cfn := newWorld(t), newWaiting(t, 0)
	w.functions(20)
	w.other("checkout is slow")
	w.other("caretaker-prod-alerts-errors")
	w.other(Prefix("prod-eu") + "function/checkout/errors")
	w.runs()
	w.composite(Prefix("prod")+"service/shop", Prefix("prod")+"function/fn-000/errors")
	_, err := w.alarms.PutDashboard(t.Context(), &cloudwatch.PutDashboardInput{DashboardName: aws.String("mine"), DashboardBody: aws.String(`{"widgets":[]}`)})
	w.must("putting a dashboard of somebody's", err)
	w.cfg.DryRun = true // a dry run keeps a plan from being done, and not what a person asks for
	report, err := w.leaver(going).Handle(t.Context(), departing(cfn, "Delete"))
	w.must("leaving", err)
	want.Equal(t, "deleted", report.Outcomes[Deleted], 125)
	want.Equal(t, "dashboards that are deleted", report.Dashboards[Deleted], 1)
	boards, err := w.alarms.ListDashboards(t.Context(), &cloudwatch.ListDashboardsInput{})
	w.must("listing the dashboards", err)
	want.Equal(t, "dashboards that are left", len(boards.DashboardEntries), 1)
	want.Equal(t, "the one that is left", aws.ToString(boards.DashboardEntries[0].DashboardName), "mine")
	want.Equal(t, "what is left", under(w.there(), ""), []string{"caretaker-prod-alerts-errors", Prefix("prod-eu") + "function/checkout/errors", "checkout is slow"})
	want.Equal(t, "the answers", cfn.answers, []stackAnswer{{
		Status: "SUCCESS", PhysicalResourceID: "caretaker/prod/", StackID: "arn:aws:cloudformation:eu-west-1:111122223333:stack/Caretaker-prod-Alerts/1", RequestID: "r-1", LogicalResourceID: "AlarmsGoAlong",
	}})
	want.Equal(t, "what is wrong with them", cfn.problems, nil)
	want.Equal(t, "how often people are told", w.told(), 1)
}

// An update that brought the resource and is rolled back deletes it again; so does one that takes it out.
func TestStack_keepsAlarmsUnlessItIsReallyDeleted(t *testing.T) {
	for name, test := range map[string]struct {
		kind   string
		status cloudformationtypes.StackStatus
		change func(*world, *Event)
		told   int
	}{
		"it is made":                      {"Create", cloudformationtypes.StackStatusCreateInProgress, nil, 0},
		"it is changed":                   {"Update", cloudformationtypes.StackStatusUpdateInProgress, nil, 0},
		"its creation is rolled back":     {"Delete", cloudformationtypes.StackStatusRollbackInProgress, nil, 0},
		"an update is rolled back":        {"Delete", cloudformationtypes.StackStatusUpdateRollbackCompleteCleanupInProgress, nil, 0},
		"an update takes it out":          {"Delete", cloudformationtypes.StackStatusUpdateCompleteCleanupInProgress, nil, 0},
		"the file says so":                {"Delete", cloudformationtypes.StackStatusDeleteInProgress, func(_ *world, e *Event) { e.ResourceProperties.DeleteAlarms = "false" }, 1},
		"the request says nothing":        {"Delete", cloudformationtypes.StackStatusDeleteInProgress, func(_ *world, e *Event) { e.ResourceProperties.DeleteAlarms = "" }, 1},
		"the brake is pulled":             {"Delete", cloudformationtypes.StackStatusDeleteInProgress, nil, 1},
		"CloudFormation asks what is new": {"Refresh", cloudformationtypes.StackStatusDeleteInProgress, nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			w, cfn := newWorld(t), newWaiting(t, 0)
			w.function("checkout")
			w.runs()
			event := departing(cfn, test.kind)
			if test.change != nil {
				test.change(w, &event)
			}
			r := w.leaver(stackIn{status: test.status})
			r.options.Brake = name == "the brake is pulled"
			_, err := r.Handle(t.Context(), event)
			w.must("leaving", err)
			want.Equal(t, "what it writes", w.writes(), []string{})
			want.Equal(t, "alarms", len(w.there()), 10)
			want.Equal(t, "answers", len(cfn.answers), 1)
			want.Equal(t, "the answer", cfn.answers[0].Status, "SUCCESS")
			want.Equal(t, "how often people are told", w.told(), test.told)
		})
	}
}

// What a person can mend keeps the stack, with words that say how; so does what is not done yet.
func TestStack_staysWhereAPersonCanMendIt(t *testing.T) {
	for name, test := range map[string]struct {
		fault emulator.Fault
		stack stackIn
		says  []string
	}{
		"its status cannot be read": {emulator.Fault{}, stackIn{err: errors.New("AccessDenied")}, []string{"no alarm was deleted", "cloudformation:DescribeStacks", "AccessDenied"}},
		"alarms cannot be listed":   {answers("DescribeAlarms", "AccessDenied", 0), going, []string{"0 alarms and 0 dashboards were deleted, and not all", "cloudwatch:DescribeAlarms", "AccessDenied"}},
		"alarms may not be deleted": {answers("DeleteAlarms", "AccessDenied", 0), going, []string{"10 are left", "AccessDenied"}},
		"deletions are throttled":   {answers("DeleteAlarms", "Throttling", 0), going, []string{"10 are left", "Throttling"}},
	} {
		t.Run(name, func(t *testing.T) {
			w, cfn := newWorld(t), newWaiting(t, 0)
			w.function("checkout")
			w.runs()
			r := w.leaver(test.stack)
			if test.fault.Operation != "" {
				w.emulator.Inject(test.fault)
			}
			_, err := r.Handle(t.Context(), departing(cfn, "Delete"))
			w.emulator.ClearFaults()
			if err == nil {
				t.Error("the run has no error")
			}
			want.Equal(t, "answers", len(cfn.answers), 1)
			want.Equal(t, "the answer", cfn.answers[0].Status, "FAILED")
			want.Says(t, "the reason", cfn.answers[0].Reason, append(test.says, "Delete the stack again", "--retain-resources AlarmsGoAlong")...)
			want.Equal(t, "alarms", len(w.there()), 10)
			// Mended, and deleted again.
			_, err = w.leaver(going).Handle(t.Context(), departing(cfn, "Delete"))
			w.must("leaving again", err)
			want.Equal(t, "the second answer", cfn.answers[1].Status, "SUCCESS")
			want.Equal(t, "alarms then", len(w.there()), 0)
		})
	}
}

// Somebody's alarm that is made of one of ours is in use, and no reason to keep the stack for ever.
func TestStack_goesWithoutAnAlarmThatSomebodyElseNeeds(t *testing.T) {
	w, cfn := newWorld(t), newWaiting(t, 0)
	w.functions(4)
	w.runs()
	w.composite("my own", Prefix("prod")+"function/fn-002/errors")
	report, err := w.leaver(going).Handle(t.Context(), departing(cfn, "Delete"))
	w.must("leaving", err)
	want.Equal(t, "the answer", cfn.answers[0].Status, "SUCCESS")
	want.Equal(t, "what became of them", []int{report.Outcomes[Deleted], report.Outcomes[Failed]}, []int{27, 1})
	want.Equal(t, "what is left", under(w.there(), Prefix("prod")), []string{"function/fn-002/errors"})
	want.Equal(t, "how often people are told", w.told(), 1)
}

// A run that began before the schedule went makes alarms meanwhile.
func TestStack_deletesWhatARunUnderWayStillMakes(t *testing.T) {
	w, cfn := newWorld(t), newWaiting(t, 0)
	w.function("checkout")
	w.runs()
	r := w.leaver(going)
	w.emulator.Inject(emulator.Fault{Operation: "DeleteAlarms", Times: 1, After: func(emulator.Call) { w.other(Prefix("prod") + "function/late/errors") }})
	report, err := r.Handle(t.Context(), departing(cfn, "Delete"))
	w.must("leaving", err)
	want.Equal(t, "deleted", report.Outcomes[Deleted], 11)
	want.Equal(t, "alarms", len(w.there()), 0)
}

func TestStack_saysWhatIsLeftAtItsDeadline(t *testing.T) {
	w, cfn := newWorld(t), newWaiting(t, 0)
	w.functions(40)
	w.runs()
	ctx, stop := context.WithCancel(t.Context())
	r := w.leaver(going)
	w.emulator.Inject(emulator.Fault{Operation: "DeleteAlarms", Times: 1, After: func(emulator.Call) { stop() }})
	_, err := r.Handle(ctx, departing(cfn, "Delete"))
	want.Says(t, "the error", fmt.Sprint(err), "there was no time for it")
	want.Equal(t, "the answer", cfn.answers[0].Status, "FAILED")
	want.Says(t, "the reason", cfn.answers[0].Reason, "were deleted, and not all", "are left", "it goes on")
	_, err = w.leaver(going).Handle(t.Context(), departing(cfn, "Delete"))
	w.must("leaving again", err)
	want.Equal(t, "alarms", len(w.there()), 0)
}

func TestStack_answersThoughTheAnswerIsNotTakenAtOnce(t *testing.T) {
	w, cfn := newWorld(t), newWaiting(t, 2)
	_, err := w.leaver(going).Handle(t.Context(), departing(cfn, "Create"))
	w.must("the run", err)
	want.Equal(t, "answers", len(cfn.answers), 1)
}

// The address for the answer is in no error: whoever has it can answer.
func TestStack_keepsTheAddressForItself(t *testing.T) {
	for name, test := range map[string]func(*waiting) string{
		"nobody is there":     func(c *waiting) string { c.Close(); return c.URL + "/?" + secret },
		"it is always out":    func(c *waiting) string { return c.URL + "/?" + secret },
		"it is no address":    func(*waiting) string { return "http://\x00?" + secret },
		"it has another form": func(*waiting) string { return "gopher:?" + secret },
	} {
		t.Run(name, func(t *testing.T) {
			w, cfn := newWorld(t), newWaiting(t, 100)
			event := departing(cfn, "Create")
			event.ResponseURL = test(cfn)
			_, err := w.leaver(going).Handle(t.Context(), event)
			if err == nil || strings.Contains(err.Error(), secret) {
				t.Errorf("the error is %v, want one without the address", err)
			}
		})
	}
}

// breaking breaks off in the middle.
type breaking struct{ cloudwatchAPI }

func (breaking) DescribeAlarms(context.Context, *cloudwatch.DescribeAlarmsInput, ...func(*cloudwatch.Options)) (*cloudwatch.DescribeAlarmsOutput, error) {
	panic("out of range")
}

func TestStack_answersThoughTheRunBreaksOff(t *testing.T) {
	w, cfn := newWorld(t), newWaiting(t, 0)
	r := w.leaver(going)
	r.aws.CloudWatch = breaking{}
	_, err := r.Handle(t.Context(), departing(cfn, "Delete"))
	want.Says(t, "the error", fmt.Sprint(err), "the run broke off: out of range")
	want.Equal(t, "the answer", cfn.answers[0].Status, "FAILED")
}

func TestStack_cutsAReasonThatIsTooLong(t *testing.T) {
	cfn := newWaiting(t, 0)
	r := &Reconciler{options: Options{Stage: "prod"}, answerPause: time.Millisecond}
	want.NoError(t, "answering", r.answer(t.Context(), departing(cfn, "Delete").StackRequest, errors.New(strings.Repeat("ü", 5000))))
	want.Equal(t, "what is wrong with the answer", cfn.problems, nil)
	want.Equal(t, "the answer", cfn.answers[0].Status, "FAILED")
}
