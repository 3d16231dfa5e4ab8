package janitor

import (
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"caretaker/internal/iam"
	"caretaker/internal/want"
)

// actionsOf are the actions that the clients' methods need. Most are called like the method.
func actionsOf() map[string]bool {
	prefixes := map[string]string{
		"Lambda": "lambda", "AutoScaling": "application-autoscaling", "Tagging": "tag", "CloudWatch": "cloudwatch", "CloudTrail": "cloudtrail", "CloudFormation": "cloudformation",
		"StepFunctions": "states", "Scheduler": "scheduler", "Pipes": "pipes", "EventBridge": "events", "AppSync": "appsync", "Firehose": "firehose", "SNS": "sns",
	}
	actions := map[string]bool{}
	clients := reflect.TypeFor[Clients]()
	for index := range clients.NumField() {
		field := clients.Field(index)
		if field.Type.Kind() != reflect.Interface {
			continue
		}
		for method := range field.Type.NumMethod() {
			if strings.HasPrefix(field.Name, "APIGateway") {
				actions["apigateway:GET"] = true // API Gateway's actions are HTTP's verbs
				continue
			}
			actions[prefixes[field.Name]+":"+field.Type.Method(method).Name] = true
		}
	}
	return actions
}

func TestStatements_grantWhatTheClientsCallAndNothingElse(t *testing.T) {
	granted := map[string]bool{}
	for _, statement := range Statements(Default()) {
		for _, action := range statement.Actions {
			granted[action] = true
		}
	}
	want.Equal(t, "the actions granted, for what the clients call", slices.Sorted(maps.Keys(granted)), slices.Sorted(maps.Keys(actionsOf())))
}

func TestStatements_areNarrowAndWellFormed(t *testing.T) {
	cfg := Default()
	cfg.Exclude.Names = []string{"checkout-*", "cart"}
	sids := map[string]bool{}
	for _, statement := range Statements(cfg) {
		want.Equal(t, "another statement has the Sid "+statement.Sid, sids[statement.Sid], false)
		if !regexp.MustCompile(`^[A-Za-z0-9]+$`).MatchString(statement.Sid) {
			t.Errorf("the Sid %q, want letters and digits alone", statement.Sid)
		}
		sids[statement.Sid] = true
		for _, action := range statement.Actions {
			if !regexp.MustCompile(`^[a-z-]+:[A-Za-z]+$`).MatchString(action) {
				t.Errorf("%s: the action %q, want one such as lambda:GetPolicy, without wildcards", statement.Sid, action)
			}
		}
		star := slices.Contains(statement.Resources, "*")
		want.Equal(t, statement.Sid+" says why it is for *", statement.WhyStar != "", star)
		if star && len(statement.Resources) != 1 || len(statement.Resources) == 0 {
			t.Errorf("%s is for %q, want either * alone or resources without it", statement.Sid, statement.Resources)
		}
	}
}

func TestStatements_leaveOutWhatIsSwitchedOff(t *testing.T) {
	for _, one := range scans {
		if one.key == "" {
			continue
		}
		without, alone := Default(), Default()
		switchOff(t, &without, one.key)
		others := grants(Statements(Config{}))
		for _, other := range scans {
			if other.key != one.key {
				if other.key != "" {
					switchOff(t, &alone, other.key)
				}
				maps.Copy(others, grants(other.grants))
			}
		}
		want.Equal(t, "the grants without "+one.key, grants(Statements(without)), others)
		granted := grants(Statements(alone))
		for grant := range grants(one.grants) {
			if !granted[grant] {
				t.Errorf("with %s alone %s is not granted", one.key, grant)
			}
		}
		want.Equal(t, "what the report says is not checked, without "+one.key, notChecked(without), []string{"janitor." + one.key})
	}
}

func TestStatements_grantNothingTwice(t *testing.T) {
	seen := map[string]string{}
	for _, statement := range Statements(Default()) {
		for grant := range grants([]iam.Statement{statement}) {
			if first, twice := seen[grant]; twice {
				t.Errorf("%s is granted by %s and by %s", grant, first, statement.Sid)
			}
			seen[grant] = statement.Sid
		}
	}
}

// grants are the actions of statements, each with a resource.
func grants(statements []iam.Statement) map[string]bool {
	found := map[string]bool{}
	for _, statement := range statements {
		for _, action := range statement.Actions {
			for _, resource := range statement.Resources {
				found[action+" on "+resource] = true
			}
		}
	}
	return found
}

// switchOff sets the key, as caretaker.yaml names it, to false or to nothing.
func switchOff(t *testing.T, cfg *Config, key string) {
	t.Helper()
	value := reflect.ValueOf(cfg).Elem()
	for name := range strings.SplitSeq(key, ".") {
		field, found := value.Type().FieldByNameFunc(func(field string) bool { return strings.EqualFold(field, name) })
		if !found {
			t.Fatalf("the file has no key %s", key)
		}
		value = value.FieldByIndex(field.Index)
	}
	value.SetZero()
}

func TestStatements_denyDeletingWhatIsExcludedByName(t *testing.T) {
	cfg := Default()
	cfg.Exclude.Names = []string{"checkout-*"}
	statements := Statements(cfg)
	wanted := iam.Statement{
		Sid: "KeepExcluded", Effect: "Deny", Actions: []string{"lambda:DeleteFunction"}, Resources: []string{
			"arn:${Partition}:lambda:${Region}:${Account}:function:checkout-*", "arn:${Partition}:lambda:${Region}:${Account}:function:checkout-*:*",
		},
	}
	want.Equal(t, "the last statement", statements[len(statements)-1], wanted)
}

func TestStatements_deleteQualifiedFunctionsAloneWhenAsked(t *testing.T) {
	for qualified, wanted := range map[bool]string{
		false: "arn:${Partition}:lambda:${Region}:${Account}:function:*",
		true:  "arn:${Partition}:lambda:${Region}:${Account}:function:*:*",
	} {
		cfg := Default()
		cfg.QualifiedDelete = qualified
		for _, statement := range Statements(cfg) {
			if slices.Contains(statement.Actions, "lambda:DeleteFunction") {
				want.Equal(t, fmt.Sprintf("the resources of %s with qualifiedDelete %v", statement.Sid, qualified), statement.Resources, []string{wanted})
			}
		}
	}
}

func TestNotChecked_namesIgnoredDynamicTargets(t *testing.T) {
	cfg := Default()
	cfg.Checks.DynamicTargets = IgnoreDynamic
	want.Equal(t, "what the report says is not checked", notChecked(cfg), []string{"janitor.checks.dynamicTargets"})
}
