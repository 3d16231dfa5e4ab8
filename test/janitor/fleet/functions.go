package fleet

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"golang.org/x/sync/errgroup"
)

// function is one function of the fleet.
type function struct {
	name, runtime string
	versions      int
	tags          map[string]string
	// recent is how many of the newest versions were published in the last hours rather than months ago.
	recent int
	// inStack is true where a CloudFormation stack makes the function.
	inStack bool
	// unpublished is true where making the function does not publish version 1 with it.
	unpublished bool
	// durable gives the function a DurableConfig.
	durable bool
	// variables are environment variables.
	variables map[string]string
	// managed puts the function on Lambda Managed Instances.
	managed bool
}

// The functions with cases. What refers to their versions stands in the other files.
const (
	checkout        = "checkout"
	orderEvents     = "order-events"
	inventoryStream = "inventory-stream"
	pricing         = "pricing"
	fulfilment      = "fulfilment"
	settlement      = "settlement"
	fraudScore      = "fraud-score"
	nightlyReport   = "nightly-report"
	auditTrail      = "audit-trail"
	storefrontAPI   = "storefront-api"
	partnerAPI      = "partner-api"
	loyaltyPoints   = "loyalty-points"
	productGraph    = "product-graph"
	invoice         = "invoice"
	invoiceRetry    = "invoice-retry"
	paymentsWebhook = "payments-webhook"
	imageResize     = "image-resize"
	geoRedirect     = "geo-redirect"
	sessionStore    = "session-store"
	refundSaga      = "refund-saga"
	billingExport   = "billing-export"
	ledger          = "ledger"
	taxRates        = "tax-rates"
	gdprErase       = "gdpr-erase"
	searchIndex     = "search-index"
	mailSender      = "mail-sender"
	recommendations = "recommendations"
)

// functions are those of the plan, the fillers last; one calls the version to resize by.
func (p Plan) functions(now time.Time, resize string) []function {
	fleet := []function{
		{name: checkout},
		{name: orderEvents, managed: true},
		{name: inventoryStream, runtime: "python3.12"},
		{name: pricing},
		{name: fulfilment},
		{name: settlement},
		{name: fraudScore, runtime: "python3.12"},
		{name: nightlyReport, runtime: "python3.12"},
		{name: auditTrail},
		{name: storefrontAPI, runtime: "nodejs22.x"},
		{name: partnerAPI, runtime: "nodejs22.x"},
		{name: loyaltyPoints},
		{name: productGraph, runtime: "nodejs22.x"},
		{name: invoice},
		{name: invoiceRetry},
		{name: paymentsWebhook, variables: map[string]string{"RESIZE": resize}},
		{name: imageResize},
		{name: geoRedirect, runtime: "nodejs22.x"},
		{name: sessionStore},
		{name: refundSaga, runtime: "python3.12", durable: true},
		{name: billingExport, runtime: "python3.12", inStack: true, unpublished: true},
		{name: ledger, runtime: "python3.12", inStack: true},
		{name: taxRates, tags: map[string]string{"caretaker:keep": strconv.Itoa(taggedNewest)}},
		{name: gdprErase, tags: map[string]string{"caretaker:janitor": "off"}},
		{name: searchIndex, tags: map[string]string{"caretaker:keep-until": now.AddDate(1, 0, 0).Format(time.DateOnly)}},
		{name: mailSender, tags: map[string]string{"caretaker:keep": "a dozen"}},
		{name: recommendations, runtime: "python3.12", recent: Newest},
	}
	for index := range fleet {
		fleet[index].versions = p.Versions
	}
	names := []string{"catalog", "shipping", "customer", "stock", "voucher", "review", "cart"}
	kinds := []string{"import", "export", "notify", "sync", "cleanup"}
	runtimes := []string{"provided.al2023", "nodejs22.x", "python3.12", "java21"}
	for index := range p.Fillers {
		name := names[index%len(names)] + "-" + kinds[index/len(names)%len(kinds)]
		if round := index / (len(names) * len(kinds)); round > 0 {
			name += "-" + strconv.Itoa(round+1)
		}
		fleet = append(fleet, function{name: name, runtime: runtimes[index%len(runtimes)], versions: p.FillerVersions})
	}
	return fleet
}

// atOnce is how many functions are published side by side.
const atOnce = 8

// publish creates all functions and their versions, and sets the dates back.
func (s *seeder) publish(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for index, f := range s.functions {
		group.Go(func() error { return s.publishOne(ctx, index, f) })
	}
	return group.Wait()
}

func (s *seeder) publishOne(ctx context.Context, index int, f function) error {
	if f.runtime == "" {
		f.runtime = "provided.al2023"
	}
	if !f.inStack {
		if err := s.create(ctx, f); err != nil {
			return err
		}
	}
	first := 2
	if f.unpublished {
		first = 1
	}
	for number := first; number <= f.versions; number++ {
		code, err := bundle(f, s.plan.codeSize(f.name, number))
		if err != nil {
			return err
		}
		out, err := s.lambda.UpdateFunctionCode(ctx, &lambdasvc.UpdateFunctionCodeInput{FunctionName: &f.name, ZipFile: code, Publish: true})
		if err != nil {
			return fmt.Errorf("publishing version %d of %s: %w", number, f.name, err)
		}
		if got := aws.ToString(out.Version); got != strconv.Itoa(number) {
			return fmt.Errorf("publishing version %d of %s: it became version %s", number, f.name, got)
		}
	}
	for number := 1; number <= f.versions; number++ {
		s.emulator.Backdate(f.name, strconv.Itoa(number), s.published(index, f, number))
	}
	return nil
}

func (s *seeder) create(ctx context.Context, f function) error {
	code, err := bundle(f, s.plan.codeSize(f.name, 1))
	if err != nil {
		return err
	}
	input := &lambdasvc.CreateFunctionInput{
		FunctionName: &f.name, Role: &s.runtimeRole, Runtime: types.Runtime(f.runtime), Handler: aws.String("index.handler"),
		Code: &types.FunctionCode{ZipFile: code}, Publish: true, Timeout: aws.Int32(10), Tags: map[string]string{"team": "shop"},
		Description: aws.String("Part of the shop: " + f.name),
	}
	for key, value := range f.tags {
		input.Tags[key] = value
	}
	var options []func(*lambdasvc.Options)
	if f.durable {
		input.DurableConfig = &types.DurableConfig{ExecutionTimeout: aws.Int32(30 * 86400), RetentionPeriodInDays: aws.Int32(14)}
		options = append(options, enableDurable)
	}
	if f.variables != nil {
		input.Environment = &types.Environment{Variables: f.variables}
	}
	if f.managed {
		provider := "arn:aws:lambda:" + s.emulator.Region() + ":" + s.emulator.Account() + ":capacity-provider:shop"
		input.CapacityProviderConfig = &types.CapacityProviderConfig{
			LambdaManagedInstancesCapacityProviderConfig: &types.LambdaManagedInstancesCapacityProviderConfig{CapacityProviderArn: &provider},
		}
	}
	if _, err := s.lambda.CreateFunction(ctx, input, options...); err != nil {
		return fmt.Errorf("creating %s: %w", f.name, err)
	}
	return nil
}

// published is when a version was: the newest 40 to 49 days ago, or hours where it is recent,
// the others every two to four days before.
func (s *seeder) published(index int, f function, number int) time.Time {
	if age := f.versions - number; age < f.recent {
		return s.now.Add(-time.Duration(age+1) * time.Hour)
	}
	days := 40 + index%10 + (f.versions-number)*(2+index%3)
	return s.now.Add(-time.Duration(days) * 24 * time.Hour)
}

// codeSize is a version's size in bytes: another for each function and nearly each version, growing
// with the number as code does.
func (p Plan) codeSize(name string, number int) int {
	digest := fnv.New32a()
	_, _ = digest.Write([]byte(name)) // never fails
	share := 50 + int(digest.Sum32()%900) + min(number, 50)
	return p.LargestCode / 1000 * share
}

// bundle zips a function that answers at once, filled up to the size with bytes that do not
// compress and are never the same twice: code that did not change makes no new version.
func bundle(f function, size int) ([]byte, error) {
	name, source := "bootstrap", "#!/bin/sh\nexit 1\n"
	switch {
	case strings.HasPrefix(f.runtime, "python"):
		name, source = "index.py", "def handler(event, context):\n    return {\"Status\": \"PENDING\"}\n"
	case strings.HasPrefix(f.runtime, "nodejs"):
		name, source = "index.js", "exports.handler = async () => ({});\n"
	}
	padding := make([]byte, max(16, size))
	if _, err := rand.Read(padding); err != nil {
		return nil, fmt.Errorf("padding the code of %s: %w", f.name, err)
	}
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	for _, file := range []struct {
		header  zip.FileHeader
		content []byte
	}{
		{zip.FileHeader{Name: name, Method: zip.Deflate}, []byte(source)},
		{zip.FileHeader{Name: "assets.bin", Method: zip.Store}, padding},
	} {
		file.header.SetMode(0o755)
		w, err := archive.CreateHeader(&file.header)
		if err == nil {
			_, err = w.Write(file.content)
		}
		if err != nil {
			return nil, fmt.Errorf("zipping %s: %w", f.name, err)
		}
	}
	if err := archive.Close(); err != nil {
		return nil, fmt.Errorf("zipping %s: %w", f.name, err)
	}
	return out.Bytes(), nil
}
