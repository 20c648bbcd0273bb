package invite

import (
	"encoding/base64"
	"fmt"
	"html"
	"strings"
	"unicode"
)

// markup is a literal of this package. A variable string does not become one by itself, so that no text of others is taken for it.
type markup string

// pageWriter writes HTML. Texts reach it escaped, and in no other way.
type pageWriter struct{ b strings.Builder }

// raw writes markup of ours.
func (w *pageWriter) raw(m markup) { w.b.WriteString(string(m)) }

// text writes a text as it is seen.
func (w *pageWriter) text(s string) { w.b.WriteString(html.EscapeString(visible(s, ""))) }

// say writes markup of ours in which each {} stands for the next text. <bdi> keeps the direction of its letters inside.
func (w *pageWriter) say(m markup, texts ...string) {
	for _, s := range texts {
		before, after, _ := strings.Cut(string(m), "{}")
		w.raw(markup(before))
		w.raw("<bdi>")
		w.text(s)
		w.raw("</bdi>")
		m = markup(after)
	}
	w.raw(m)
}

// code writes a text of several lines, every byte of it unless it cannot be seen.
func (w *pageWriter) code(s string) { w.b.WriteString(html.EscapeString(visible(s, "\n\t"))) }

// attr writes an attribute of the tag that is open.
func (w *pageWriter) attr(name markup, value string) {
	w.raw(" " + name + `="`)
	w.text(value)
	w.raw(`"`)
}

// dataURL is a file inside the page. Base64 has no character that HTML or an URL knows.
func dataURL(data string) string {
	return "data:application/octet-stream;base64," + base64.StdEncoding.EncodeToString([]byte(data))
}

// visible replaces what cannot be seen, or changes how its neighbours are seen, by something that can. Characters in keep stay.
func visible(s, keep string) string {
	var b strings.Builder
	for _, r := range s { // invalid UTF-8 comes as U+FFFD
		if unseen(r) && !strings.ContainsRune(keep, r) {
			fmt.Fprintf(&b, "[U+%04X]", r) // few fonts have the pictures of controls
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// unseen is true of controls, of what sets the direction of text, of line separators, and of what takes no room. The two joiners are
// letters' business in some scripts.
func unseen(r rune) bool {
	const zwnj, zwj = 0x200c, 0x200d
	return r != zwnj && r != zwj && unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) || unicode.Is(unicode.Noncharacter_Code_Point, r)
}
