package subscriber

import (
	"fmt"
	"net/http"
	"testing"

	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"

	"caretaker/internal/emulator"
	"caretaker/internal/emulator/suite"
	"caretaker/internal/want"
	"caretaker/log-shipper/groups"
)

// answers is a fault that AWS answers some calls of an operation with. 0 times is all of them.
func answers(operation, code string, times int) emulator.Fault {
	return emulator.Fault{Operation: operation, Status: http.StatusBadRequest, Code: code, Message: "the test says so", Times: times}
}

func TestHandle_bearsWhatPasses(t *testing.T) {
	for name, fault := range map[string]emulator.Fault{
		"a list that is throttled":                       answers("DescribeLogGroups", "ThrottlingException", 3),
		"tags that are throttled":                        answers("GetResources", "ThrottledException", 3),
		"a reading that is throttled":                    answers("DescribeSubscriptionFilters", "ThrottlingException", 3),
		"a change that is throttled":                     answers("PutSubscriptionFilter", "ThrottlingException", 3),
		"a fault of AWS":                                 {Operation: "PutSubscriptionFilter", Status: http.StatusInternalServerError, Code: "InternalFailure", Times: 2},
		"a service that is away":                         {Operation: "DescribeSubscriptionFilters", Status: http.StatusServiceUnavailable, Code: "ServiceUnavailableException", Times: 2},
		"a connection that breaks":                       {Operation: "PutSubscriptionFilter", Drop: true, Times: 2},
		"somebody who changes the same group":            answers("PutSubscriptionFilter", "OperationAbortedException", 2),
		"a permission that does not hold everywhere yet": answers("PutSubscriptionFilter", "InvalidParameterException", 3),
		"an answer that is cut off after it was done":    {Operation: "PutRetentionPolicy", Truncate: true, Times: 1},
		"a retention that is throttled":                  answers("PutRetentionPolicy", "ThrottlingException", 3),
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.cfg.Subscribe.RetentionDays = 7
			names := w.groups(3)
			w.emulator.Inject(fault)
			report := w.runs()
			want.Equal(t, "groups subscribed now", report.Outcomes[groups.Made], 3)
			want.Equal(t, "groups with the filter", w.subscribed(names), 3)
			want.Equal(t, "its retention", w.retention(names[0]), 7)
		})
	}
}

// Throttled to the end, nothing was done: the run fails loud, and the next one does it.
func TestHandle_thatIsThrottledToTheEndFailsAndIsContinued(t *testing.T) {
	w := newWorld(t)
	names := w.groups(5)
	w.emulator.Inject(answers("PutSubscriptionFilter", "ThrottlingException", 0))
	report, err := w.run()
	want.Says(t, "the error", fmt.Sprint(err), "5 of 5 log groups failed", "logs:PutSubscriptionFilter", "ThrottlingException")
	want.Equal(t, "failed groups", report.Outcomes[groups.Failed], 5)
	w.emulator.ClearFaults()
	w.runs()
	want.Equal(t, "groups with the filter after the next run", w.subscribed(names), 5)
}

// Lists that could not be read are not lists of nothing.
func TestHandle_changesNothingWhereAListCouldNotBeRead(t *testing.T) {
	for operation, action := range map[string]string{"DescribeLogGroups": "logs:DescribeLogGroups", "GetResources": "tag:GetResources"} {
		t.Run(operation, func(t *testing.T) {
			w := newWorld(t)
			w.group("/aws/lambda/checkout")
			w.group("/aws/lambda/off", "caretaker:logs", "off")
			w.emulator.Inject(answers(operation, "AccessDeniedException", 0))
			report, err := w.run()
			want.Says(t, "the error", fmt.Sprint(err), "taking inventory", action, "AccessDeniedException")
			want.Equal(t, "what it changes", w.changes(), []string{})
			want.Equal(t, "metrics", len(report.Metrics()), 0)
		})
	}
}

// The second page fails: the groups of the first are not all that there are.
func TestHandle_changesNothingWhereASecondPageCouldNotBeRead(t *testing.T) {
	w := newWorld(t)
	w.groups(60)
	lists := 0
	w.emulator.Inject(emulator.Fault{
		Operation: "DescribeLogGroups", Status: http.StatusBadRequest, Code: "InvalidParameterException",
		Match: func(emulator.Call) bool { lists++; return lists > 1 },
	})
	_, err := w.run()
	want.Says(t, "the error", fmt.Sprint(err), "listing log groups (logs:DescribeLogGroups)")
	want.Equal(t, "what it changes", w.changes(), []string{})
}

func TestHandle_oneGroupThatFailsDoesNotStopTheRest(t *testing.T) {
	for _, test := range []struct {
		operation string
		outcomes  map[groups.Outcome]int
		says      string
	}{
		{"DescribeSubscriptionFilters", map[groups.Outcome]int{groups.Made: 4, groups.NotRead: 1}, "reading the filters of /aws/lambda/fn-0"},
		{"PutSubscriptionFilter", map[groups.Outcome]int{groups.Made: 4, groups.Failed: 1}, "subscribing /aws/lambda/fn-0"},
		{"PutRetentionPolicy", map[groups.Outcome]int{groups.Made: 5}, "setting the retention of /aws/lambda/fn-0"},
	} {
		t.Run(test.operation, func(t *testing.T) {
			w := newWorld(t)
			w.cfg.Subscribe.RetentionDays = 7
			names := w.groups(5)
			w.emulator.Inject(answers(test.operation, "AccessDeniedException", 1))
			report, err := w.run()
			want.Says(t, "the error", fmt.Sprint(err), test.says, test.operation, "AccessDeniedException")
			want.Equal(t, "what became of the groups", report.Outcomes, test.outcomes)
			want.Equal(t, "errors in the report", len(report.Errors), 1)
			w.runs()
			want.Equal(t, "groups with the filter after the next run", w.subscribed(names), 5)
		})
	}
}

// Where the permission is not there at all, no moment heals that: each group is asked once, not five times.
func TestHandle_losesPatienceWithAPermissionThatIsMissing(t *testing.T) {
	w := newWorld(t)
	suite.Function(w, lambdasvc.NewFromConfig(w.config), "unpermitted")
	w.options.Target.Destination = "arn:aws:lambda:eu-west-1:" + w.account + ":function:unpermitted"
	w.groups(60)
	report, err := w.run()
	want.Says(t, "the error", fmt.Sprint(err), "60 of 60 log groups failed", "CloudWatch Logs permission")
	want.Equal(t, "failed groups", report.Outcomes[groups.Failed], 60)
	if calls := w.calls("PutSubscriptionFilter"); calls > 60+4*inFlight {
		t.Errorf("%d calls to put a filter, want one for each of 60 groups and the repeated ones of the first %d", calls, inFlight)
	}
	w.permit("unpermitted")
	want.Equal(t, "groups subscribed by the next run", w.runs().Outcomes[groups.Made], 60)
}

func TestHandle_takesAGroupThatGoesWhileItRunsForGone(t *testing.T) {
	for operation := range map[string]bool{"DescribeSubscriptionFilters": true, "PutSubscriptionFilter": true, "PutRetentionPolicy": true} {
		t.Run(operation, func(t *testing.T) {
			w := newWorld(t)
			w.cfg.Subscribe.RetentionDays = 7
			name := w.group("/aws/lambda/checkout")
			w.emulator.Inject(emulator.Fault{Operation: operation, Times: 1, Before: func(emulator.Call) { w.delete(name) }})
			report := w.runs()
			if operation != "PutRetentionPolicy" {
				want.Equal(t, "groups that are gone", report.Outcomes[groups.Gone], 1)
			}
			want.Equal(t, "retentions set", report.RetentionSet, 0)
		})
	}
}

// AWS answers so of a stream that is not there, too: that must not pass for a group that is gone.
func TestHandle_doesNotTakeAMissingDestinationForAGroupThatIsGone(t *testing.T) {
	w := newWorld(t)
	w.groups(2)
	w.emulator.Inject(answers("PutSubscriptionFilter", "ResourceNotFoundException", 0))
	report, err := w.run()
	want.Says(t, "the error", fmt.Sprint(err), "2 of 2 log groups failed", "ResourceNotFoundException")
	want.Equal(t, "failed groups", report.Outcomes[groups.Failed], 2)
}

// Some of AWS's APIs write :* behind a log group's ARN.
func TestNameIn_isThatOfALogGroupAlone(t *testing.T) {
	for arn, name := range map[string]string{
		"arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/checkout":   "/aws/lambda/checkout",
		"arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/checkout:*": "/aws/lambda/checkout",
		"arn:aws-cn:logs:cn-north-1:111122223333:log-group:orders":             "orders",
		"arn:aws:logs:eu-west-1:111122223333:destination:elsewhere":            "",
		"arn:aws:lambda:eu-west-1:111122223333:function:checkout":              "",
		"log-group:orders": "",
		"":                 "",
	} {
		want.Equal(t, "the name in "+arn, nameIn(arn), name)
	}
}
