package limitraiser

import (
	"fmt"
	"math"

	"caretaker/internal/setting"
)

// early says what to do about an alarm that calls above a share of the capacity at which nothing is
// raised yet, since the demand and its headroom are still met; empty for one that does not.
//
// The demand alone is raised for, so that with 30% headroom nothing happens below 77% of what there
// is, and a raise leaves 77% in use: an alarm above 60% would stay on, before it and after it.
func early(above setting.Percent, sizing Sizing) string {
	raisedFrom := 100 / (1 + float64(sizing.Headroom)/100)
	if above == 0 || !sizing.ToDemand || float64(above) >= raisedFrom-1e-9 {
		return ""
	}
	least := math.Ceil(raisedFrom - 1e-9)
	remedy := fmt.Sprintf("write alarmAbove: %g%% or more", least)
	if headroom := math.Ceil(100*100/float64(above) - 100 - 1e-9); headroom <= 100 {
		remedy += fmt.Sprintf(", or sizing.headroom: %g%% or more", headroom)
	}
	return fmt.Sprintf("with %s headroom nothing is raised below %.0f%%: %s", sizing.Headroom, least, remedy)
}

// Notes say what is allowed and yet mostly a mistake.
func (c Config) Notes() []setting.Note {
	var notes []setting.Note
	add := func(key string, above setting.Percent) {
		if advice := early(above, c.Sizing); advice != "" {
			notes = append(notes, setting.Note{Key: "limitRaiser." + key, Text: fmt.Sprintf("%s: the alarm calls, and %s", above, advice)})
		}
	}
	add("alarmAbove", c.AlarmAbove)
	for index, table := range c.Tables {
		add(fmt.Sprintf("tables[%d].alarmAbove", index), table.AlarmAbove)
	}
	for index, quota := range c.Quotas {
		add(fmt.Sprintf("quotas[%d].alarmAbove", index), quota.AlarmAbove)
	}
	return notes
}
