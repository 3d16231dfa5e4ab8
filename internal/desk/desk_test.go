package desk

import (
	"testing"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
)

func TestAWSOptions_areThoseOfTheFunctionsAndLaterOnesWin(t *testing.T) {
	cfg, err := config.LoadDefaultConfig(t.Context(), append(AWSOptions(), config.WithRegion("eu-west-1"))...)
	if err != nil {
		t.Fatal(err)
	}
	if got := cfg.Retryer().MaxAttempts(); got != 5 {
		t.Errorf("%d attempts, want 5", got)
	}
	client, ok := cfg.HTTPClient.(*awshttp.BuildableClient)
	if !ok || client.GetDialer().Timeout != 2*time.Second {
		t.Errorf("the HTTP client is %T", cfg.HTTPClient)
	}
	if cfg.Region != "eu-west-1" {
		t.Errorf("the Region is %q", cfg.Region)
	}
}
