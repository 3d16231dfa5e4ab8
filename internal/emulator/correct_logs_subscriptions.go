package emulator

import (
	"encoding/json"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
)

// mostFilters is how many subscription filters a log group had on AWS when that was last seen; its
// page on quotas says five by now. The emulator takes any number.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
const mostFilters = 2

// putSubscription refuses a filter too many, and one to a function that CloudWatch Logs may not invoke:
// AWS tries that at once. The emulator checks neither.
func putSubscription(x *exchange) (*answer, error) {
	var asked struct{ LogGroupName, FilterName, DestinationARN string }
	refused, err := x.asks(&asked)
	if err != nil || refused != nil {
		return refused, err
	}
	var described struct {
		SubscriptionFilters []struct{ FilterName string }
	}
	given, err := x.askTarget("logs", logsTarget+"DescribeSubscriptionFilters", object{"logGroupName": asked.LogGroupName}, &described)
	if err != nil || !given.ok() {
		return given, err
	}
	names := make([]string, 0, len(described.SubscriptionFilters))
	for _, filter := range described.SubscriptionFilters {
		names = append(names, filter.FilterName)
	}
	if len(names) >= mostFilters && !slices.Contains(names, asked.FilterName) {
		return x.refuse(http.StatusBadRequest, "LimitExceededException", "Resource limit exceeded."), nil
	}
	_, function, isFunction := strings.Cut(asked.DestinationARN, ":function:")
	if isFunction {
		may, err := x.logsMayInvoke(function, asked.LogGroupName)
		if err != nil {
			return nil, err
		}
		if !may {
			return x.refuse(http.StatusBadRequest, "InvalidParameterException",
				"Could not execute the lambda function. Make sure you have given CloudWatch Logs permission to execute your function."), nil
		}
	}
	return x.forward()
}

// logsMayInvoke tells whether the function's policy lets CloudWatch Logs invoke it for a log group.
func (x *exchange) logsMayInvoke(function, group string) (bool, error) {
	var policy struct{ Policy string }
	given, err := x.ask("lambda", "/2015-03-31/functions/"+url.PathEscape(function)+"/policy", nil, &policy)
	if err != nil || !given.ok() {
		return false, err
	}
	var document struct {
		Statement []struct {
			Effect    string
			Principal struct{ Service string }
			Condition struct {
				ARNLike      map[string]string
				StringEquals map[string]string
			}
		}
	}
	if err := json.Unmarshal([]byte(policy.Policy), &document); err != nil {
		return false, err
	}
	arn := "arn:aws:logs:" + x.region() + ":" + x.account() + ":log-group:" + group + ":*"
	for _, statement := range document.Statement {
		principal := statement.Principal.Service
		from, limited := statement.Condition.ARNLike["AWS:SourceArn"]
		account, narrowed := statement.Condition.StringEquals["AWS:SourceAccount"]
		if statement.Effect == "Allow" && (principal == "logs.amazonaws.com" || principal == "logs."+x.region()+".amazonaws.com") &&
			(!narrowed || account == x.account()) && (!limited || like(from, arn)) {
			return true, nil
		}
	}
	return false, nil
}

// like is ArnLike without the letters that path.Match takes for more than themselves.
func like(pattern, arn string) bool {
	flat := strings.NewReplacer("/", "-", "[", "-", "\\", "-")
	matched, err := path.Match(flat.Replace(pattern), flat.Replace(arn))
	return matched && err == nil
}
