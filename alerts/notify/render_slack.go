package notify

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/slack-go/slack"
)

// post is what is sent to Slack: a line that notifications show too, and blocks beside a bar in the
// colour of the severity.
type post struct {
	Channel     string             `json:"channel,omitempty"`
	Text        string             `json:"text"`
	Attachments []slack.Attachment `json:"attachments,omitempty"`
	// TS names the message that is edited, Thread the one that is answered, and Broadcast shows the
	// answer in the channel too.
	TS        string `json:"ts,omitempty"`
	Thread    string `json:"thread_ts,omitempty"`
	Broadcast bool   `json:"reply_broadcast,omitempty"`
	// Unfurl is false: links into the console show nothing to anybody else.
	UnfurlLinks bool `json:"unfurl_links"`
	UnfurlMedia bool `json:"unfurl_media"`
	// Mrkdwn is false: what others write is not Slack's markup.
	Mrkdwn bool `json:"mrkdwn"`
}

// Slack's limits, with room to spare: 50 blocks, 3,000 characters in a text, some 13,200 in all blocks together.
// https://docs.slack.dev/reference/block-kit/blocks
const (
	mostInBlocks    = 10     // alarms
	mostInFull      = 3      // alarms; of more only what was compared
	mostBlocksText  = 11_000 // with the addresses of links
	mostNoticeText  = 2800
	mostHeadline    = 500
	mostNamesListed = 20
)

// blocks renders a message in Slack's blocks. Rich text has no markup: whatever an alarm is called
// or says, it stands there as it is.
func (p Place) blocks(m Message) post {
	r := &rich{left: mostBlocksText}
	r.context(p, m)
	on := m.Incident.alarmsOn()
	shown := 0
	for _, member := range on[:min(len(on), mostInBlocks)] {
		if r.left < mostBlocksText/10 {
			break
		}
		r.member(member, len(on) <= mostInFull)
		shown++
	}
	if more := on[shown:]; len(more) > 0 {
		r.plain(fmt.Sprintf("and %d more: ", len(more)) + listed(memberNames(more), mostNamesListed))
	}
	if healed := m.healed(); len(healed) > 0 {
		r.plain("OK again: " + listed(healed, mostNamesListed))
	}
	r.lines(m.Incident.Lines)
	for _, note := range m.Incident.Notes {
		r.plain("Done about it: " + note)
	}
	for _, notice := range m.Notices {
		r.notice(notice.Title, notice.Text, len(m.Notices) > 1)
	}
	for _, incident := range m.Open[:min(len(m.Open), mostInBlocks)] {
		r.plain(incident.Title + ", since " + clock(incident.Since))
	}
	headline := shorten(m.headline(), mostHeadline)
	return post{
		Text:        escape(headline),
		Attachments: []slack.Attachment{{Color: m.colour(), Fallback: escape(headline), Blocks: slack.Blocks{BlockSet: r.blocks}}},
	}
}

// plainPost is the same as text alone, for when Slack refuses the blocks, and for what knows none.
func (p Place) plainPost(m Message) post {
	return post{Text: escape(p.text(m, "").Body)}
}

// escape keeps a text from being Slack's markup: <!channel> would call everybody.
// https://docs.slack.dev/messaging/formatting-message-text#escaping
func escape(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text)
}

// rich makes blocks as long as there is room.
type rich struct {
	blocks []slack.Block
	left   int // characters
}

var bold = &slack.RichTextSectionTextStyle{Bold: true}

func (r *rich) add(elements ...slack.RichTextSectionElement) {
	if len(elements) > 0 {
		r.blocks = append(r.blocks, slack.NewRichTextBlock("", slack.NewRichTextSection(elements...)))
	}
}

// text is a text that fits; nil where there is none. An empty one Slack refuses.
func (r *rich) text(text string, style *slack.RichTextSectionTextStyle) []slack.RichTextSectionElement {
	text = leftOut(text, min(r.left, mostNoticeText))
	if text == "" {
		return nil
	}
	r.left -= utf8.RuneCountInString(text)
	return []slack.RichTextSectionElement{slack.NewRichTextSectionTextElement(text, style)}
}

func (r *rich) plain(text string) { r.add(r.text(text, nil)...) }

// context says where and since when.
func (r *rich) context(p Place, m Message) {
	elements := r.text(p.where(m), nil)
	if since := m.Incident.Since; !since.IsZero() {
		fallback := clock(since)
		elements = append(elements, r.text(", since ", nil)...)
		elements = append(elements, slack.NewRichTextSectionDateElement(since.Unix(), "{date_short_pretty} {time_secs}", nil, &fallback))
	}
	r.add(elements...)
}

// member is one alarm with its links, in full with the reason and the owner's words.
func (r *rich) member(m Member, full bool) {
	var elements []slack.RichTextSectionElement
	links := m.links()
	name := shorten(m.Name, 300)
	if len(links) > 0 && links[0].Title == "alarm" && r.room(links[0].URL) {
		elements = append(elements, slack.NewRichTextSectionLinkElement(links[0].URL, name, bold))
		r.left -= utf8.RuneCountInString(name)
		links = links[1:]
	} else {
		elements = append(elements, r.text(name, bold)...)
	}
	if title := m.title(); title != "" {
		elements = append(elements, r.text("  "+title, nil)...)
	}
	for _, text := range []string{m.Reason, m.Description} {
		if text != "" && full {
			elements = append(elements, r.text("\n"+text, nil)...)
		}
	}
	if m.Runbook != "" && full && !strings.Contains(m.Runbook, "://") {
		elements = append(elements, r.text("\nRunbook: "+m.Runbook, nil)...)
	}
	between := "  ·  "
	if full {
		between = "\n"
	}
	for _, link := range links {
		if !r.room(link.URL) {
			continue
		}
		elements = append(elements, slack.NewRichTextSectionTextElement(between, nil), slack.NewRichTextSectionLinkElement(link.URL, link.Title, nil))
		between = "  ·  "
	}
	r.add(elements...)
}

// room takes the room that a link needs; a long one must not take that of the alarms behind it.
func (r *rich) room(address string) bool {
	if len(address) > r.left/3 {
		return false
	}
	r.left -= len(address)
	return true
}

// lines are error lines, as they stand in the log.
func (r *rich) lines(all []LogLine) {
	var texts []string
	for _, line := range all {
		texts = append(texts, line.String())
	}
	if elements := r.text(strings.Join(texts, "\n"), nil); len(elements) > 0 {
		r.plain("Last error lines:")
		r.blocks = append(r.blocks, slack.NewRichTextBlock("", &slack.RichTextPreformatted{Type: slack.RTEPreformatted, Elements: elements}))
	}
}

// notice is a text that is not an alarm. Alone its title is the headline already.
func (r *rich) notice(title, text string, among bool) {
	if among {
		r.add(r.text(title, bold)...)
		return
	}
	if rest := beyondTitle(title, text); rest != "" {
		r.blocks = append(r.blocks, slack.NewRichTextBlock("", &slack.RichTextPreformatted{
			Type: slack.RTEPreformatted, Elements: r.text(rest, nil),
		}))
	}
}

func memberNames(members []Member) []string {
	list := make([]string, 0, len(members))
	for _, member := range members {
		list = append(list, member.Name)
	}
	return list
}
