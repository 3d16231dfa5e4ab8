package alerts

import (
	"slices"
	"strings"
)

// Published is what AWS publishes of a metric.
type Published struct {
	// By are the sets of dimensions that it is published by, each with its names sorted and joined by +; the
	// empty one is the whole account in the Region.
	By []string
	// Steady says that there are datapoints whenever the resource is in use. Others come only when something goes
	// wrong, so that their absence is good news.
	Steady bool
}

// PublishedMetrics are those of the namespaces that the catalogue reads, by namespace and name.
//
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
// https://docs.aws.amazon.com/streams/latest/dev/monitoring-with-cloudwatch.html
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
// https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html
// https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-logging.html
// https://docs.aws.amazon.com/firehose/latest/dev/monitoring-with-cloudwatch-metrics.html
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/monitoring-cloudwatch.html
func PublishedMetrics(namespace string) map[string]Published { return published[namespace] }

// DimensionSet is how a set of dimensions stands in Published.By.
func DimensionSet(by []Dimension) string {
	var names []string
	for _, dimension := range by {
		names = append(names, dimension.Name)
	}
	slices.Sort(names)
	return strings.Join(names, "+")
}

// metrics are those with the same sets of dimensions. One whose name begins ~ comes only when something goes
// wrong.
func metrics(into map[string]Published, by []string, names string) {
	for name := range strings.FieldsSeq(names) {
		plain, rare := strings.CutPrefix(name, "~")
		into[plain] = Published{by, !rare}
	}
}

var published = map[string]map[string]Published{
	"AWS/Lambda": lambdaMetrics(), "AWS/DynamoDB": dynamodbMetrics(), "AWS/Kinesis": kinesisMetrics(), "AWS/SQS": sqsMetrics(),
	"AWS/SNS": snsMetrics(), "AWS/States": statesMetrics(), "AWS/Events": eventsMetrics(), usageNamespace: usageMetrics(),
	"AWS/ApiGateway": gatewayMetrics(), "AWS/Firehose": firehoseMetrics(), "AWS/Scheduler": schedulerMetrics(),
}

func lambdaMetrics() map[string]Published {
	all := map[string]Published{}
	metrics(all, []string{"FunctionName", "FunctionName+Resource", "ExecutedVersion+FunctionName+Resource", ""},
		"Invocations Errors Duration ConcurrentExecutions ~Throttles ~PostRuntimeExtensionsDuration")
	metrics(all, []string{"FunctionName", "FunctionName+Resource", "ExecutedVersion+FunctionName+Resource"},
		"~ProvisionedConcurrencyInvocations ~ProvisionedConcurrencySpilloverInvocations ~ProvisionedConcurrencyUtilization ~ProvisionedConcurrentExecutions "+
			"~AsyncEventsReceived ~AsyncEventAge ~AsyncEventsDropped ~DestinationDeliveryFailures ~RecursiveInvocationsDropped")
	metrics(all, []string{"FunctionName", "FunctionName+Resource", ""}, "~DeadLetterErrors")
	metrics(all, []string{"FunctionName", "FunctionName+Resource", "EventSourceMappingUUID+FunctionName"}, "IteratorAge OffsetLag")
	metrics(all, []string{""}, "UnreservedConcurrentExecutions ClaimedAccountConcurrency")
	metrics(all, []string{"EventSourceMappingUUID", "EventSourceMappingUUID+FunctionName"},
		"~PolledEventCount ~FilteredOutEventCount ~InvokedEventCount ~FailedInvokeEventCount ~DroppedEventCount ~OnFailureDestinationDeliveredEventCount ~DeletedEventCount ~ProvisionedPollers")
	return all
}

func dynamodbMetrics() map[string]Published {
	all := map[string]Published{}
	metrics(all, []string{"TableName", "GlobalSecondaryIndexName+TableName"},
		"ConsumedReadCapacityUnits ConsumedWriteCapacityUnits ProvisionedReadCapacityUnits ProvisionedWriteCapacityUnits ~ReadThrottleEvents ~WriteThrottleEvents "+
			"~OnDemandMaxReadRequestUnits ~OnDemandMaxWriteRequestUnits ~OnlineIndexConsumedWriteCapacity ~OnlineIndexPercentageProgress ~OnlineIndexThrottleEvents "+
			"~ReadProvisionedThroughputThrottleEvents ~WriteProvisionedThroughputThrottleEvents ~ReadKeyRangeThroughputThrottleEvents ~WriteKeyRangeThroughputThrottleEvents "+
			"~ReadAccountLimitThrottleEvents ~WriteAccountLimitThrottleEvents ~ReadMaxOnDemandThroughputThrottleEvents ~WriteMaxOnDemandThroughputThrottleEvents")
	metrics(all, []string{"Operation+TableName"}, "SuccessfulRequestLatency ReturnedItemCount ~SystemErrors ~ThrottledRequests")
	metrics(all, []string{"TableName"}, "~ConditionalCheckFailedRequests ~TimeToLiveDeletedItemCount ~TransactionConflict ~ConsumedChangeDataCaptureUnits ~FaultInjectionServiceInducedErrors")
	metrics(all, []string{"ReceivingRegion+TableName"}, "~ReplicationLatency ~PendingReplicationCount")
	metrics(all, []string{"DelegatedOperation+TableName"}, "~AgeOfOldestUnreplicatedRecord ~ConsumedChangeDataCaptureUnits ~ThrottledPutRecordCount")
	metrics(all, []string{"StreamLabel+TableName", "Operation+StreamLabel+TableName"}, "~ReturnedBytes ~ReturnedRecordsCount")
	metrics(all, []string{""}, "AccountMaxReads AccountMaxTableLevelReads AccountMaxTableLevelWrites AccountMaxWrites AccountProvisionedReadCapacityUtilization "+
		"AccountProvisionedWriteCapacityUtilization MaxProvisionedTableReadCapacityUtilization MaxProvisionedTableWriteCapacityUtilization ~UserErrors")
	return all
}

func kinesisMetrics() map[string]Published {
	all := map[string]Published{}
	metrics(all, []string{"StreamName"},
		"GetRecords.Bytes GetRecords.IteratorAge GetRecords.IteratorAgeMilliseconds GetRecords.Latency GetRecords.Records GetRecords.Success "+
			"PutRecord.Bytes PutRecord.Latency PutRecord.Success PutRecords.Bytes PutRecords.Latency PutRecords.Records PutRecords.Success "+
			"PutRecords.TotalRecords PutRecords.SuccessfulRecords ~PutRecords.FailedRecords ~PutRecords.ThrottledRecords")
	metrics(all, []string{"StreamName", "ShardId+StreamName"}, "IncomingBytes IncomingRecords OutgoingBytes OutgoingRecords IteratorAgeMilliseconds "+
		"~ReadProvisionedThroughputExceeded ~WriteProvisionedThroughputExceeded")
	metrics(all, []string{"ConsumerName+StreamName"}, "SubscribeToShard.RateExceeded SubscribeToShard.Success SubscribeToShardEvent.Bytes SubscribeToShardEvent.MillisBehindLatest "+
		"SubscribeToShardEvent.Records SubscribeToShardEvent.Success")
	return all
}

func sqsMetrics() map[string]Published {
	all := map[string]Published{}
	metrics(all, []string{"QueueName"},
		"ApproximateAgeOfOldestMessage ApproximateNumberOfMessagesDelayed ApproximateNumberOfMessagesNotVisible ApproximateNumberOfMessagesVisible "+
			"NumberOfEmptyReceives NumberOfMessagesDeleted NumberOfMessagesReceived NumberOfMessagesSent SentMessageSize "+
			"~ApproximateNumberOfGroupsWithInflightMessages ~NumberOfDeduplicatedSentMessages ~ApproximateNumberOfNoisyGroups ~ApproximateNumberOfMessagesVisibleInQuietGroups")
	return all
}

func snsMetrics() map[string]Published {
	all := map[string]Published{}
	metrics(all, []string{"TopicName", ""},
		"NumberOfMessagesPublished NumberOfNotificationsDelivered PublishSize ~NumberOfNotificationsFailed ~NumberOfNotificationsFailedToRedriveToDlq ~NumberOfNotificationsRedrivenToDlq "+
			"~NumberOfNotificationsFilteredOut ~NumberOfNotificationsFilteredOut-InvalidAttributes ~NumberOfNotificationsFilteredOut-NoMessageAttributes "+
			"~NumberOfNotificationsFilteredOut-MessageAttributes ~NumberOfNotificationsFilteredOut-MessageBody ~NumberOfNotificationsFilteredOut-InvalidMessageBody")
	metrics(all, []string{""}, "~SMSMonthToDateSpentUSD")
	metrics(all, []string{"Country+SMSType", "PhoneNumber", ""}, "~SMSSuccessRate")
	return all
}

func statesMetrics() map[string]Published {
	all := map[string]Published{}
	metrics(all, []string{"StateMachineArn", "StateMachineArn+Version", "Alias+StateMachineArn"},
		"ExecutionsStarted ExecutionTime ~ExecutionsSucceeded ~ExecutionsFailed ~ExecutionsTimedOut ~ExecutionsAborted ~ExecutionThrottled ~ExecutionsRedriven "+
			"~ExpressExecutionMemory ~ExpressExecutionBilledDuration ~ExpressExecutionBilledMemory")
	metrics(all, []string{"ActivityArn"}, "~ActivitiesFailed ~ActivitiesHeartbeatTimedOut ~ActivitiesScheduled ~ActivitiesStarted ~ActivitiesSucceeded ~ActivitiesTimedOut ~ActivityRunTime ~ActivityScheduleTime ~ActivityTime")
	metrics(all, []string{"LambdaFunctionArn"}, "~LambdaFunctionsFailed ~LambdaFunctionsScheduled ~LambdaFunctionsStarted ~LambdaFunctionsSucceeded ~LambdaFunctionsTimedOut ~LambdaFunctionRunTime ~LambdaFunctionScheduleTime ~LambdaFunctionTime")
	metrics(all, []string{"ServiceIntegrationResourceArn"}, "~ServiceIntegrationsFailed ~ServiceIntegrationsScheduled ~ServiceIntegrationsStarted ~ServiceIntegrationsSucceeded ~ServiceIntegrationsTimedOut ~ServiceIntegrationRunTime ~ServiceIntegrationScheduleTime ~ServiceIntegrationTime")
	metrics(all, []string{"ServiceMetric", "APIName"}, "~ThrottledEvents ~ProvisionedBucketSize ~ProvisionedRefillRate ~ConsumedCapacity")
	return all
}

// usageMetrics are counted for each call and resource that has a quota.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-Service-Quota-Integration.html
func usageMetrics() map[string]Published {
	all := map[string]Published{}
	metrics(all, []string{"Class+Resource+Service+Type"}, "ResourceCount ~CallCount ~ThrottleCount")
	return all
}

func eventsMetrics() map[string]Published {
	all := map[string]Published{}
	metrics(all, []string{"RuleName", "EventBusName+RuleName", "EventBusName", ""},
		"Invocations MatchedEvents TriggeredRules InvocationAttempts ~FailedInvocations ~ThrottledRules ~DeadLetterInvocations ~InvocationsSentToDlq ~InvocationsFailedToBeSentToDlq ~InvocationsCreated "+
			"~RetryInvocationAttempts ~SuccessfulInvocationAttempts ~IngestionToInvocationStartLatency ~IngestionToInvocationCompleteLatency ~IngestiontoInvocationSuccessLatency")
	metrics(all, []string{"EventBusName", "EventSourceName", ""}, "~PutEventsApproximateCallCount ~PutEventsApproximateFailedCount ~PutEventsApproximateSuccessCount ~PutEventsApproximateThrottledCount "+
		"~PutEventsEntriesCount ~PutEventsFailedEntriesCount ~PutEventsLatency ~PutEventsRequestSize")
	return all
}

func gatewayMetrics() map[string]Published {
	all := map[string]Published{}
	rest := []string{"ApiName", "ApiName+Stage", "ApiName+Method+Resource+Stage"}
	others := []string{"ApiId", "ApiId+Stage", "ApiId+Method+Resource+Stage"}
	sockets := []string{"ApiId", "ApiId+Stage", "ApiId+Route+Stage"}
	metrics(all, rest, "4XXError 5XXError ~CacheHitCount ~CacheMissCount")
	metrics(all, others, "4xx 5xx DataProcessed")
	metrics(all, slices.Concat(rest, others), "Count Latency")
	metrics(all, slices.Concat(rest, others, sockets[2:]), "IntegrationLatency")
	metrics(all, sockets, "ConnectCount MessageCount ~IntegrationError ~ClientError ~ExecutionError")
	return all
}

func firehoseMetrics() map[string]Published {
	all := map[string]Published{}
	by := []string{"DeliveryStreamName"}
	metrics(all, by, "IncomingBytes IncomingRecords BytesPerSecondLimit RecordsPerSecondLimit PutRequestsPerSecondLimit ~IncomingPutRequests ~ThrottledRecords "+
		"~PutRecord.Bytes ~PutRecord.Latency ~PutRecord.Requests ~PutRecordBatch.Bytes ~PutRecordBatch.Latency ~PutRecordBatch.Records ~PutRecordBatch.Requests "+
		"~DataReadFromKinesisStream.Bytes ~DataReadFromKinesisStream.Records ~KinesisMillisBehindLatest ~ThrottledDescribeStream ~ThrottledGetRecords ~ThrottledGetShardIterator "+
		"~DataReadFromSource.Bytes ~DataReadFromSource.Records ~SourceThrottled.Delay ~BytesPerPartitionLimit ~KafkaOffsetLag ~FailedValidation.Bytes ~FailedValidation.Records "+
		"~ExecuteProcessing.Duration ~ExecuteProcessing.Success ~SucceedProcessing.Bytes ~SucceedProcessing.Records ~JQProcessing.Duration "+
		"~SucceedConversion.Bytes ~SucceedConversion.Records ~FailedConversion.Bytes ~FailedConversion.Records ~PartitionCount ~PartitionCountExceeded ~PerPartitionThroughput "+
		"~DescribeDeliveryStream.Latency ~DescribeDeliveryStream.Requests ~ListDeliveryStreams.Latency ~ListDeliveryStreams.Requests ~UpdateDeliveryStream.Latency ~UpdateDeliveryStream.Requests "+
		"~KMSKeyAccessDenied ~KMSKeyDisabled ~KMSKeyInvalidState ~KMSKeyNotFound ~BackupToS3.Bytes ~BackupToS3.DataFreshness ~BackupToS3.Records ~BackupToS3.Success")
	for _, to := range destinations {
		metrics(all, by, strings.ReplaceAll("DeliveryTo#.Bytes DeliveryTo#.DataFreshness ~DeliveryTo#.Records DeliveryTo#.Success", "#", to))
	}
	metrics(all, by, "DeliveryToRedshift.Bytes DeliveryToRedshift.Records DeliveryToRedshift.Success DeliveryToElasticsearch.Bytes DeliveryToElasticsearch.Records DeliveryToElasticsearch.Success "+
		"~DeliveryToS3.ObjectCount ~DeliveryToAmazonOpenSearchService.AuthFailure ~DeliveryToAmazonOpenSearchService.DeliveryRejected ~DeliveryToAmazonOpenSearchServerless.AuthFailure "+
		"~DeliveryToAmazonOpenSearchServerless.DeliveryRejected ~DeliveryToHttpEndpoint.ProcessedBytes ~DeliveryToHttpEndpoint.ProcessedRecords ~DeliveryToSplunk.DataAckLatency "+
		"~DeliveryToSnowflake.DataCommitLatency ~DeliveryToIceberg.IncomingRowCount ~DeliveryToIceberg.SuccessfulRowCount ~DeliveryToIceberg.FailedRowCount")
	return all
}

func schedulerMetrics() map[string]Published {
	all := map[string]Published{}
	metrics(all, []string{"ScheduleGroup", ""}, "InvocationAttemptCount ~TargetErrorCount ~TargetErrorThrottledCount ~InvocationThrottleCount ~InvocationDroppedCount "+
		"~InvocationsSentToDeadLetterCount ~InvocationsFailedToBeSentToDeadLetterCount ~InvocationsSentToDeadLetterCount_Truncated_MessageSizeExceeded")
	return all
}
