package ping

import _ "embed" // of the command line alone: what nothing refers to is in no binary

// The middleware as users keep it.
var (
	//go:embed ping.go
	Go string
	//go:embed ping.cjs
	Node string
	//go:embed ping.py
	Python string
)
