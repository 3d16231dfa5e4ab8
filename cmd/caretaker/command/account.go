package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	accountsvc "github.com/aws/aws-sdk-go-v2/service/account"
	accounttypes "github.com/aws/aws-sdk-go-v2/service/account/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/logging"

	"caretaker/cmd/caretaker/console"
	"caretaker/internal/config"
	"caretaker/internal/desk"
)

// Target says where a command works.
type Target struct {
	Profile    string   `short:"p" placeholder:"NAME" help:"The profile of your AWS configuration."`
	Region     []string `short:"r" xor:"region" placeholder:"REGION" help:"A Region, in place of regions: in the file; may be repeated."`
	AllRegions bool     `xor:"region" help:"Every Region that the account has enabled."`
}

// Account is where the credentials lead to.
type Account struct {
	// Number is the account's, and Caller the ARN of who calls.
	Number, Caller string
	Regions        []string
	// expires is when the credentials end; zero when nobody knows.
	expires time.Time
	aws     aws.Config
}

// In are the settings for one of the Regions.
func (a Account) In(region string) aws.Config {
	cfg := a.aws.Copy()
	cfg.Region = region
	return cfg
}

// Flags are the target as it was given, to name a command that goes on with it.
func (t Target) Flags() []string {
	var flags []string
	if t.Profile != "" {
		flags = append(flags, "--profile", t.Profile)
	}
	for _, region := range t.Region {
		flags = append(flags, "--region", region)
	}
	if t.AllRegions {
		flags = append(flags, "--all-regions")
	}
	return flags
}

// slowest is how long finding credentials may take: a person may have to type a code.
const slowest = 2 * time.Minute

// Open finds out who calls, before anything else is asked, and which Regions are meant.
func (t Target) Open(ctx context.Context, c console.Console, file config.File) (Account, error) {
	regions, err := t.named(file)
	if err != nil {
		return Account{}, err
	}
	settings, err := t.load(ctx, c)
	if err != nil {
		return Account{}, err
	}
	if len(regions) == 0 && settings.Region != "" && !t.AllRegions {
		regions = []string{settings.Region}
	}
	if len(regions) == 0 && !t.AllRegions {
		return Account{}, console.Misuse("no Region: give --region, write regions: into the file or set AWS_REGION")
	}
	if settings.Region == "" {
		settings.Region = append(regions, "us-east-1")[0] // the latter only to ask which Regions there are
	}
	found := Account{Regions: regions, aws: settings}
	if err := found.identify(ctx, t.Profile, c.Now); err != nil {
		return Account{}, err
	}
	if t.AllRegions {
		found.Regions, err = enabledRegions(ctx, settings)
	}
	return found, err
}

// named are the Regions of the command line or the file; none means that of the environment.
func (t Target) named(file config.File) ([]string, error) {
	if t.AllRegions || len(t.Region) == 0 {
		return file.Regions, nil
	}
	for _, problem := range (config.Sections{Regions: t.Region}).Validate(time.Time{}) {
		if strings.HasPrefix(problem.Key, "regions[") {
			return nil, console.Misuse("--region: %q is not allowed: %s", problem.Value, problem.Allowed)
		}
	}
	return t.Region, nil
}

func (t Target) load(ctx context.Context, c console.Console) (aws.Config, error) {
	// What the SDK logs, as that it asks elsewhere for credentials, the error says better.
	options := append(desk.AWSOptions(), awsconfig.WithLogger(logging.Nop{}), awsconfig.WithAssumeRoleCredentialOptions(func(o *stscreds.AssumeRoleOptions) {
		o.TokenProvider = func() (string, error) { return mfa(c) }
	}))
	if t.Profile != "" {
		options = append(options, awsconfig.WithSharedConfigProfile(t.Profile))
	}
	settings, err := awsconfig.LoadDefaultConfig(ctx, options...)
	var missing awsconfig.SharedConfigProfileNotExistError
	if errors.As(err, &missing) {
		return aws.Config{}, console.Misuse("there is no profile %s in your AWS configuration", missing.Profile)
	}
	if err != nil {
		return aws.Config{}, fmt.Errorf("loading the AWS settings: %w", err)
	}
	return settings, nil
}

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
			hint = LogIn(profile) + " or look into ~/.aws/config"
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

// enabledRegions are those that the account can use.
func enabledRegions(ctx context.Context, settings aws.Config) ([]string, error) {
	var regions []string
	pages := accountsvc.NewListRegionsPaginator(accountsvc.NewFromConfig(settings), &accountsvc.ListRegionsInput{
		RegionOptStatusContains: []accounttypes.RegionOptStatus{accounttypes.RegionOptStatusEnabled, accounttypes.RegionOptStatusEnabledByDefault},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("listing the account's Regions (account:ListRegions; or name them with --region): %w", err)
		}
		for _, region := range page.Regions {
			regions = append(regions, aws.ToString(region.RegionName))
		}
	}
	if len(regions) == 0 {
		return nil, errors.New("listing the account's Regions: AWS named none")
	}
	slices.Sort(regions)
	return regions, nil
}

// Innermost is the cause without the SDK's layers around it.
func Innermost(err error) error {
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return err
}

func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }
