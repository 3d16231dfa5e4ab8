// Package paging shows that a part reads every list to its end.
//
// It finds by itself which of the part's calls answer in pages, and where they are made, has the
// real clients answer in the smallest pages that AWS may make, and sees that everything comes out
// as it does of whole lists. That the test's Region would show what was left out is tried too: for
// each list once, by keeping all pages but the first from it. So a new list that is not read to its
// end, or of which the Region holds nothing that matters, fails the test.
package paging

import (
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Part is a part whose lists are looked at.
type Part struct {
	// Folder holds its source, Clients is the type of its clients, a struct of interfaces.
	Folder  string
	Clients reflect.Type
	// Exempt are the operations that are not looked at, with the reason, and Enough those of which a part
	// of the list is enough.
	Exempt, Enough map[string]string
}

// Check lets run work on a Region of its own, again and again, its clients with what the cutter
// attaches to their configuration. What it returns tells all that came of it.
func (p Part) Check(t *testing.T, run func(*testing.T, *Cutter) string) {
	operations, err := operationsOf(p.Clients, p.Exempt)
	if err != nil {
		t.Fatal(err)
	}
	sites, err := sitesIn(p.Folder, p.Clients, operations, p.Exempt)
	if err != nil {
		t.Fatal(err)
	}
	called := map[string]bool{}
	for _, site := range sites {
		called[site.Operation] = true
	}
	for _, one := range operations {
		if !called[one.name] {
			t.Errorf("%s answers in pages, and nothing in %s calls it", one.name, p.Folder)
		}
	}
	var whole string
	t.Run("whole", func(t *testing.T) { whole = run(t, newCutter(nil, nil)) })
	t.Run("in pages", func(t *testing.T) {
		cutter := newCutter(operations, sites)
		if diff := cmp.Diff(whole, run(t, cutter)); diff != "" {
			t.Errorf("it comes out otherwise than whole: %s", diff)
		}
		unread := cutter.leftUnread()
		for _, site := range sites {
			switch {
			case !cutter.begun[site]:
				t.Errorf("the test does not come to %s: let it", site)
			case unread[site] && p.Enough[site.Operation] == "":
				t.Errorf("a page that AWS announced is not asked for by %s", site)
			}
		}
	})
	for _, site := range sites {
		t.Run("without "+site.Operation+" of "+site.Function, func(t *testing.T) {
			cutter := newCutter(operations, sites)
			cutter.withheld = &site
			if run(t, cutter) == whole {
				t.Errorf("nothing depends on more than the first page of %s: put something into the test's Region that does", site)
			}
		})
	}
}

func newCutter(operations map[reflect.Type]operation, sites []Site) *Cutter {
	return &Cutter{operations: operations, sites: sites, unread: map[string]rest{}, begun: map[Site]bool{}}
}
