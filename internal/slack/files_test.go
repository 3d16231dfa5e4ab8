package slack_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"caretaker/internal/slack"
	"caretaker/internal/want"
)

// place asks for the address of an upload: Slack's word where there is none.
func (c *client) place(token string, asked url.Values) (word, address, id string) {
	c.Helper()
	got := c.post(c.server.API()+"/files.getUploadURLExternal", token, "application/x-www-form-urlencoded", asked.Encode())
	want.Equal(c.T, "the status", got.Status, http.StatusOK)
	var said struct {
		Error     string
		UploadURL string `json:"upload_url"`
		FileID    string `json:"file_id"`
	}
	want.NoError(c.T, "reading the answer", json.Unmarshal([]byte(got.Body), &said))
	return said.Error, said.UploadURL, said.FileID
}

func asked(name, length, alt string) url.Values {
	return url.Values{"filename": {name}, "length": {length}, "alt_txt": {alt}}
}

// aPicture begins like one, which is as much as a page needs to show it.
const aPicture = "\x89PNG\r\n\x1a\n<script>"

func TestFiles_areAskedForUploadedAndSharedInAThread(t *testing.T) {
	c := start(t)
	_, channel, ts := c.says("chat.postMessage", slack.Token, object{"channel": "#alerts", "text": "one"})
	_, _, _ = c.says("chat.postMessage", slack.Token, object{"channel": "#alerts", "text": "two"})
	word, address, id := c.place(slack.Token, asked("chart.png", fmt.Sprint(len(aPicture)), "errors <rise>"))
	want.Equal(t, "the answer", word, "")
	share := func(files []object, thread string) string {
		word, _, _ := c.says("files.completeUploadExternal", slack.Token, object{"files": files, "channel_id": channel, "thread_ts": thread})
		return word
	}
	one := []object{{"id": id, "title": "checkout <errors>"}}
	want.Equal(t, "the answer before the file is there", share(one, ts), "file_not_found")
	want.Equal(t, "the answer to fewer bytes", c.post(address, "", "image/png", "x").Status, http.StatusBadRequest)
	want.Equal(t, "the answer to a token that nobody asked for", c.post(address, slack.Token, "image/png", aPicture).Status, http.StatusNotFound)
	want.Equal(t, "the answer to the bytes", c.post(address, "", "image/png", aPicture), answer{200, "", fmt.Sprintf("OK - %d", len(aPicture)), nil})
	want.Equal(t, "the answer to them once more", c.post(address, "", "image/png", aPicture).Status, http.StatusNotFound)
	want.Equal(t, "the answer to a thread that is not there", share(one, "1.1"), "thread_not_found")
	want.Equal(t, "the answer", share(one, ts), "")
	want.Equal(t, "the answer once more", share(one, ts), "file_not_found")
	messages := c.server.Messages()
	if !want.Equal(t, "messages", len(messages), 3) {
		return
	}
	want.Equal(t, "where the file stands", []string{messages[2].Channel, messages[2].Thread}, []string{channel, ts})
	want.Equal(t, "the file", messages[2].Files, []slack.File{{ID: id, Name: "chart.png", Title: "checkout <errors>", Alt: "errors <rise>", Content: []byte(aPicture)}})
	page, err := c.server.Page()
	want.NoError(t, "drawing", err)
	text := string(page)
	want.Says(t, "the page", text, "checkout &lt;errors&gt;", `alt="errors &lt;rise&gt;"`, `src="data:image/png;base64,`)
	if strings.Index(text, "data:image") > strings.Index(text, "<p>two") {
		t.Error("the file stands below another message, want it below its own")
	}
}

func TestFiles_areRefusedInSlacksWords(t *testing.T) {
	c := start(t)
	for wanted, one := range map[string]url.Values{
		"missing_argument":            asked("chart.png", "0", ""),
		"file_upload_size_restricted": asked("chart.png", "99999999999", ""),
		"alt_txt_too_large":           asked("chart.png", "9", strings.Repeat("é", 1001)),
	} {
		word, _, _ := c.place(slack.Token, one)
		want.Equal(t, "the answer", word, wanted)
	}
	fine := asked("chart.png", "9", strings.Repeat("é", 1000))
	word, _, _ := c.place("xoxb-other", fine)
	want.Equal(t, "the answer to another token", word, "invalid_auth")
	c.server.Withhold()
	got := c.post(c.server.API()+"/files.getUploadURLExternal", slack.Token, "application/x-www-form-urlencoded", fine.Encode())
	want.Equal(t, "the answer to a token without the scope", got.Body, `{"error":"missing_scope","needed":"files:write","ok":false,"provided":"chat:write"}`)
	c.server.Heal()
	_, channel, ts := c.says("chat.postMessage", slack.Token, object{"channel": "#alerts", "text": "one"})
	share := func(channel string) string {
		word, _, _ := c.says("files.completeUploadExternal", slack.Token, object{"files": []object{{"id": "F0"}}, "channel_id": channel, "thread_ts": ts})
		return word
	}
	want.Equal(t, "the answer to a channel by its name", share("#alerts"), "channel_not_found")
	c.server.Banish()
	want.Equal(t, "the answer to a bot that is not in the channel", share(channel), "not_in_channel")
	c.server.Heal()
	want.Equal(t, "the answer to an unknown file", share(channel), "file_not_found")
	word, _, _ = c.says("files.completeUploadExternal", slack.Token, object{"channel_id": channel})
	want.Equal(t, "the answer to no file", word, "invalid_arguments")
	word, _, _ = c.says("files.upload", slack.Token, object{"channels": channel})
	want.Equal(t, "the answer of the old way", word, "method_deprecated")
	c.server.MisdirectUploads("https://elsewhere.example")
	_, address, _ := c.place(slack.Token, fine)
	want.Equal(t, "where it sends the bytes", strings.HasPrefix(address, "https://elsewhere.example/"), true)
}
