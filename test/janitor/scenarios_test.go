package janitor_test

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/pipes"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	schedulertypes "github.com/aws/aws-sdk-go-v2/service/scheduler/types"

	"caretaker/internal/emulator"
	"caretaker/internal/setting"
	"caretaker/internal/want"
	"caretaker/janitor"
	"caretaker/test/deployed"
)

// only is the shipped policy for some functions alone, so that a scenario is about them.
func only(functions ...string) janitor.Config {
	cfg := shipped()
	cfg.Include.Names = functions
	return cfg
}

// setUp configures the deployed function and takes back what a scenario plays.
func (w world) setUp(t *testing.T, cfg janitor.Config) {
	t.Helper()
	w.configure(t, cfg)
	w.ForgetCalls()
	t.Cleanup(func() {
		w.ClearFaults()
		w.SetLatency(0)
		w.LimitRates(emulator.RateLimits{})
		w.onlyNumbersLeft(t)
	})
}

// onlyNumbersLeft checks every deletion the proxy has seen: without a qualifier, or with an
// empty one, it would have deleted a whole function.
func (w world) onlyNumbersLeft(t *testing.T) {
	t.Helper()
	for _, call := range w.Calls() {
		if call.Operation != "DeleteFunction" || call.Service != "lambda" {
			continue
		}
		if !call.QualifierGiven || call.Qualifier == "" || strings.Trim(call.Qualifier, "0123456789") != "" {
			t.Errorf("a deletion of %s left with the qualifier %q (given: %v), want a number", call.Function, call.Qualifier, call.QualifierGiven)
		}
	}
}

func TestDeployed_readsOnWhereALambdaListHasMorePages(t *testing.T) {
	w := shared
	name := w.victim(t, "victim-pages", 60)
	w.setUp(t, only(name))
	result := w.invoke(t, "{}")
	want.Equal(t, "the run's error", result.failure, "")
	want.Equal(t, "versions deleted", result.Outcomes[janitor.Deleted], 57)
	want.Equal(t, "the versions left", w.versions(t, name), []int{58, 59, 60})
}

// What runs once a quarter by its version's number is found when the file looks back that far.
func TestDeployed_keepsWhatWasInvokedAsLongAgoAsTheFileSays(t *testing.T) {
	w := shared
	name := w.victim(t, "victim-quarterly", 6)
	_, err := cloudwatch.NewFromConfig(w.AWS()).PutMetricData(t.Context(), &cloudwatch.PutMetricDataInput{
		Namespace: aws.String("AWS/Lambda"), MetricData: []cloudwatchtypes.MetricDatum{{
			MetricName: aws.String("Invocations"), Value: aws.Float64(1), Timestamp: aws.Time(time.Now().Add(-80 * 24 * time.Hour)),
			Dimensions: []cloudwatchtypes.Dimension{
				{Name: aws.String("FunctionName"), Value: &name}, {Name: aws.String("Resource"), Value: aws.String(name + ":2")},
			},
		}},
	})
	must(t, err)
	cfg := only(name)
	cfg.Keep.InvokedWithin = setting.Duration(100 * setting.Day)
	w.setUp(t, cfg)
	if result := w.invoke(t, "{}"); result.failure != "" {
		t.Fatalf("the run failed: %s", result.failure)
	}
	want.Equal(t, "the versions left", w.versions(t, name), []int{2, 4, 5, 6})
}

func TestDeployed_staysUnderTheLimitsAndFinishesWhenThrottled(t *testing.T) {
	w := shared
	name := w.victim(t, "victim-throttled", 12)
	w.setUp(t, only(name))
	w.LimitRates(emulator.RateLimits{Lambda: 15, GetPolicy: 15, LookupEvents: 2})
	w.Inject(emulator.Fault{Service: "lambda", Operation: "DeleteFunction", Times: 3, Status: 429, Code: "TooManyRequestsException", Message: "Rate exceeded"})
	result := w.invoke(t, "{}")
	want.Equal(t, "the run's error", result.failure, "")
	want.Equal(t, "throttles, as many as were injected", result.Throttles, 3)
	want.Equal(t, "the versions left", w.versions(t, name), []int{10, 11, 12})
}

// Every call takes half a second and the function has 40: it must stop by itself, prove what it
// deleted and say what remains, and the next run goes on.
func TestDeployed_stopsBeforeItsDeadlineAndTheNextRunGoesOn(t *testing.T) {
	w := shared
	name := w.victim(t, "victim-deadline", 60)
	cfg := only(name)
	cfg.Rate = 2
	cfg.Checks.AsyncDestinations = false // one call for every function of the Region
	w.setUp(t, cfg)
	w.setTimeout(t, 30)
	defer w.setTimeout(t, 900)
	first := w.invoke(t, "{}")
	want.Equal(t, "the first run's error", first.failure, "")
	if first.Outcomes[janitor.Deleted] == 0 || first.Outcomes[janitor.Remaining] == 0 {
		t.Errorf("the outcomes of the first run: %v, want some versions deleted and some that remain", first.Outcomes)
	}
	want.Equal(t, "versions left after the first run", len(w.versions(t, name)), 60-first.Outcomes[janitor.Deleted])
	cfg.Rate = 15
	w.configure(t, cfg)
	second := w.invoke(t, "{}")
	want.Equal(t, "the second run's error", second.failure, "")
	want.Equal(t, "versions that the second run deleted of those that remained", second.Outcomes[janitor.Deleted], first.Outcomes[janitor.Remaining])
}

func (w world) setTimeout(t *testing.T, seconds int32) {
	t.Helper()
	_, err := w.lambda.UpdateFunctionConfiguration(context.WithoutCancel(t.Context()), &lambdasvc.UpdateFunctionConfigurationInput{
		FunctionName: aws.String(functionName), Timeout: aws.Int32(seconds),
	})
	must(t, err)
}

// Lambda kills the run in the middle of its deletions; the next one finishes what it left.
func TestDeployed_finishesWhatAKilledRunLeft(t *testing.T) {
	w := shared
	name := w.victim(t, "victim-killed", 20)
	w.setUp(t, only(name))
	w.Inject(emulator.Fault{
		Service: "lambda", Operation: "DeleteFunction", Delay: 20 * time.Second,
		Match: func() func(emulator.Call) bool {
			var mutex sync.Mutex
			seen := 0
			return func(emulator.Call) bool {
				mutex.Lock()
				defer mutex.Unlock()
				seen++
				return seen > 4
			}
		}(),
	})
	w.setTimeout(t, 10)
	killed := w.invoke(t, "{}")
	w.setTimeout(t, 900)
	w.ClearFaults()
	left := len(w.versions(t, name))
	if killed.failure == "" && killed.Outcomes[janitor.Deleted] == 17 || left >= 20 || left <= 3 {
		t.Fatalf("the run was not cut short in the middle: %d versions are left, want 4 to 19; %v %s", left, killed.Outcomes, killed.failure)
	}
	want.Equal(t, "the next run's error", w.invoke(t, "{}").failure, "")
	want.Equal(t, "the versions left", w.versions(t, name), []int{18, 19, 20})
}

func TestDeployed_deletesNothingOverThePercentBelt(t *testing.T) {
	w := shared
	name := w.victim(t, "victim-belt", 30)
	cfg := only(name)
	cfg.Belts.MaxPercent = 1
	w.setUp(t, cfg)
	result := w.invoke(t, "{}")
	want.Says(t, "the run's error", result.failure, "percent belt closed", "--plan plan.json")
	want.Equal(t, "versions left", len(w.versions(t, name)), 30)
}

// Two runs at once delete the same versions, each harmless to the other.
func TestDeployed_twoRunsAtOnceAreHarmless(t *testing.T) {
	w := shared
	name := w.victim(t, "victim-twice", 20)
	cfg := only(name)
	cfg.Rate = 6
	w.setUp(t, cfg)
	before := w.everything(t)
	results := make([]answer, 2)
	failures := make([]error, 2)
	var group sync.WaitGroup
	for run := range results {
		group.Go(func() { results[run], failures[run] = w.tryInvoke(t.Context(), "{}") })
	}
	group.Wait()
	for run, result := range results {
		if failures[run] != nil || result.failure != "" {
			t.Errorf("run %d: %v %s, want no error", run, failures[run], result.failure)
		}
	}
	before[name] = []int{18, 19, 20}
	want.Equal(t, "the versions left of each function", w.everything(t), before)
}

// After the plan is made and before the deletion is sent, somebody points an alias at a version
// that is about to go: AWS refuses, and the run goes on with the others.
func TestDeployed_keepsAVersionThatAnAliasMovesToMeanwhile(t *testing.T) {
	w := shared
	name := w.victim(t, "victim-moved", 10)
	w.setUp(t, only(name))
	var once sync.Once
	w.Inject(emulator.Fault{Service: "lambda", Operation: "GetPolicy", Function: name, Before: func(emulator.Call) {
		once.Do(func() {
			_, err := w.lambda.CreateAlias(context.Background(), &lambdasvc.CreateAliasInput{
				FunctionName: &name, Name: aws.String("live"), FunctionVersion: aws.String("4"),
			})
			if err != nil {
				t.Errorf("moving the alias: %v", err)
			}
		})
	}})
	result := w.invoke(t, "{}")
	want.Equal(t, "the run's error", result.failure, "")
	want.Equal(t, "versions refused by AWS", result.Outcomes[janitor.Refused], 1)
	want.Equal(t, "the versions left", w.versions(t, name), []int{4, 8, 9, 10})
}

// The brake in the console stops an armed janitor, and an event cannot release it.
func TestDeployed_deletesNothingWithTheBrakePulled(t *testing.T) {
	w := shared
	name := w.victim(t, "victim-brake", 8)
	w.setUp(t, only(name))
	pulled := maps.Clone(w.Variables)
	pulled["DRY_RUN"] = "yes"
	must(t, w.SetVariables(t.Context(), pulled))
	defer func() { must(t, w.SetVariables(t.Context(), w.Variables)) }()
	result := w.invoke(t, `{"dryRun": false}`)
	want.Equal(t, "the run's error", result.failure, "")
	want.Equal(t, "a dry run", result.DryRun, true)
	want.Equal(t, "versions that could go", result.Outcomes[janitor.Deletable], 5)
	want.Equal(t, "versions left", len(w.versions(t, name)), 8)
}

// A function excluded by name is denied by the role as well: were the plan wrong, AWS would refuse.
func TestDeployed_isDeniedWhatIsExcludedByName(t *testing.T) {
	w := shared
	name := w.victim(t, "victim-denied", 6)
	policies, err := w.Policies(t.Context())
	must(t, err)
	denied := map[string]deployed.Policy{}
	for policy, document := range policies {
		document.Statement = append(slices.Clone(document.Statement), denyOf(w, name))
		denied[policy] = document
	}
	must(t, w.SetPolicies(t.Context(), denied))
	defer func() { must(t, w.SetPolicies(context.WithoutCancel(t.Context()), policies)) }()
	w.setUp(t, only(name))
	result := w.invoke(t, "{}")
	if !strings.Contains(result.failure, "explicit deny") && !strings.Contains(result.failure, "not authorized") {
		t.Errorf("the run's error: %q, want an explicit deny in it, or that the deletion is not authorized", result.failure)
	}
	want.Equal(t, "versions left", len(w.versions(t, name)), 6)
}

// denyOf is the statement that Statements makes of an excluded name, with this account's ARN.
func denyOf(w world, name string) deployed.Statement {
	cfg := janitor.Default()
	cfg.Exclude.Names = []string{name}
	var deny deployed.Statement
	for _, statement := range janitor.Statements(cfg) {
		if statement.Effect != "Deny" {
			continue
		}
		deny = deployed.Statement{Sid: statement.Sid, Effect: "Deny", Action: statement.Actions}
		for _, resource := range statement.Resources {
			deny.Resource = append(deny.Resource, strings.NewReplacer("${Partition}", "aws", "${Region}", w.Region(), "${Account}", w.Account()).Replace(resource))
		}
	}
	return deny
}

// EventBridge Scheduler starts the function by itself: the deployed schedule, made to fire every minute.
func TestDeployed_isStartedByItsSchedule(t *testing.T) {
	w := shared
	w.setUp(t, only("no-function-has-this-name"))
	client := scheduler.NewFromConfig(w.AWS())
	listed, err := client.ListSchedules(t.Context(), &scheduler.ListSchedulesInput{NamePrefix: aws.String(functionName)})
	must(t, err)
	if len(listed.Schedules) != 1 {
		t.Fatalf("schedules deployed: %d, want one", len(listed.Schedules))
	}
	own, err := client.GetSchedule(t.Context(), &scheduler.GetScheduleInput{Name: listed.Schedules[0].Name, GroupName: listed.Schedules[0].GroupName})
	must(t, err)
	fire := func(expression *string) {
		_, err = client.UpdateSchedule(context.WithoutCancel(t.Context()), &scheduler.UpdateScheduleInput{
			Name: own.Name, GroupName: own.GroupName, Target: own.Target, ScheduleExpression: expression,
			FlexibleTimeWindow: &schedulertypes.FlexibleTimeWindow{Mode: schedulertypes.FlexibleTimeWindowModeOff},
		})
		must(t, err)
	}
	fire(aws.String("rate(1 minute)"))
	defer fire(own.ScheduleExpression)
	for deadline := time.Now().Add(3 * time.Minute); time.Now().Before(deadline); time.Sleep(time.Second) {
		for _, call := range w.Calls() {
			if call.Operation == "GetAccountSettings" && strings.Contains(call.Principal, w.Role) {
				return
			}
		}
	}
	t.Error("the function was not started within three minutes")
}

// A run that has something to tell writes its report, its metrics and a line for each version it deleted.
func TestDeployed_leavesItsReportAndAnAuditLineInItsLog(t *testing.T) {
	w := shared
	name := w.victim(t, "victim-audit", 5)
	w.setUp(t, only(name))
	if result := w.invoke(t, "{}"); result.failure != "" {
		t.Fatalf("the run failed: %s", result.failure)
	}
	audited := map[string]bool{}
	for _, line := range w.log(t) {
		var event struct {
			Message  string `json:"message"`
			Function string `json:"deleted_function"`
			Version  int    `json:"deleted_version"`
			SHA      string `json:"code_sha256"`
			Bytes    int64  `json:"bytes"`
			Reason   string `json:"reason"`
			Request  string `json:"request_id"`
		}
		if json.Unmarshal([]byte(line), &event) == nil && event.Message == "version deleted" && event.Function == name {
			audited[event.SHA] = event.Bytes > 0 && event.Version > 0 && event.Reason != "" && event.Request != ""
		}
	}
	if len(audited) != 2 {
		t.Fatalf("versions deleted by the log: %d, want 2", len(audited))
	}
	for sha, whole := range audited {
		if !whole {
			t.Errorf("the line of %s lacks its bytes, version, reason or request", sha)
		}
	}
}

// The metrics of one run are the memory of the next: when a scan suddenly finds less than half
// of what it found, nothing goes. It is the last scenario, since its pipes stay away.
func TestDeployed_deletesNothingWhenReferencesVanish(t *testing.T) {
	w := shared
	name := w.victim(t, "victim-vanished", 8)
	cfg := only(name)
	w.setUp(t, cfg)
	if first := w.invoke(t, `{"dryRun": true}`); first.failure != "" || first.References[janitor.Pipe] == 0 {
		t.Fatalf("pipes that call a version: %d, want some; the run's error: %q", first.References[janitor.Pipe], first.failure)
	}
	must(t, w.PublishEMF(t.Context(), logGroup))

	w.Inject(emulator.Fault{Service: "pipes", Operation: "ListPipes", Before: w.removePipes(t)})
	result := w.invoke(t, "{}")
	want.Says(t, "the run's error", result.failure, "references belt closed")
	want.Equal(t, "versions left", len(w.versions(t, name)), 8)
	w.ClearFaults()
	must(t, w.PublishEMF(t.Context(), logGroup))
	want.Says(t, "the next run's error", w.invoke(t, "{}").failure, "references belt closed")
}

// removePipes deletes the fleet's pipes, once.
func (w world) removePipes(t *testing.T) func(emulator.Call) {
	var once sync.Once
	return func(emulator.Call) {
		once.Do(func() {
			client := pipes.NewFromConfig(w.AWS())
			if _, err := client.DeletePipe(context.Background(), &pipes.DeletePipeInput{Name: aws.String("audit")}); err != nil {
				t.Errorf("deleting the pipe: %v", err)
			}
		})
	}
}
