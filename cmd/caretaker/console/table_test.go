package console

import (
	"strings"
	"testing"
)

func shown(t *testing.T, width int, table Table) string {
	t.Helper()
	var text strings.Builder
	sheet := Console{Out: &text, Width: width}.Sheet()
	sheet.Table(table)
	if err := sheet.Flush(); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

func TestTable_sharesATerminalBetweenAListAndTheReasons(t *testing.T) {
	table := Table{
		Title: "Would go", Header: []any{"Function", "Versions", "Count", "Nothing", "Why"}, Numbers: []int{3}, List: 2,
		Rows: [][]any{
			{"orders", "1-2, 4, 6-7, 9, 11-13, 15", 11, "", "superseded 10 to 4 days ago"},
			{"billing", "3", 1, "", "referenced by alias previous"},
		},
	}
	for _, test := range []struct {
		width int
		want  string
	}{
		{0, `
Would go
FUNCTION  VERSIONS                   COUNT  WHY
orders    1-2, 4, 6-7, 9, 11-13, 15     11  superseded 10 to 4 days ago
billing   3                              1  referenced by alias previous
`},
		{50, `
Would go
FUNCTION  VERSIONS      COUNT  WHY
orders    1-2, 4, 6-7,     11  superseded 10 to 4
          9, 11-13, 15         days ago
billing   3                 1  referenced by alias
                               previous
`},
		{36, `
Would go
FUNCTION  VERSIONS             COUNT
orders    1-2, 4, 6-7, 9,         11
          11-13, 15
    superseded 10 to 4 days ago
billing   3                        1
    referenced by alias previous
`},
	} {
		if got := "\n" + strings.TrimSuffix(shown(t, test.width, table), "\n"); got != test.want {
			t.Errorf("in %d columns the table is %s\nwant %s", test.width, got, test.want)
		}
	}
}
