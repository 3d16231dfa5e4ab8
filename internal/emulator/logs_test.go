package emulator_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"

	"caretaker/internal/want"
)

func TestGetResources_listsTaggedLogGroupsInPages(t *testing.T) {
	cfg := fresh(t)
	logs := cloudwatchlogs.NewFromConfig(cfg)
	for n := range 60 { // more than a page of DescribeLogGroups
		tags := map[string]string{"team": "shop", "n": fmt.Sprint(n)}
		if n%20 != 0 {
			tags = nil
		}
		_, err := logs.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String(fmt.Sprintf("/aws/lambda/%02d", n)), Tags: tags})
		want.NoError(t, "making a log group", err)
	}
	tagging := resourcegroupstaggingapi.NewFromConfig(cfg)
	var got [][]string
	input := &resourcegroupstaggingapi.GetResourcesInput{ResourceTypeFilters: []string{"logs:log-group"}, ResourcesPerPage: aws.Int32(2)}
	for {
		page, err := tagging.GetResources(t.Context(), input)
		want.NoError(t, "listing tagged log groups", err)
		var names []string
		for _, one := range page.ResourceTagMappingList {
			names = append(names, aws.ToString(one.ResourceARN)[len("arn:aws:logs:eu-west-1:123456789012:"):]+" "+aws.ToString(one.Tags[0].Key)+"="+aws.ToString(one.Tags[0].Value))
		}
		got = append(got, names)
		if input.PaginationToken = page.PaginationToken; aws.ToString(page.PaginationToken) == "" {
			break
		}
	}
	want.Equal(t, "the tagged log groups on each page", got, [][]string{
		{"log-group:/aws/lambda/00 n=0", "log-group:/aws/lambda/20 n=20"}, {"log-group:/aws/lambda/40 n=40"},
	})
}

func TestPutSubscriptionFilter_wantsRoomAndAPermission(t *testing.T) {
	cfg := fresh(t)
	logs, functions := cloudwatchlogs.NewFromConfig(cfg), lambdasvc.NewFromConfig(cfg)
	create(t, functions, "shipper")
	fn, err := functions.GetFunction(t.Context(), &lambdasvc.GetFunctionInput{FunctionName: aws.String("shipper")})
	want.NoError(t, "reading the function", err)
	group, account := aws.String("/aws/lambda/checkout"), strings.Split(*fn.Configuration.FunctionArn, ":")[4]
	_, err = logs.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: group})
	want.NoError(t, "making the log group", err)
	put := func(name string) string {
		_, err := logs.PutSubscriptionFilter(t.Context(), &cloudwatchlogs.PutSubscriptionFilterInput{
			LogGroupName: group, FilterName: &name, FilterPattern: aws.String(""), DestinationArn: fn.Configuration.FunctionArn,
		})
		return outcome(err)
	}
	permit := func(id, from string) {
		t.Helper()
		_, err := functions.AddPermission(t.Context(), &lambdasvc.AddPermissionInput{
			FunctionName: aws.String("shipper"), StatementId: &id, Action: aws.String("lambda:InvokeFunction"), Principal: aws.String("logs.eu-west-1.amazonaws.com"),
			SourceArn: &from,
		})
		want.NoError(t, "giving the permission", err)
	}
	want.Equal(t, "the answer without a permission", put("first"), "InvalidParameterException")
	permit("others", "arn:aws:logs:eu-west-1:"+account+":log-group:/aws/lambda/orders*")
	want.Equal(t, "the answer with a permission for other groups", put("first"), "InvalidParameterException")
	permit("all", "arn:aws:logs:eu-west-1:"+account+":log-group:*")
	want.Equal(t, "the answer to the first", put("first"), "ok")
	want.Equal(t, "the answer to the second", put("second"), "ok")
	want.Equal(t, "the answer to the third", put("third"), "LimitExceededException")
	want.Equal(t, "the answer to the second again", put("second"), "ok")
}
