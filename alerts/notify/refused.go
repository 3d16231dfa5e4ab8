package notify

import "time"

// refused is why a message did not get through. It says nothing of the address and the token.
type refused struct {
	reason string
	cause  cause
	// after is for how long Slack asks to wait.
	after time.Duration
}

func (r refused) Error() string { return "sending to Slack: " + r.reason }

// cause is what is to be done about a refusal.
type cause string

const (
	// limited comes again after a pause.
	limited cause = "limited"
	// passing comes again through the queue.
	passing cause = "passing"
	// malformed is sent as plain text.
	malformed cause = "malformed"
	// vanished is the message that was to be edited: it is posted afresh.
	vanished cause = "vanished"
	// misplaced is the secret, the channel or the address: the secret is read once more, and then
	// people are told another way.
	misplaced cause = "misplaced"
)

// refusals are Slack's words by what is to be done. All others, such as token_revoked, is_archived and
// no_service, are of the last kind.
var refusals = map[cause][]string{
	limited:   {"ratelimited", "rate_limited", "message_limit_exceeded"},
	passing:   {"internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org", "rollup_error"},
	malformed: {"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "invalid_attachments", "too_many_attachments", "msg_too_long", "invalid_payload", "no_text", "markdown_text_conflict"},
	vanished:  {"message_not_found", "cant_update_message", "edit_window_closed", "thread_not_found", "cannot_reply_to_message"},
}
