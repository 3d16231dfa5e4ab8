package alarm

import "strings"

// maxChildren is how many alarms a rule may name:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
const maxChildren = 100

// Children are the names of the alarms whose ALARM a composite alarm's rule asks for, in the
// rule's order. Those under a NOT are among them: an alarm that is not in ALARM is left out
// when its state is looked up, which has to be done anyway.
func Children(rule string) []string {
	var names []string
	seen := map[string]bool{}
	words := ruleWords(rule)
	for i := range words {
		for _, name := range askedFor(words[i:]) {
			if parsed, err := parseARN(name); err == nil {
				name = strings.TrimPrefix(parsed.Resource, "alarm:")
			}
			if !seen[name] && len(names) < maxChildren {
				seen[name] = true
				names = append(names, name)
			}
		}
	}
	return names
}

// ruleWord is a word of a rule: a bracket, a comma, a name, or a quoted name.
type ruleWord struct {
	text   string
	quoted bool
}

func (w ruleWord) is(text string) bool { return !w.quoted && w.text == text }

// askedFor are the names, or ARNs, in ALARM(name) or AT_LEAST(M, ALARM, (name, name, ...)), when the words
// begin with one.
func askedFor(words []ruleWord) []string {
	switch {
	case len(words) > 3 && words[0].is("ALARM") && words[1].is("(") && words[3].is(")"):
		return []string{words[2].text}
	case len(words) > 6 && words[0].is("AT_LEAST") && words[1].is("(") && words[4].is("ALARM") && words[6].is("("):
		var names []string
		for _, word := range words[7:] {
			if word.is(")") {
				break
			}
			if !word.is(",") {
				names = append(names, word.text)
			}
		}
		return names
	}
	return nil
}

// ruleWords splits a rule. A name in quotes may hold anything, a quote and a backslash behind a
// backslash.
func ruleWords(rule string) []ruleWord {
	var words []ruleWord
	for rest := strings.TrimSpace(rule); rest != ""; rest = strings.TrimSpace(rest) {
		var word ruleWord
		switch {
		case strings.ContainsAny(rest[:1], "(),"):
			word, rest = ruleWord{text: rest[:1]}, rest[1:]
		case rest[0] == '"':
			word, rest = quotedWord(rest[1:])
		default:
			end := strings.IndexAny(rest, "(),\" \t\r\n")
			if end < 0 {
				end = len(rest)
			}
			word, rest = ruleWord{text: rest[:end]}, rest[end:]
		}
		words = append(words, word)
	}
	return words
}

// quotedWord reads up to the closing quote, or to the end of a rule that lacks it.
func quotedWord(text string) (word ruleWord, rest string) {
	var name strings.Builder
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '"':
			return ruleWord{name.String(), true}, text[i+1:]
		case text[i] == '\\' && i+1 < len(text):
			i++
		}
		name.WriteByte(text[i])
	}
	return ruleWord{name.String(), true}, ""
}
