package emulator_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"caretaker/internal/emulator"
	"caretaker/internal/want"
)

func TestKeyOf_isWhatAKeyThatWasGivenOutSignsWith(t *testing.T) {
	empty(t, shared)
	given, err := sts.NewFromConfig(shared.AWS()).GetSessionToken(t.Context(), &sts.GetSessionTokenInput{})
	want.NoError(t, "getting a key", err)
	key, err := shared.KeyOf(t.Context(), aws.ToString(given.Credentials.AccessKeyId))
	want.NoError(t, "looking the key up", err)
	want.Equal(t, "the key", key, emulator.Key{Secret: aws.ToString(given.Credentials.SecretAccessKey), Token: aws.ToString(given.Credentials.SessionToken)})
	if _, err := shared.KeyOf(t.Context(), "ASIANOBODY"); err == nil {
		t.Error("a key that nobody has is known")
	}
}
