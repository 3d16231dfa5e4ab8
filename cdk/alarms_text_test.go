package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"caretaker/internal/runbook"
	"caretaker/internal/want"
)

// longestOf is how long what CloudFormation puts in at most becomes: names and ARNs of queues, their
// addresses, and names of buckets.
var longestOf = map[string]int{
	"QueueName": 80, "Arn": len("arn:aws-us-gov:sqs:ap-southeast-1:111122223333:") + 80,
	"Ref": len("https://sqs.ap-southeast-1.amazonaws.com.cn/111122223333/") + 80,
}

// written is a text of a template, with an x for each letter that CloudFormation may put in.
func written(t *testing.T, text any) string {
	t.Helper()
	if plain, is := text.(string); is {
		return plain
	}
	parts, _ := at(text, "Fn::Join", 1).([]any)
	var whole strings.Builder
	for _, part := range parts {
		plain, is := part.(string)
		if !is {
			kind := "Ref"
			if got, _ := at(part, "Fn::GetAtt", 1).(string); got != "" {
				kind = got
			}
			if longestOf[kind] == 0 {
				t.Fatalf("nobody knows how long %v becomes", part)
			}
			plain = strings.Repeat("x", longestOf[kind])
		}
		whole.WriteString(plain)
	}
	return whole.String()
}

// headings are those of the runbook, as an address names them.
func headings(t *testing.T) map[string]bool {
	t.Helper()
	page, err := os.ReadFile(filepath.Join("..", runbook.File))
	want.NoError(t, "reading the runbook", err)
	found := map[string]bool{}
	for line := range strings.Lines(string(page)) {
		if heading, is := strings.CutPrefix(line, "### "); is {
			found[strings.ReplaceAll(strings.TrimSpace(heading), " ", "-")] = true
		}
	}
	return found
}

// Who is woken by an alarm may have no more than its text: it says what happened and what to do first, and
// ends with an address that is there. The limit is PutMetricAlarm's, and holds for the longest address too.
func TestAlarms_sayWhatToDoAndEndWithTheRunbook(t *testing.T) {
	known := headings(t)
	address := regexp.MustCompile(` Runbook: (\S+)#([a-z-]+)$`)
	goldens, err := filepath.Glob("testdata/*.template.golden.json")
	want.NoError(t, "listing the goldens", err)
	pages := map[string]int{}
	for _, golden := range goldens {
		text, err := os.ReadFile(golden) // #nosec G304 -- a golden
		want.NoError(t, "reading "+golden, err)
		var template struct{ Resources map[string]object }
		want.NoError(t, "reading "+golden, json.Unmarshal(text, &template))
		for id, resource := range template.Resources {
			if resource["Type"] != "AWS::CloudWatch::Alarm" {
				continue
			}
			says := written(t, at(resource, "Properties", "AlarmDescription"))
			found := address.FindStringSubmatch(says)
			switch {
			case found == nil:
				t.Errorf("%s: the text of %s does not end with the runbook's address: %s", golden, id, says)
				continue
			case !known[found[2]]:
				t.Errorf("%s: %s sends people to %s, which has no heading %q", golden, id, runbook.File, found[2])
			case strings.Count(strings.TrimSuffix(says, found[0]), ". ") < 1 || strings.Contains(says, "  ") || strings.ContainsAny(says, "`") || strings.Contains(says, "%!"):
				t.Errorf("%s: the text of %s does not say in two sentences what it means and what to do, or is badly written: %s", golden, id, says)
			}
			pages[found[1]]++
			if longest := len([]rune(says)) - len(found[1]) + runbook.MostLetters; longest > longestDescription {
				t.Errorf("%s: with the longest address the text of %s has %d letters, want %d at most: %s", golden, id, longest, longestDescription, says)
			}
		}
	}
	if pages[runbook.File] < 50 || pages["https://wiki.example.com/caretaker"] < 5 {
		t.Errorf("alarms by runbook: %v, want most with the file and some with a company's page", pages)
	}
	want.Equal(t, "pages of goldens", fmt.Sprint(len(pages)), "2")
}
