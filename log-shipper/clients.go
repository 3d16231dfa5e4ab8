package logshipper

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"caretaker/log-shipper/bulk"
	"caretaker/log-shipper/logstash"
	"caretaker/log-shipper/stream"
	"caretaker/log-shipper/web"
)

// Clients are what the shipper calls AWS with, all of one account and Region.
type Clients struct {
	S3  s3API
	SQS sqsAPI
}

// Connect makes the clients for one account and Region.
func Connect(cfg aws.Config) Clients {
	return Clients{S3: s3.NewFromConfig(cfg), SQS: sqs.NewFromConfig(cfg)}
}

// ConnectDestinations makes the senders to the destinations of the file. It asks nobody anything.
func ConnectDestinations(c Config, cfg aws.Config) (Senders, error) {
	to := Senders{}
	for name, d := range c.Targets() {
		sender, err := ConnectDestination(d, cfg)
		if err != nil && name != "" {
			err = fmt.Errorf("destinations.%s: %w", name, err)
		}
		if err != nil {
			return nil, err
		}
		to[name] = sender
	}
	return to, nil
}

// ConnectDestination makes the sender to the destination of the file. It asks nobody anything.
func ConnectDestination(d Destination, cfg aws.Config) (Sender, error) {
	var secrets web.Secrets
	if d.Auth.needsSecret() {
		secrets = secretsmanager.NewFromConfig(cfg)
	}
	bytes := int(d.Batch.Size * (1 << 20))
	switch d.Type {
	case Kinesis:
		return stream.NewKinesis(kinesis.NewFromConfig(cfg), d.Stream), nil
	case Firehose:
		return stream.NewFirehose(firehose.NewFromConfig(cfg), d.Stream), nil
	case Logstash:
		return logstash.New(logstash.Options{
			Endpoint: d.Endpoint, WithoutAnswer: d.WithoutAnswer, Auth: d.Auth.Type, Secret: d.Auth.Secret, Secrets: secrets, CA: d.CA,
			Bytes: bytes, Events: d.Batch.Events,
		})
	}
	return bulk.New(bulk.Options{
		Endpoint: d.Endpoint, DataStream: d.DataStream, IDs: d.IDs, CA: d.CA,
		Auth:    bulk.Auth{Type: d.Auth.Type, Service: d.Auth.Service, Secret: d.Auth.Secret},
		Secrets: secrets, Bytes: bytes, Events: d.Batch.Events, Region: cfg.Region, Credentials: cfg.Credentials,
	})
}
