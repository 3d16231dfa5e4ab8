package emulator_test

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
)

// The policies are those that cdk/topic.go makes.
func TestAuth_theTopicSaysWhetherCloudWatchAndWhetherOthersPublish(t *testing.T) {
	empty(t, enforced)
	root, forger := sns.NewFromConfig(once(enforced.AWS())), sns.NewFromConfig(user(t, "forger"))
	allow(t, "forger", "Allow", "sns:Publish", "*", "")
	made, err := root.CreateTopic(t.Context(), &sns.CreateTopicInput{Name: aws.String("alarms")})
	if err != nil {
		t.Fatal(err)
	}
	allowed := fmt.Sprintf(`{"Effect":"Allow","Principal":{"Service":"cloudwatch.amazonaws.com"},"Action":"sns:Publish","Resource":%q,"Condition":{"StringEquals":{"aws:SourceAccount":%q}}}`, *made.TopicArn, enforced.Account())
	alone := fmt.Sprintf(`{"Effect":"Deny","Principal":"*","Action":"sns:Publish","Resource":%q,"Condition":{"StringNotEquals":{"aws:SourceAccount":%q}}}`, *made.TopicArn, enforced.Account())
	secure := fmt.Sprintf(`{"Effect":"Deny","Principal":"*","Action":"sns:Publish","Resource":%q,"Condition":{"Bool":{"aws:SecureTransport":"false"}}}`, *made.TopicArn)
	const ours, theirs = "arn:aws:cloudwatch:us-east-1:000000000000:alarm:a", "arn:aws:cloudwatch:us-east-1:111122223333:alarm:a"
	for _, policy := range []struct {
		statements               string
		alarm, alarmOther, forge bool
	}{
		{allowed, true, false, true}, // in one account a role's own permission is enough
		{allowed + "," + alone + "," + secure, true, false, false},
		{alone, false, false, false},
	} {
		if _, err := root.SetTopicAttributes(t.Context(), &sns.SetTopicAttributesInput{
			TopicArn: made.TopicArn, AttributeName: aws.String("Policy"), AttributeValue: aws.String(`{"Version":"2012-10-17","Statement":[` + policy.statements + `]}`),
		}); err != nil {
			t.Fatal(err)
		}
		if err := enforced.Announce(t.Context(), *made.TopicArn, ours, "{}"); (err == nil) != policy.alarm {
			t.Errorf("%s: an alarm of the account: %v, want it let through: %t", policy.statements, err, policy.alarm)
		}
		if err := enforced.Announce(t.Context(), *made.TopicArn, theirs, "{}"); (err == nil) != policy.alarmOther {
			t.Errorf("%s: an alarm of another account: %v, want it let through: %t", policy.statements, err, policy.alarmOther)
		}
		if _, err := forger.Publish(t.Context(), &sns.PublishInput{TopicArn: made.TopicArn, Message: aws.String("{}")}); (err == nil) != policy.forge {
			t.Errorf("%s: a role with sns:Publish: %v, want it let through: %t", policy.statements, err, policy.forge)
		}
	}
}
