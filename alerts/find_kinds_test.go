package alerts

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	apigatewayv2types "github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	firehosetypes "github.com/aws/aws-sdk-go-v2/service/firehose/types"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"

	"caretaker/internal/want"
)

// found are the resources of a kind, by name.
func (w *world) found(kind Kind) map[string]Resource {
	w.Helper()
	facts, err := w.reconciler().Inventory(w.Context())
	w.must("looking", err)
	want.Equal(w.T, "lists that could not be read", facts.Unread, map[Kind]string{})
	resources := map[string]Resource{}
	for _, resource := range facts.Resources {
		if resource.Kind == kind {
			resources[resource.Name] = resource
		}
	}
	return resources
}

// What a metric of a REST API is called by is its name; two of one name are one, and letters outside ASCII are left out.
func TestInventory_namesRestAPIsAsTheirMetricsDo(t *testing.T) {
	w := newWorld(t)
	w.restAPI("orders", "prod", "test")
	w.restAPI("orders", "prod")
	w.restAPI("größe/v2", "prod")
	w.restAPI("注文", "prod")
	var names []string
	var nameless string
	for name, resource := range w.found(RestAPI) {
		names = append(names, name)
		if by := dimensions(resource, Measure{}); by[0].Value != "orders" && by[0].Value != "gre/v2" {
			nameless = by[0].Value
			want.Says(t, "the ARN of what has no name left", resource.ARN, "/restapis/"+nameless+"/")
		}
	}
	slices.Sort(names)
	want.Equal(t, "stages", len(names), 4)
	want.Equal(t, "stages with a name", slices.DeleteFunc(names, func(name string) bool { return name == nameless+"/prod" }), []string{"gre/v2/prod", "orders/prod", "orders/test"})
	want.Equal(t, "the dimensions of one", dimensions(w.found(RestAPI)["gre/v2/prod"], Measure{}), []Dimension{{"ApiName", "gre/v2"}, {"Stage", "prod"}})
	w.runs()
	w.runs()
	want.Equal(t, "what a second run writes", w.writes(), []string{})
}

func TestInventory_namesHTTPAPIsByTheirIdAndLeavesWebSocketsOut(t *testing.T) {
	w := newWorld(t)
	w.httpAPI("carts", "$default", "test")
	_, err := apigatewayv2.NewFromConfig(w.config).CreateApi(t.Context(), &apigatewayv2.CreateApiInput{
		Name: aws.String("chat"), ProtocolType: apigatewayv2types.ProtocolTypeWebsocket, RouteSelectionExpression: aws.String("$request.body.action"),
	})
	w.must("making a WebSocket API", err)
	found := w.found(HTTPAPI)
	want.Equal(t, "stages", len(found), 2)
	want.Equal(t, "the dimensions of one", dimensions(found["carts/id-of-carts/$default"], Measure{}), []Dimension{{"ApiId", "id-of-carts"}, {"Stage", "$default"}})
	text := typed(httpStage, "eu-west-1", found["carts/id-of-carts/$default"])
	want.Equal(t, "how one looks at it", text, "aws apigatewayv2 get-stage --region eu-west-1 --api-id id-of-carts --stage-name '$default'")
}

// A stage has the tags of its API, but for those that it has itself.
func TestInventory_givesAStageTheTagsOfItsAPI(t *testing.T) {
	w := newWorld(t)
	w.restAPI("orders", "prod", "test")
	client := apigateway.NewFromConfig(w.config)
	apis, err := client.GetRestApis(t.Context(), &apigateway.GetRestApisInput{})
	w.must("listing the APIs", err)
	for resource, tags := range map[string]map[string]string{
		"":             {"caretaker:severity": "warning"},
		"/stages/test": {"caretaker:severity": "critical", "caretaker:alarm.errors": "50%"},
	} {
		_, err = client.TagResource(t.Context(), &apigateway.TagResourceInput{ResourceArn: aws.String("arn:aws:apigateway:eu-west-1::/restapis/" + *apis.Items[0].Id + resource), Tags: tags})
		w.must("tagging "+resource, err)
	}
	found := w.found(RestAPI)
	want.Equal(t, "tags of a stage without its own", found["orders/prod"].Tags, map[string]string{"caretaker:service": "shop", "caretaker:severity": "warning"})
	want.Equal(t, "tags of a stage with some", found["orders/test"].Tags, map[string]string{"caretaker:service": "shop", "caretaker:severity": "critical", "caretaker:alarm.errors": "50%"})
	w.runs()
	want.Equal(t, "the threshold by the stage's tag", aws.ToFloat64(w.there()[Prefix("prod")+"rest-api/orders/test/errors"].Threshold), 50)
}

// The metric of a delivery stream is called after where it delivers.
func TestDestination_isWhatTheMetricsCallIt(t *testing.T) {
	s3 := &firehosetypes.S3DestinationDescription{}
	for called, to := range map[string]firehosetypes.DestinationDescription{
		"S3":                         {ExtendedS3DestinationDescription: &firehosetypes.ExtendedS3DestinationDescription{}, S3DestinationDescription: s3},
		"AmazonOpenSearchService":    {AmazonopensearchserviceDestinationDescription: &firehosetypes.AmazonopensearchserviceDestinationDescription{S3DestinationDescription: s3}},
		"AmazonOpenSearchServerless": {AmazonOpenSearchServerlessDestinationDescription: &firehosetypes.AmazonOpenSearchServerlessDestinationDescription{}},
		"HttpEndpoint":               {HttpEndpointDestinationDescription: &firehosetypes.HttpEndpointDestinationDescription{}},
		"Splunk":                     {SplunkDestinationDescription: &firehosetypes.SplunkDestinationDescription{}},
		"Snowflake":                  {SnowflakeDestinationDescription: &firehosetypes.SnowflakeDestinationDescription{}},
		"Iceberg":                    {IcebergDestinationDescription: &firehosetypes.IcebergDestinationDescription{}},
		"":                           {ElasticsearchDestinationDescription: &firehosetypes.ElasticsearchDestinationDescription{}},
	} {
		want.Equal(t, "what the metrics call it", destination(to), called)
	}
	want.Equal(t, "Redshift, which is fed by S3", destination(firehosetypes.DestinationDescription{RedshiftDestinationDescription: &firehosetypes.RedshiftDestinationDescription{}}), "S3")
	for _, called := range destinations {
		stream := Resource{Kind: Delivery, Name: "audit", Delivers: called}
		measure := checksOf(Delivery)[0].Measures[0].called(stream)
		want.Equal(t, "whether AWS publishes "+measure.Name, PublishedMetrics(measure.Namespace)[measure.Name].By, []string{"DeliveryStreamName"})
	}
	plan := Make(factsOf(Resource{Kind: Delivery, Name: "audit"}), Default())
	want.Equal(t, "alarms of a stream whose destination has no such metric", outcomes(plan), map[Outcome]int{ToCreate: 1, NoAlarm: 1})
}

// What goes while it is read is gone, and no failure.
func TestInventory_bearsWhatIsGoneMeanwhile(t *testing.T) {
	w := newWorld(t)
	w.fleet()
	before := len(w.found(RestAPI)) + len(w.found(HTTPAPI)) + len(w.found(Delivery))
	want.Equal(t, "what is there", before, 3)
	w.emulator.Inject(answers("GetStages", "NotFoundException", 0))
	w.emulator.Inject(answers("DescribeDeliveryStream", "ResourceNotFoundException", 0))
	want.Equal(t, "what is left", len(w.found(RestAPI))+len(w.found(HTTPAPI))+len(w.found(Delivery)), 0)
}

// More of them than a page holds.
func TestInventory_readsManyOfTheNewerKinds(t *testing.T) {
	w := newWorld(t)
	for number := range 101 {
		_, err := scheduler.NewFromConfig(w.config).CreateScheduleGroup(t.Context(), &scheduler.CreateScheduleGroupInput{Name: aws.String(fmt.Sprint("group-", number))})
		w.must("making a group", err)
	}
	want.Equal(t, "groups, with the one that is always there", len(w.found(Schedules)), 102)
}

func TestDeliveries_failWhereTheListDoesNotGoOn(t *testing.T) {
	w := newWorld(t)
	r := w.reconciler()
	r.aws.Firehose = endless{}
	_, err := r.deliveries(t.Context())
	want.Says(t, "the error", fmt.Sprint(err), "firehose:ListDeliveryStreams", "there are more, and names none")
}

// endless says that there is more, and never what.
type endless struct{ firehoseAPI }

func (endless) ListDeliveryStreams(context.Context, *firehose.ListDeliveryStreamsInput, ...func(*firehose.Options)) (*firehose.ListDeliveryStreamsOutput, error) {
	return &firehose.ListDeliveryStreamsOutput{HasMoreDeliveryStreams: aws.Bool(true)}, nil
}
