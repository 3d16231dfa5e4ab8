// Package runbook is where the text of an alarm sends people for what to do.
package runbook

import "regexp"

// File is the runbook where the repository has it.
const File = "docs/runbook.md"

// MostLetters is how long a company's own address of it may be, so that every alarm's text has room for it.
const MostLetters = 200

// pageForm has no heading, which each alarm puts after it, and nothing that ends an address in a mail or a chat.
var pageForm = regexp.MustCompile(`^https://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~:/?@!$&*+,=%-]*)?$`)

// Allowed says what may be the address of the runbook.
const Allowed = "an address that begins https://, of up to 200 letters without #, such as https://wiki.example.com/caretaker; each alarm puts its heading after it"

// Fits says whether a page can be the runbook's address; an empty one stands for File.
func Fits(page string) bool {
	return page == "" || len(page) <= MostLetters && pageForm.MatchString(page)
}

// At is the address of a heading: on a company's page, or in File where that is empty.
func At(page, heading string) string {
	if page == "" {
		page = File
	}
	return page + "#" + heading
}
