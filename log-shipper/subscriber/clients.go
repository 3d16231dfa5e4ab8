package subscriber

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
)

// Clients are what the subscriber calls AWS with, all of one account and Region.
type Clients struct {
	Logs    logsAPI
	Tagging taggingAPI
}

// Connect makes the clients for one account and Region, paced to rate calls a second of each
// operation.
func Connect(cfg aws.Config, rate float64) Clients {
	cfg = cfg.Copy()
	newPace(rate).attachTo(&cfg)
	return Clients{Logs: cloudwatchlogs.NewFromConfig(cfg), Tagging: resourcegroupstaggingapi.NewFromConfig(cfg)}
}
