package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	accountsvc "github.com/aws/aws-sdk-go-v2/service/account"
	accounttypes "github.com/aws/aws-sdk-go-v2/service/account/types"
	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/middleware"

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
	// Home is the Region of the environment or the profile; empty where none is set.
	Home string
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

// Partition is that of the account: aws, aws-cn or another.
func (a Account) Partition() string {
	parsed, err := arn.Parse(a.Caller)
	if err != nil {
		return "aws"
	}
	return cmp.Or(parsed.Partition, "aws")
}

// Flags are the target as it was given, to name a command that continues with it.
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

// Begin reads the file and opens the target in it. wantsFile is that of Settings.Load.
func (t Target) Begin(j *Job, wantsFile bool) (config.File, Account, error) {
	file, err := j.Settings.Load(j.Console, wantsFile)
	if err != nil {
		return config.File{}, Account{}, err
	}
	account, err := t.Open(j, file)
	return file, account, err
}

// Open finds out who calls, before anything else is asked, whether that is the file's account, and which
// Regions are meant.
func (t Target) Open(j *Job, file config.File) (Account, error) {
	ctx := j.Stopping
	regions, err := t.Named(file)
	if err != nil {
		return Account{}, err
	}
	settings, err := t.load(ctx, j)
	if err != nil {
		return Account{}, err
	}
	if len(regions) == 0 && settings.Region != "" && !t.AllRegions {
		if allowed := file.RegionInstead(settings.Region); allowed != "" {
			return Account{}, console.Misuse("the Region of your environment (AWS_REGION, or that of your profile): %q is not allowed: %s", settings.Region, allowed)
		}
		regions = []string{settings.Region}
	}
	if len(regions) == 0 && !t.AllRegions {
		return Account{}, console.Misuse("no Region: give --region, write regions: into the file or set AWS_REGION")
	}
	home := settings.Region
	if home == "" {
		settings.Region = append(regions, "us-east-1")[0] // the latter only to ask which Regions there are
	}
	found := Account{Regions: regions, Home: home, aws: settings}
	if err := found.identify(ctx, t.Profile, j.Now); err != nil {
		return Account{}, err
	}
	if err := found.fits(j, file); err != nil {
		return Account{}, err
	}
	if t.AllRegions {
		found.Regions, err = enabledRegions(ctx, settings)
	}
	return found, err
}

// Named are the Regions of the command line or the file; none means that of the environment.
func (t Target) Named(file config.File) ([]string, error) {
	if t.AllRegions || len(t.Region) == 0 {
		return file.Regions, nil
	}
	for _, problem := range (config.Sections{Regions: t.Region, NewRegions: file.NewRegions}).Validate(time.Time{}) {
		if strings.HasPrefix(problem.Key, "regions[") {
			return nil, console.Misuse("--region: %q is not allowed: %s", problem.Value, problem.Allowed)
		}
	}
	return t.Region, nil
}

// fits refuses an account that is not the file's.
func (a Account) fits(j *Job, file config.File) error {
	switch name := j.Settings.Name(); {
	case file.Account == "" && j.Settings.Config != ShippedDefaults:
		j.Say("Note: %s names no account for stage %s. With account: %q in it, no command would work in another account than this.", name, j.Stage(), a.Number)
	case file.Account != "" && file.Account != a.Number:
		return console.Misuse("%s: stage %s is for account %s, and these credentials are for account %s (%s)", name, j.Stage(), file.Account, a.Number, a.Caller)
	}
	return nil
}

func (t Target) load(ctx context.Context, j *Job) (aws.Config, error) {
	// What the SDK logs, as that it asks elsewhere for credentials, the error says better.
	options := append(desk.AWSOptions(), awsconfig.WithLogger(logging.Nop{}), awsconfig.WithAPIOptions([]func(*middleware.Stack) error{j.Denied.watch}), awsconfig.WithAssumeRoleCredentialOptions(func(o *stscreds.AssumeRoleOptions) {
		o.TokenProvider = func() (string, error) { return mfa(j.Console) }
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
