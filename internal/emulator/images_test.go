package emulator_test

import (
	"bytes"
	"fmt"
	"image/png"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"caretaker/internal/want"
)

func TestGetMetricWidgetImage_isAPNGOfTheSizeThatIsAskedFor(t *testing.T) {
	client := cloudwatch.NewFromConfig(fresh(t))
	ask := func(widget string) (*cloudwatch.GetMetricWidgetImageOutput, error) {
		return client.GetMetricWidgetImage(t.Context(), &cloudwatch.GetMetricWidgetImageInput{MetricWidget: &widget})
	}
	for widget, size := range map[string]string{`{"metrics":[["AWS/Lambda","Errors"]],"width":300,"height":120}`: "300x120", `{"metrics":[["AWS/Lambda","Errors"]]}`: "600x400"} {
		answer, err := ask(widget)
		want.NoError(t, "asking for an image", err)
		picture, err := png.Decode(bytes.NewReader(answer.MetricWidgetImage))
		want.NoError(t, "reading it", err)
		want.Equal(t, "its size", fmt.Sprintf("%dx%d", picture.Bounds().Dx(), picture.Bounds().Dy()), size)
	}
	for _, widget := range []string{"nothing", `{"metrics":[]}`, `{"metrics":[["A","B"]],"width":9000}`, `{"metrics":[["A"]]}`, `{"metrics":[["A","B"]],"start":"yesterday"}`, `{"metrics":[[{"expression":"m1/","id":"e1"}]]}`} {
		_, err := ask(widget)
		want.Equal(t, "the answer to "+widget, outcome(err), "ValidationError")
	}
}

// What is on the picture is what the metrics say: the same request gives another picture once there is another value, and
// without the threshold's line.
func TestGetMetricWidgetImage_drawsTheMetricsAndTheAnnotations(t *testing.T) {
	client := cloudwatch.NewFromConfig(fresh(t))
	now := time.Now().UTC().Truncate(time.Minute)
	widget := func(rest string) string {
		return fmt.Sprintf(`{"metrics":[["Shop","Orders",{"id":"m1","stat":"Sum","period":60,"visible":false}],[{"expression":"2*FILL(m1,0)","id":"e1","label":"twice"}]],"period":60,"start":%q,"end":%q%s}`,
			now.Add(-time.Hour).Format(time.RFC3339), now.Format(time.RFC3339), rest)
	}
	pictureOf := func(widget string) string {
		t.Helper()
		answer, err := client.GetMetricWidgetImage(t.Context(), &cloudwatch.GetMetricWidgetImageInput{MetricWidget: &widget})
		want.NoError(t, "asking for an image", err)
		return string(answer.MetricWidgetImage)
	}
	empty := pictureOf(widget(""))
	if again := pictureOf(widget("")); again != empty {
		t.Error("the same request gives two pictures")
	}
	_, err := client.PutMetricData(t.Context(), &cloudwatch.PutMetricDataInput{Namespace: aws.String("Shop"), MetricData: []cloudwatchtypes.MetricDatum{{
		MetricName: aws.String("Orders"), Value: aws.Float64(7), Timestamp: aws.Time(now.Add(-30 * time.Minute)),
	}}})
	want.NoError(t, "publishing", err)
	full := pictureOf(widget(""))
	if full == empty {
		t.Error("a value changes nothing on the picture")
	}
	across := pictureOf(widget(`,"annotations":{"horizontal":[{"label":"threshold 5","value":5}],"vertical":[{"label":"ALARM","value":"` + now.Add(-20*time.Minute).Format("2006-01-02T15:04:05.000Z") + `"}]}`))
	if across == full {
		t.Error("the lines of annotations are not on the picture")
	}
}
