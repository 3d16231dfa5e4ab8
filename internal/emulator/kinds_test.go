package emulator_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	apigatewayv2types "github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	firehosetypes "github.com/aws/aws-sdk-go-v2/service/firehose/types"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	schedulertypes "github.com/aws/aws-sdk-go-v2/service/scheduler/types"

	"caretaker/internal/want"
)

func TestGetResources_listsAPIsWithTheirStagesAndDeliveryStreams(t *testing.T) {
	ctx, cfg := t.Context(), fresh(t)
	tags := map[string]string{"team": "shop"}
	rest, http := apigateway.NewFromConfig(cfg), apigatewayv2.NewFromConfig(cfg)
	one, err := rest.CreateRestApi(ctx, &apigateway.CreateRestApiInput{Name: aws.String("orders"), Tags: tags})
	want.NoError(t, "making a REST API", err)
	deployed, err := rest.CreateDeployment(ctx, &apigateway.CreateDeploymentInput{RestApiId: one.Id})
	want.NoError(t, "deploying it", err)
	for stage, of := range map[string]map[string]string{"plain": nil, "tagged": tags} {
		_, err = rest.CreateStage(ctx, &apigateway.CreateStageInput{RestApiId: one.Id, DeploymentId: deployed.Id, StageName: &stage, Tags: of})
		want.NoError(t, "making a stage", err)
	}
	other, err := http.CreateApi(ctx, &apigatewayv2.CreateApiInput{Name: aws.String("carts"), ProtocolType: apigatewayv2types.ProtocolTypeHttp})
	want.NoError(t, "making an HTTP API", err)
	_, err = http.CreateStage(ctx, &apigatewayv2.CreateStageInput{ApiId: other.ApiId, StageName: aws.String("$default"), Tags: tags})
	want.NoError(t, "making a stage", err)
	streams := firehose.NewFromConfig(cfg)
	for name, of := range map[string][]firehosetypes.Tag{"plain": nil, "tagged": {{Key: aws.String("team"), Value: aws.String("shop")}}} {
		_, err = streams.CreateDeliveryStream(ctx, &firehose.CreateDeliveryStreamInput{
			DeliveryStreamName: &name, Tags: of, ExtendedS3DestinationConfiguration: &firehosetypes.ExtendedS3DestinationConfiguration{
				BucketARN: aws.String("arn:aws:s3:::any"), RoleARN: aws.String("arn:aws:iam::000000000000:role/any"),
			},
		})
		want.NoError(t, "making a delivery stream", err)
	}
	var found []string
	pages := resourcegroupstaggingapi.NewGetResourcesPaginator(resourcegroupstaggingapi.NewFromConfig(cfg), &resourcegroupstaggingapi.GetResourcesInput{
		ResourceTypeFilters: []string{"apigateway", "firehose:deliverystream"},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		want.NoError(t, "reading the tags", err)
		for _, resource := range page.ResourceTagMappingList {
			arn := strings.NewReplacer(aws.ToString(one.Id), "ORDERS", aws.ToString(other.ApiId), "CARTS").Replace(aws.ToString(resource.ResourceARN))
			found = append(found, arn[strings.LastIndex(arn, ":")+1:]+" "+aws.ToString(resource.Tags[0].Value))
		}
	}
	slices.Sort(found)
	want.Equal(t, "what has tags", found, []string{"/apis/CARTS/stages/$default shop", "/restapis/ORDERS shop", "/restapis/ORDERS/stages/tagged shop", "deliverystream/tagged shop"})
}

func TestListScheduleGroups_holdsAtMostAHundredAPage(t *testing.T) {
	ctx, cfg := t.Context(), fresh(t)
	client := scheduler.NewFromConfig(cfg)
	for number := range 101 {
		_, err := client.CreateScheduleGroup(ctx, &scheduler.CreateScheduleGroupInput{Name: aws.String(fmt.Sprint("group-", number))})
		want.NoError(t, "making a group", err)
	}
	seen := map[string]bool{}
	var sizes []int
	pages := scheduler.NewListScheduleGroupsPaginator(client, &scheduler.ListScheduleGroupsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		want.NoError(t, "listing the groups", err)
		sizes = append(sizes, len(page.ScheduleGroups))
		for _, group := range page.ScheduleGroups {
			seen[aws.ToString(group.Name)] = true
			want.Equal(t, "the state of "+aws.ToString(group.Name), group.State, schedulertypes.ScheduleGroupStateActive)
		}
	}
	want.Equal(t, "groups on each page", sizes, []int{100, 2})
	want.Equal(t, "whether the one that an account always has is there", seen["default"], true)
	want.Equal(t, "different groups", len(seen), 102)
}
