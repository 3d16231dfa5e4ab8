package logshipper

import (
	"caretaker/log-shipper/document"
	"caretaker/log-shipper/groups"
)

// Maker makes documents as this configuration says, of log groups in a Region. An error names an expression that
// cannot be read.
func (c Config) Maker(region string) (*document.Maker, error) {
	return document.NewMaker(c.documents(), document.Options{Region: region, Own: groups.Own})
}
