package emulator

import (
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// AWS is a client configuration that points at the proxy, with the root key of
// the account and the Region of Options.
func (e *Emulator) AWS() aws.Config {
	return e.AWSAs(aws.Credentials{AccessKeyID: rootKey, SecretAccessKey: rootKey}, e.options.Region)
}

// AWSAs is AWS with other credentials and in another Region.
func (e *Emulator) AWSAs(as aws.Credentials, region string) aws.Config {
	return aws.Config{
		Region:       region,
		BaseEndpoint: aws.String(e.Endpoint()),
		Credentials:  credentials.StaticCredentialsProvider{Value: as},
	}
}

// AWSIn is AWS as the root of another account (12 digits) and in another Region.
func (e *Emulator) AWSIn(account, region string) aws.Config {
	return e.AWSAs(aws.Credentials{AccessKeyID: account, SecretAccessKey: rootKey}, region)
}

// Account is the account of the root key.
func (e *Emulator) Account() string { return e.options.Account }

// Region is where AWS and Environ point.
func (e *Emulator) Region() string { return e.options.Region }

// Environ is the whole environment for a child process such as the CDK's command
// line: the root key and the proxy, and nothing of the developer's AWS profile.
func (e *Emulator) Environ() []string {
	nowhere := os.DevNull
	environment := []string{
		"AWS_ENDPOINT_URL=" + e.Endpoint(),
		"AWS_ACCESS_KEY_ID=" + rootKey, "AWS_SECRET_ACCESS_KEY=" + rootKey,
		"AWS_REGION=" + e.options.Region, "AWS_DEFAULT_REGION=" + e.options.Region,
		"CDK_DEFAULT_ACCOUNT=" + e.options.Account, "CDK_DEFAULT_REGION=" + e.options.Region,
		"AWS_CONFIG_FILE=" + nowhere, "AWS_SHARED_CREDENTIALS_FILE=" + nowhere,
		"AWS_EC2_METADATA_DISABLED=true", "CDK_DISABLE_CLI_TELEMETRY=true",
	}
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "LANG", "TERM", "GOCACHE", "GOPATH", "GOMODCACHE", "GOFLAGS", "GOPROXY"} {
		if value, set := os.LookupEnv(name); set {
			environment = append(environment, name+"="+value)
		}
	}
	return environment
}
