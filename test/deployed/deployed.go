// Package deployed is for the end-to-end tests: it deploys with the CDK's own command line into
// the emulator, and looks after a function that is deployed there.
package deployed

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"caretaker/internal/emulator"
)

// CDK runs a command of the CDK on the app of the checkout at root, with the binaries of this machine.
func CDK(ctx context.Context, e *emulator.Emulator, root, output string, arguments ...string) error {
	arch := map[string]string{"amd64": "x86_64", "arm64": "arm64"}[runtime.GOARCH]
	arguments = append(arguments, "--output", output, "-c", "assets=dist/host", "-c", "arch="+arch)
	command := exec.CommandContext(ctx, filepath.Join("node_modules", ".bin", "cdk"), arguments...) // #nosec G204 -- the tests' own
	command.Dir, command.Env = root, e.Environ()
	if text, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("cdk %s: %w\n%s", arguments[0], err, text)
	}
	return nil
}

// Function is a function that is deployed.
type Function struct {
	*emulator.Emulator
	Name string
	// Role is the name of its role, Variables its environment as deployed.
	Role      string
	Variables map[string]string
	client    *lambdasvc.Client
}

// Find looks a deployed function up.
func Find(ctx context.Context, e *emulator.Emulator, name string) (Function, error) {
	f := Function{Emulator: e, Name: name, client: lambdasvc.NewFromConfig(e.AWS())}
	found, err := f.client.GetFunctionConfiguration(ctx, &lambdasvc.GetFunctionConfigurationInput{FunctionName: &name})
	if err != nil {
		return Function{}, err
	}
	f.Variables = found.Environment.Variables
	_, f.Role, _ = strings.Cut(aws.ToString(found.Role), ":role/")
	return f, nil
}

// Invoke runs the function once and reads its answer into report. A run that ended in an error is one here too.
func (f Function) Invoke(ctx context.Context, payload []byte, report any) error {
	output, err := f.client.Invoke(ctx, &lambdasvc.InvokeInput{FunctionName: &f.Name, Payload: payload},
		func(o *lambdasvc.Options) { o.Retryer = aws.NopRetryer{} })
	if err != nil {
		return err
	}
	if output.FunctionError != nil {
		return fmt.Errorf("the run ended in an error: %s", output.Payload)
	}
	return json.Unmarshal(output.Payload, report)
}

// SetVariables gives the function another environment, from its next run on.
func (f Function) SetVariables(ctx context.Context, variables map[string]string) error {
	_, err := f.client.UpdateFunctionConfiguration(ctx, &lambdasvc.UpdateFunctionConfigurationInput{
		FunctionName: &f.Name, Environment: &lambdatypes.Environment{Variables: variables},
	})
	return err
}

// Own are the calls that the function made itself, under its role. A service of the second
// emulator does not tell whose key it was: there the key itself does.
func (f Function) Own() []emulator.Call {
	keys := map[string]bool{}
	for _, call := range f.Calls() {
		if strings.Contains(call.Principal, f.Role) {
			keys[call.AccessKey] = true
		}
	}
	var own []emulator.Call
	for _, call := range f.Calls() {
		if keys[call.AccessKey] {
			own = append(own, call)
		}
	}
	return own
}
