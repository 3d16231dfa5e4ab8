package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// file is what is put into the thread of a message.
type file struct {
	name, title, alt string
	content          []byte
}

// uploadHosts are Slack's own for files: no message goes there, and no file elsewhere.
var uploadHosts = []string{"files.slack.com", "files.slack-gov.com"}

// completion ends an upload: the file then stands in the thread.
// https://docs.slack.dev/reference/methods/files.completeUploadExternal
type completion struct {
	Files   []completedFile `json:"files"`
	Channel string          `json:"channel_id"`
	Thread  string          `json:"thread_ts"`
}

type completedFile struct {
	ID    string `json:"id"`
	Title string `json:"title"`
}

// share puts a file into the thread of a message that stands: Slack says where it takes the bytes, takes them, and is
// told where they belong. A bot needs the scope files:write for that, and has to be in the channel. (files.upload is
// no more: https://docs.slack.dev/changelog/2024-04-a-better-way-to-upload-files-is-here-to-stay)
func (s *slackSender) share(ctx context.Context, as credential, stands receipt, f file) error {
	if as.token == "" {
		return refused{reason: "a webhook takes no files", cause: misplaced}
	}
	var place apiAnswer
	asked := url.Values{"filename": {f.name}, "length": {strconv.Itoa(len(f.content))}, "alt_txt": {f.alt}}
	err := patient(ctx, 0, func() (err error) {
		place, err = s.request(ctx, s.method("files.getUploadURLExternal"), as.token, s.own(), "application/x-www-form-urlencoded", []byte(asked.Encode()))
		return err
	})
	switch {
	case err != nil:
		return explained(err)
	case place.UploadURL == "" || place.File == "":
		return refused{reason: "it did not say where it takes the file", cause: passing}
	}
	// The address is Slack's answer and no setting: it gets no token, and its host is looked at as closely.
	if _, err := s.request(ctx, place.UploadURL, "", slices.Concat(uploadHosts, s.target.Hosts), "image/png", f.content); err != nil {
		return err
	}
	body, err := json.Marshal(completion{Files: []completedFile{{place.File, f.title}}, Channel: stands.channel, Thread: stands.ts})
	if err != nil {
		return refused{reason: "the message cannot be written", cause: malformed}
	}
	return explained(s.paced(ctx, func() error {
		_, err := s.request(ctx, s.method("files.completeUploadExternal"), as.token, s.own(), asJSON, bytes.Clone(body))
		return err
	}))
}

// explained adds what is to be done where Slack's word for it says too little.
func explained(err error) error {
	var no refused
	if !errors.As(err, &no) {
		return err
	}
	for word, help := range map[string]string{
		"missing_scope":  "the bot needs the scope files:write",
		"not_in_channel": "the bot has to be invited to the channel",
	} {
		if strings.Contains(no.reason, word) {
			no.reason += ": " + help
		}
	}
	return no
}
