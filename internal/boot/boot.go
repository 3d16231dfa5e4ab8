// Package boot starts a Lambda function of Caretaker: it reads config.json
// beside the binary, loads the AWS settings, and then, for each invocation,
// puts a logger into the context, ends the context a margin before Lambda would
// kill the run, and leaves behind one summary event and the run's metrics.
//
// It is the only package of a deployed function that reads the environment, and
// the only one that ends the process. It has no opinion about what a part does.
package boot

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"strings"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/rs/zerolog"

	"caretaker/internal/emf"
)

// Start is what a part finds when its process begins.
type Start struct {
	// AWS holds the Region, the credentials, and the retries, time-outs and pools of Retryer and
	// HTTPClient; make the clients from it, once. A part whose calls take longer than most puts a
	// client of its own into a copy.
	AWS aws.Config
	// Function is the function this process runs as.
	Function Function
	// Stage is the stage the function was deployed for, from STAGE; "default" when that is empty.
	Stage string
	// Topic is the ARN to which summaries go, from TOPIC_ARN. Empty means there is none.
	Topic string
	// DryRun is the emergency brake, from DRY_RUN. True stops all changes; false
	// says nothing: a dry run that is configured stays one.
	DryRun bool
	// folder is where config.json stands.
	folder string
}

// Function names the deployed function. Its ARN is not in the environment: Lambda
// tells it with each invocation, in lambdacontext.
type Function struct {
	// Name is the function's name, without a qualifier.
	Name string
	// Version is a number, or $LATEST.
	Version string
}

// Report is what a run answers. It is logged and returned as JSON: keep it small,
// since Lambda refuses an answer of over 6 MB after the work is done.
type Report interface {
	// Metrics are the figures of the run; they are written also when the run ended in an error.
	Metrics() []emf.Metric
}

// Handler does the work of one invocation. With json.RawMessage as its E it gets the event as it
// came, byte for byte.
type Handler[E any, R Report] func(context.Context, E) (R, error)

// Serve runs a part as a Lambda function and does not return. build is called
// once; when it fails, or the surroundings are not as they should be, the process
// ends with the reason in the log.
func Serve[E any, R Report](part string, build func(context.Context, Start) (Handler[E, R], error)) {
	// aws-lambda-go logs the error of a run through the standard logger, as JSON; a
	// time stamp before it would make that line something else.
	log.SetFlags(0)
	function := Function{Name: os.Getenv("AWS_LAMBDA_FUNCTION_NAME"), Version: os.Getenv("AWS_LAMBDA_FUNCTION_VERSION")}
	stage := os.Getenv("STAGE")
	if stage == "" {
		stage = "default"
	}
	logger := zerolog.New(os.Stdout).With().Timestamp().Str("part", part).Str("stage", stage).
		Str("function", function.Name).Str("function_version", function.Version).Logger()
	ctx := logger.WithContext(context.Background())
	start, err := newStart(function, stage)
	if err != nil {
		logger.Fatal().Err(err).Msg("start failed")
	}
	handle, err := build(ctx, start)
	if err != nil {
		logger.Fatal().Err(err).Msg("start failed")
	}
	lambda.StartWithOptions(invoker[E, R]{
		handle: handle, logger: logger, metrics: os.Stdout,
		dimensions: map[string]string{"Part": part, "Stage": stage},
	}, lambda.WithContext(ctx))
}

func newStart(function Function, stage string) (Start, error) {
	binary, err := os.Executable()
	if err != nil {
		return Start{}, fmt.Errorf("finding the folder of config.json: %w", err)
	}
	cfg, err := settings()
	if err != nil {
		return Start{}, err
	}
	return Start{
		AWS: cfg, Function: function, Stage: stage, Topic: os.Getenv("TOPIC_ARN"),
		DryRun: Brake(os.Getenv("DRY_RUN")), folder: filepath.Dir(binary),
	}, nil
}

// Resource is what the deployment tells of one of the part's own resources in the variable of that
// name: the URL of a queue, the name of a table or a bucket, the ARN of a stream. Without it the
// function was deployed by something else than the CDK app, and cannot work: that is an error.
func (s Start) Resource(variable string) (string, error) {
	value := os.Getenv(variable)
	if value == "" {
		return "", fmt.Errorf("reading the environment: %s is empty: deploy the function with the CDK app", variable)
	}
	return value, nil
}

// Config reads config.json beside the binary over the defaults that are in into.
// A missing file, an unknown key and a wrong type are errors.
func (s Start) Config(into any) error {
	path := filepath.Join(s.folder, "config.json")
	text, err := os.ReadFile(path) // #nosec G304 -- the folder is the binary's own
	if err != nil {
		return fmt.Errorf("reading the configuration: %w", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("decoding %s: %w", path, err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("decoding %s: more than one JSON value", path)
	}
	return nil
}

// Brake says whether a value of DRY_RUN stops all changes: everything does but
// the empty value, 0 and false, so that a brake pulled in a hurry (yes, on, x) holds.
func Brake(value string) bool {
	switch strings.ToLower(strings.TrimSpace(value)) {
	case "", "0", "false":
		return false
	}
	return true
}
