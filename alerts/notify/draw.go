package notify

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/rs/zerolog"

	"caretaker/internal/alarm"
)

const (
	// mostDrawing is how long one chart may take, from CloudWatch into the thread.
	mostDrawing = 10 * time.Second
	// mostPicture is more than CloudWatch draws in the size of a chart, in bytes.
	mostPicture = 1 << 20
)

// drawing is a message that opens an incident and stands in a channel, with what is to be drawn for its thread.
type drawing struct {
	stands receipt
	chart  chart
}

// toDraw are the charts of the incidents that these messages open, as far as they stand where a picture can go.
func (n *Notifier) toDraw(message Message, stands receipt, deliveries []delivery) []drawing {
	if n.cfg.Chart == 0 || message.Kind != Opened || stands.ts == "" || stands.channel == "" {
		return nil
	}
	heard := map[string]alarm.Alarm{}
	for _, one := range deliveries {
		if one.alarm != nil && (one.alarm.State == stateAlarm || heard[keyOf(*one.alarm)].Name == "") {
			heard[keyOf(*one.alarm)] = *one.alarm
		}
	}
	drawn, is := chartOf(message.Incident, heard, n.options.Place, n.cfg.Chart.Std(), n.now())
	if !is {
		return nil
	}
	return []drawing{{stands, drawn}}
}

// draw puts the charts into the threads. It comes last of all: everything is said and remembered by then, so that a
// chart delays nothing, and none comes twice. One that fails is missing, and the report says why.
func (n *Notifier) draw(ctx context.Context, all []drawing, report *Report) {
	for _, one := range all {
		if err := n.drawOne(ctx, one); err != nil {
			report.ChartsFailed++
			report.list(fmt.Errorf("drawing a chart of %s: %w", one.chart.alarm.Name, err))
			zerolog.Ctx(ctx).Error().Err(err).Str("alarm", one.chart.alarm.Name).Msg("the chart is missing; the message stands without it")
			continue
		}
		report.Charts++
	}
}

func (n *Notifier) drawOne(ctx context.Context, one drawing) error {
	ctx, cancel := context.WithTimeout(ctx, n.drawing)
	defer cancel()
	as, err := n.vault.credential(ctx, false)
	if err != nil {
		return err
	}
	output, err := n.aws.CloudWatch.GetMetricWidgetImage(ctx, &cloudwatch.GetMetricWidgetImageInput{MetricWidget: &one.chart.widget})
	if err != nil {
		return fmt.Errorf("asking CloudWatch for it (cloudwatch:GetMetricWidgetImage): %w", err)
	}
	switch picture := output.MetricWidgetImage; {
	case !bytes.HasPrefix(picture, []byte("\x89PNG\r\n\x1a\n")):
		return fmt.Errorf("CloudWatch answered %d bytes that are no PNG", len(picture))
	case len(picture) > mostPicture:
		return fmt.Errorf("the picture has %d bytes, and %d are the most", len(picture), mostPicture)
	default:
		return n.slack.share(ctx, as, one.stands, file{name: "chart.png", title: one.chart.title, alt: one.chart.alt, content: picture})
	}
}
