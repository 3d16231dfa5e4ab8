package emulator

import "time"

// aliasChange is one entry of CloudTrail's history.
type aliasChange struct {
	at time.Time
}
