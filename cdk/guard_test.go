package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"caretaker/internal/config"
	"caretaker/internal/want"
)

var everyGuarded = []string{guardedJanitor, "Caretaker-guarded-Janitor-us-east-1", guardedRaiser, "Caretaker-guarded-LimitRaiser-us-east-1"}

func TestGuard_boundsAndNamesEveryRole(t *testing.T) {
	names := map[any]bool{}
	for _, stack := range everyGuarded {
		roles := resources(t, stack, "AWS::IAM::Role")
		if len(roles) == 0 {
			t.Fatalf("%s has no roles", stack)
		}
		for id, role := range roles {
			if role["PermissionsBoundary"] != "arn:aws:iam::"+account+":policy/platform/developer-boundary" || role["Path"] != "/platform/caretaker/" {
				t.Errorf("%s: %s has the boundary %v and the path %v, want platform/developer-boundary and /platform/caretaker/", stack, id, role["PermissionsBoundary"], role["Path"])
			}
			name, _ := role["RoleName"].(string)
			if !strings.HasPrefix(name, "acme-Caretaker-guarded-") || len(name) > 64 || names[name] {
				t.Errorf("%s: the name of %s is %q, want 64 characters at most that begin with acme-Caretaker-guarded-, and no other with it, which there is: %t", stack, id, name, names[name])
			}
			names[name] = true
		}
	}
	for id, role := range resources(t, prod, "AWS::IAM::Role") {
		if role["PermissionsBoundary"] != nil || role["Path"] != nil || role["RoleName"] != nil {
			t.Errorf("%s: %s is guarded by what nobody asked for, want no boundary, path and name: %v", prod, id, role)
		}
	}
}

func TestGuard_encryptsEverythingThatHoldsData(t *testing.T) {
	found := map[string]int{}
	for _, stack := range everyGuarded {
		key := keyIn(stack)
		for kind, want := range map[string]object{
			"AWS::SNS::Topic":      {"KmsMasterKeyId": key},
			"AWS::SQS::Queue":      {"KmsMasterKeyId": key, "SqsManagedSseEnabled": nil},
			"AWS::Logs::LogGroup":  {"KmsKeyId": key},
			"AWS::DynamoDB::Table": {"SSESpecification": object{"KMSMasterKeyId": key, "SSEEnabled": true, "SSEType": "KMS"}},
		} {
			for id, resource := range resources(t, stack, kind) {
				found[kind]++
				for property, value := range want {
					if diff := cmp.Diff(value, resource[property]); diff != "" {
						t.Errorf("%s: %s of %s (-want +got):\n%s", stack, property, id, diff)
					}
				}
			}
		}
	}
	if diff := cmp.Diff(map[string]int{"AWS::SNS::Topic": 6, "AWS::SQS::Queue": 10, "AWS::Logs::LogGroup": 4, "AWS::DynamoDB::Table": 2}, found); diff != "" {
		t.Errorf("encrypted (-want +got):\n%s", diff)
	}
}

func keyIn(stack string) string {
	return "arn:aws:kms:" + regionOf(stack) + ":" + account + ":key/mrk-1234abcd12ab34cd56ef1234567890ab"
}

// The emulator asks no key whether a role may use it.
func TestGrants_letRolesUseTheKeyThroughServicesAlone(t *testing.T) {
	through := func(stack string, actions []any, services ...string) object {
		var names []any
		for _, service := range services {
			names = append(names, service+"."+regionOf(stack)+".amazonaws.com")
		}
		return object{"Action": actions, "Resource": keyIn(stack), "Condition": object{"StringEquals": object{"kms:ViaService": names}}}
	}
	send := []any{"kms:Decrypt", "kms:GenerateDataKey"}
	table := []any{"kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo"}
	_, schedule := one(t, guardedJanitor, "AWS::Scheduler::Schedule")
	scheduler, _ := at(schedule, "Target", "RoleArn", "Fn::GetAtt", 0).(string)
	for name, test := range map[string]struct {
		got  []any
		want []object
	}{
		"the janitor":      {inline(t, functionRole(t, guardedJanitor), "function"), []object{through(guardedJanitor, send, "sns", "sqs")}},
		"its schedule":     {inline(t, resources(t, guardedJanitor, "AWS::IAM::Role")[scheduler], "schedule"), []object{through(guardedJanitor, send, "sqs")}},
		"the limit-raiser": {inline(t, functionRole(t, guardedRaiser), "function"), []object{through(guardedRaiser, send, "sns", "sqs"), through(guardedRaiser, table, "dynamodb")}},
	} {
		var keys []object
		for _, statement := range test.got {
			statement := statement.(object)
			if at(statement, "Resource") == keyIn(guardedJanitor) {
				keys = append(keys, object{"Action": statement["Action"], "Resource": statement["Resource"], "Condition": statement["Condition"]})
			}
		}
		if diff := cmp.Diff(test.want, keys); diff != "" {
			t.Errorf("how %s may use the key (-want +got):\n%s", name, diff)
		}
	}
}

func TestGuard_deploysThroughTheBootstrapThatTheFileNames(t *testing.T) {
	for stack, qualifier := range map[string]string{guardedJanitor: "acme", guardedRaiser: "acme", prod: "hnb659fds"} {
		text, err := os.ReadFile(filepath.Join(assembly, stack+".assets.json"))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), "cdk-"+qualifier+"-assets-") || strings.Count(string(text), "cdk-"+qualifier) != strings.Count(string(text), "cdk-") {
			t.Errorf("%s is not deployed through the bootstrap %s alone: %s", stack, qualifier, text)
		}
	}
}

// The CDK passes over a boundary that is a text, which is all that -c can give.
func TestReadInput_refusesGuardRailsThatTheCDKWouldPassOver(t *testing.T) {
	for said, context := range map[string]map[string]any{
		"reading context @aws-cdk/core:permissionsBoundary: the CDK takes no text there and would do without a boundary: write deployment.permissionsBoundary in caretaker.yaml, or -c set=deployment.permissionsBoundary=mine": {
			"@aws-cdk/core:permissionsBoundary": "mine",
		},
		"reading context @aws-cdk/core:permissionsBoundary: deployment.permissionsBoundary is set too": {
			"@aws-cdk/core:permissionsBoundary": map[string]any{"name": "mine"}, "stage": "guarded",
		},
		"reading context @aws-cdk/core:bootstrapQualifier: deployment.bootstrapQualifier is set too": {
			"@aws-cdk/core:bootstrapQualifier": "mine", "stage": "guarded",
		},
	} {
		context["config"] = "testdata/caretaker.yaml"
		_, err := given(t, context)
		want.Says(t, fmt.Sprintf("the error for %v", context), fmt.Sprint(err), said)
	}
}

func TestApp_takesTheQualifierAndTheBoundaryOfCDKsOwnContext(t *testing.T) {
	t.Parallel()
	assets, outdir := t.TempDir(), t.TempDir()
	writeBinary(assets)
	output, err := runApp("..", outdir, map[string]any{
		"assets": assets, "@aws-cdk/core:bootstrapQualifier": "mine", "@aws-cdk/core:permissionsBoundary": map[string]any{"name": "ours"},
	})
	if err != nil {
		t.Fatalf("making the app: %v\n%s", err, output)
	}
	for file, wanted := range map[string]string{".assets.json": "cdk-mine-assets-", ".template.json": "policy/ours"} {
		text, err := os.ReadFile(filepath.Join(outdir, shipped+file))
		want.NoError(t, "reading what was made", err)
		want.Says(t, shipped+file, string(text), wanted)
	}
}

func TestGuard_refusesAKeyOfAnotherRegionThanTheEnvironments(t *testing.T) {
	_, err := config.Load("testdata/caretaker.yaml", config.Options{Set: []string{"deployment.kmsKey=arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"}})
	want.Says(t, "the error where the file names eu-west-1", fmt.Sprint(err), "a key of the Region eu-west-1, in which the stack is")
	assets := t.TempDir()
	writeBinary(assets)
	output, err := runApp("..", t.TempDir(), map[string]any{"assets": assets, "set": "deployment.kmsKey=arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"})
	if err == nil {
		t.Error("the app in the environment's eu-west-1: no error, want one")
	}
	want.Says(t, "the app in the environment's eu-west-1", output, "a key of the Region eu-west-1, in which the stack is")
}

// Without the key's own policy no alarm arrives, in silence: what the page says of it is what companies copy.
func TestSecurityPage_letsEachServiceUseTheKeyThatActsByItself(t *testing.T) {
	page, err := os.ReadFile("../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(page), "```json\n")
	text, _, _ = strings.Cut(text, "```")
	var policy struct {
		Statement []struct{ Principal struct{ Service any } }
	}
	if err := json.Unmarshal([]byte(text), &policy); err != nil {
		t.Fatal(err)
	}
	var services []any
	for _, statement := range policy.Statement {
		switch service := statement.Principal.Service.(type) {
		case string:
			services = append(services, service)
		case []any:
			services = append(services, service...)
		}
	}
	if diff := cmp.Diff([]any{"cloudwatch.amazonaws.com", "sns.amazonaws.com", "logs.eu-west-1.amazonaws.com"}, services); diff != "" {
		t.Errorf("the services in the policy of docs/security.md (-want +page):\n%s", diff)
	}
	for _, check := range []string{"CKV_AWS_26", "CKV_AWS_27", "CKV_AWS_158", "CKV_AWS_119", "CKV_AWS_173", "CKV_AWS_117", "CKV_AWS_115", "CKV_AWS_116"} {
		if !strings.Contains(string(page), "| "+check+" | ") {
			t.Errorf("checkov finds %s, and the page gives no reason", check)
		}
	}
}
