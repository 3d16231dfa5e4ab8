package emulator

import (
	"encoding/base64"
	"strconv"
)

// window is the part of a list that a token and a size ask for, and the next
// token, which is opaque.
func window[T any](list []T, token string, size int) (part []T, next string) {
	decoded, _ := base64.StdEncoding.DecodeString(token)
	from, _ := strconv.Atoi(string(decoded)) // no token: from the start
	from = min(max(from, 0), len(list))
	to := min(from+size, len(list))
	if to < len(list) {
		next = base64.StdEncoding.EncodeToString([]byte(strconv.Itoa(to)))
	}
	return list[from:to], next
}
