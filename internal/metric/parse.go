package metric

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Expression is metric math that was read.
type Expression struct {
	text string
	root node
}

// String is the expression as it was written.
func (e Expression) String() string { return e.text }

// node is a part of an expression: a number, the name of a metric or another expression, a word such as REPEAT,
// a text, a list, or a function or an operator with its arguments.
type node struct {
	what      what
	text      string
	number    float64
	arguments []node
}

type what int

const (
	number what = iota
	name
	word
	quoted
	list
	call
	operator
)

// Parse reads metric math.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
func Parse(text string) (Expression, error) {
	tokens, err := scan(text)
	if err != nil {
		return Expression{}, fmt.Errorf("%q: %w", text, err)
	}
	p := &parser{tokens: tokens}
	root, err := p.binary(0)
	if err == nil && p.next() != "" {
		err = fmt.Errorf("%q is not expected", p.next())
	}
	if err == nil {
		err = known(root)
	}
	if err != nil {
		return Expression{}, fmt.Errorf("%q: %w", text, err)
	}
	return Expression{text, root}, nil
}

// scan cuts a text into numbers, names, quoted texts and signs.
func scan(text string) ([]string, error) {
	var tokens []string
	for at := 0; at < len(text); {
		c := rune(text[at])
		length := 1
		switch {
		case unicode.IsSpace(c):
			at++
			continue
		case unicode.IsDigit(c), c == '.':
			length = numberLength(text[at:])
		case unicode.IsLetter(c), c == '_':
			for at+length < len(text) && strings.ContainsRune(letters, rune(text[at+length])) {
				length++
			}
		case c == '"', c == '\'':
			end := strings.IndexByte(text[at+1:], text[at])
			if end < 0 {
				return nil, fmt.Errorf("the text that begins %s has no end", text[at:])
			}
			length = end + 2
		case slices.Contains([]string{"==", "!=", "<=", ">=", "&&", "||"}, text[at:min(at+2, len(text))]):
			length = 2
		case !strings.ContainsRune("+-*/^()[],<>", c):
			return nil, fmt.Errorf("%q is no sign of metric math", c)
		}
		tokens = append(tokens, text[at:at+length])
		at += length
	}
	return tokens, nil
}

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"

// numberLength is how long the number is with which a text begins: 5, .5, 1.5e-3.
func numberLength(text string) int {
	length := 0
	for length < len(text) {
		c := text[length]
		sign := (c == '+' || c == '-') && length > 0 && (text[length-1] == 'e' || text[length-1] == 'E')
		if !sign && !strings.ContainsRune("0123456789.eE", rune(c)) {
			break
		}
		length++
	}
	return length
}

// precedence is from what binds least to what binds most.
var precedence = [][]string{
	{"OR", "||"},
	{"AND", "&&"},
	{"==", "!=", "<=", ">=", "<", ">"},
	{"+", "-"},
	{"*", "/"},
	{"^"},
}

type parser struct {
	tokens []string
	at     int
	depth  int
}

func (p *parser) next() string {
	if p.at < len(p.tokens) {
		return p.tokens[p.at]
	}
	return ""
}

func (p *parser) take() string {
	token := p.next()
	p.at++
	return token
}

// binary reads operators of a level and what binds more.
func (p *parser) binary(level int) (node, error) {
	if level == len(precedence) {
		return p.unary()
	}
	left, err := p.binary(level + 1)
	for err == nil && slices.Contains(precedence[level], p.next()) {
		sign := p.take()
		var right node
		right, err = p.binary(level + 1)
		left = node{what: operator, text: sign, arguments: []node{left, right}}
	}
	return left, err
}

func (p *parser) unary() (node, error) {
	if p.next() != "-" {
		return p.operand()
	}
	p.take()
	of, err := p.unary()
	return node{what: operator, text: "negative", arguments: []node{of}}, err
}

// deepest keeps an expression that somebody nested without end from ending the program.
const deepest = 100

func (p *parser) operand() (node, error) {
	p.depth++
	defer func() { p.depth-- }()
	token := p.take()
	switch {
	case p.depth > deepest:
		return node{}, fmt.Errorf("it is nested more than %d deep", deepest)
	case token == "":
		return node{}, fmt.Errorf("it ends too early")
	case token == "(":
		inner, err := p.binary(0)
		if err == nil && p.take() != ")" {
			err = fmt.Errorf("a ) is missing")
		}
		return inner, err
	case token == "[":
		items, err := p.items("]")
		return node{what: list, arguments: items}, err
	case token[0] == '"', token[0] == '\'':
		return node{what: quoted, text: token[1 : len(token)-1]}, nil
	case unicode.IsDigit(rune(token[0])), token[0] == '.':
		value, err := strconv.ParseFloat(token, 64)
		return node{what: number, number: value}, err
	case unicode.IsLower(rune(token[0])):
		return node{what: name, text: token}, nil
	case p.next() == "(":
		p.take()
		arguments, err := p.items(")")
		return node{what: call, text: token, arguments: arguments}, err
	case unicode.IsUpper(rune(token[0])):
		return node{what: word, text: token}, nil
	}
	return node{}, fmt.Errorf("%q is not expected", token)
}

// items reads a list up to its closing sign.
func (p *parser) items(closing string) ([]node, error) {
	var items []node
	for p.next() != closing {
		item, err := p.binary(0)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
		if p.next() != "," {
			break
		}
		p.take()
	}
	if p.take() != closing {
		return nil, fmt.Errorf("a %s is missing", closing)
	}
	return items, nil
}

// known refuses functions that are not computed here, each by its name.
func known(n node) error {
	if n.what == call {
		takes, is := functions[n.text]
		switch {
		case !is:
			return fmt.Errorf("%s is not computed: %s are", n.text, strings.Join(functionNames(), ", "))
		case len(n.arguments) < takes.least, len(n.arguments) > takes.most:
			return fmt.Errorf("%s takes %d to %d arguments, not %d", n.text, takes.least, takes.most, len(n.arguments))
		}
	}
	for _, argument := range n.arguments {
		if err := known(argument); err != nil {
			return err
		}
	}
	return nil
}
