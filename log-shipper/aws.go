package logshipper

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"caretaker/internal/iam"
	"caretaker/log-shipper/bulk"
)

type s3API interface {
	DeleteObject(context.Context, *s3.DeleteObjectInput, ...func(*s3.Options)) (*s3.DeleteObjectOutput, error)
	GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error)
	PutObject(context.Context, *s3.PutObjectInput, ...func(*s3.Options)) (*s3.PutObjectOutput, error)
}

type sqsAPI interface {
	SendMessage(context.Context, *sqs.SendMessageInput, ...func(*sqs.Options)) (*sqs.SendMessageOutput, error)
}

// Statements are the permissions that a shipper with this configuration needs. The placeholders in
// the resources are those of iam.Statement, and ${Bucket} and ${Queue}, the ARNs of the shipper's own bucket
// and queue.
func Statements(cfg Config) []iam.Statement {
	statements := []iam.Statement{
		{Sid: "KeepUnsent", Actions: []string{"s3:DeleteObject", "s3:GetObject", "s3:PutObject"}, Resources: []string{"${Bucket}/*"}},
		{
			// Without it S3 answers of an object that is not there that it may not be read.
			// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
			Sid: "TellMissing", Actions: []string{"s3:ListBucket"}, Resources: []string{"${Bucket}"},
		},
		{Sid: "ComeBack", Actions: []string{"sqs:SendMessage"}, Resources: []string{"${Queue}"}},
	}
	targets := cfg.Targets()
	for _, name := range slices.Sorted(maps.Keys(targets)) {
		for _, own := range targets[name].statements() {
			statements = united(statements, own)
		}
	}
	return statements
}

// united adds a statement, or its resources to the statement of its kind: a name may stand once in a policy.
func united(statements []iam.Statement, own iam.Statement) []iam.Statement {
	for at := range statements {
		if statements[at].Sid != own.Sid {
			continue
		}
		for _, resource := range own.Resources {
			if !slices.Contains(statements[at].Resources, resource) {
				statements[at].Resources = append(statements[at].Resources, resource)
			}
		}
		return statements
	}
	return append(statements, own)
}

// statements are what the destination needs.
func (d Destination) statements() []iam.Statement {
	switch {
	case d.Type == Kinesis:
		return []iam.Statement{{Sid: "SendToStream", Actions: []string{"kinesis:PutRecords"}, Resources: []string{"arn:${Partition}:kinesis:${Region}:${Account}:stream/" + d.Stream}}}
	case d.Type == Firehose:
		return []iam.Statement{{Sid: "SendToFirehose", Actions: []string{"firehose:PutRecordBatch"}, Resources: []string{"arn:${Partition}:firehose:${Region}:${Account}:deliverystream/" + d.Stream}}}
	case d.Auth.needsSecret():
		return []iam.Statement{{Sid: "ReadSecret", Actions: []string{"secretsmanager:GetSecretValue"}, Resources: []string{secretARN(d.Auth.Secret)}}}
	case d.Auth.Type == SigV4 && d.Auth.Service == Serverless:
		return []iam.Statement{{
			// It is the one action for all of the API; what of it the role may do, the collection's data access policy says.
			// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-data-access.html
			Sid: "SendToCollection", Actions: []string{"aoss:APIAccessAll"}, Resources: []string{"arn:${Partition}:aoss:" + bulk.RegionOf(d.Endpoint, "${Region}") + ":${Account}:collection/" + firstLabel(d.Endpoint)},
		}}
	case d.Auth.Type == SigV4:
		return []iam.Statement{{Sid: "SendToDomain", Actions: []string{"es:ESHttpPost"}, Resources: []string{"arn:${Partition}:es:" + bulk.RegionOf(d.Endpoint, "${Region}") + ":*:domain/" + domainName(d.Endpoint) + "/" + d.DataStream + "/_bulk"}}}
	}
	return nil
}

// secretARN is the ARN of a secret that is given by its name or its ARN. Secrets Manager adds a hyphen and
// six letters to the name:
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_iam-policies.html
func secretARN(secret string) string {
	if strings.HasPrefix(secret, "arn:") {
		return secret
	}
	return "arn:${Partition}:secretsmanager:${Region}:${Account}:secret:" + secret + "-??????"
}

// domainForm is an endpoint that AWS gives a domain: search- or vpc-, its name, and some letters.
// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/createupdatedomains.html
var domainForm = regexp.MustCompile(`^https://(?:search|vpc)-([a-z][a-z0-9-]{2,27})-[a-z0-9]{26}\.`)

// domainName is the name of the domain at an endpoint, or * behind a name of your own.
func domainName(endpoint string) string {
	if found := domainForm.FindStringSubmatch(endpoint); found != nil {
		return found[1]
	}
	return "*"
}

// firstLabel is the first label of an endpoint's host, which is the id of a collection; * where it is
// none.
// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-collections.html
func firstLabel(endpoint string) string {
	_, host, _ := strings.Cut(endpoint, "://")
	if label, rest, found := strings.Cut(host, "."); found && strings.Contains(rest, "aoss.") {
		return label
	}
	return "*"
}
