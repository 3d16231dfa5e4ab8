package alerts

import "strings"

// tail shows what a function has logged, as one types it.
const tail = "aws logs tail /aws/lambda/{name} --region {region} --since 15m"

// first is the first thing to do about each check, by its path: what somebody types who was woken by the
// alarm and has its text alone. Nothing in it changes anything.
var first = map[string]string{
	"function.errors":       "See what fails: " + tail + ".",
	"function.failing":      "See what fails, and whether it was deployed just now: " + tail + ".",
	"function.throttles":    "See what is reserved for it: aws lambda get-function-concurrency --region {region} --function-name {name}; and what the account has: aws lambda get-account-settings --region {region}.",
	"function.duration":     "See how long each call takes: " + tail + " --filter-pattern REPORT.",
	"function.invocations":  "See whether what calls it still does: aws lambda get-policy --region {region} --function-name {name}; and aws lambda list-event-source-mappings --region {region} --function-name {name}.",
	"function.timeouts":     "See what they wait for: " + tail + ".",
	"function.iterator-age": "See whether it fails or is slow: " + tail + "; and how it reads: aws lambda list-event-source-mappings --region {region} --function-name {name}.",
	"function.dropped":      "See why it fails, or is throttled: " + tail + ".",
	"function.dead-letters": "See which queue or topic it is, whether that is there, and whether the role may write to it: aws lambda get-function-configuration --region {region} --function-name {name} --query '[DeadLetterConfig, Role]'.",
	"account.concurrency":   "See what the account has: aws lambda get-account-settings --region {region}; and in CloudWatch, by ConcurrentExecutions, who uses it.",

	"table.throttles":        "See what it has, and which indexes: aws dynamodb describe-table --region {region} --table-name {name}.",
	"table.system-errors":    "See whether AWS knows: https://health.aws.amazon.com/health/status.",
	"index.throttles":        "See what table and index have: aws dynamodb describe-table --region {region} --table-name {table}.",
	"stream.iterator-age":    "See who reads it: aws lambda list-event-source-mappings --region {region} --event-source-arn {arn}.",
	"stream.write-throttles": "See how many shards it has: aws kinesis describe-stream-summary --region {region} --stream-name {name}.",
	"stream.read-throttles":  "See who reads it: aws kinesis list-stream-consumers --region {region} --stream-arn {arn}; and aws lambda list-event-source-mappings --region {region} --event-source-arn {arn}.",

	"queue.age":          "See who reads it: aws lambda list-event-source-mappings --region {region} --event-source-arn {arn}.",
	"queue.dead-letters": "See what they are, and leave them there: aws sqs receive-message --region {region} --queue-url $(aws sqs get-queue-url --region {region} --queue-name {name} --output text) --visibility-timeout 0.",
	"topic.failed":       "See who subscribes: aws sns list-subscriptions-by-topic --region {region} --topic-arn {arn}.",
	"topic.lost":         "See who subscribes, and where their dead letters go: aws sns list-subscriptions-by-topic --region {region} --topic-arn {arn}.",

	"state-machine.failed":    "See the newest that failed: aws stepfunctions list-executions --region {region} --state-machine-arn {arn} --status-filter FAILED --max-items 5; also TIMED_OUT and ABORTED.",
	"state-machine.throttles": "See how many run: aws stepfunctions list-executions --region {region} --state-machine-arn {arn} --status-filter RUNNING --max-items 100; Service Quotas has the account's limits.",
	"rule.failed":             "See its targets: aws events list-targets-by-rule --region {region} --rule {rule} --event-bus-name {bus}.",
	"log-pattern.lines":       "See which log groups it is about: aws logs describe-metric-filters --region {region} --metric-namespace {logs} --metric-name {name}; then read one: aws logs tail GROUP --region {region} --since 15m.",
	"quota.resources":         "See what it is now: aws service-quotas get-service-quota --region {region} --service-code {table} --quota-code {rule}.",
	"quota.calls":             "See what it is now: aws service-quotas get-service-quota --region {region} --service-code {table} --quota-code {rule}; and in CloudTrail, who calls.",
	"rule.lost":               "See its targets and their dead letters: aws events list-targets-by-rule --region {region} --rule {rule} --event-bus-name {bus}.",

	"rest-api.errors":        "See where it logs: " + restStage + "; a function behind it has alarms of its own.",
	"rest-api.failing":       "See whether it was deployed just now, and where it logs: " + restStage + ".",
	"rest-api.latency":       "Compare Latency with IntegrationLatency in CloudWatch: mostly it is the backend. See what the stage is: " + restStage + ".",
	"rest-api.client-errors": "See whether it was deployed just now, and where it logs: " + restStage + ".",
	"http-api.errors":        "See where it logs: " + httpStage + "; a function behind it has alarms of its own.",
	"http-api.failing":       "See whether it was deployed just now, and where it logs: " + httpStage + ".",
	"http-api.latency":       "Compare Latency with IntegrationLatency in CloudWatch: mostly it is the backend. See what the stage is: " + httpStage + ".",
	"http-api.client-errors": "See whether it was deployed just now, and where it logs: " + httpStage + ".",

	"delivery-stream.freshness": "See where it delivers, and where it logs its errors: aws firehose describe-delivery-stream --region {region} --delivery-stream-name {name}.",
	"delivery-stream.throttles": "See what it is, and in CloudWatch how IncomingBytes stand to BytesPerSecondLimit: aws firehose describe-delivery-stream --region {region} --delivery-stream-name {name}.",
	"schedule-group.dropped":    "See which schedules are in it, and whether their targets are there: " + schedules + ".",
	"schedule-group.lost":       "See which schedules are in it, and then the dead letters of each: " + schedules + ".",
	"schedule-group.throttles":  "See which schedules are in it, and what they call: " + schedules + ".",
}

// What a stage is, and what is in a group.
const (
	restStage = "aws apigateway get-stage --region {region} --rest-api-id {api} --stage-name '{stage}'"
	httpStage = "aws apigatewayv2 get-stage --region {region} --api-id {api} --stage-name '{stage}'"
	schedules = "aws scheduler list-schedules --region {region} --group-name {name}"
)

// typed fills a resource's own names into a text.
func typed(text, region string, r Resource) string {
	table, _, _ := strings.Cut(r.Name, "/")
	at := strings.LastIndex(r.Name, "/") // a partner's bus has slashes in its name, a rule has none
	bus, rule := r.Name[:max(at, 0)], r.Name[at+1:]
	if bus == "" {
		bus = DefaultBus
	}
	quota, remedy := r.Quota.says()
	pattern, logs := r.Pattern.text()
	_, path, _ := strings.Cut(r.ARN, "apis/") // arn:aws:apigateway:eu-west-1::/restapis/a1b2c3/stages/prod
	api, stage, _ := strings.Cut(path, "/stages/")
	return strings.NewReplacer("{pattern}", pattern, "{logs}", logs, "{quota}", quota, "{remedy}", remedy, "{api}", api, "{stage}", stage, "{name}", r.Name, "{table}", table, "{rule}", rule, "{bus}", bus, "{arn}", r.ARN, "{region}", region).Replace(text)
}
