package alerts_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"

	"caretaker/alerts"
	"caretaker/internal/want"
	"caretaker/test/deployed"
)

// The stage whose stack is deleted here: its name begins that of the other, and its alarms are none of its.
const (
	leavingStage = "def"
	leavingStack = "Caretaker-" + leavingStage + "-Alerts"
)

const leavingConfiguration = configuration + `
stages:
  def: {}
`

// CloudFormation itself asks the function, deployed under its own role.
func TestDestroy_takesTheStagesAlarmsAlongAndNoOthers(t *testing.T) {
	w := shared
	w.disorder(t)
	w.good(t)
	before := w.names(t)
	folder := t.TempDir()
	file := filepath.Join(folder, "caretaker.yaml")
	want.NoError(t, "writing the file", os.WriteFile(file, []byte(leavingConfiguration), 0o600))
	cdk := func(arguments ...string) {
		t.Helper()
		arguments = append(arguments, "-c", "stage="+leavingStage, "-c", "config="+file)
		want.NoError(t, "cdk "+arguments[0], deployed.CDK(t.Context(), w.Emulator, root, filepath.Join(folder, "cdk.out"), arguments...))
	}
	cdk("deploy", leavingStack, "--require-approval", "never")
	leaving := w
	var err error
	leaving.Function, err = deployed.Find(t.Context(), w.Emulator, "caretaker-"+leavingStage+"-alerts")
	want.NoError(t, "finding the function", err)
	made := leaving.good(t).Outcomes[alerts.Created]
	stand := 0
	for name := range w.names(t) {
		if strings.HasPrefix(name, alerts.Prefix(leavingStage)) {
			stand++
		}
	}
	if want.Equal(t, "alarms of the stage", stand, made); made == 0 {
		t.Fatal("the stage has no alarms that could go along")
	}
	want.Equal(t, "metric filters of the stage and the other", w.filters(t, shopLogs), []string{"caretaker/def/refused", "caretaker/default/refused"})
	w.ForgetCalls()
	cdk("destroy", leavingStack, "--force")
	want.Equal(t, "metric filters that are left", w.filters(t, shopLogs), []string{"caretaker/default/refused"})
	after := w.names(t)
	for name := range after {
		if strings.HasPrefix(name, alerts.Prefix(leavingStage)) {
			t.Errorf("%s is left", name)
		}
	}
	want.Equal(t, "alarms of the other stage, and those of others", after, before)
	_, err = cloudformation.NewFromConfig(w.AWS()).DescribeStacks(t.Context(), &cloudformation.DescribeStacksInput{StackName: aws.String(leavingStack)})
	want.Says(t, "what CloudFormation says of the stack", err.Error(), "does not exist")
}
