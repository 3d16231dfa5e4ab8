// Package release_test deploys the templates and zips of a release as docs/upgrade.md says, goes on to the next
// version and back to the first, and looks at what becomes of what the parts remember.
package release_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"caretaker/internal/emulator"
	"caretaker/internal/want"
	limitraiser "caretaker/limit-raiser"
	"caretaker/test/deployed"
)

// configuration has parts that remember something: in a table, and in a bucket.
const configuration = `
version: 1
limitRaiser: {enabled: true, tables: [{name: orders, write: {max: 100}}]}
logShipper: {enabled: true, destination: {endpoint: "https://127.0.0.1:1"}}
`

var (
	root, _      = filepath.Abs(filepath.Join("..", ".."))
	architecture = map[string]string{"amd64": "x86_64", "arm64": "arm64"}[runtime.GOARCH]
	functions    = map[string][]string{
		"Janitor": {"janitor"}, "LimitRaiser": {"limit-raiser"}, "LogShipper": {"log-shipper", "log-shipper-subscriber"},
	}
)

// release builds the zips and templates of a version into a folder.
func release(ctx context.Context, t *testing.T, version string) string {
	t.Helper()
	built, out := t.TempDir(), t.TempDir()
	run := func(name string, arguments ...string) {
		t.Helper()
		command := exec.CommandContext(ctx, name, arguments...) // #nosec G204 -- the test's own
		command.Dir, command.Env = root, os.Environ()
		if arguments[0] == "build" {
			command.Env = append(command.Env, "CGO_ENABLED=0")
		}
		text, err := command.CombinedOutput()
		if err != nil {
			t.Fatalf("%s %s: %v\n%s", name, arguments[0], err, text)
		}
	}
	assets := built
	if architecture == "x86_64" {
		assets = filepath.Join(built, architecture)
	}
	for _, folder := range []string{"janitor", "limit-raiser", "log-shipper", "log-shipper/subscriber"} {
		run("go", "build", "-trimpath", "-buildvcs=false", "-tags", "lambda.norpc,nethttpomithttp2",
			"-ldflags", "-s -w -buildid= -X caretaker/internal/release.version="+version, "-o", filepath.Join(assets, folder, "bootstrap"), "./"+folder+"/lambda")
	}
	want.NoError(t, "linking the app", os.Symlink(filepath.Join(root, "dist", "cdk"), filepath.Join(built, "cdk")))
	file := filepath.Join(built, "caretaker.yaml")
	want.NoError(t, "writing the settings", os.WriteFile(file, []byte(configuration), 0o600))
	run("go", "run", "./cmd/release", "functions", "-built", built, "-out", out, "-config", file, "-architectures", architecture, version)
	return out
}

// account is one that nothing but a bucket for the code is in.
type account struct {
	*testing.T
	ctx context.Context
	*emulator.Emulator
	stacks *cloudformation.Client
}

const codeBucket = "code-of-the-company"

func TestRelease_isDeployedUpgradedAndRolledBackWithoutTheCDK(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 13*time.Minute)
	defer cancel()
	old, next := release(ctx, t, "1.0.0"), release(ctx, t, "1.1.0")
	e, err := emulator.Start(ctx, emulator.Options{Auth: true})
	want.NoError(t, "starting the emulator", err)
	t.Cleanup(e.Stop)
	a := account{t, ctx, e, cloudformation.NewFromConfig(e.AWS())}
	_, err = s3.NewFromConfig(e.AWS(), pathStyle).CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String(codeBucket)})
	want.NoError(t, "making the bucket of the code", err)
	a.upload(old)
	a.upload(next)

	a.deploy(old, "1.0.0")
	a.says("1.0.0")
	a.remember()
	before := a.identities()
	for _, step := range []struct{ what, folder, version string }{{"the upgrade", next, "1.1.0"}, {"the way back", old, "1.0.0"}} {
		a.deploy(step.folder, step.version)
		a.says(step.version)
		want.Equal(t, "tables and buckets after "+step.what, a.identities(), before)
		a.remembers(step.what)
	}
}

func pathStyle(o *s3.Options) { o.UsePathStyle = true }

// upload puts the zips of a release where its templates look for them by themselves.
func (a account) upload(folder string) {
	a.Helper()
	zips, err := filepath.Glob(filepath.Join(folder, "*.zip"))
	want.NoError(a.T, "looking for zips", err)
	if len(zips) != 4 {
		a.Fatalf("%d zips, want 4: %q", len(zips), zips)
	}
	for _, path := range zips {
		text, err := os.ReadFile(path) // #nosec G304 -- what was just packed
		want.NoError(a.T, "reading a zip", err)
		version := strings.Split(filepath.Base(path), "-")[1]
		_, err = s3.NewFromConfig(a.AWS(), pathStyle).PutObject(a.ctx, &s3.PutObjectInput{
			Bucket: aws.String(codeBucket), Key: aws.String("caretaker/" + version + "/" + filepath.Base(path)), Body: bytes.NewReader(text),
		})
		want.NoError(a.T, "uploading a zip", err)
	}
}

// deploy makes or updates the stacks, as aws cloudformation deploy does.
func (a account) deploy(folder, version string) {
	a.Helper()
	for part := range functions {
		name := "Caretaker-default-" + part
		text, err := os.ReadFile(filepath.Join(folder, "templates", name+".template.json")) // #nosec G304 -- what was just packed
		want.NoError(a.T, "reading a template", err)
		body := aws.String(string(text))
		parameters := []types.Parameter{{ParameterKey: aws.String("CodeBucket"), ParameterValue: aws.String(codeBucket)}}
		able := []types.Capability{types.CapabilityCapabilityIam}
		tags := []types.Tag{{Key: aws.String("caretaker:stage"), Value: aws.String("default")}}
		asked := &cloudformation.DescribeStacksInput{StackName: &name}
		if _, missing := a.stacks.DescribeStacks(a.ctx, asked); missing != nil {
			_, err = a.stacks.CreateStack(a.ctx, &cloudformation.CreateStackInput{StackName: &name, TemplateBody: body, Parameters: parameters, Capabilities: able, Tags: tags})
			if err == nil {
				err = cloudformation.NewStackCreateCompleteWaiter(a.stacks, func(o *cloudformation.StackCreateCompleteWaiterOptions) { o.MinDelay = time.Second }).Wait(a.ctx, asked, 3*time.Minute)
			}
		} else {
			_, err = a.stacks.UpdateStack(a.ctx, &cloudformation.UpdateStackInput{StackName: &name, TemplateBody: body, Parameters: parameters, Capabilities: able, Tags: tags})
			if err == nil {
				err = cloudformation.NewStackUpdateCompleteWaiter(a.stacks, func(o *cloudformation.StackUpdateCompleteWaiterOptions) { o.MinDelay = time.Second }).Wait(a.ctx, asked, 3*time.Minute)
			}
		}
		want.NoError(a.T, "deploying "+name+" of "+version, err)
	}
}

// says runs what can be run with an empty event, and reads which version it is.
func (a account) says(version string) {
	a.Helper()
	for _, name := range []string{"janitor", "log-shipper-subscriber"} {
		function, err := deployed.Find(a.ctx, a.Emulator, "caretaker-default-"+name)
		want.NoError(a.T, "finding "+name, err)
		var report struct{ Caretaker string }
		want.NoError(a.T, "running "+name, function.Invoke(a.ctx, []byte("{}"), &report))
		want.Equal(a.T, "the version that "+name+" reports", report.Caretaker, version)
	}
}

const ledger = "caretaker-default-limit-raiser"

// remember leaves a record in the ledger, and a letter that could not be sent in the bucket.
func (a account) remember() {
	a.Helper()
	_, err := dynamodb.NewFromConfig(a.AWS()).PutItem(a.ctx, &dynamodb.PutItemInput{TableName: aws.String(ledger), Item: record})
	want.NoError(a.T, "writing a record", err)
	_, err = s3.NewFromConfig(a.AWS(), pathStyle).PutObject(a.ctx, &s3.PutObjectInput{Bucket: aws.String(a.bucket()), Key: aws.String("parked/letter"), Body: strings.NewReader("unsent")})
	want.NoError(a.T, "parking a letter", err)
}

var record = map[string]dynamodbtypes.AttributeValue{
	limitraiser.LedgerKey:  &dynamodbtypes.AttributeValueMemberS{Value: "a record"},
	limitraiser.LedgerSort: &dynamodbtypes.AttributeValueMemberS{Value: "of the version before"},
}

func (a account) remembers(after string) {
	a.Helper()
	found, err := dynamodb.NewFromConfig(a.AWS()).GetItem(a.ctx, &dynamodb.GetItemInput{TableName: aws.String(ledger), Key: record})
	want.NoError(a.T, "reading the record after "+after, err)
	want.Equal(a.T, "records after "+after, len(found.Item) > 0, true)
	_, err = s3.NewFromConfig(a.AWS(), pathStyle).HeadObject(a.ctx, &s3.HeadObjectInput{Bucket: aws.String(a.bucket()), Key: aws.String("parked/letter")})
	want.NoError(a.T, "the parked letter after "+after, err)
}

func (a account) bucket() string {
	a.Helper()
	return a.physical("Caretaker-default-LogShipper", "AWS::S3::Bucket")
}

// identities are the names of what holds data.
func (a account) identities() map[string]string {
	a.Helper()
	return map[string]string{
		"the table":  a.physical("Caretaker-default-LimitRaiser", "AWS::DynamoDB::Table"),
		"the bucket": a.bucket(),
	}
}

func (a account) physical(stack, kind string) string {
	a.Helper()
	listed, err := a.stacks.DescribeStackResources(a.ctx, &cloudformation.DescribeStackResourcesInput{StackName: &stack})
	want.NoError(a.T, "describing "+stack, err)
	for _, one := range listed.StackResources {
		if aws.ToString(one.ResourceType) == kind {
			return aws.ToString(one.PhysicalResourceId)
		}
	}
	a.Fatalf("%s has no %s", stack, kind)
	return ""
}
