package alerts

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"caretaker/alerts/label"
	"caretaker/internal/runbook"
	"caretaker/internal/want"
)

// aCommand is one of AWS's command line in a text, up to what ends it.
var aCommand = regexp.MustCompile(`aws [a-z0-9]+ [a-z-]+[^.;]*`)

// Who is woken has the alarm's text alone.
func TestAlarmOf_saysWhatToDoFirstAndEndsWithTheRunbook(t *testing.T) {
	page, err := os.ReadFile("../docs/runbook.md")
	want.NoError(t, "reading the runbook", err)
	for _, check := range Catalogue {
		resource := exampleOf(t, check.Kind)
		alarm := alarmOf(resource, check, check.Threshold, "", surroundings{Facts: Facts{Stage: "prod", Place: Place{"aws", "eu-west-1", "111122223333"}, Topics: Topics{"critical", "warning"}}})
		says, heading := alarm.Description, "watched-"+string(check.Kind)
		if first[check.Path()] == "" || strings.ContainsAny(says, "{}`") || len([]rune(says)) > longestDescription {
			t.Errorf("%s: its text says nothing of what to do first, has something open or is too long: %s", check.Path(), says)
		}
		for _, typed := range aCommand.FindAllString(says, -1) {
			if !strings.Contains(typed, " --region eu-west-1") {
				t.Errorf("%s: this does not work as it stands, without a Region: %s", check.Path(), typed)
			}
		}
		if !strings.HasSuffix(says, "runbook=docs/runbook.md#"+heading) {
			t.Errorf("%s: its text does not end with the runbook: %s", check.Path(), says)
		}
		if !strings.Contains(string(page), "\n### "+strings.Replace(heading, "-", " ", 1)+"\n") {
			t.Errorf("docs/runbook.md has no heading for #%s", heading)
		}
	}
	want.Equal(t, "what is said first of checks", len(first), len(Catalogue))
}

func exampleOf(t *testing.T, kind Kind) Resource {
	t.Helper()
	for _, one := range examples {
		if one.Kind == kind {
			return one
		}
	}
	return Resource{Kind: kind, Name: string(kind)}
}

func TestAlarmOf_namesTheCompanysRunbook(t *testing.T) {
	around := surroundings{Facts: Facts{Stage: "prod", Place: Place{"aws", "eu-west-1", "111122223333"}, Runbook: "https://wiki.example.com/caretaker", Topics: Topics{"critical", "warning"}}}
	alarm := alarmOf(Resource{Kind: Function, Name: "checkout"}, checksOf(Function)[0], 5, "", around)
	labels, _ := label.Parse(alarm.Description)
	want.Equal(t, "the runbook", labels.Runbook, "https://wiki.example.com/caretaker#watched-function")
}

// With the longest names and address that there are, no command is cut in two.
func TestAlarmOf_leavesACommandOutRatherThanCutIt(t *testing.T) {
	topic := Resource{Kind: Topic, Name: strings.Repeat("n", 256), ARN: "arn:aws:sns:eu-west-1:111122223333:" + strings.Repeat("n", 256)}
	page := "https://wiki.example.com/" + strings.Repeat("p", runbook.MostLetters-len("https://wiki.example.com/"))
	around := surroundings{Facts: Facts{Stage: "prod", Place: Place{"aws", "eu-west-1", "111122223333"}, Runbook: page, Topics: Topics{"critical", "warning"}}}
	says := alarmOf(topic, checksOf(Topic)[0], 1, "", around).Description
	if len([]rune(says)) > longestDescription || strings.Contains(says, "aws sns") || !strings.HasPrefix(says, "Messages of nnn") || !strings.HasSuffix(says, page+"#watched-topic") {
		t.Errorf("it says, in %d letters: %s", len([]rune(says)), says)
	}
}
