package document

// Fate is what became of one document.
type Fate uint8

const (
	// Unsent is a document that was not accepted and may be sent again: it was not reached before the
	// deadline, or the destination was busy or away to the end.
	Unsent Fate = iota
	// Delivered was accepted now.
	Delivered
	// Already stood there: it was delivered before.
	Already
	// Refused will never be accepted as it is: it goes to the dead letters with its reason.
	Refused
	// Unanswered was sent to what never says whether it took it, and closed the connection as if it had.
	Unanswered
	// Diverted was accepted, and put aside by the destination itself (a failure store).
	Diverted
)

// Fates is what a destination did with a batch.
type Fates struct {
	// Of holds one fate for each document, in the batch's order.
	Of []Fate
	// Reasons says why a document was refused, by its place in the batch.
	Reasons map[int]string
	// Bare counts the documents that arrived without their lifted field, since the destination refused it.
	Bare int
	// Err is why documents are unsent. Nil where none is.
	Err error
}
