package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"image/png"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"

	"caretaker/internal/setting"
	"caretaker/internal/slack"
	"caretaker/internal/want"
)

func withChart(d *Deployed) { d.Chart = setting.Duration(3 * time.Hour) }

// pictures are the files that stand in the channel, each with the thread that it is in.
func pictures() (threads []string, files []slack.File) {
	for _, message := range standIn.Messages() {
		for _, file := range message.Files {
			threads, files = append(threads, message.Thread), append(files, file)
		}
	}
	return threads, files
}

func TestHandle_putsAChartIntoTheThreadOfTheMessageThatOpens(t *testing.T) {
	w := newWorld(t, slack.Token, withChart)
	report := w.hears(30, says(stateAlarm, "checkout", 0))
	want.Equal(t, "charts, and what failed", []any{report.Charts, report.ChartsFailed, report.Errors}, []any{1, 0, []string(nil)})
	messages := standIn.Messages()
	if !want.Equal(t, "messages", len(messages), 2) {
		return
	}
	want.Equal(t, "the message stands first", messages[0].Text, "Critical: checkout, checkout-errors is on")
	want.Equal(t, "where the chart stands", []any{messages[1].Thread, messages[1].Channel, messages[1].Broadcast}, []any{messages[0].TS, messages[0].Channel, false})
	file := messages[1].Files[0]
	want.Equal(t, "what it says of itself", []string{file.Name, file.Title, file.Alt}, []string{
		"chart.png", "checkout-errors", "A chart from 29 Nov 2026 09:00:00 UTC to 29 Nov 2026 12:01:00 UTC: Errors 20.5 > 0.5",
	})
	picture, err := png.DecodeConfig(bytes.NewReader(file.Content))
	want.NoError(t, "reading the picture", err)
	want.Equal(t, "its size", [2]int{picture.Width, picture.Height}, [2]int{chartWidth, chartHeight})
}

// Whatever comes again, and whoever runs, an incident has one chart.
func TestHandle_drawsOneChartAnIncident(t *testing.T) {
	w := newWorld(t, slack.Token, withChart)
	w.hears(30, says(stateAlarm, "a", 0))
	w.hearsAgain(60, 2, says(stateAlarm, "a", 0))
	w.hears(90, says(stateAlarm, "b", 80))
	w.Notifier = New(Deployed{Config: w.cfg, Target: w.target}, w.aws, w.options) // the function starts anew
	w.hearsAgain(120, 3, says(stateAlarm, "a", 0))
	w.hears(5*3600, says(stateAlarm, "c", 5*3600-10)) // it is told of again
	w.hears(6*3600, says(stateOK, "a", 6*3600-3), says(stateOK, "b", 6*3600-2), says(stateOK, "c", 6*3600-1))
	_, files := pictures()
	want.Equal(t, "charts of the incident", len(files), 1)
	w.hears(7*3600, says(stateAlarm, "a", 7*3600-10))
	_, files = pictures()
	want.Equal(t, "charts once there is another one", len(files), 2)
}

func TestHandle_drawsNoChartThatNobodyAskedForOrThatCannotStandAnywhere(t *testing.T) {
	w := newWorld(t, slack.Token)
	w.hears(30, says(stateAlarm, "a", 0))
	want.Equal(t, "requests without the key", standIn.Requests(), 1)
	w.target.Secret = ""
	w.cfg.Chart = setting.Duration(time.Hour)
	report := w.hears(60, says(stateAlarm, "search", 50))
	want.Equal(t, "charts without Slack, and what failed", []int{report.Charts, report.ChartsFailed}, []int{0, 0})
}

func TestHandle_aWebhookHasNoChart(t *testing.T) {
	w := newWorld(t, standIn.Webhook(), withChart)
	report := w.hears(30, says(stateAlarm, "a", 0))
	want.Equal(t, "charts, and what failed", []int{report.Charts, report.ChartsFailed}, []int{0, 0})
	want.Equal(t, "requests", standIn.Requests(), 1)
}

// Whatever becomes of the chart, the message stands, nothing comes again, and the report says why without any secret.
func TestHandle_theMessageStandsWhateverBecomesOfTheChart(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(w *world)
		says  string
	}{
		"a token without the scope":           {func(*world) { standIn.Withhold() }, "missing_scope: the bot needs the scope files:write"},
		"a bot that is not in the channel":    {func(*world) { standIn.Banish() }, "not_in_channel: the bot has to be invited to the channel"},
		"an upload to another host":           {func(*world) { standIn.MisdirectUploads("https://planted.example") }, "the host planted.example is neither Slack's nor in notify.hosts"},
		"an upload to a host of messages":     {func(*world) { standIn.MisdirectUploads("https://hooks.slack.com") }, "the host hooks.slack.com is neither Slack's nor in notify.hosts"},
		"an upload without https":             {func(*world) { standIn.MisdirectUploads("http://" + standIn.Host()) }, "it does not begin with https://"},
		"a redirect of the upload":            {func(w *world) { w.spoilUpload(slack.Fault{Times: 1, Location: "https://" + standIn.Host()}) }, "it answered 307"},
		"an error of the upload":              {func(w *world) { w.spoilUpload(slack.Fault{Times: 1, Status: 500, Body: slack.Token}) }, "it answered 500"},
		"a connection that is cut":            {func(w *world) { w.spoilUpload(slack.Fault{Times: 1, Drop: true}) }, "the connection broke"},
		"a rate limit of an hour":             {func(w *world) { w.spoilUpload(slack.Fault{Times: 1, Status: 429, RetryAfter: "3600"}) }, "there is no time left in this run"},
		"CloudWatch that refuses it":          {func(w *world) { w.aws.CloudWatch = painter{w.aws.CloudWatch, nil, errors.New("AccessDenied")} }, "(cloudwatch:GetMetricWidgetImage): AccessDenied"},
		"CloudWatch that draws something odd": {func(w *world) { w.aws.CloudWatch = painter{w.aws.CloudWatch, []byte("<html>"), nil} }, "CloudWatch answered 6 bytes that are no PNG"},
		"a picture that is too large": {func(w *world) {
			w.aws.CloudWatch = painter{w.aws.CloudWatch, append([]byte("\x89PNG\r\n\x1a\n"), make([]byte, mostPicture)...), nil}
		}, "are the most"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, slack.Token, withChart)
			c.spoil(w)
			report := w.hears(30, says(stateAlarm, "a", 0))
			_, files := pictures()
			want.Equal(t, "charts", len(files), 0)
			want.Equal(t, "what stands in the channel", channel(), []string{"Critical: checkout, a-errors is on"})
			want.Equal(t, "charts that failed, messages that did, and what comes again", []int{report.ChartsFailed, report.Failed, len(report.BatchItemFailures), len(w.told())}, []int{1, 0, 0, 0})
			text, err := json.Marshal(report)
			want.NoError(t, "encoding", err)
			want.Says(t, "the report", strings.Join(report.Errors, "\n"), "drawing a chart of a-errors: ", c.says)
			if strings.Contains(string(text), slack.Token) || strings.Contains(string(text), "/upload/") {
				t.Errorf("the report tells a secret:\n%s", text)
			}
			w.hears(60, says(stateAlarm, "b", 50))
			want.Equal(t, "what stands in the channel later", channel(), []string{"Critical: checkout, 2 alarms are on (edited 1)"})
		})
	}
}

// spoilUpload has a fault befall the upload, which comes once the picture is drawn.
func (w *world) spoilUpload(fault slack.Fault) {
	drawing := w.aws.CloudWatch
	w.aws.CloudWatch = befalling{drawing, func() { standIn.Inject(fault) }}
}

type befalling struct {
	cloudwatchAPI
	befall func()
}

func (b befalling) GetMetricWidgetImage(ctx context.Context, input *cloudwatch.GetMetricWidgetImageInput, options ...func(*cloudwatch.Options)) (*cloudwatch.GetMetricWidgetImageOutput, error) {
	output, err := b.cloudwatchAPI.GetMetricWidgetImage(ctx, input, options...)
	b.befall()
	return output, err
}

// painter stands for a CloudWatch that draws something else, which the emulator does not.
type painter struct {
	cloudwatchAPI
	picture []byte
	err     error
}

func (p painter) GetMetricWidgetImage(context.Context, *cloudwatch.GetMetricWidgetImageInput, ...func(*cloudwatch.Options)) (*cloudwatch.GetMetricWidgetImageOutput, error) {
	return &cloudwatch.GetMetricWidgetImageOutput{MetricWidgetImage: p.picture}, p.err
}

// slow stands for a CloudWatch that does not answer. What it finds when it is asked is what was done before.
type slow struct {
	cloudwatchAPI
	asked func()
}

func (s slow) GetMetricWidgetImage(ctx context.Context, _ *cloudwatch.GetMetricWidgetImageInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.GetMetricWidgetImageOutput, error) {
	s.asked()
	<-ctx.Done()
	return nil, ctx.Err()
}

// By the time a chart is asked for, all messages are out and all is remembered; and it has a time of its own.
func TestHandle_aChartDelaysNothing(t *testing.T) {
	w := newWorld(t, slack.Token, withChart)
	w.drawing = time.Second
	var texts []string
	var open int
	w.aws.CloudWatch = slow{w.aws.CloudWatch, func() {
		texts = channel()
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		owner, state, err := w.memory.take(ctx)
		if want.NoError(t, "taking the memory while the chart is drawn", err); err == nil {
			open = len(state.Incidents)
			want.NoError(t, "giving it back", w.memory.keep(t.Context(), owner, state))
		}
	}}
	began := time.Now()
	report := w.hears(30, says(stateAlarm, "a", 0), "a notice")
	want.Equal(t, "what stood in the channel", texts, []string{"Critical: checkout, a-errors is on", "a notice"})
	want.Equal(t, "incidents that were remembered", open, 1)
	want.Equal(t, "charts that failed", report.ChartsFailed, 1)
	if took := time.Since(began); took > mostDrawing {
		t.Errorf("it took %s, and the chart may take %s", took, w.drawing)
	}
}
