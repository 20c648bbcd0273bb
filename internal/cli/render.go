package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/mattn/go-runewidth"
)

// printJSON prints a value for programs.
func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// terminal is how wide a terminal shows runes, whatever the locale says: 2 columns for East Asian ones, 0 for combining ones.
var terminal = runewidth.Condition{StrictEmojiNeutral: true}

// pad fills a text up to a width in columns.
func pad(text string, width int) string {
	return text + strings.Repeat(" ", max(0, width-terminal.StringWidth(text)))
}

// table prints rows in columns, filtered. The last column is not padded.
func table(w io.Writer, head []string, rows [][]string) error {
	return paintedTable(w, head, rows, -1, nil)
}

// paintedTable is table with one column that is painted, row by row.
func paintedTable(w io.Writer, head []string, rows [][]string, column int, paint func(row int, text string) painted) error {
	var all [][]string
	var width []int
	for _, row := range append([][]string{head}, rows...) {
		clean := make([]string, len(row))
		for i, cell := range row {
			clean[i] = printable(cell)
			if i == len(width) {
				width = append(width, 0)
			}
			width[i] = max(width[i], terminal.StringWidth(clean[i]))
		}
		all = append(all, clean)
	}
	for at, row := range all {
		for i, text := range row {
			if i < len(row)-1 {
				row[i] = pad(text, width[i])
			}
			if i == column && at > 0 {
				row[i] = strings.Replace(row[i], text, string(paint(at-1, text)), 1)
			}
		}
		if _, err := io.WriteString(w, strings.TrimRight(strings.Join(row, "  "), " ")+"\n"); err != nil {
			return err
		}
	}
	return nil
}

// facts prints names and values, a line each, filtered, and leaves out what is empty.
func facts(w io.Writer, pairs ...string) error {
	width := 0
	for pair := range slices.Chunk(pairs, 2) {
		width = max(width, terminal.StringWidth(pair[0]))
	}
	for pair := range slices.Chunk(pairs, 2) {
		if pair[1] == "" {
			continue
		}
		if _, err := io.WriteString(w, pad(pair[0], width)+"  "+printable(pair[1])+"\n"); err != nil {
			return err
		}
	}
	return nil
}

// count writes a number of things: 1 role, 2 roles.
func count(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprint(n, " ", noun)
}

// counted is a number of things.
type counted struct {
	n    int
	noun string
}

// several writes what there is of things: 1 role and 2 sources.
func several(all ...counted) string {
	var some []string
	for _, c := range all {
		if c.n > 0 {
			some = append(some, count(c.n, c.noun))
		}
	}
	switch n := len(some); n {
	case 0:
		return "nothing"
	case 1:
		return some[0]
	default:
		return strings.Join(some[:n-1], ", ") + " and " + some[n-1]
	}
}

// clock writes a time as people at this machine read it.
func clock(t, now time.Time) string {
	if now.Sub(t).Abs() < 20*time.Hour {
		return t.Local().Format("15:04:05")
	}
	return t.Local().Format("2006-01-02 15:04")
}

// left writes how long something still lives.
func left(d time.Duration) string {
	switch {
	case d <= 0:
		return "expired"
	case d < time.Minute:
		return fmt.Sprintf("%ds", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%dm", d/time.Minute)
	}
	return fmt.Sprintf("%dh%02dm", d/time.Hour, d%time.Hour/time.Minute)
}
