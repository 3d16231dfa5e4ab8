package notify

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// qNotification is a custom notification of Amazon Q Developer in chat applications. It drops what has another form
// without a word.
// https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html
type qNotification struct {
	Version  string    `json:"version"`
	Source   string    `json:"source"`
	ID       string    `json:"id"`
	Content  qContent  `json:"content"`
	Metadata qMetadata `json:"metadata"`
}

type qContent struct {
	TextType    string   `json:"textType"`
	Title       string   `json:"title"`
	Description string   `json:"description"`
	NextSteps   []string `json:"nextSteps,omitempty"`
	Keywords    []string `json:"keywords,omitempty"`
}

type qMetadata struct {
	// ThreadID is the same for all that is told of one incident: a channel that allows threads shows it in one.
	ThreadID string `json:"threadId,omitempty"`
	Summary  string `json:"summary"`
	// EventType is what custom actions are attached by: caretaker-opened.
	EventType           string            `json:"eventType"`
	RelatedResources    []string          `json:"relatedResources,omitempty"`
	AdditionalContext   map[string]string `json:"additionalContext,omitempty"`
	EnableCustomActions bool              `json:"enableCustomActions"`
}

// How much a notification holds, in characters. AWS's page names no length: a section of Slack holds 3,000, and a
// value that a custom action reads 1,024.
// https://docs.aws.amazon.com/chatbot/latest/APIReference/API_CustomActionAttachment.html
const (
	mostQTitle       = 200
	mostQDescription = 2800
	mostQStep        = 300
	mostQSteps       = 4
	mostQKeyword     = 50
	mostQResources   = 10
	mostQContext     = 200
)

// notification renders a message for Amazon Q: the same words as a mail, of which nothing is a chat's markup.
func (p Place) notification(m Message, actions bool) (string, error) {
	text := p.text(m, "")
	title := plainChat(text.Subject)
	description := strings.TrimSpace(strings.TrimPrefix(plainChat(text.Body), title))
	severity, resources := m.severityWord(), m.resources()
	form := qNotification{
		Version: "1.0", Source: "custom", ID: fingerprint(p.Account, p.Region, p.Stage, m.Group, string(m.Kind), fmt.Sprint(m.At.UnixNano()), text.Subject),
		Content: qContent{
			TextType: "client-markdown", Title: shorten(title, mostQTitle), Description: cmp.Or(leftOut(description, mostQDescription), title),
			NextSteps: m.nextSteps(),
		},
		Metadata: qMetadata{
			Summary: shorten(title, mostQTitle), EventType: "caretaker-" + strings.ReplaceAll(string(m.Kind), " ", "-"), RelatedResources: resources[:min(len(resources), mostQResources)],
			AdditionalContext: map[string]string{}, EnableCustomActions: actions,
		},
	}
	if m.Group != "" {
		form.Metadata.ThreadID = fingerprint(p.Account, p.Region, p.Stage, m.Group, fmt.Sprint(m.Incident.Opened.UnixNano()))
	}
	for _, one := range []struct{ name, value string }{
		{"severity", severity}, {"service", m.Incident.Title}, {"account", p.Account}, {"region", p.Region}, {"stage", p.Stage},
	} {
		if value := plainChat(one.value); value != "" {
			form.Metadata.AdditionalContext[one.name] = shorten(value, mostQContext)
			if one.name != "account" {
				form.Content.Keywords = append(form.Content.Keywords, shorten(value, mostQKeyword))
			}
		}
	}
	written, err := json.Marshal(form)
	return string(written), err
}

// severityWord is how bad it is, in a word; of what is no alarm there is none.
func (m Message) severityWord() string {
	switch on := m.Incident.alarmsOn(); {
	case m.Kind == Closed || m.Kind == Again:
		return "OK"
	case len(on) > 0:
		return word(on)
	}
	return ""
}

// resources are the alarms of a message that are on, by their ARNs as far as these are known.
func (m Message) resources() []string {
	var all []string
	for _, member := range m.Incident.alarmsOn() {
		if name := cmp.Or(member.ARN, member.Name); !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}

// nextSteps are where to look first: the runbook and the worst alarm.
func (m Message) nextSteps() []string {
	on := m.Incident.alarmsOn()
	if len(on) == 0 {
		return nil
	}
	var steps []string
	add := func(format, link string) {
		if text := fmt.Sprintf(format, plainChat(link)); len([]rune(text)) <= mostQStep && len(steps) < mostQSteps {
			steps = append(steps, text)
		}
	}
	if on[0].Runbook != "" {
		add("Follow the runbook: %s", on[0].Runbook)
	}
	for _, link := range on[0].links() {
		switch link.Title {
		case "runbook":
		case "alarm":
			add("Look at the alarm: %s", link.URL)
		default:
			add("Look at the "+link.Title+": %s", link.URL)
		}
	}
	return steps
}

// fingerprint is a short name for what these say together.
func fingerprint(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:16])
}

var (
	chatWord   = regexp.MustCompile(`\S+`)
	everybody  = regexp.MustCompile(`@(channel|here|everyone)\b`)
	mentioning = regexp.MustCompile(`<(\S)`)
	// emphasis are signs that look like those of markdown, and are none.
	emphasis = strings.NewReplacer("*", "∗", "~", "∼")
)

// plainChat keeps a text from being a chat's markup. Amazon Q hands it to Teams or to Slack as it is, and neither
// reads the other's escapes: so signs that mean something are replaced by others that look like them. Nobody is
// called by <!channel> or @here in an alarm's name.
func plainChat(text string) string {
	text = chatWord.ReplaceAllStringFunc(text, func(one string) string {
		if strings.HasPrefix(one, "https://") || strings.HasPrefix(one, "http://") {
			return one
		}
		return emphasis.Replace(one)
	})
	text = mentioning.ReplaceAllString(text, "‹$1")
	text = everybody.ReplaceAllString(text, "@\u200b$1")
	return strings.NewReplacer("`", "'", "](", "] (").Replace(text)
}
