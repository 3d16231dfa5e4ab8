package subscriber

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"caretaker/internal/want"
	"caretaker/log-shipper/groups"
)

// region answers the real clients as a Region with thousands of log groups does, each call after the time
// that AWS takes. Its clock is the test's: a run of fifteen minutes takes seconds.
type region struct {
	count   int
	created int64

	mutex   sync.Mutex
	filters map[string]int         // by group, how often ours was put
	calls   map[string][]time.Time // by operation
}

// answerTime is how long AWS takes for an answer.
const answerTime = 100 * time.Millisecond

func (r *region) name(number int) string { return fmt.Sprintf("/aws/lambda/fn-%05d", number) }

func (r *region) arn(number int) string {
	return "arn:aws:logs:eu-west-1:111122223333:log-group:" + r.name(number)
}

// RoundTrip answers one call.
func (r *region) RoundTrip(request *http.Request) (*http.Response, error) {
	_, operation, _ := strings.Cut(request.Header.Get("X-Amz-Target"), ".")
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	r.mutex.Lock()
	r.calls[operation] = append(r.calls[operation], time.Now())
	r.mutex.Unlock()
	select {
	case <-time.After(answerTime):
	case <-request.Context().Done():
		return nil, request.Context().Err()
	}
	text, err := json.Marshal(r.answer(operation, body))
	if err != nil {
		return nil, err
	}
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/x-amz-json-1.1"}}, Body: io.NopCloser(bytes.NewReader(text)), Request: request,
	}, nil
}

func (r *region) answer(operation string, body []byte) map[string]any {
	var asked struct {
		NextToken, PaginationToken, LogGroupName string
	}
	if err := json.Unmarshal(body, &asked); err != nil {
		panic(err) // the SDK wrote it
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	switch operation {
	case "DescribeLogGroups":
		list, next := r.page(asked.NextToken, 50, func(number int) any {
			return map[string]any{"logGroupName": r.name(number), "arn": r.arn(number) + ":*", "creationTime": r.created, "logGroupClass": "STANDARD"}
		})
		return map[string]any{"logGroups": list, "nextToken": next}
	case "GetResources":
		list, next := r.page(asked.PaginationToken, 100, func(number int) any { return map[string]any{"ResourceARN": r.arn(number), "Tags": []any{}} })
		return map[string]any{"ResourceTagMappingList": list, "PaginationToken": next}
	case "DescribeSubscriptionFilters":
		list := []any{}
		if r.filters[asked.LogGroupName] > 0 {
			list = append(list, map[string]any{"filterName": "caretaker-prod", "filterPattern": "", "destinationArn": destination, "distribution": "ByLogStream"})
		}
		return map[string]any{"subscriptionFilters": list}
	case "PutSubscriptionFilter":
		r.filters[asked.LogGroupName]++
	}
	return map[string]any{}
}

// page is a page of a list, and the token of the next; nil at the end.
func (r *region) page(token string, most int, of func(int) any) (list []any, next any) {
	from, _ := strconv.Atoi(token) // the first page has none
	for number := from; number < min(from+most, r.count); number++ {
		list = append(list, of(number))
	}
	if from+most < r.count {
		next = strconv.Itoa(from + most)
	}
	return list, next
}

const destination = "arn:aws:lambda:eu-west-1:111122223333:function:caretaker-prod-log-shipper"

// busiest is the most calls of an operation within a second.
func (r *region) busiest() map[string]int {
	most := map[string]int{}
	for operation, times := range r.calls {
		first := 0
		for last, at := range times {
			for at.Sub(times[first]) >= time.Second {
				first++
			}
			most[operation] = max(most[operation], last-first+1)
		}
	}
	return most
}

// Seven thousand groups are twice what a run has time for at AWS's pace. Each run keeps to it, ends in time, says what
// is left, and the next hours' go on, until each group was subscribed, once.
func TestHandle_comesToThousandsOfGroupsOverSomeRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const count, perSecond, timeout = 7000, 4, 15 * time.Minute
		r := &region{count: count, created: time.Now().Add(-30 * 24 * time.Hour).UnixMilli(), filters: map[string]int{}, calls: map[string][]time.Time{}}
		cfg := Default()
		cfg.DryRun, cfg.Subscribe.Rate = false, perSecond
		clients := Connect(aws.Config{
			Region: "eu-west-1", Credentials: credentials.NewStaticCredentialsProvider("AKIATEST", "secret", ""), HTTPClient: &http.Client{Transport: r},
		}, perSecond)
		subscriber := New(cfg, clients, Options{Stage: "prod", Target: groups.Target{Destination: destination}})
		var done []int
		for len(r.filters) < count && len(done) < 6 {
			begun := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), timeout)
			report, err := subscriber.Handle(ctx, Event{})
			cancel()
			want.NoError(t, "a run", err)
			if took := time.Since(begun); took > timeout {
				t.Errorf("a run took %s", took)
			}
			before := 0
			if len(done) > 0 {
				before = done[len(done)-1]
			}
			done = append(done, len(r.filters))
			want.Equal(t, "groups subscribed in the run, by its report", report.Outcomes[groups.Made], len(r.filters)-before)
			if report.Left < count-len(r.filters) {
				t.Errorf("%d groups have no filter, and the report says that %d are left", count-len(r.filters), report.Left)
			}
			time.Sleep(time.Until(begun.Add(time.Hour)))
		}
		t.Logf("of %d groups so many were subscribed after each run: %v", count, done)
		want.Equal(t, "groups that are subscribed in the end", len(r.filters), count)
		if len(done) > 3 || done[0] < count*2/5 {
			t.Errorf("it took %d runs, the first of which came to %d groups", len(done), done[0])
		}
		for group, times := range r.filters {
			if times > 1 {
				t.Errorf("the filter of %s was put %d times", group, times)
			}
		}
		for operation, most := range r.busiest() {
			if most > perSecond+1 { // the token that was there at the beginning
				t.Errorf("%s was called %d times within a second", operation, most)
			}
		}
	})
}
