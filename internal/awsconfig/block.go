package awsconfig

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// The block is what credd keeps in the config: profiles between two comments. What else is in the file is not credd's, and neither
// is what a person writes into the block: that moves out of it, together with its profile, and stays from then on.
const (
	beginMark = "# credd profiles: begin"
	endMark   = "# credd profiles: end"

	beginText = beginMark + " (kept by: credd profiles sync; taken out by: credd profiles remove. A profile to which you add lines is yours and moves out)"
	openText  = endMark + " (the line before the block had no end)" // of the file, which gets its last byte back
)

// Managed is a profile that credd keeps in the block.
type Managed struct {
	Name        string
	Role        string
	Command     string // credential_process
	Region      string // "": none
	EndpointURL string // where all of AWS is, "": as the SDKs know it
}

// text is the profile's section.
func (m Managed) text(newline string) string {
	var b strings.Builder
	b.WriteString("[profile " + m.Name + "]" + newline + "credential_process = " + m.Command + newline)
	for _, set := range [][2]string{{"region", m.Region}, {"endpoint_url", m.EndpointURL}} {
		if set[1] != "" {
			b.WriteString(set[0] + " = " + set[1] + newline)
		}
	}
	return b.String()
}

// kept is a profile of the block as it is in the file.
type kept struct{ name, role, text string } // in LF

// cutting is a file whose block is taken out.
type cutting struct {
	rest    []byte // the file without it
	at      int    // where in rest it was; -1: it has to go to the end
	newline string // of its lines, "" if there was none
	ours    []kept
	moved   []Section // what a person wrote into it, now in rest; of lines without a section the name is ""
}

// span is where a block is.
type span struct {
	start, body, tail, end int // of the first mark, behind it, of the last mark, behind it
	open                   bool
	newline                string
}

// spans finds the blocks. A damaged one is an error: what is the user's in it cannot be told.
func spans(data []byte) ([]span, error) {
	var all []span
	at, number, begun := 0, 0, 0 // begun: the line of the mark
	for l := range bytes.Lines(data) {
		number++
		text := strings.TrimSpace(strings.TrimPrefix(string(l), bom))
		end := at + len(l)
		switch {
		case strings.HasPrefix(text, beginMark):
			if begun > 0 {
				return nil, damaged(number, fmt.Sprintf("credd's block begins here again, inside of the one of line %d", begun), "delete this line, or end the block before it with the line: "+endMark)
			}
			begun = number
			start := at
			if at == 0 && bytes.HasPrefix(l, []byte(bom)) {
				start = len(bom)
			}
			all = append(all, span{start: start, body: end, newline: Newline(l)})
		case strings.HasPrefix(text, endMark):
			if begun == 0 {
				return nil, damaged(number, "credd's block ends here and begins nowhere", "delete this line, and the profiles of credd above it")
			}
			begun = 0
			s := &all[len(all)-1]
			s.tail, s.end, s.open = at, end, text == openText
		}
		at = end
	}
	if begun > 0 {
		return nil, damaged(begun, "credd's block begins here and has no end", "write this line below its last profile: "+endMark)
	}
	return all, nil
}

func damaged(line int, message, hint string) error {
	return &Error{Line: line, Message: message, Hint: hint}
}

// cut takes the block out of a file.
func cut(data []byte) (*cutting, error) {
	all, err := spans(data)
	if err != nil {
		return nil, err
	}
	c := &cutting{at: -1}
	sections := Parse(data, Config)
	from := 0
	for i, s := range all {
		c.rest = append(c.rest, data[from:s.start]...)
		from = s.end
		p := piece{data: data, span: s}
		p.sort(sections)
		if s.open && s.end == len(data) && len(p.before)+len(p.after) == 0 {
			c.rest = bytes.TrimSuffix(c.rest, []byte(s.newline))
		}
		c.rest = append(c.rest, p.before...)
		if i == 0 {
			c.newline, c.at = s.newline, len(c.rest)
		}
		c.rest = append(c.rest, p.after...)
		c.ours = append(c.ours, p.ours...)
		c.moved = append(c.moved, p.moved...)
	}
	c.rest = append(c.rest, data[from:]...)
	if c.at >= 0 && !beginsSection(c.rest[c.at:]) {
		c.at = -1 // what follows would become settings of our last profile
	}
	return c, nil
}

// piece is one block, sorted into what is credd's and what is not.
type piece struct {
	data          []byte
	span          span
	ours          []kept
	moved         []Section
	before, after []byte // the user's lines, which move to before or behind the block
}

// sort goes through the block by its sections, each with the comments above it.
func (p *piece) sort(sections []Section) {
	at := p.span.body
	for i := range sections {
		s := &sections[i]
		switch {
		case s.Start < p.span.start && s.End > p.span.body: // settings of the section that the block is in
			end := min(s.End, p.span.tail)
			p.move(&p.before, at, end, Section{Kind: s.Kind})
			at = end
		case s.Start >= p.span.body && s.Start < p.span.tail:
			end := min(s.End, p.span.tail)
			switch role, ok := ours(p.data[at:end], s); {
			case s.End > p.span.tail: // its settings go on behind the block
				if !onlyComments(p.data[at:s.Start]) { // of no section: they may not come behind one
					p.move(&p.before, at, s.Start, Section{})
					at = s.Start
				}
				p.move(&p.after, at, end, *s)
			case ok:
				p.ours = append(p.ours, kept{s.Name, role, inLF(p.data[s.Start:end])})
			default:
				p.move(&p.before, at, end, *s)
			}
			at = end
		}
	}
	p.move(&p.before, at, p.span.tail, Section{})
}

// move puts lines out of the block.
func (p *piece) move(to *[]byte, start, end int, of Section) {
	text := p.data[start:end]
	for len(text) > 0 {
		line, rest, _ := bytes.Cut(text, []byte("\n"))
		if len(bytes.TrimSpace(line)) > 0 {
			break
		}
		text = rest
	}
	if len(text) > 0 {
		*to = append(*to, text...)
		p.moved = append(p.moved, of)
	}
}

// firstLine is the first that is not blank and no comment.
func firstLine(text []byte) []byte {
	for l := range bytes.Lines(text) {
		if s := bytes.TrimSpace(l); len(s) > 0 && s[0] != '#' && s[0] != ';' {
			return l
		}
	}
	return nil
}

func onlyComments(text []byte) bool { return firstLine(text) == nil }

// beginsSection reports whether no setting comes before the next section. A header that is indented may be part of a value.
func beginsSection(text []byte) bool {
	l := firstLine(text)
	return l == nil || l[0] == '['
}

// inLF is a text with its lines ending in LF.
func inLF(text []byte) string { return strings.ReplaceAll(string(text), "\r\n", "\n") }

// ours reports whether a section is as credd writes it, and so holds nothing of the user's, and the role that it asks for. Values of
// settings that credd writes may be others: they follow the roles.
func ours(text []byte, s *Section) (role string, ok bool) {
	role, ok = Asks(s.Get("credential_process"))
	if s.Kind != Profile || !ok {
		return "", false
	}
	known := []string{"[profile " + s.Name + "]"}
	for _, set := range s.Settings {
		if !slices.Contains([]string{"credential_process", "region", "endpoint_url"}, set.Key) {
			return "", false
		}
		known = append(known, set.Key+" = "+set.Value)
	}
	for l := range bytes.Lines(text) {
		line := strings.TrimRight(string(l), " \t\r\n")
		if line == "" {
			continue
		}
		i := slices.Index(known, line)
		if i < 0 {
			return "", false
		}
		known = slices.Delete(known, i, i+1)
	}
	return role, true
}

// mergeAround is merge of files with blocks: of those there is one, theirs or else ours, as a whole. Lines of two mixed would be
// nobody's.
func mergeAround(base, ours, theirs []byte) []byte {
	b, err1 := cut(base)
	o, err2 := cut(ours)
	t, err3 := cut(theirs)
	if err1 != nil || err2 != nil || err3 != nil {
		return merge(base, ours, theirs)
	}
	block := t
	if len(t.ours) == 0 {
		block = o
	}
	if len(block.ours) == 0 {
		return merge(b.rest, o.rest, t.rest)
	}
	var sections []string
	for _, k := range block.ours {
		sections = append(sections, strings.ReplaceAll(k.text, "\n", block.newline))
	}
	data, _, _ := (&cutting{rest: merge(b.rest, o.rest, t.rest), at: -1}).join(sections, block.newline)
	return data
}

// join puts a block with these sections into the file.
func (c *cutting) join(sections []string, newline string) (data []byte, at, size int) {
	if len(sections) == 0 {
		return c.rest, len(c.rest), 0
	}
	end, lead := endMark, ""
	at = c.at
	if at < 0 {
		at = len(c.rest)
	}
	if n := at; n == len(c.rest) && n > 0 && c.rest[n-1] != '\n' && string(c.rest) != bom {
		end, lead = openText, newline
	}
	text := lead + beginText + newline + strings.Join(sections, newline) + end + newline
	return Apply(c.rest, Edit{at, at, text}), at, len(text)
}
