package alerts

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// An anomaly band is what CloudWatch's own model takes for usual at a time, so many standard deviations wide. An alarm on one
// has no threshold: the band stands for it.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Create_Anomaly_Detection_Alarm.html
const (
	aboveBand   = "GreaterThanUpperThreshold"
	outsideBand = "LessThanLowerOrGreaterThanUpperThreshold"
	breaching   = "breaching"

	// asksForBand begins what the file or a tag says to have a check judged by a band: band 2.
	asksForBand = "band "
	// bandID is what the band is called among the metrics of an alarm, bandLabel what people read.
	bandID    = "band"
	bandLabel = "what is usual"
	// narrowest and widest are what a band may be; CloudWatch's console goes from 2. Narrower is noise.
	narrowest, widest = 1, 10
	// bandMetrics is how many metrics an alarm on a band is charged for: the metric and the two edges.
	// https://aws.amazon.com/cloudwatch/pricing/
	bandMetrics = 3
)

// allowsBand is what else is allowed of a check that may be judged by a band.
func (c Check) allowsBand() string {
	if c.Band == "" {
		return ""
	}
	return fmt.Sprintf(", or a band of %d to %d standard deviations around what is usual, such as band 3", narrowest, widest)
}

// parseBand reads band 2; false where it is none, or is not allowed.
func (c Check) parseBand(text string) (asked, bool) {
	width, is := strings.CutPrefix(text, asksForBand)
	if !is || c.Band == "" {
		return asked{}, false
	}
	value, err := strconv.ParseFloat(width, 64)
	if err != nil || !(value >= narrowest && value <= widest) { // nor what is no number
		return asked{}, false
	}
	return asked{on: true, band: value}, true
}

// judgedBy is the check as it is asked for: with a band in place of its threshold, or as it is.
func (c Check) judgedBy(ask asked) Check {
	if ask.band == 0 {
		return c
	}
	c.Threshold, c.Unit, c.Of, c.Says = ask.band, Deviations, OfItself, cmp.Or(c.Unusual, c.Says)
	return c
}

// overBand is an alarm that is judged by a band.
func (a Alarm) overBand(c Check, width float64) Alarm {
	a.Comparison, a.Threshold, a.Band, a.Label = c.Band, 0, width, bandLabel
	return a
}

func bandExpression(width float64) string {
	return "ANOMALY_DETECTION_BAND(" + metricID(0) + ", " + number(width) + ")"
}

// widthIn is how wide the band of an expression is.
func widthIn(expression string) (float64, bool) {
	inner, is := strings.CutPrefix(expression, "ANOMALY_DETECTION_BAND(")
	inner, ends := strings.CutSuffix(inner, ")")
	of, width, two := strings.Cut(inner, ",")
	value, err := strconv.ParseFloat(strings.TrimSpace(width), 64)
	return value, is && ends && two && err == nil && strings.TrimSpace(of) == metricID(0)
}
