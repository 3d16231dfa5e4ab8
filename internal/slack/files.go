package slack

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// File is one that was put into a channel or a thread.
type File struct {
	ID, Name, Title, Alt string
	Content              []byte
}

// upload is a file on its way: asked for, then there, then shared.
type upload struct {
	file     File
	length   int
	there    bool
	finished bool
}

// Slack's limits of files.
// https://docs.slack.dev/reference/methods/files.getUploadURLExternal
const (
	mostAlt = 1000
	// mostFile is far less than Slack's gigabyte: this is the memory of a test.
	mostFile = 10 << 20
	// uploadPath is behind the host that takes files, which is files.slack.com with Slack.
	uploadPath = "/upload/v1/"
)

// filesScope is what a token needs beside chat:write.
const filesScope = "files:write"

// Withhold takes the scope files:write from the token, until Heal.
func (s *Server) Withhold() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.withheld = true
}

// Banish takes the bot out of its channels, until Heal. It may post where it is not (by chat:write.public), and share no
// file there.
func (s *Server) Banish() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.banished = true
}

// MisdirectUploads has the API name another address for uploads; empty is its own again.
func (s *Server) MisdirectUploads(address string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.elsewhere = address
}

// refusesFiles is Slack's answer to a token that may not handle files; nil where it may.
func (s *Server) refusesFiles(r *http.Request) map[string]any {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	switch {
	case r.Header.Get("Authorization") != "Bearer "+Token:
		return map[string]any{"ok": false, "error": "invalid_auth"}
	case s.revoked:
		return map[string]any{"ok": false, "error": "token_revoked"}
	case s.withheld:
		return map[string]any{"ok": false, "error": "missing_scope", "needed": filesScope, "provided": "chat:write"}
	}
	return nil
}

// count counts a request, and has a fault befall it; it is true where one did.
func (s *Server) count(w http.ResponseWriter) bool {
	s.mutex.Lock()
	s.requests++
	s.mutex.Unlock()
	return s.befall(w, false)
}

// getUploadURL is files.getUploadURLExternal: it names an address that takes the bytes, good for one file.
func (s *Server) getUploadURL(w http.ResponseWriter, r *http.Request) {
	if s.count(w) {
		return
	}
	no := func(word string) { s.answer(w, map[string]any{"ok": false, "error": word}) }
	r.Body = http.MaxBytesReader(w, r.Body, mostBody)
	length, err := strconv.Atoi(r.PostFormValue("length"))
	name, alt := r.PostFormValue("filename"), r.PostFormValue("alt_txt")
	switch refusal := s.refusesFiles(r); {
	case refusal != nil:
		s.answer(w, refusal)
	case err != nil || length <= 0 || name == "":
		no("missing_argument")
	case length > mostFile:
		no("file_upload_size_restricted")
	case utf8.RuneCountInString(alt) > mostAlt:
		no("alt_txt_too_large")
	default:
		id := "F" + rand.Text()[:10]
		s.mutex.Lock()
		s.uploads[id] = &upload{file: File{ID: id, Name: name, Alt: alt}, length: length}
		address := s.elsewhere
		s.mutex.Unlock()
		if address == "" {
			address = "https://" + s.Host()
		}
		s.answer(w, map[string]any{"ok": true, "upload_url": address + uploadPath + id, "file_id": id})
	}
}

// takeFile takes the bytes of a file. Who knows the address needs no token, and one that is sent would be one too many.
func (s *Server) takeFile(w http.ResponseWriter, r *http.Request) {
	if s.count(w) {
		return
	}
	content, err := io.ReadAll(io.LimitReader(r.Body, mostFile+1))
	s.mutex.Lock()
	defer s.mutex.Unlock()
	waiting := s.uploads[strings.TrimPrefix(r.URL.Path, uploadPath)]
	switch {
	case err != nil || waiting == nil || waiting.there || r.Header.Get("Authorization") != "":
		s.words(w, http.StatusNotFound, "not_found")
	case len(content) != waiting.length:
		s.words(w, http.StatusBadRequest, "size_mismatch") // no page says which word it is
	default:
		waiting.file.Content, waiting.there = content, true
		s.words(w, http.StatusOK, fmt.Sprintf("OK - %d", len(content)))
	}
}

// completion is what files.completeUploadExternal is told.
type completion struct {
	Files   []struct{ ID, Title string } `json:"files"`
	Channel string                       `json:"channel_id"`
	Thread  string                       `json:"thread_ts"`
}

// completeUpload is files.completeUploadExternal: it puts files that are there into a channel, or a thread of it. It knows
// a channel by its id alone.
func (s *Server) completeUpload(w http.ResponseWriter, r *http.Request) {
	if s.count(w) {
		return
	}
	no := func(word string) { s.answer(w, map[string]any{"ok": false, "error": word}) }
	if refusal := s.refusesFiles(r); refusal != nil {
		s.answer(w, refusal)
		return
	}
	var asked completion
	if json.NewDecoder(io.LimitReader(r.Body, mostBody)).Decode(&asked) != nil || len(asked.Files) == 0 {
		no("invalid_arguments")
		return
	}
	if word := s.share(asked); word != "" {
		no(word)
	} else if !s.befall(w, true) {
		s.answer(w, map[string]any{"ok": true, "files": asked.Files})
	}
}

// share is Slack's word for why files cannot be shared; empty where they were. A file without a channel stays private.
func (s *Server) share(asked completion) string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	stands := func(m *Message) bool { return m.TS == asked.Thread && m.Channel == asked.Channel && !m.deleted }
	switch {
	case asked.Channel != "" && (!strings.HasPrefix(asked.Channel, "C") || strings.ContainsAny(asked.Channel, "#-")):
		return "channel_not_found"
	case asked.Channel != "" && s.banished:
		return "not_in_channel"
	case asked.Thread != "" && !slices.ContainsFunc(s.messages, stands):
		return "thread_not_found"
	}
	var files []File
	for _, one := range asked.Files {
		waiting := s.uploads[one.ID]
		if waiting == nil || !waiting.there || waiting.finished {
			return "file_not_found"
		}
		waiting.file.Title = one.Title
		files = append(files, waiting.file)
	}
	for _, one := range asked.Files {
		s.uploads[one.ID].finished = true
	}
	if asked.Channel != "" {
		now := time.Now()
		s.messages = append(s.messages, &Message{
			Channel: asked.Channel, TS: fmt.Sprintf("%d.%06d", now.Unix(), len(s.messages)+1), Thread: asked.Thread, By: "bot", Files: files, At: now,
		})
	}
	return ""
}
