package notify

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/smithy-go"
)

// keepSecret is for how long a secret is not read again: one that was changed works by then, or at the
// first refusal.
const keepSecret = 10 * time.Minute

// vault reads the secret, and remembers it for a while.
type vault struct {
	name       string
	secrets    secretsAPI
	parameters parametersAPI
	now        func() time.Time

	mutex sync.Mutex
	known credential
	read  time.Time
}

// credential is the secret; a fresh one is read anew whatever is remembered.
func (v *vault) credential(ctx context.Context, fresh bool) (credential, error) {
	v.mutex.Lock()
	defer v.mutex.Unlock()
	if !fresh && !v.read.IsZero() && v.now().Sub(v.read) < keepSecret {
		return v.known, nil
	}
	text, err := v.fetch(ctx)
	if err != nil {
		return credential{}, fmt.Errorf("reading the secret %s: %w", v.name, codeOf(err))
	}
	known, err := readCredential(text)
	if err != nil {
		return credential{}, fmt.Errorf("reading the secret %s: %w", v.name, err)
	}
	v.known, v.read = known, v.now()
	return known, nil
}

func (v *vault) fetch(ctx context.Context) (string, error) {
	if isParameter(v.name) {
		output, err := v.parameters.GetParameter(ctx, &ssm.GetParameterInput{Name: &v.name, WithDecryption: aws.Bool(true)})
		if err != nil || output.Parameter == nil {
			return "", err
		}
		return aws.ToString(output.Parameter.Value), nil
	}
	output, err := v.secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &v.name})
	if err != nil {
		return "", err
	}
	return aws.ToString(output.SecretString), nil
}

// codeOf is AWS's answer without what the SDK adds to it: an answer that it could not read it repeats.
func codeOf(err error) error {
	var answer smithy.APIError
	if errors.As(err, &answer) {
		return fmt.Errorf("%s: %s", answer.ErrorCode(), answer.ErrorMessage())
	}
	var operation *smithy.OperationError
	if errors.As(err, &operation) {
		return fmt.Errorf("%s %s did not answer", operation.Service(), operation.Operation())
	}
	return errors.New("no answer")
}
