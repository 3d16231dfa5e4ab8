package environments

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"

	"caretaker/internal/want"
	"caretaker/warmer/ping"
)

// start serves functions and answers with the SDK's configuration for them.
func start(t *testing.T, options Options, functions ...Function) (*Server, aws.Config) {
	t.Helper()
	s, err := Start(options, functions...)
	want.NoError(t, "starting", err)
	t.Cleanup(func() { want.NoError(t, "closing", s.Close()) })
	return s, aws.Config{
		Region: Region, BaseEndpoint: aws.String(s.URL()), Retryer: func() aws.Retryer { return aws.NopRetryer{} },
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		}),
		HTTPClient: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100}},
	}
}

// ask pings a function so many times at once, with so much time left.
func ask(t *testing.T, cfg aws.Config, name string, count int, hold time.Duration) (pongs []ping.Pong, errs []error) {
	t.Helper()
	client := lambdasvc.NewFromConfig(cfg)
	var calls sync.WaitGroup
	var mutex sync.Mutex
	until := time.Now().Add(hold)
	for range count {
		calls.Go(func() {
			output, err := client.Invoke(t.Context(), &lambdasvc.InvokeInput{FunctionName: &name, Payload: ping.Event(time.Until(until))})
			var pong ping.Pong
			if err == nil {
				pong, err = ping.Read(output.Payload)
			}
			mutex.Lock()
			defer mutex.Unlock()
			pongs, errs = append(pongs, pong), append(errs, err)
		})
	}
	calls.Wait()
	return pongs, errs
}

func TestPlace_takesWhatWasUsedLast(t *testing.T) {
	s, cfg := start(t, Options{}, Function{Name: "checkout"})
	s.SetWarm("checkout", 5)
	ids := map[string]bool{}
	for range 10 {
		pongs, errs := ask(t, cfg, "checkout", 1, 0)
		want.NoError(t, "pinging", errors.Join(errs...))
		ids[pongs[0].Environment] = true
		if pongs[0].Cold() || pongs[0].Requests != 1 {
			t.Errorf("a warm environment says %+v", pongs[0])
		}
	}
	want.Equal(t, "environments that ten calls in a row reach", len(ids), 1)
}

func TestPlace_aCommonHoldReachesAllAndMakesTheRest(t *testing.T) {
	t.Parallel()
	s, cfg := start(t, Options{Spread: 50 * time.Millisecond, Seed: 1}, Function{Name: "checkout", Init: 100 * time.Millisecond, Timeout: time.Minute})
	s.SetWarm("checkout", 5)
	pongs, errs := ask(t, cfg, "checkout", 10, 5*time.Second)
	want.NoError(t, "pinging", errors.Join(errs...))
	ids, cold := map[string]bool{}, 0
	for _, pong := range pongs {
		ids[pong.Environment] = true
		if pong.Cold() {
			cold++
			want.Equal(t, "the init that a new one says, ms", pong.InitMs, 100)
		}
	}
	want.Equal(t, "environments by the answers", len(ids), 10)
	want.Equal(t, "new ones by the answers", cold, 5)
	counts := s.Counts("checkout")
	want.Equal(t, "environments reached, new ones, most at once", []int{counts.Reached, counts.Cold, counts.Most}, []int{10, 5, 10})
	s.Forget()
	want.Equal(t, "counts that were forgotten", s.Counts("checkout"), Counts{})
}

func TestTake_keepsLimits(t *testing.T) {
	t.Parallel()
	reserved := 3
	s, cfg := start(t, Options{Concurrency: 8}, Function{Name: "reserved", Reserved: &reserved, Timeout: time.Minute}, Function{Name: "other", Timeout: time.Minute})
	for name, room := range map[string]int{"reserved": 3, "other": 5} {
		_, errs := ask(t, cfg, name, 7, 5*time.Second)
		refused := 0
		for _, err := range errs {
			var throttled *lambdatypes.TooManyRequestsException
			if errors.As(err, &throttled) {
				refused++
			} else if err != nil {
				t.Error(err)
			}
		}
		want.Equal(t, "refused of "+name, refused, 7-room)
		want.Equal(t, "refused by the count", s.Counts(name).Throttled, 7-room)
	}
	_, errs := ask(t, cfg, "other", 1, 0)
	want.NoError(t, "pinging when there is room again", errors.Join(errs...))
}

func TestRun_aTimeOutEndsTheEnvironment(t *testing.T) {
	t.Parallel()
	s, cfg := start(t, Options{}, Function{Name: "slow", Timeout: time.Second, Answer: func(ctx context.Context, _ []byte) ([]byte, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}})
	s.SetWarm("slow", 1)
	output, err := lambdasvc.NewFromConfig(cfg).Invoke(t.Context(), &lambdasvc.InvokeInput{FunctionName: aws.String("slow")})
	want.NoError(t, "invoking", err)
	want.Equal(t, "the kind of failure", aws.ToString(output.FunctionError), "Unhandled")
	want.Says(t, "the answer", string(output.Payload), "Sandbox.Timedout")
	want.Equal(t, "environments that a time-out ended", s.Counts("slow").TimedOut, 1)
	s.Put(Function{Name: "slow"})
	pongs, errs := ask(t, cfg, "slow", 1, 0)
	want.NoError(t, "pinging what was deployed again", errors.Join(errs...))
	want.Equal(t, "the first call after a deployment is cold", pongs[0].Cold(), true)
}

func TestElapse_countsWhatWaitsForAnInit(t *testing.T) {
	begin := time.Date(2026, 11, 30, 8, 0, 0, 0, time.UTC)
	s, _ := start(t, Options{Start: begin, IdleLife: 20 * time.Minute}, Function{Name: "checkout", Init: time.Second, Work: 100 * time.Millisecond})
	burst := func(at time.Time, count int) []time.Time {
		var arrivals []time.Time
		for range count {
			arrivals = append(arrivals, at)
		}
		return arrivals
	}
	at := begin.Add(time.Minute)
	want.Equal(t, "cold of a burst of 4", s.Elapse(at.Add(time.Minute), "checkout", burst(at, 4)), 4)
	at = at.Add(2 * time.Minute)
	want.Equal(t, "cold of 4 in a row and of a burst of 6", s.Elapse(at.Add(time.Minute), "checkout", append(burst(at.Add(30*time.Second), 6), at, at.Add(5*time.Second))), 2)
	at = at.Add(time.Hour)
	want.Equal(t, "cold an hour later", s.Elapse(at.Add(time.Minute), "checkout", burst(at, 1)), 1)
	if now := s.Now(); now.Before(at.Add(time.Minute)) || now.After(at.Add(2*time.Minute)) {
		t.Errorf("the clock shows %s", now)
	}
}

func TestDelays_areTheSeeds(t *testing.T) {
	order := func(seed uint64) (numbers []int64) {
		s, err := Start(Options{Seed: seed, Spread: time.Second})
		want.NoError(t, "starting", err)
		defer func() { want.NoError(t, "closing", s.Close()) }()
		for range 5 {
			numbers = append(numbers, s.random.Int64())
		}
		return numbers
	}
	want.Equal(t, "what the same seed decides", order(7), order(7))
	if first := order(7)[0]; first == order(8)[0] {
		t.Errorf("two seeds decide the same: %d", first)
	}
}

func TestFacts_areAWSsOwnForTheClients(t *testing.T) {
	reserved := 4
	_, cfg := start(t, Options{Concurrency: 100}, Function{
		Name: "checkout", Alias: "live", Reserved: &reserved, Timeout: 9 * time.Second, MemoryMB: 512, Tags: map[string]string{"caretaker:warm": "5"},
		Facts: map[string]any{"State": "Inactive"},
	}, Function{Name: "orders"})
	client, name := lambdasvc.NewFromConfig(cfg), aws.String("checkout")
	found, err := client.GetFunction(t.Context(), &lambdasvc.GetFunctionInput{FunctionName: name, Qualifier: aws.String("live")})
	want.NoError(t, "reading the function", err)
	want.Equal(t, "its version", aws.ToString(found.Configuration.Version), "1")
	want.Equal(t, "its reserved concurrency", aws.ToInt32(found.Concurrency.ReservedConcurrentExecutions), 4)
	want.Equal(t, "its time-out and memory", []int32{aws.ToInt32(found.Configuration.Timeout), aws.ToInt32(found.Configuration.MemorySize)}, []int32{9, 512})
	want.Equal(t, "its state", found.Configuration.State, lambdatypes.StateInactive)
	var absent *lambdatypes.ResourceNotFoundException
	if _, err := client.GetFunction(t.Context(), &lambdasvc.GetFunctionInput{FunctionName: name, Qualifier: aws.String("old")}); !errors.As(err, &absent) {
		t.Errorf("an alias that there is not: %v", err)
	}
	settings, err := client.GetAccountSettings(t.Context(), &lambdasvc.GetAccountSettingsInput{})
	want.NoError(t, "reading the account", err)
	want.Equal(t, "unreserved concurrency", aws.ToInt32(settings.AccountLimit.UnreservedConcurrentExecutions), 96)
	alias, err := client.GetAlias(t.Context(), &lambdasvc.GetAliasInput{FunctionName: name, Name: aws.String("live")})
	want.NoError(t, "reading the alias", err)
	want.Equal(t, "the alias's version", aws.ToString(alias.FunctionVersion), "1")
	_, err = client.ListProvisionedConcurrencyConfigs(t.Context(), &lambdasvc.ListProvisionedConcurrencyConfigsInput{FunctionName: name})
	want.NoError(t, "listing provisioned concurrency", err)
	all, err := client.ListFunctions(t.Context(), &lambdasvc.ListFunctionsInput{})
	want.NoError(t, "listing functions", err)
	want.Equal(t, "functions", len(all.Functions), 2)
	tagged, err := resourcegroupstaggingapi.NewFromConfig(cfg).GetResources(t.Context(), &resourcegroupstaggingapi.GetResourcesInput{})
	want.NoError(t, "listing tags", err)
	want.Equal(t, "tagged functions", len(tagged.ResourceTagMappingList), 1)
	if _, err := client.Invoke(t.Context(), &lambdasvc.InvokeInput{FunctionName: name, InvocationType: lambdatypes.InvocationTypeDryRun}); err != nil {
		t.Error(err)
	}
}

func TestRefuse_isWhatTheClientGets(t *testing.T) {
	_, cfg := start(t, Options{}, Function{Name: "denied", Refuse: "AccessDeniedException", RefuseStatus: http.StatusForbidden})
	_, errs := ask(t, cfg, "denied", 1, 0)
	if len(errs) != 1 || errs[0] == nil || !strings.Contains(errs[0].Error(), "AccessDeniedException") {
		t.Errorf("got %v", errs)
	}
}
