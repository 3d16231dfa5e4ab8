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
	ran(report, err).wants(t, counts{"answers": 0, "events refused": 1})
	w.wantCalls("RequestServiceQuotaIncrease", 0)
}
