package ping

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// This file is the warmer's side of the libraries that Accept knows; users do not get it.

// Libraries are their names, in order.
func Libraries() []string { return slices.Sorted(maps.Keys(foreign)) }

// Foreign is a ping as another warmer's library expects it, with this index among those that are in flight
// together. It never has the library send more by itself: some do so for a number in it. It is empty for a
// library that is not known.
func Foreign(library string, index int) []byte {
	// Some hold only those that are not the first.
	number := strconv.Itoa(index + 2)
	return []byte(strings.ReplaceAll(map[string]string{
		"lambda-warmer":                   `{"warmer":true,"__WARMER_INVOCATION__":INDEX}`,
		"lambda-warmer-go":                `{"warmer":true,"warmerInvocation":INDEX}`,
		"lambda-warmer-py":                `{"warmer":true,"__WARMER_INVOCATION__":INDEX}`,
		"opennext":                        `{"type":"warmer","warmerId":"caretaker","index":INDEX,"concurrency":1,"delay":75}`,
		"serverless-plugin-lambda-warmup": `{"source":"serverless-plugin-lambda-warmup"}`,
		"serverless-plugin-warmup":        `{"source":"serverless-plugin-warmup"}`,
		"thundra-lambda-warmup":           `"#warmup wait=100"`,
	}[library], "INDEX", number))
}
