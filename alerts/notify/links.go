package notify

import (
	"cmp"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
)

// link is a place to look at.
type link struct{ Title, URL string }

// longestURL is as long as Slack takes one:
// https://docs.slack.dev/reference/block-kit/block-elements/button-element
const longestURL = 3000

// links lead to where an alarm, and what it watches, stand in the console, and to what to do. The
// alarm comes first.
func (c Change) links() []link {
	console := "https://" + c.Region + "." + cmp.Or(consoles[c.partition()], "console.aws.amazon.com")
	region := "?region=" + c.Region
	cloudwatch := console + "/cloudwatch/home" + region
	var all []link
	add := func(title, address string) {
		if len(address) <= longestURL {
			all = append(all, link{title, address})
		}
	}
	if c.Region != "" && !strings.Contains(c.Region, " ") { // an old message may name it for people
		add("alarm", cloudwatch+"#alarmsV2:alarm/"+dollars(c.Name))
		kind, name, _ := strings.Cut(c.Resource, "/")
		if path, known := pages[kind]; known && name != "" {
			add(kind, console+strings.NewReplacer("{region}", region, "{name}", url.PathEscape(name)).Replace(path))
		}
		if kind == "function" && name != "" {
			// CloudWatch escapes the name of a log group twice.
			add("logs", cloudwatch+"#logsV2:log-groups/log-group/"+dollars(escaped("/aws/lambda/"+name)))
		}
		if c.Dashboard != "" {
			add("dashboard", cloudwatch+"#dashboards/dashboard/"+url.PathEscape(c.Dashboard))
		}
	}
	if strings.HasPrefix(c.Runbook, "https://") || strings.HasPrefix(c.Runbook, "http://") {
		add("runbook", c.Runbook)
	}
	return all
}

// consoles are those of the other partitions.
var consoles = map[string]string{"aws-cn": "console.amazonaws.cn", "aws-us-gov": "console.amazonaws-us-gov.com"}

// pages are where the console shows a kind of resource.
var pages = map[string]string{
	"function": "/lambda/home{region}#/functions/{name}", "table": "/dynamodbv2/home{region}#table?name={name}",
	"stream": "/kinesis/home{region}#/streams/details/{name}/monitoring", "rule": "/events/home{region}#/eventbus/default/rules/{name}",
	"queue": "/sqs/v3/home{region}#/queues", "topic": "/sns/v3/home{region}#/topics", "state machine": "/states/home{region}#/statemachines",
	"delivery stream": "/firehose/home{region}#/details/{name}/monitoring", "database": "/rds/home{region}#databases:", "bucket": "/s3/buckets/{name}{region}",
}

func (c Change) partition() string {
	of, err := arn.Parse(c.ARN)
	if err != nil {
		return "aws"
	}
	return of.Partition
}

// escaped is a text as a part of a URL, with nothing of it left to be read as more than text.
func escaped(text string) string { return strings.ReplaceAll(url.QueryEscape(text), "+", "%20") }

// dollars escapes a name the way CloudWatch's console does behind its hash: with $ for %.
func dollars(text string) string { return strings.ReplaceAll(escaped(text), "%", "$") }
