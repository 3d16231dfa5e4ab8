package document

// The lengths of card numbers.
// https://www.iso.org/standard/70484.html
const (
	leastCard = 13
	mostCard  = 19
)

// cardNumber is the end of the card number that begins at a digit; 0 if there is none. Its digits stand
// together, or in groups with a blank or a dash between. The first digit is 2 to 6, as of all that
// issue cards: so times in milliseconds are none.
func cardNumber(text []byte, at int) (end int) {
	if text[at] < '2' || text[at] > '6' || !cardMayBegin(text, at) {
		return 0
	}
	var digits [mostCard]byte
	count := 0
	for at < len(text) {
		if !isDigit(text[at]) {
			if (text[at] != ' ' && text[at] != '-') || at+1 == len(text) || !isDigit(text[at+1]) {
				break
			}
			at++
		}
		if count == mostCard {
			break
		}
		digits[count] = text[at] // #nosec G602 -- checked just above
		count++
		at++
		if count >= leastCard && cardMayEnd(text, at) && luhn(digits[:count]) {
			end = at
		}
	}
	return end
}

// cardMayBegin tells whether a number may begin at a place: not within another, nor in a word, unless
// that word is the escape of a line break before.
func cardMayBegin(text []byte, at int) bool {
	if at == 0 {
		return true
	}
	switch c := text[at-1]; {
	case isDigit(c), c == '_':
		return false
	case isLetter(c):
		return at > 1 && text[at-2] == '\\'
	case c == '.':
		return at < 2 || !isDigit(text[at-2])
	}
	return true
}

func cardMayEnd(text []byte, at int) bool {
	if at == len(text) {
		return true
	}
	c := text[at]
	return !isDigit(c) && !isLetter(c) && c != '_' && (c != '.' || at+1 == len(text) || !isDigit(text[at+1]))
}

// luhn is the check of card numbers: every second digit from the right counts twice.
func luhn(digits []byte) bool {
	sum := 0
	for i, c := range digits {
		value := int(c - '0')
		if (len(digits)-i)%2 == 0 {
			if value *= 2; value > 9 {
				value -= 9
			}
		}
		sum += value
	}
	return sum%10 == 0
}
