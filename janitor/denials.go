package janitor

import "sync"

// denials remembers what AWS denied, so that a missing right is not tried thousands of times. A Deny
// may be for some functions only, or for one version: the others go on. So a function is given up
// after a few denials in a row, and everything when so many functions were denied since AWS last
// allowed it for any.
type denials struct {
	mutex sync.Mutex
	// ofFunction counts denials in a row, and inRow the functions denied since one was allowed.
	ofFunction map[string]int
	inRow      map[string]bool
	// first says what AWS denied first, and why; all others are told by it.
	first string
}

const (
	// mostDenied is after how many denials in a row a function is given up, and mostFunctions after
	// how many functions everything is.
	mostDenied    = 2
	mostFunctions = 12
)

func newDenials() *denials { return &denials{ofFunction: map[string]int{}, inRow: map[string]bool{}} }

// givenUp says of a function that it need not be tried, by what was denied; empty when it may be.
func (d *denials) givenUp(function string) string {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if d.ofFunction[function] >= mostDenied || len(d.inRow) >= mostFunctions {
		return d.first
	}
	return ""
}

// denied takes in a denial, and gives the one to tell it by.
func (d *denials) denied(function, text string) string {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	d.ofFunction[function]++
	d.inRow[function] = true
	if d.first == "" {
		d.first = text
	}
	return d.first
}

func (d *denials) allowed(function string) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	delete(d.ofFunction, function)
	clear(d.inRow)
}
