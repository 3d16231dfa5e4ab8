package emulator_test

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"caretaker/internal/want"
)

// told is what the deployed handler saw.
type told struct{ ARN, Endpoint, Home, DryRun, Refusal string }

// tell is the handler: it says who it is, and tries what its role does not allow.
func tell(ctx context.Context) (told, error) {
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return told{}, err
	}
	who, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return told{}, err
	}
	_, err = lambdasvc.NewFromConfig(cfg).ListFunctions(ctx, &lambdasvc.ListFunctionsInput{})
	return told{aws.ToString(who.Arn), os.Getenv("AWS_ENDPOINT_URL"), os.Getenv("HOME"), os.Getenv("DRY_RUN"), outcome(err)}, nil
}

// itself is this test's binary as a function's code.
func itself(t *testing.T) []byte {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	binary, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var archive bytes.Buffer
	writer := zip.NewWriter(&archive)
	writer.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestSpeed) })
	header := &zip.FileHeader{Name: "bootstrap", Method: zip.Deflate}
	header.SetMode(0o755)
	file, err := writer.CreateHeader(header)
	if err == nil {
		_, err = file.Write(binary)
	}
	if err := errors.Join(err, writer.Close()); err != nil {
		t.Fatal(err)
	}
	return archive.Bytes()
}

// deployTeller deploys it as the function teller, with a role of that name.
func deployTeller(t *testing.T) *lambdasvc.Client {
	t.Helper()
	ctx, cfg := t.Context(), enforced.AWS()
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	role, err := iam.NewFromConfig(cfg).CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("teller"), AssumeRolePolicyDocument: &trust})
	want.NoError(t, "making a role", err)
	client, in := lambdasvc.NewFromConfig(cfg), &lambdasvc.GetFunctionConfigurationInput{FunctionName: aws.String("teller")}
	_, err = client.CreateFunction(ctx, &lambdasvc.CreateFunctionInput{
		FunctionName: in.FunctionName, Role: role.Role.Arn, Runtime: types.RuntimeProvidedal2023, Handler: aws.String("bootstrap"),
		Code: &types.FunctionCode{ZipFile: itself(t)}, Timeout: aws.Int32(20),
	})
	want.NoError(t, "making a function", err)
	want.NoError(t, "waiting for it", lambdasvc.NewFunctionActiveWaiter(client, func(o *lambdasvc.FunctionActiveWaiterOptions) {
		o.MinDelay, o.MaxDelay = 20*time.Millisecond, 100*time.Millisecond
	}).Wait(ctx, in, time.Minute))
	return client
}

// calledByTeller are the calls of the function.
func calledByTeller() (all []string) {
	for _, call := range enforced.Calls() {
		if strings.HasSuffix(call.Principal, "/teller") {
			all = append(all, fmt.Sprint(call.Service, ":", call.Operation, " ", call.Status))
		}
	}
	return all
}

func TestLambda_callsThroughTheProxyWithItsOwnRole(t *testing.T) {
	empty(t, enforced)
	out, err := deployTeller(t).Invoke(t.Context(), &lambdasvc.InvokeInput{FunctionName: aws.String("teller")})
	if err != nil {
		t.Fatal(err)
	}
	var got told
	if err := json.Unmarshal(out.Payload, &got); err != nil || out.FunctionError != nil {
		t.Fatalf("the function's answer: %v, %v: %s, want what it was told", err, aws.ToString(out.FunctionError), out.Payload)
	}
	if home, _ := os.UserHomeDir(); got.Home == home {
		t.Errorf("the function's home: %s, want another than the developer's", got.Home)
	}
	arn := fmt.Sprintf("arn:aws:sts::%s:assumed-role/teller/teller", enforced.Account())
	wanted := told{ARN: arn, Endpoint: enforced.Endpoint(), Home: got.Home, Refusal: "AccessDeniedException"}
	want.Equal(t, "what the function was told", got, wanted)
	want.Equal(t, "the calls of the function", calledByTeller(), []string{"sts:GetCallerIdentity 200", "lambda:ListFunctions 403"})
}
