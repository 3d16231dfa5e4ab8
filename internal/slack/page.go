package slack

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"time"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"bold":  func(e Element) bool { return strings.Contains(string(e.Style), `"bold":true`) },
	"clock": func(at time.Time) string { return at.Format("15:04") },
	"plain": func(text string) string {
		return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(text)
	},
	"color": func(a Attachment) template.CSS { return template.CSS(cssColor(a.Color)) }, // #nosec G203 -- it is checked
	"picture": func(f File) template.URL { // #nosec G203 -- it is a picture, written in letters
		return template.URL("data:" + http.DetectContentType(f.Content) + ";base64," + base64.StdEncoding.EncodeToString(f.Content)) // #nosec G203
	},
	"isPicture": func(f File) bool { return strings.HasPrefix(http.DetectContentType(f.Content), "image/") },
	"date": func(e Element) string {
		seconds, err := e.Timestamp.Int64()
		if err != nil {
			return e.Fallback
		}
		return time.Unix(seconds, 0).UTC().Format("Jan 2, 15:04:05")
	},
}).Parse(pageText))

// cssColor is a colour such as #d13212, and grey for all else.
func cssColor(text string) string {
	digits, is := strings.CutPrefix(text, "#")
	if !is || len(digits) != 6 || strings.Trim(strings.ToLower(digits), "0123456789abcdef") != "" {
		return "#bbbbbb"
	}
	return text
}

// threaded are messages with those of their threads below them.
func threaded(messages []Message) (ordered []Message) {
	for _, message := range messages {
		if message.Thread != "" {
			continue
		}
		ordered = append(ordered, message)
		for _, answer := range messages {
			if answer.Thread == message.TS {
				ordered = append(ordered, answer)
			}
		}
	}
	return ordered
}

// Page draws what arrived, as one page of HTML that needs nothing else.
func (s *Server) Page() ([]byte, error) {
	var text bytes.Buffer
	if err := page.Execute(&text, threaded(s.Messages())); err != nil {
		return nil, fmt.Errorf("drawing what arrived: %w", err)
	}
	return text.Bytes(), nil
}

func (s *Server) show(w http.ResponseWriter, _ *http.Request) {
	text, err := s.Page()
	if err != nil {
		s.words(w, http.StatusInternalServerError, err.Error())
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(text)
}
