package alerts

import (
	"fmt"

	"caretaker/internal/setting"
)

// few is how many resources of a kind may be gone at once whatever their share: small fleets change.
const few = 4

// belts say why nothing may be deleted: a list failed, or of the resources that have alarms too many are
// gone, which is more often a reading that went wrong than a fleet that did. What the file dropped does not count.
func belts(facts Facts, found map[string]bool, dropped map[string]Decision, mostGone setting.Percent) string {
	for _, kind := range Kinds {
		if why := facts.Unread[kind]; why != "" {
			return fmt.Sprintf("the list of each %s could not be read: %s", kind, why)
		}
	}
	watched := map[Kind]map[string]bool{}
	for _, alarm := range facts.Alarms {
		if _, is := dropped[alarm.Name]; is {
			continue
		}
		of, kind, _ := parts(facts.Stage, alarm.Name)
		if watched[kind] == nil {
			watched[kind] = map[string]bool{}
		}
		watched[kind][of] = true
	}
	for _, kind := range Kinds {
		gone := 0
		for of := range watched[kind] {
			if !found[of] {
				gone++
			}
		}
		if of := len(watched[kind]); gone > few && float64(gone)*100 > float64(mostGone)*float64(of) {
			return fmt.Sprintf("%d of %d of kind %s that have alarms are gone, over alerts.mostGone, %s", gone, of, kind, mostGone)
		}
	}
	return ""
}
