package groups

// OwnPatterns are the names of the groups that are never shipped, in which * is any text: those of
// the shipper and the subscriber of any stage, and those in which Firehose and OpenSearch log what
// they do with what is sent to them. Each line of theirs that is shipped brings about another.
// https://docs.aws.amazon.com/firehose/latest/dev/monitoring-with-cloudwatch-logs.html
// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/createdomain-configure-slow-logs.html
var OwnPatterns = []string{
	"/aws/lambda/caretaker-*-log-shipper",
	"/aws/lambda/caretaker-*-log-shipper-subscriber",
	"/aws/kinesisfirehose/*",
	"/aws/OpenSearchService/*",
	"/aws/aes/*",
}

// Own tells whether a log group must never be shipped, whatever the file says.
func Own(name string) bool {
	_, own := matches(OwnPatterns, name)
	return own
}
