package logshipper

import (
	"maps"
	"slices"

	"caretaker/internal/emf"
)

// Metrics are the figures of the run, and those of each destination that has a name.
func (r Report) Metrics() []emf.Metric {
	count := func(name string, value int) emf.Metric {
		return emf.Metric{Name: name, Value: float64(value), Unit: emf.Count}
	}
	total := r.Account
	metrics := append(total.metrics(nil),
		count("Imbalance", max(r.Imbalance(), -r.Imbalance())),
		count("OwnEvents", r.Own),
		count("EventsBare", r.Bare),
		count("Payloads", r.Payloads),
		count("PayloadsWaiting", r.Waiting),
		count("Errors", len(r.Errors)),
	)
	for _, name := range slices.Sorted(maps.Keys(r.Destinations)) {
		of, account := map[string]string{"Destination": name}, r.Destinations[name]
		metrics = append(metrics, account.metrics(of)...)
		metrics = append(metrics, emf.Metric{Name: "Imbalance", Value: float64(max(account.Imbalance(), -account.Imbalance())), Unit: emf.Count, Dimensions: of})
	}
	return metrics
}

// metrics are the figures of an account.
func (a Account) metrics(of map[string]string) []emf.Metric {
	count := func(name string, value int) emf.Metric {
		return emf.Metric{Name: name, Value: float64(value), Unit: emf.Count, Dimensions: of}
	}
	metrics := []emf.Metric{
		count("EventsIn", a.In),
		count("EventsDelivered", a.Delivered),
		count("EventsAlreadyDelivered", a.Already),
		count("EventsFiltered", a.Filtered),
		count("EventsDeadLettered", a.DeadLettered),
		count("EventsParked", a.Parked),
		count("EventsHandedBack", a.HandedBack),
		{Name: "ParkedAge", Value: float64(a.ParkedMs) / 1000, Unit: emf.Seconds, Dimensions: of},
	}
	if a.Unanswered > 0 { // only some destinations have it, and a metric costs something
		metrics = append(metrics, count("EventsUnanswered", a.Unanswered))
	}
	if a.LagMs != nil {
		metrics = append(metrics, emf.Metric{Name: "Lag", Value: float64(*a.LagMs) / 1000, Unit: emf.Seconds, Dimensions: of})
	}
	return metrics
}
