package janitor

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp/cmpopts"

	"caretaker/internal/want"
)

func TestRegions_knowWhatEachLastReadAndWhatCouldNeverBeRead(t *testing.T) {
	calling := Plan{Findings: Findings{Elsewhere: map[string]Findings{"us-east-1": {References: []Reference{{"orders", "3", API, "shop"}}}}}}
	referred := Findings{References: []Reference{{"orders", "3", API, "shop in eu-west-1"}}}
	unread := Findings{Unread: []Unread{noneOf("eu-west-1", "Region eu-west-1", "not authorized")}}
	refused := errors.New("not authorized")

	var regions Regions
	for _, step := range []struct {
		name string
		plan Plan
		err  error
		want Findings
	}{
		{"could not be read", Plan{}, refused, unread},
		{"was read at last", calling, nil, referred},
		{"could not be read again", Plan{}, refused, referred},
		{"was read again", Plan{}, nil, Findings{}},
	} {
		regions.Learn("eu-west-1", step.plan, step.err)
		want.Equal(t, "what others know of one that "+step.name, regions.About("us-east-1"), step.want, cmpopts.EquateEmpty())
		want.Equal(t, "what one that "+step.name+" hears of itself", regions.About("eu-west-1"), Findings{}, cmpopts.EquateEmpty())
	}
}
