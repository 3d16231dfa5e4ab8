package limitraiser

import (
	"testing"

	"caretaker/internal/alarm"
)

func TestQuotas_areThoseOfTheirDimensionsAlone(t *testing.T) {
	w, cfg, _ := quotaScene(t)
	metric := alarm.Metric{Namespace: "AWS/Usage", Name: "ResourceCount", Dimensions: map[string]string{
		"Service": "VPC", "Type": "Resource", "Resource": "SecurityGroups-" + w.name, "Class": "None",
	}}
	report, err := w.raiser(cfg).Handle(t.Context(), w.event(w.alarm("ALARM", metric), metric, w.now()))
	if err != nil || len(report.Answers) != 0 || report.EventsRefused != 1 || w.calls("RequestServiceQuotaIncrease") != 0 {
		t.Errorf("%+v, %v", report, err)
	}
}
