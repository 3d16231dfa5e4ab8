package emulator

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// Announce publishes a message to a topic in the name of CloudWatch, as an alarm with the ARN does.
// The policy of the topic decides: nobody else may say that an alarm spoke.
func (e *Emulator) Announce(ctx context.Context, topic, alarm, message string) error {
	body := url.Values{
		"Action": {"ListTopics"}, "Version": {"2010-03-31"},
		"TopicArn": {topic}, "AlarmArn": {alarm}, "Message": {message}, "Subject": {"ALARM"},
	}.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, e.upstream+"/", strings.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("X-Forwarded-Proto", "https") // as every service of AWS publishes
	request.Header.Set("X-Emulator-Announce", "true")
	given, err := (&exchange{Emulator: e, request: request}).asRoot(request, "sns", []byte(body))
	if err == nil && !given.ok() {
		err = fmt.Errorf("status %d", given.status)
	}
	if err != nil {
		return fmt.Errorf("publishing for CloudWatch to %s: %w", topic, err)
	}
	return nil
}
