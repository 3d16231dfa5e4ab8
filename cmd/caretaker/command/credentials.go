package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"caretaker/cmd/caretaker/console"
)

// slowest is how long finding credentials may take: a person may have to type a code.
const slowest = 2 * time.Minute

// mfa asks for the code that a profile's mfa_serial wants.
func mfa(c console.Console) (string, error) {
	if !c.Asks {
		return "", errors.New("the profile wants an MFA code, and nobody is there to ask")
	}
	return c.Line("MFA code: ")
}

// mostSkew is by how much this machine's clock may differ from AWS's. The SDK signs with AWS's time
// where it differs, so that nothing else would tell.
const mostSkew = 5 * time.Minute

// identify asks AWS whose the credentials are, and what time it is: by a clock that is ahead
// everything is older than it is.
func (a *Account) identify(ctx context.Context, profile string, now func() time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, slowest)
	defer cancel()
	if a.aws.Credentials == nil {
		return errors.New("there are no AWS credentials: set AWS_PROFILE or give --profile")
	}
	found, err := a.aws.Credentials.Retrieve(ctx)
	if err != nil {
		hint := "give --profile, set AWS_PROFILE, or log in with `aws sso login`"
		if cmp.Or(profile, os.Getenv("AWS_PROFILE")) != "" {
			hint = LogIn(profile) + " or look in ~/.aws/config"
		}
		return fmt.Errorf("there are no usable AWS credentials: %s (%s)", hint, oneLine(Innermost(err)))
	}
	a.expires = expiry(found)
	who, err := sts.NewFromConfig(a.aws).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	var answered smithy.APIError
	if errors.As(err, &answered) {
		return fmt.Errorf("AWS does not accept these credentials: %s: %s (%s)", answered.ErrorCode(), oneLine(errors.New(answered.ErrorMessage())), LogIn(profile))
	}
	if err != nil {
		return fmt.Errorf("asking AWS whose these credentials are: %s", oneLine(Innermost(err)))
	}
	a.Number, a.Caller = aws.ToString(who.Account), aws.ToString(who.Arn)
	if theirs, known := awsmiddleware.GetServerTime(who.ResultMetadata); known {
		if ahead := now().Sub(theirs); ahead.Abs() > mostSkew {
			return fmt.Errorf("this machine's clock says %s, and AWS's %s: set it right, since how old something is decides what happens to it",
				now().UTC().Format(time.RFC3339), theirs.UTC().Format(time.RFC3339))
		}
	}
	return nil
}

// LogIn is how to get new credentials.
func LogIn(profile string) string {
	if profile = cmp.Or(profile, os.Getenv("AWS_PROFILE")); profile != "" {
		return "log in with `" + console.Shell("aws", "sso", "login", "--profile", profile) + "`"
	}
	return "log in again, as with `aws sso login`"
}

// expiry is when credentials end; zero when nobody says so. In the environment the tools that put them
// there may say it: https://docs.aws.amazon.com/cli/latest/reference/configure/export-credentials.html
func expiry(found aws.Credentials) time.Time {
	if found.CanExpire {
		return found.Expires
	}
	if found.SessionToken == "" || found.SessionToken != os.Getenv("AWS_SESSION_TOKEN") {
		return time.Time{}
	}
	at, err := time.Parse(time.RFC3339, os.Getenv("AWS_CREDENTIAL_EXPIRATION"))
	if err != nil {
		return time.Time{}
	}
	return at
}

// soon is how long before they end credentials are worth a word.
const soon = time.Hour

// NoteExpiry says that the credentials may end before the deleting does.
func (a Account) NoteExpiry(c console.Console) {
	left := a.expires.Sub(c.Now())
	if a.expires.IsZero() || left > soon {
		return
	}
	c.Say("Note: these credentials hold until %s, for %s more. If they are not renewed by then, the deleting stops: log in again, and the same command goes on.",
		a.expires.Local().Format("15:04"), max(0, left).Round(time.Minute))
}

// Innermost is the cause without the SDK's layers around it.
func Innermost(err error) error {
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return err
}

func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }
