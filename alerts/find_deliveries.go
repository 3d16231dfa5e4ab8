package alerts

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	firehosetypes "github.com/aws/aws-sdk-go-v2/service/firehose/types"

	"caretaker/internal/paged"
)

// deliveries lists the delivery streams of Firehose, and asks each where it delivers: its metrics are called after
// that.
func (r *Reconciler) deliveries(ctx context.Context) ([]Resource, error) {
	var names []string
	err := paged.Every(func(token *string) (*string, error) {
		page, err := r.aws.Firehose.ListDeliveryStreams(ctx, &firehose.ListDeliveryStreamsInput{Limit: aws.Int32(10_000), ExclusiveStartDeliveryStreamName: token})
		if err != nil {
			return nil, err
		}
		names = append(names, page.DeliveryStreamNames...)
		switch more := aws.ToBool(page.HasMoreDeliveryStreams); {
		case !more:
			return nil, nil
		case len(page.DeliveryStreamNames) == 0:
			return nil, errors.New("AWS says that there are more, and names none")
		}
		return &page.DeliveryStreamNames[len(page.DeliveryStreamNames)-1], nil
	})
	if err != nil {
		return nil, fmt.Errorf("listing delivery streams (firehose:ListDeliveryStreams): %w", err)
	}
	return each(ctx, names, func(ctx context.Context, name string) ([]Resource, error) {
		described, err := r.aws.Firehose.DescribeDeliveryStream(ctx, &firehose.DescribeDeliveryStreamInput{DeliveryStreamName: &name})
		var gone *firehosetypes.ResourceNotFoundException
		switch {
		case errors.As(err, &gone):
			return nil, nil
		case err != nil:
			return nil, fmt.Errorf("reading the delivery stream %s (firehose:DescribeDeliveryStream): %w", name, err)
		}
		stream := Resource{Kind: Delivery, Name: name, ARN: r.arn("firehose", "deliverystream/"+name)}
		for _, to := range described.DeliveryStreamDescription.Destinations {
			stream.Delivers = destination(to)
		}
		return []Resource{stream}, nil
	})
}

// destinations are what the metrics on how old the data is call the destinations that have one.
var destinations = []string{"S3", "AmazonOpenSearchService", "AmazonOpenSearchServerless", "HttpEndpoint", "Splunk", "Snowflake", "Iceberg"}

// destination is what they call one; empty is one that has no such metric.
// What goes to Redshift goes through S3, and its age is that of what waits for S3.
// https://docs.aws.amazon.com/firehose/latest/dev/monitoring-with-cloudwatch-metrics.html
func destination(to firehosetypes.DestinationDescription) string {
	switch {
	case to.AmazonopensearchserviceDestinationDescription != nil:
		return "AmazonOpenSearchService"
	case to.AmazonOpenSearchServerlessDestinationDescription != nil:
		return "AmazonOpenSearchServerless"
	case to.HttpEndpointDestinationDescription != nil:
		return "HttpEndpoint"
	case to.SplunkDestinationDescription != nil:
		return "Splunk"
	case to.SnowflakeDestinationDescription != nil:
		return "Snowflake"
	case to.IcebergDestinationDescription != nil:
		return "Iceberg"
	case to.RedshiftDestinationDescription != nil, to.ExtendedS3DestinationDescription != nil, to.S3DestinationDescription != nil:
		return "S3"
	}
	return ""
}
