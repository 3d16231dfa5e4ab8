package emulator_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"caretaker/internal/want"
)

const goodDashboard = `{"widgets":[{"type":"text","x":0,"y":0,"width":24,"height":2,"properties":{"markdown":"# All"}}]}`

func put(t *testing.T, client *cloudwatch.Client, name, body string) ([]cloudwatchtypes.DashboardValidationMessage, error) {
	t.Helper()
	answer, err := client.PutDashboard(t.Context(), &cloudwatch.PutDashboardInput{DashboardName: &name, DashboardBody: &body})
	if err != nil {
		return nil, err
	}
	return answer.DashboardValidationMessages, nil
}

// Dashboards belong to the account: another Region lists the same.
func TestDashboards_areListedInPagesInEveryRegion(t *testing.T) {
	settings := fresh(t)
	client := cloudwatch.NewFromConfig(settings)
	for number := range 4 {
		messages, err := put(t, client, fmt.Sprintf("board-%d", number), goodDashboard)
		want.NoError(t, "putting a dashboard", err)
		want.Equal(t, "messages", len(messages), 0)
	}
	settings.Region = "eu-central-1"
	client = cloudwatch.NewFromConfig(settings)
	pages := cloudwatch.NewListDashboardsPaginator(client, &cloudwatch.ListDashboardsInput{DashboardNamePrefix: aws.String("board")})
	var names []string
	count := 0
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		want.NoError(t, "listing", err)
		count++
		for _, entry := range page.DashboardEntries {
			names = append(names, *entry.DashboardName)
			want.Says(t, "the ARN", *entry.DashboardArn, "arn:aws:cloudwatch::", ":dashboard/"+*entry.DashboardName)
		}
	}
	want.Equal(t, "pages", count, 2)
	want.Equal(t, "names", names, []string{"board-0", "board-1", "board-2", "board-3"})
	read, err := client.GetDashboard(t.Context(), &cloudwatch.GetDashboardInput{DashboardName: &names[0]})
	want.NoError(t, "reading one", err)
	want.Equal(t, "the body", *read.DashboardBody, goodDashboard)
	_, err = client.DeleteDashboards(t.Context(), &cloudwatch.DeleteDashboardsInput{DashboardNames: []string{"board-0", "none"}})
	want.Says(t, "the error", fmt.Sprint(err), "ResourceNotFound")
	_, err = client.GetDashboard(t.Context(), &cloudwatch.GetDashboardInput{DashboardName: &names[0]})
	want.NoError(t, "reading what was to be deleted with one that is not there", err)
	_, err = client.DeleteDashboards(t.Context(), &cloudwatch.DeleteDashboardsInput{DashboardNames: names})
	want.NoError(t, "deleting them", err)
	_, err = client.GetDashboard(t.Context(), &cloudwatch.GetDashboardInput{DashboardName: &names[0]})
	want.Says(t, "the error", fmt.Sprint(err), "ResourceNotFound")
}

// The body is judged as users report it, and as the documentation describes it.
func TestPutDashboard_refusesWhatAWSRefuses(t *testing.T) {
	client := cloudwatch.NewFromConfig(fresh(t))
	widget := func(text string) string { return `{"widgets":[` + text + `]}` }
	for name, test := range map[string]struct{ body, path, message string }{
		"no JSON":               {"text", "", "must be a valid JSON object"},
		"no widgets":            {"{}", "", "Should have required property 'widgets'"},
		"too wide":              {strings.Replace(goodDashboard, "24", "99", 1), "/widgets/0/width", "Should be <= 24"},
		"no metrics":            {widget(`{"type":"metric","properties":{"region":"eu-west-1"}}`), "/widgets/0/properties", "Should have required property 'metrics'"},
		"no Region":             {widget(`{"type":"metric","properties":{"metrics":[["A","B"]]}}`), "/widgets/0/properties", "Should have required property 'region'"},
		"half a dimension":      {widget(`{"type":"metric","properties":{"region":"eu-west-1","metrics":[["A","B","C"]]}}`), "/widgets/0/properties/metrics/0", "pairs of dimensions"},
		"an unknown type":       {widget(`{"type":"graph","properties":{}}`), "/widgets/0/type", "allowed values"},
		"more than 100 alarms":  {widget(`{"type":"alarm","properties":{"alarms":[` + strings.Repeat(`"a",`, 100) + `"a"]}}`), "/widgets/0/properties/alarms", "1 to 100"},
		"more than 500 widgets": {widget(strings.Repeat(`{"type":"text","properties":{"markdown":""}},`, 500) + `{"type":"text","properties":{"markdown":""}}`), "/widgets", "more than 500"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := put(t, client, "board", test.body)
			var refused *cloudwatchtypes.DashboardInvalidInputError
			if !errors.As(err, &refused) {
				t.Fatalf("the answer is %v, want that the body is refused", err)
			}
			want.Equal(t, "the code", refused.ErrorCode(), "InvalidParameterInput")
			want.Equal(t, "the path", *refused.DashboardValidationMessages[0].DataPath, test.path)
			want.Says(t, "the message", *refused.DashboardValidationMessages[0].Message, test.message)
		})
	}
	for _, name := range []string{"with.dot", "with/slash", strings.Repeat("x", 256)} {
		_, err := put(t, client, name, goodDashboard)
		want.Says(t, "the error", fmt.Sprint(err), "InvalidParameterValue")
	}
}

// What nobody knows is taken, and said.
func TestPutDashboard_warnsOfWhatItDoesNotShow(t *testing.T) {
	client := cloudwatch.NewFromConfig(fresh(t))
	messages, err := put(t, client, "board", strings.Replace(goodDashboard, `"markdown"`, `"colour":"red","markdown"`, 1))
	want.NoError(t, "putting it", err)
	want.Equal(t, "messages", len(messages), 1)
	want.Equal(t, "the path", *messages[0].DataPath, "/widgets/0/properties/colour")
}

// Searches are answered as a dashboard asks for them: each metric found is a result with the expression's id.
func TestGetMetricData_answersSearches(t *testing.T) {
	client := cloudwatch.NewFromConfig(fresh(t))
	at := time.Now().UTC().Truncate(5 * time.Minute).Add(-time.Hour)
	for name, value := range map[string]float64{"a": 3, "b": 5} {
		_, err := client.PutMetricData(t.Context(), &cloudwatch.PutMetricDataInput{Namespace: aws.String("AWS/Lambda"), MetricData: []cloudwatchtypes.MetricDatum{{
			MetricName: aws.String("Errors"), Timestamp: &at, Value: &value, Dimensions: []cloudwatchtypes.Dimension{{Name: aws.String("FunctionName"), Value: &name}},
		}}})
		want.NoError(t, "putting a datapoint", err)
	}
	ask := func(expression string) (lines []string) {
		answer, err := client.GetMetricData(t.Context(), &cloudwatch.GetMetricDataInput{
			StartTime: aws.Time(at.Add(-time.Hour)), EndTime: aws.Time(at.Add(time.Hour)),
			MetricDataQueries: []cloudwatchtypes.MetricDataQuery{{Id: aws.String("e1"), Expression: &expression, Label: aws.String("")}},
		})
		want.NoError(t, "asking for "+expression, err)
		for _, result := range answer.MetricDataResults {
			lines = append(lines, fmt.Sprint(*result.Id, " ", *result.Label, result.Values, result.Timestamps[0].Equal(at)))
		}
		return lines
	}
	const find = `SEARCH('{AWS/Lambda,FunctionName} MetricName="Errors"', 'Sum', 300)`
	want.Equal(t, "a search", ask(find), []string{"e1 a[3] true", "e1 b[5] true"})
	want.Equal(t, "the top", ask("2*SORT("+find+", SUM, DESC, 1)"), []string{"e1 b[10] true"})
	want.Equal(t, "a sum", ask("SUM("+find+")*10"), []string{"e1 [80] true"})
	_, err := client.GetMetricData(t.Context(), &cloudwatch.GetMetricDataInput{
		StartTime: &at, EndTime: aws.Time(at.Add(time.Hour)), MetricDataQueries: []cloudwatchtypes.MetricDataQuery{{Id: aws.String("e1"), Expression: aws.String("SEARCH(")}},
	})
	want.Says(t, "the error", fmt.Sprint(err), "ValidationError", "Error in expression")
}
