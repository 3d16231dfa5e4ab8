package subscriber

import (
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"caretaker/internal/want"
	"caretaker/log-shipper/groups"
)

// everything is a configuration that needs all permissions.
func everything() Config {
	cfg := Default()
	cfg.Subscribe.RetentionDays, cfg.Subscribe.Through = 30, groups.Stream
	return cfg
}

func TestStatements_grantWhatTheClientsCallAndNothingElse(t *testing.T) {
	called := map[string]bool{"iam:PassRole": true} // with PutSubscriptionFilter
	for prefix, client := range map[string]reflect.Type{"logs": reflect.TypeFor[logsAPI](), "tag": reflect.TypeFor[taggingAPI]()} {
		for method := range client.NumMethod() {
			called[prefix+":"+client.Method(method).Name] = true
		}
	}
	granted := map[string]bool{}
	for _, statement := range Statements(everything()) {
		for _, action := range statement.Actions {
			granted[action] = true
		}
	}
	want.Equal(t, "the actions that are granted", slices.Sorted(maps.Keys(granted)), slices.Sorted(maps.Keys(called)))
}

func TestStatements_areNarrowAndWellFormed(t *testing.T) {
	sids := map[string]bool{}
	for _, statement := range Statements(everything()) {
		if sids[statement.Sid] || !regexp.MustCompile(`^[A-Za-z0-9]+$`).MatchString(statement.Sid) {
			t.Errorf("the Sid %q is not of letters and digits alone, or there twice", statement.Sid)
		}
		sids[statement.Sid] = true
		star := slices.Contains(statement.Resources, "*")
		want.Equal(t, statement.Sid+", on *, says why", statement.WhyStar != "", star)
		for _, action := range statement.Actions {
			if changes := regexp.MustCompile(`:(Put|Delete|Pass)`).MatchString(action); changes && star {
				t.Errorf("%s is granted on *", action)
			}
		}
	}
}

// The role reads no log line, and cannot subscribe what the code would never.
func TestStatements_denyWhatIsOwnAndReadNoLogs(t *testing.T) {
	var denied []string
	for _, statement := range Statements(everything()) {
		for _, action := range statement.Actions {
			if regexp.MustCompile(`Events|Query|LogRecord|Export|Tail`).MatchString(action) {
				t.Errorf("%s reads logs", action)
			}
		}
		if statement.Effect == "Deny" {
			want.Equal(t, "what is denied", statement.Actions, []string{"logs:PutSubscriptionFilter"})
			denied = statement.Resources
		}
	}
	for _, pattern := range groups.OwnPatterns {
		if !slices.Contains(denied, "arn:${Partition}:logs:${Region}:${Account}:log-group:"+pattern) {
			t.Errorf("%s is not denied: %s", pattern, strings.Join(denied, " "))
		}
	}
}

func TestStatements_leaveOutWhatTheFileDoesNotAskFor(t *testing.T) {
	for _, statement := range Statements(Default()) {
		if slices.Contains(statement.Actions, "logs:PutRetentionPolicy") || slices.Contains(statement.Actions, "iam:PassRole") {
			t.Errorf("the defaults grant %s", statement.Actions)
		}
	}
}
