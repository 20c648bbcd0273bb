package invite

import (
	"strconv"
	"strings"
)

// block is a text to read, copy or save.
type block struct {
	id     markup // on the page
	name   string
	text   string
	save   string // the name of the file; "" where there is none to save
	secret bool   // the external ID is in it: shown when asked for, and not printed
	line   bool   // short
}

// file writes a text that is folded away, with its buttons.
func (w *pageWriter) file(b block) {
	class := markup("file")
	if b.secret {
		class += " holds-id"
	}
	w.raw("<div class=\"" + class + "\">\n<div class=\"bar\"><span class=\"name\">")
	w.say("{}</span>", b.name)
	w.buttons(b)
	w.raw("</div>\n<details><summary><span class=\"shut\">Show</span><span class=\"opened\">Hide</span><span class=\"out-of-sight\">")
	w.say(" {}</span>", b.name)
	if b.secret && !b.line {
		w.raw("<span class=\"hint\">has the external ID</span>")
	}
	w.raw("</summary>\n")
	w.pre(b, "sheet")
	w.raw("</details>\n")
	if b.secret {
		w.raw("<p class=\"print-only\">Left out of the print: it has the external ID.</p>\n")
	}
	w.raw("</div>\n")
}

// command writes a text that is in the open.
func (w *pageWriter) command(b block) {
	w.raw("<div class=\"file\">\n<div class=\"bar\"><span class=\"name\">")
	w.say("{}</span>", b.name)
	w.buttons(b)
	w.raw("</div>\n")
	w.pre(b, "lines")
	w.raw("</div>\n")
}

// buttons are those of a text. The one to copy needs script, which shows it.
func (w *pageWriter) buttons(b block) {
	w.raw("<span class=\"buttons\">")
	if b.save != "" {
		w.raw("<a class=\"small\"")
		w.attr("download", b.save)
		w.attr("href", dataURL(b.text))
		w.raw(">Save<span class=\"out-of-sight\">")
		w.say(" {}</span></a>", b.save)
	}
	w.raw("<button type=\"button\" class=\"small\" data-copy=\"" + b.id + "\" hidden><span>Copy</span><span class=\"out-of-sight\">")
	w.say(" {}</span></button></span>", b.name)
}

// pre writes the text itself. A sheet is scrolled; lines are broken, but not at the hyphens of --option. <code> keeps a first line break, which <pre> alone drops.
func (w *pageWriter) pre(b block, class markup) {
	tab := markup("-1")
	if class == "sheet" {
		tab = "0" // scrolled by keys too
	}
	w.raw("<pre class=\"" + class + "\" dir=\"ltr\" tabindex=\"" + tab + "\" role=\"group\"")
	w.attr("aria-label", b.name)
	w.raw("><code id=\"" + b.id + "\">")
	if class == "lines" {
		w.words(b.text)
	} else {
		w.code(b.text)
	}
	w.raw("</code></pre>\n")
}

// words writes a text as code does, with an element around each word.
func (w *pageWriter) words(s string) {
	for s != "" {
		n := strings.IndexAny(s, " \n")
		if n < 0 {
			n = len(s)
		}
		if n > 0 {
			w.raw("<span class=\"word\">")
			w.code(s[:n])
			w.raw("</span>")
		}
		blanks := len(s[n:]) - len(strings.TrimLeft(s[n:], " \n"))
		w.code(s[n : n+blanks])
		s = s[n+blanks:]
	}
}

func (w *pageWriter) names(names []string) {
	w.raw("<ul class=\"names\">\n")
	for _, n := range names {
		w.say("<li><code>{}</code></li>\n", n)
	}
	w.raw("</ul>\n")
}

// numbered is the id of one of several.
func numbered(id markup, i int) markup { return id + "-" + markup(strconv.Itoa(i+1)) }
