package main

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"golang.org/x/sync/errgroup"

	"caretaker/internal/emulator"
	"caretaker/janitor"
	"caretaker/test/janitor/fleet"
)

// The fleet that public tools were measured with, and how AWS behaves: 15 calls a second of
// the Lambda control plane and 15 of GetPolicy, 2 of CloudTrail, an answer in 150 ms.
const (
	smallFunctions = 24
	smallVersions  = 20
	allowed        = 15
	latency        = 150 * time.Millisecond
)

// wholeRun measures a run in earnest of the janitor's binary, and gives its share of the calls
// that the formula allows.
func wholeRun(ctx context.Context, r *results) (float64, error) {
	e, err := emulator.Start(ctx, emulator.Options{CloudTrail: true})
	if err != nil {
		return 0, err
	}
	defer e.Stop()
	r.note("seeding %d functions with %d versions each ...", smallFunctions, smallVersions)
	if err := seed(ctx, e); err != nil {
		return 0, err
	}
	f, _, err := startFunction(ctx, janitorOnHost, fmt.Sprintf(`{"dryRun": false, "rate": %d}`, allowed), append(e.Environ(), "STAGE=bench"))
	if err != nil {
		return 0, err
	}
	defer f.Stop()
	e.LimitRates(emulator.RateLimits{Lambda: allowed, GetPolicy: allowed, LookupEvents: 2})
	e.SetLatency(latency)
	e.ForgetCalls()
	begun := time.Now()
	r.note("running at %d calls a second, each answered after %v ...", allowed, latency)
	body, took, err := f.invoke("{}", 15*time.Minute)
	if err != nil {
		return 0, err
	}
	calls, throttles := recorded(e.Calls(), begun)
	e.LimitRates(emulator.RateLimits{})
	e.SetLatency(0)
	if err := cleaned(ctx, e, body); err != nil {
		return 0, err
	}
	terms := region{functions: smallFunctions, versions: smallFunctions * smallVersions, shortlist: smallFunctions}.terms(calls)
	most, _ := sum(terms)
	bound := float64(most-allowed) / allowed
	r.note("wall_over_bound: a whole run took %.1f s; %d calls, the first %d at once, take %.1f s. One run, not the best of several.",
		took.Seconds(), most, allowed, bound)
	r.report(figure{"wall_over_bound", took.Seconds() / bound, "ratio", "<=", 1.1})
	r.note("throttles: 429s of any service in that run, as the proxy recorded them")
	r.report(figure{"throttles", float64(throttles), "calls", "=", 0})
	return r.explain(fmt.Sprintf("%d x %d", smallFunctions, smallVersions), terms), nil
}

// recorded takes apart what the proxy saw: the calls of the control plane, and how many of any
// service were throttled.
func recorded(all []emulator.Call, begun time.Time) (calls []call, throttles int) {
	for _, one := range all {
		if one.Status == http.StatusTooManyRequests || strings.Contains(one.ErrorCode, "Throttl") {
			throttles++
		}
		if one.Service == "lambda" && one.Operation != "GetPolicy" {
			calls = append(calls, call{one.Operation, one.Function, one.Qualifier, one.Start.Sub(begun)})
		}
	}
	return calls, throttles
}

// cleaned makes sure that the run did all there was to do: a run that does less is fast too.
func cleaned(ctx context.Context, e *emulator.Emulator, body []byte) error {
	var report janitor.Report
	if err := json.Unmarshal(body, &report); err != nil {
		return fmt.Errorf("reading the report: %w", err)
	}
	kept := janitor.Default().Keep.Newest
	if want := smallFunctions * (smallVersions - kept); report.Outcomes[janitor.Deleted] != want {
		return fmt.Errorf("%d versions were deleted and not %d: %s", report.Outcomes[janitor.Deleted], want, body)
	}
	if len(report.NotChecked) > 0 {
		return fmt.Errorf("not all checks were on: %v", report.NotChecked)
	}
	left, err := fleet.Versions(ctx, e.AWS())
	if err != nil {
		return err
	}
	for function, versions := range left {
		if len(versions) != kept {
			return fmt.Errorf("%s has the versions %v left and not %d", function, versions, kept)
		}
	}
	return nil
}

// seed publishes the small fleet with old dates and an alias on each newest version. Nothing
// else refers to it.
func seed(ctx context.Context, e *emulator.Emulator) error {
	client := lambdasvc.NewFromConfig(e.AWS())
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(8)
	for index := range smallFunctions {
		group.Go(func() error {
			name := fmt.Sprintf("bench-%02d", index+1)
			if err := seedFunction(ctx, client, e, name); err != nil {
				return fmt.Errorf("seeding %s: %w", name, err)
			}
			return nil
		})
	}
	return group.Wait()
}

func seedFunction(ctx context.Context, client *lambdasvc.Client, e *emulator.Emulator, name string) error {
	today := time.Now().UTC().Truncate(24 * time.Hour)
	for number := 1; number <= smallVersions; number++ {
		code, err := bundle(1000 * number)
		if err != nil {
			return err
		}
		if number == 1 {
			_, err = client.CreateFunction(ctx, &lambdasvc.CreateFunctionInput{
				FunctionName: &name, Runtime: types.RuntimeProvidedal2023, Handler: aws.String("bootstrap"), Publish: true,
				Role: aws.String("arn:aws:iam::" + e.Account() + ":role/bench"), Code: &types.FunctionCode{ZipFile: code},
			})
		} else {
			_, err = client.UpdateFunctionCode(ctx, &lambdasvc.UpdateFunctionCodeInput{FunctionName: &name, ZipFile: code, Publish: true})
		}
		if err != nil {
			return err
		}
		e.Backdate(name, strconv.Itoa(number), today.AddDate(0, 0, number-smallVersions-30))
	}
	_, err := client.CreateAlias(ctx, &lambdasvc.CreateAliasInput{
		FunctionName: &name, Name: aws.String("live"), FunctionVersion: aws.String(strconv.Itoa(smallVersions)),
	})
	return err
}

// bundle is a zip file of about so many bytes, no two of them alike.
func bundle(size int) ([]byte, error) {
	content := make([]byte, size)
	if _, err := rand.Read(content); err != nil {
		return nil, err
	}
	var file bytes.Buffer
	writer := zip.NewWriter(&file)
	entry, err := writer.Create("bootstrap")
	if err != nil {
		return nil, err
	}
	if _, err := entry.Write(content); err != nil {
		return nil, err
	}
	if err := writer.Close(); err != nil {
		return nil, err
	}
	return file.Bytes(), nil
}
