// Command lambda is the notifier's Lambda function.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"caretaker/alerts/notify"
	"caretaker/internal/boot"
)

func main() {
	boot.Serve("notify", func(_ context.Context, start boot.Start) (boot.Handler[json.RawMessage, notify.Report], error) {
		deployed := notify.Deployed{Config: notify.Default()}
		if err := start.Config(&deployed); err != nil {
			return nil, err
		}
		if problems := append(deployed.Validate(), deployed.Target.Validate("notify")...); len(problems) > 0 {
			return nil, problems[0]
		}
		table, noTable := start.Resource("TABLE_NAME")
		queue, noQueue := start.Resource("QUEUE_URL")
		// arn:aws:sns:eu-west-1:111122223333:caretaker-default-notify
		topic := append(strings.Split(start.Topic, ":"), "", "", "", "", "")
		return notify.New(deployed, notify.Connect(start.AWS), notify.Options{
			Place:     notify.Place{Account: topic[4], Name: deployed.Target.AccountName, Region: start.AWS.Region, Stage: start.Stage},
			Partition: topic[1], Table: table, Queue: queue, Topic: start.Topic,
		}).Handle, errors.Join(noTable, noQueue)
	})
}
