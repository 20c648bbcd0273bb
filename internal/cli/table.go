package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
)

const gap = 2 // columns between two cells

// table prints rows in columns, or where the terminal is too narrow for them each row as facts. The last column is not
// padded.
func (s *Streams) table(head []string, rows [][]string) error {
	all := append([][]string{head}, rows...)
	widths := make([]int, len(head))
	for _, row := range all {
		for i, cell := range row {
			row[i] = printable(cell)
			widths[i] = max(widths[i], columns(row[i]))
		}
	}
	total := -gap
	for _, w := range widths {
		total += w + gap
	}
	if s.Width > 0 && total > s.Width && len(rows) > 0 {
		return stack(s.Out, head, rows)
	}
	for _, row := range all {
		var b strings.Builder
		for i, cell := range row {
			b.WriteString(cell)
			b.WriteString(strings.Repeat(" ", widths[i]-columns(cell)+gap))
		}
		if _, err := fmt.Fprintln(s.Out, strings.TrimRight(b.String(), " ")); err != nil {
			return err
		}
	}
	return nil
}

// stack prints each row as facts, with an empty line between two.
func stack(w io.Writer, head []string, rows [][]string) error {
	for n, row := range rows {
		if n > 0 {
			fmt.Fprintln(w)
		}
		pairs := make([]string, 0, 2*len(row))
		for i, cell := range row {
			pairs = append(pairs, strings.ToLower(head[i]), cell)
		}
		if err := facts(w, pairs...); err != nil {
			return err
		}
	}
	return nil
}

// facts prints names and values, a line each, and leaves out what is empty.
func facts(w io.Writer, pairs ...string) error {
	width := 0
	for pair := range slices.Chunk(pairs, 2) {
		width = max(width, len(pair[0]))
	}
	for pair := range slices.Chunk(pairs, 2) {
		if pair[1] == "" {
			continue
		}
		if _, err := fmt.Fprintf(w, "%-*s  %s\n", width, pair[0], printable(pair[1])); err != nil {
			return err
		}
	}
	return nil
}

// columns is how wide a terminal shows a text.
func columns(s string) int {
	n := 0
	for _, r := range s {
		switch {
		case unicode.In(r, unicode.Mn, unicode.Me): // stands on the rune before it
		case unicode.Is(wide, r):
			n += 2
		default:
			n++
		}
	}
	return n
}

// wide are the blocks that terminals show two columns wide (East Asian Width W and F in Unicode's UAX 11), without the
// few symbols on which terminals disagree.
var wide = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x1100, Hi: 0x115f, Stride: 1}, // Hangul Jamo
		{Lo: 0x2e80, Hi: 0x303e, Stride: 1}, // CJK radicals and punctuation
		{Lo: 0x3041, Hi: 0xa4cf, Stride: 1}, // kana, CJK ideographs, Yi
		{Lo: 0xac00, Hi: 0xd7a3, Stride: 1}, // Hangul
		{Lo: 0xf900, Hi: 0xfaff, Stride: 1}, // CJK compatibility
		{Lo: 0xfe30, Hi: 0xfe6f, Stride: 1}, // CJK compatibility forms
		{Lo: 0xff01, Hi: 0xff60, Stride: 1}, // fullwidth ASCII
		{Lo: 0xffe0, Hi: 0xffe6, Stride: 1}, // fullwidth signs
	},
	R32: []unicode.Range32{
		{Lo: 0x1f300, Hi: 0x1f64f, Stride: 1}, // pictographs
		{Lo: 0x1f900, Hi: 0x1f9ff, Stride: 1}, // more of them
		{Lo: 0x20000, Hi: 0x3fffd, Stride: 1}, // rare ideographs
	},
}
