package emulator

import (
	"encoding/json"
	"strconv"
)

// accountSettings adds the published versions to TotalCodeSize: AWS takes the
// plain sum of all versions, the emulator that of $LATEST.
func accountSettings(x *exchange) (*answer, error) {
	given, err := x.forward()
	if err != nil || !given.ok() {
		return given, err
	}
	var body struct{ AccountLimit, AccountUsage object }
	if err := decode(given.body, &body); err != nil {
		return nil, err
	}
	total := integer(body.AccountUsage["TotalCodeSize"])
	functions, err := x.everyFunction()
	if err != nil {
		return nil, err
	}
	for _, function := range functions {
		versions, err := x.everyVersion(text(function, "FunctionName"))
		if err != nil {
			return nil, err
		}
		for _, version := range versions {
			if text(version, "Version") != "$LATEST" {
				total += integer(version["CodeSize"])
			}
		}
	}
	body.AccountUsage["TotalCodeSize"] = total
	x.memory.mutex.Lock()
	if x.memory.codeStorage > 0 {
		body.AccountLimit["TotalCodeSize"] = x.memory.codeStorage
	}
	x.memory.mutex.Unlock()
	return given.replace(body)
}

func integer(value any) int64 {
	text, _ := value.(json.Number)
	n, _ := strconv.ParseInt(text.String(), 10, 64)
	return n
}
