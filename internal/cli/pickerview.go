package cli

import (
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/sahilm/fuzzy"
)

// narrow finds the rows of which some column has each word of the query, with letters left out between.
func (p *picker) narrow() {
	score := make([]int, len(p.rows))
	p.shown = p.shown[:0]
	for i := range p.rows {
		p.shown = append(p.shown, i)
	}
	for _, word := range strings.Fields(p.query) {
		hits := p.find(word)
		for i, n := range hits {
			score[i] += n
		}
		p.shown = slices.DeleteFunc(p.shown, func(i int) bool { _, hit := hits[i]; return !hit })
	}
	slices.SortStableFunc(p.shown, func(a, b int) int { return score[b] - score[a] })
}

// find returns how well rows match a word, in the column that does so best.
func (p *picker) find(word string) map[int]int {
	const asItIs = 100 // goes before letters with others between
	best := map[int]int{}
	texts := make([]string, len(p.rows))
	for column := range (row{}).cells() {
		for i, r := range p.rows {
			texts[i] = r.cells()[column]
		}
		for _, m := range fuzzy.FindNoSort(word, texts) {
			n := m.Score
			if strings.Contains(strings.ToLower(m.Str), strings.ToLower(word)) {
				n += asItIs
			} else if column == accountColumn { // digits with others between are no number
				continue
			}
			if old, ok := best[m.Index]; !ok || n > old {
				best[m.Index] = n
			}
		}
	}
	return best
}

const accountColumn = 1

// View is inline: what the shell showed before stays above, and of the list nothing stays.
func (p *picker) View() tea.View {
	if p.done {
		return tea.NewView("")
	}
	head := p.title + ": "
	query := p.query
	for query != "" && terminal.StringWidth(head+query) > p.width-1 { // the end is what one types at
		query = string([]rune(query)[1:])
	}
	cursor := tea.NewCursor(min(terminal.StringWidth(head+query), max(0, p.width-1)), 0)
	count := fmt.Sprintf("%d of %d", len(p.shown), len(p.rows))
	if gap := p.width - terminal.StringWidth(head+query) - len(count) - 1; gap > 0 {
		query += strings.Repeat(" ", gap) + count
	}
	out := []string{head + query}
	columns := p.columns()
	for i := p.top; i < min(len(p.shown), p.top+p.lines()); i++ {
		out = append(out, p.line(p.rows[p.shown[i]], i == p.at, columns))
	}
	if len(p.shown) == 0 {
		out = append(out, cut("  no role matches", p.width))
	}
	out = append(out, cut("  up, down   enter: use   esc: leave", p.width))
	v := tea.NewView(strings.Join(out, "\n"))
	v.Cursor = cursor
	return v
}

// columns are the widths of a row's cells; 0 is a column that has no room. They do not change while one types.
func (p *picker) columns() [4]int {
	var w [4]int
	for _, r := range p.rows {
		for i, cell := range r.cells() {
			w[i] = max(w[i], terminal.StringWidth(cell))
		}
	}
	name, room := w[0], p.width-5 // the marks, and a column that stays free: a full line would wrap in some terminals
	total := func() (n int) {
		for _, c := range w {
			if c > 0 {
				n += c + 2
			}
		}
		return n
	}
	const least = 10 // of what may be cut
	for _, step := range []struct{ column, to int }{{3, least}, {0, 24}, {2, least}, {3, 0}, {1, 0}, {0, 16}, {2, 0}, {0, 1}} {
		over := total() - 2 - room
		if over <= 0 {
			break
		}
		if step.to == 0 {
			w[step.column] = 0
		} else {
			w[step.column] = max(min(step.to, w[step.column]), w[step.column]-over)
		}
	}
	w[0] = min(name, w[0]+max(0, room+2-total())) // what a dropped column leaves
	return w
}

func (r row) cells() [4]string { return [4]string{r.name, r.account, r.environment, r.over} }

// line is a row with its marks: > for what enter takes, * for the role in use.
func (p *picker) line(r row, marked bool, columns [4]int) string {
	mark := []byte("    ")
	if marked {
		mark[0] = '>'
	}
	if r.current {
		mark[2] = '*'
	}
	var cells []string
	for i, cell := range r.cells() {
		if columns[i] > 0 {
			cells = append(cells, pad(cut(cell, columns[i]), columns[i]))
		}
	}
	text := string(mark) + strings.TrimRight(strings.Join(cells, "  "), " ")
	switch production := isProduction(r.environment); {
	case production && marked:
		return string(p.paint("1;"+red, text))
	case production:
		return string(p.paint(red, text))
	case marked:
		return string(p.paint("1", text))
	}
	return text
}

// cut shortens a text to a width in columns.
func cut(text string, width int) string {
	if terminal.StringWidth(text) <= width {
		return text
	}
	return terminal.Truncate(text, max(0, width), "…")
}
