package preview

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"

	"github.com/yuin/goldmark"

	"caretaker/alerts"
)

// uPlot 1.6.32, by its own licence, which stands in the page too: https://github.com/leeoniya/uPlot
var (
	//go:embed assets/uPlot.iife.min.js
	plotScript string
	//go:embed assets/uPlot.min.css
	plotStyle string
	//go:embed assets/uPlot.LICENSE
	plotLicence string
	//go:embed assets/page.html
	pageText string
	//go:embed assets/page.css
	pageStyle string
	//go:embed assets/page.js
	pageScript string
)

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"markdown": markdown,
	"anchor":   func(b Board) string { return "board-" + b.Region + "-" + b.Name },
	"place": func(w Widget) template.CSS { // #nosec G203 -- numbers
		return template.CSS(fmt.Sprintf("grid-column: %d / span %d; grid-row: %d / span %d", w.X+1, w.Width, w.Y+1, w.Height))
	},
	"word": func(state string) string {
		if word, known := map[string]string{"ALARM": "on", "OK": "OK", "INSUFFICIENT_DATA": "no data"}[state]; known {
			return word
		}
		return state
	},
	"class": func(state string) string {
		if class, known := map[string]string{"ALARM": "on", "OK": "ok", "INSUFFICIENT_DATA": "no-data"}[state]; known {
			return class
		}
		return "not-made"
	},
}).Parse(pageText))

// markdown is a text widget's, as HTML. What is HTML in it stays text: goldmark leaves it out.
func markdown(text string) (template.HTML, error) {
	var out bytes.Buffer
	if err := goldmark.Convert([]byte(text), &out); err != nil {
		return "", err
	}
	return template.HTML(out.String()), nil // #nosec G203 -- goldmark escapes, and lets no HTML through
}

// Heading says what the page shows, and from when.
type Heading struct {
	Stage, Account, Data, Until string
}

// Page is all dashboards as one page.
func Page(heading Heading, boards []Board) ([]byte, error) {
	var drawings []*Drawing
	for _, board := range boards {
		for _, widget := range board.Widgets {
			if widget.Graph != nil {
				drawings = append(drawings, widget.Graph)
			}
		}
	}
	var out bytes.Buffer
	err := page.Execute(&out, struct {
		Heading
		Boards     []Board
		Drawings   []*Drawing
		Licence    string
		PlotStyle  template.CSS
		Style      template.CSS
		PlotScript template.JS
		Script     template.JS
	}{
		heading, boards, drawings, plotLicence,
		template.CSS(plotStyle), template.CSS(pageStyle), template.JS(plotScript), template.JS(pageScript), // #nosec G203 -- files of this folder
	})
	if err != nil {
		return nil, fmt.Errorf("drawing the page: %w", err)
	}
	return out.Bytes(), nil
}

// Graphs is how many graphs the page has.
func Graphs(boards []Board) (count int) {
	for _, board := range boards {
		for _, widget := range board.Widgets {
			if widget.Graph != nil {
				count++
			}
		}
	}
	return count
}

// alarmsIn are the ARNs of the alarms that a dashboard shows.
func alarmsIn(body string) (arns []string) {
	var parsed alerts.Body
	if json.Unmarshal([]byte(body), &parsed) != nil {
		return nil
	}
	for _, widget := range parsed.Widgets {
		arns = append(arns, widget.Properties.Alarms...)
	}
	return arns
}
