package shipment

import (
	"time"

	"caretaker/log-shipper/document"
)

// Reply is what a destination said about a request.
type Reply struct {
	// Verdict is on all documents of the request alike.
	Verdict
	// Each are the verdicts on one document each, in their order, in place of the one on all. They are read before the
	// next request is made. Nil: there are none.
	Each []Verdict
	// Wait is how long the destination asked to be left alone; 0 where it did not.
	Wait time.Duration
}

// Verdict is what a destination said about documents.
type Verdict struct {
	Kind Kind
	// Fate is what became of what is Taken.
	Fate document.Fate
	// Why is the reason in words, where it is not Taken.
	Why string
}

// Kind is what a verdict means for the documents.
type Kind uint8

const (
	// Later says that they may be taken after a pause.
	Later Kind = iota
	// Taken says that they are there.
	Taken
	// Refused says that they will never be taken as they are.
	Refused
	// TooLarge says that there are too many bytes in the request. A document alone is refused.
	TooLarge
	// Spoiled says that something in the request has it refused as a whole. A document alone is refused.
	Spoiled
	// Suspect says that something in the request may do harm there, or nothing of it may be to blame. A document alone is
	// refused if others are taken.
	Suspect
	// Denied says that the destination does not know who sends, or what they may do.
	Denied
	// Hopeless says that nothing would be taken.
	Hopeless
)
