// Package janitor holds the commands of the janitor: it shows what would be deleted, and deletes it after asking.
package janitor

// Commands are those of janitor.
type Commands struct {
	Plan  planCommand  `cmd:"" help:"Show what would be deleted, and why. Changes nothing; needs read rights only."`
	Apply applyCommand `cmd:"" help:"Delete what a plan shows, after asking."`
}
