package janitor

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"caretaker/internal/emulator/lambdasim"
	"caretaker/internal/want"
)

// running answers for one state machine with so many executions, the latest first, over several
// pages. definition is what the execution of that number goes on with; "" is one that is gone.
func running(w *world, count, page int, definition func(number int) string) {
	w.on("SFN.ListStateMachines", always(`{"stateMachines":[
		{"name":"Fulfil","type":"STANDARD","stateMachineArn":"arn:aws:states:us-east-1:000000000000:stateMachine:Fulfil"},
		{"name":"Quick","type":"EXPRESS","stateMachineArn":"arn:aws:states:us-east-1:000000000000:stateMachine:Quick"}]}`))
	w.on("SFN.DescribeStateMachine", always(`{"definition":"{}"}`))
	w.on("SFN.ListExecutions", func(_ int, request string) (int, string) {
		if strings.Contains(request, "Quick") || !strings.Contains(request, "RUNNING") {
			return http.StatusBadRequest, "StateMachineTypeNotSupported"
		}
		from, next := 0, ""
		if token := regexp.MustCompile(`"nextToken":"(\d+)"`).FindStringSubmatch(request); token != nil {
			from, _ = strconv.Atoi(token[1])
		}
		if from+page < count {
			next = fmt.Sprintf(`,"nextToken":"%d"`, from+page)
		}
		var list []string
		for number := from; number < min(from+page, count); number++ {
			list = append(list, fmt.Sprintf(`{"executionArn":"arn:aws:states:us-east-1:000000000000:execution:Fulfil:%d"}`, number))
		}
		return http.StatusOK, fmt.Sprintf(`{"executions":[%s]%s}`, strings.Join(list, ","), next)
	})
	w.on("SFN.DescribeStateMachineForExecution", func(_ int, request string) (int, string) {
		number, _ := strconv.Atoi(regexp.MustCompile(`Fulfil:(\d+)"`).FindStringSubmatch(request)[1])
		if definition(number) == "" {
			return http.StatusBadRequest, "ExecutionDoesNotExist"
		}
		return http.StatusOK, fmt.Sprintf(`{"revisionId":%q,"definition":%q}`, definition(number), definition(number))
	})
}

func calling(version int) string {
	return fmt.Sprintf(`{"Resource":%q}`, here(strconv.Itoa(version)))
}

func TestExecutions_keepWhatEachRevisionThatStillRunsCalls(t *testing.T) {
	for name, test := range map[string]struct {
		count, page int
		version     func(number int) int // 0: gone
		want        []int
		most        int
	}{
		"none":                         {0, 10, nil, nil, 0},
		"one":                          {1, 10, func(int) int { return 3 }, []int{3}, 1},
		"all of one revision":          {1000, 1000, func(int) int { return 2 }, []int{2}, 2},
		"one old one at the very end":  {1000, 1000, func(n int) int { return map[bool]int{true: 1, false: 4}[n == 999] }, []int{1, 4}, 12},
		"one old one in the middle":    {3, 10, func(n int) int { return []int{4, 2, 1}[n] }, []int{1, 2, 4}, 3},
		"three revisions, four pages":  {4000, 1000, func(n int) int { return 4 - n/1700 }, []int{2, 3, 4}, 30},
		"a revision of a single one":   {1000, 1000, func(n int) int { return []int{5, 2, 1}[min(1, n/500)+min(1, n/501)] }, []int{1, 2, 5}, 24},
		"some that are gone meanwhile": {9, 10, func(n int) int { return []int{3, 3, 0, 3, 2, 0, 1, 1, 1}[n] }, []int{1, 2, 3}, 9},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, lambdasim.Options{}, lambda("orders", 8))
			running(w, test.count, test.page, func(number int) string {
				if test.version(number) == 0 {
					return ""
				}
				return calling(test.version(number))
			})
			report, decisions, err := w.handle(t.Context(), earnest(), Options{})
			if err != nil {
				t.Fatal(err)
			}
			for version := 1; version <= 5; version++ {
				kept := decisions[fmt.Sprint("orders:", version)].Reason == Referenced(Execution)
				want.Equal(t, fmt.Sprintf("version %d is kept for an execution", version), kept, slices.Contains(test.want, version))
			}
			if got := w.called("SFN.DescribeStateMachineForExecution"); got > test.most {
				t.Errorf("%d calls for %d executions, want at most %d", got, test.count, test.most)
			}
			want.Equal(t, "versions deleted", report.Outcomes[Deleted], 5-len(test.want))
		})
	}
}

func TestExecutions_tellOfTheirVersionWhenTheFirstOfThemIsGone(t *testing.T) {
	w := newWorld(t, lambdasim.Options{}, lambda("orders", 8))
	running(w, 0, 10, nil)
	w.on("SFN.ListExecutions", always(`{"executions":[
		{"executionArn":"arn:aws:states:us-east-1:000000000000:execution:Fulfil:0","stateMachineVersionArn":"arn:aws:states:us-east-1:000000000000:stateMachine:Fulfil:1"},
		{"executionArn":"arn:aws:states:us-east-1:000000000000:execution:Fulfil:1","stateMachineVersionArn":"arn:aws:states:us-east-1:000000000000:stateMachine:Fulfil:1"}]}`))
	first := true
	w.on("SFN.DescribeStateMachineForExecution", func(_ int, request string) (int, string) {
		if first { // or AWS does not show it yet
			first = false
			return http.StatusBadRequest, "ExecutionDoesNotExist"
		}
		return http.StatusOK, `{"revisionId":"r","definition":"{\"Resource\":\"` + here("3") + `\"}"}`
	})
	_, decisions, err := w.handle(t.Context(), earnest(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	want.Equal(t, "the reason for orders:3", decisions["orders:3"].Reason, Referenced(Execution))
}
