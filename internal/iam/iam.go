// Package iam describes what a part may do in AWS, as data: the part that makes
// the calls says which permissions they need, the CDK app grants exactly those,
// and the tests compare the two with the calls that were really made.
package iam

// Statement is one statement of an IAM policy.
type Statement struct {
	// Sid says in one CamelCase word what the statement is for.
	Sid string
	// Effect is Allow, the default when empty, or Deny.
	Effect string
	// Actions are like lambda:ListFunctions, never with a wildcard.
	Actions []string
	// Resources are ARNs in which ${Partition}, ${Region} and ${Account} stand for
	// the target's, or * where AWS has no narrower resource for the action.
	Resources []string
	// Conditions are the operator, the key and the values: {"StringEquals": {"cloudwatch:namespace": ["Caretaker"]}}.
	Conditions map[string]map[string][]string
	// WhyStar says why Resources holds a *. Empty where it holds none.
	WhyStar string
}

// Around is what stands around a function that its role has to reach.
type Around struct {
	// Queue says that Lambda reads a queue for it, Table and Bucket that it has one of its own.
	Queue, Table, Bucket bool
	// Stream is kinesis or dynamodb where Lambda reads a stream of that service for it; empty where none.
	Stream string
	// VPC says that it has its network addresses in a VPC of the account.
	VPC bool
	// Key says that a key of the account encrypts them.
	Key bool
}

// OfFunction is what Lambda needs to run a function under a role, whatever its part does.
// ${LogGroup}, ${OnFailure}, ${Queue}, ${Stream} and ${Key} are its own.
func OfFunction(has Around) []Statement {
	needs := []Statement{
		{Sid: "WriteLogs", Actions: []string{"logs:CreateLogStream", "logs:PutLogEvents"}, Resources: []string{"${LogGroup}"}},
		{
			Sid: "Trace", Actions: []string{"xray:PutTelemetryRecords", "xray:PutTraceSegments"}, Resources: []string{"*"},
			WhyStar: "X-Ray has no narrower resource for these",
		},
		{Sid: "KeepFailures", Actions: []string{"sqs:SendMessage"}, Resources: []string{"${OnFailure}"}},
	}
	if has.Queue {
		needs = append(needs, Statement{
			Sid: "ReadQueue", Resources: []string{"${Queue}"},
			Actions: []string{"sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"},
		})
	}
	if actions := readStream[has.Stream]; actions != nil {
		needs = append(needs, Statement{Sid: "ReadStream", Actions: actions, Resources: []string{"${Stream}"}})
	}
	if has.VPC {
		// https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions
		needs = append(needs, Statement{
			Sid: "JoinNetwork", Resources: []string{"*"}, WhyStar: "Lambda checks these on * when the function is made",
			Actions: []string{
				"ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:DescribeNetworkInterfaces",
				"ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs", "ec2:UnassignPrivateIpAddresses",
			},
		})
	}
	if has.Key {
		needs = append(needs, UseKey("sns", "sqs"))
	}
	if has.Key && has.Table {
		// https://docs.aws.amazon.com/kms/latest/developerguide/services-dynamodb.html
		table := UseKey("dynamodb")
		table.Sid, table.Actions = "UseKeyOfTable", []string{
			"kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo",
		}
		needs = append(needs, table)
	}
	if has.Key && has.Bucket {
		// https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
		bucket := UseKey("s3")
		bucket.Sid = "UseKeyOfBucket"
		needs = append(needs, bucket)
	}
	return needs
}

// readStream is what Lambda needs to read a stream for a function, by the stream's service.
// https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-create.html
// https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-eventsourcemapping.html
var readStream = map[string][]string{
	"kinesis":  {"kinesis:DescribeStreamSummary", "kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:ListShards"},
	"dynamodb": {"dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"},
}

// UseKey lets a role use the key through services alone: to send to what it encrypts, and to read it.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
// https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
func UseKey(services ...string) Statement {
	through := make([]string, 0, len(services))
	for _, service := range services {
		through = append(through, service+".${Region}.amazonaws.com")
	}
	return Statement{
		Sid: "UseKey", Actions: []string{"kms:Decrypt", "kms:GenerateDataKey"}, Resources: []string{"${Key}"},
		Conditions: map[string]map[string][]string{"StringEquals": {"kms:ViaService": through}},
	}
}
