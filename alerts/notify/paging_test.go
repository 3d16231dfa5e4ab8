package notify

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"

	"caretaker/internal/emulator/paging"
	"caretaker/internal/slack"
	"caretaker/internal/want"
)

func TestHandle_readsEveryListToItsEnd(t *testing.T) {
	runs := 0
	part := paging.Part{
		Folder: ".", Clients: reflect.TypeFor[Clients](),
		Exempt: map[string]string{"GetResources": "it is asked about a hundred ARNs at most, which one page answers"},
	}
	part.Check(t, func(t *testing.T, cutter *paging.Cutter) string {
		runs++
		of := func(name string) string { return fmt.Sprintf("%s-in-run-%d", name, runs) }
		w := newWorld(t, slack.Token, withLines)
		settings := account.AWS()
		cutter.Attach(&settings)
		w.aws = Connect(settings)
		for _, name := range []string{of("a") + "-errors", of("b") + "-errors", of("all")} {
			w.on(name)
		}
		account.SetContributors(of("all"), map[string]time.Time{"x": time.Now(), "y": time.Now()})
		w.logs(of("a"), "ERROR first", "ERROR second")
		w.hears(30, says(stateAlarm, of("a"), 0))
		w.hears(60, says(stateAlarm, of("b"), 40), contributes(of("all"), "x", 50), contributes(of("all"), "y", 51))
		for _, name := range []string{of("a") + "-errors", of("b") + "-errors"} {
			_, err := cloudwatch.NewFromConfig(account.AWS()).SetAlarmState(t.Context(), &cloudwatch.SetAlarmStateInput{AlarmName: &name, StateValue: "OK", StateReason: aws.String("the test says so")})
			want.NoError(t, "moving "+name, err)
		}
		report := w.runs(700, json.RawMessage("{}"))
		message := standIn.Messages()[0]
		return strings.ReplaceAll(fmt.Sprint(message.Text, message.Shown(), report.Looked, report.Errors), fmt.Sprintf("-in-run-%d", runs), "")
	})
}
