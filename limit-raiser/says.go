package limitraiser

import (
	"fmt"
	"slices"

	"caretaker/internal/alarm"
)

// shortBy are the metrics by which an alarm that is in ALARM says that something is short: those that
// are high, are of this account, and count what is used or refused. Of the others it says in words
// why they are not, where they are about something that is raised. Without quotas that are only
// metrics of tables, streams and functions; with them, which metric counts is AWS's to say.
func shortBy(a alarm.Alarm, account string, quotas bool) (short []alarm.Metric, not []string) {
	for _, metric := range a.Metrics {
		_, parts := shortageOf(metric)
		if metric.Name == "" || len(parts) == 0 && !quotas {
			continue
		}
		why := notShort(a, metric, account)
		switch {
		case why == "":
			short = append(short, metric)
		case (len(parts) > 0 || metric.Namespace == usageNamespace) && !slices.Contains(not, why):
			not = append(not, why)
		}
	}
	return short, not
}

// notShort is why a metric says nothing of a shortage; empty where it does. In doubt it does not: a
// person who reads that can put the alarm right, and raising is paid for.
func notShort(a alarm.Alarm, metric alarm.Metric, account string) string {
	side := a.Side(metric.ID)
	switch {
	case metric.Account != "" && metric.Account != account:
		return fmt.Sprintf("%s is a metric of the account %s, and only what is in %s is raised", metric.Name, metric.Account, account)
	case providedBy(metric):
		return metric.Name + " says what is provided, which is not a shortage"
	case side == alarm.High:
		return ""
	case side == alarm.Low:
		return fmt.Sprintf("it calls when %s is low, and too little used is not a shortage", metric.Name)
	case a.Comparison == "":
		return fmt.Sprintf("its event does not say whether %s is high or low, and CloudWatch has no such alarm to ask", metric.Name)
	case a.Comparison == alarm.BothWays:
		return fmt.Sprintf("it does not say whether %s left its band above or below", metric.Name)
	}
	return fmt.Sprintf("it cannot be told whether %s is high or low when it calls: let it watch what is used, or its share of what is provided, over a threshold", metric.Name)
}

// mayBeShort tells whether a metric of an alarm that is not in ALARM would say so when it is. Which way a
// band is left, it says then.
func mayBeShort(a alarm.Alarm, metric alarm.Metric, account string) bool {
	if a.Comparison == alarm.BothWays {
		a.Comparison = "GreaterThanUpperThreshold"
	}
	return notShort(a, metric, account) == ""
}

// providedBy tells whether a metric says what there is, which a raise itself moves.
func providedBy(metric alarm.Metric) bool {
	return slices.ContainsFunc(kinds, func(one kindOf) bool { return one.kind.provides(metric) })
}
