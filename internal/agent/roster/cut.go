package roster

import (
	"bytes"

	"github.com/pelletier/go-toml/v2/unstable"
)

// without returns data less the tables [of.name] and below. It reports false where they are written in another way.
func without(data []byte, of, name string) ([]byte, bool) {
	body := bytes.TrimPrefix(data, []byte(bom))
	c := cutter{data: body, open: -1, comment: -1, after: -1}
	var p unstable.Parser
	p.KeepComments = true
	p.Reset(body)
	for p.NextExpression() {
		e := p.Expression()
		if e.Kind == unstable.Comment {
			c.seeComment(lineStart(body, int(e.Raw.Offset)))
			continue
		}
		var names []string
		first := 0
		for it := e.Key(); it.Next(); {
			if names == nil {
				first = int(it.Node().Raw.Offset)
			}
			names = append(names, string(it.Node().Data))
		}
		if e.Kind == unstable.Table {
			c.seeHeader(lineStart(body, first), len(names) > 1 && names[0] == of && names[1] == name)
			continue
		}
		c.comment, c.after = -1, -1
	}
	c.close(len(body))
	if c.kept == nil {
		return nil, false
	}
	return append(data[:len(data)-len(body):len(data)-len(body)], append(c.kept, body[c.from:]...)...), true
}

// cutter takes tables out of a text. A table goes with the comment directly above it; a comment after it, with a blank
// line between, is of something else and stays. Offsets are those of lines, -1 for none.
type cutter struct {
	data    []byte
	kept    []byte // what is before from and stays; nil until something was cut
	from    int
	open    int // the table to cut that we are in, with its comment
	comment int // the comment that we are in
	after   int // the comment after the last key of the table that we are in
}

func (c *cutter) seeComment(at int) {
	blank := c.blankAbove(at)
	if c.comment < 0 || blank {
		c.comment = at
	}
	if c.after < 0 && blank {
		c.after = at
	}
}

func (c *cutter) seeHeader(at int, mine bool) {
	if c.comment >= 0 && !c.blankAbove(at) {
		at = c.comment
	}
	c.close(at)
	if mine {
		c.open = at
	}
	c.comment, c.after = -1, -1
}

// close ends the table to cut, if we are in one, at the latest at end.
func (c *cutter) close(end int) {
	if c.open < 0 {
		return
	}
	if c.after >= 0 {
		end = min(end, c.after)
	}
	begin := c.open
	if above := lineStart(c.data, begin-1); end == len(c.data) && begin > c.from && c.blankAbove(begin) {
		begin = max(above, c.from) // the last table goes with the blank line that set it off
	}
	c.kept = append(append([]byte{}, c.kept...), c.data[c.from:begin]...)
	c.from, c.open = end, -1
}

// blankAbove says whether the line at an offset is the first, or stands below a blank one.
func (c *cutter) blankAbove(at int) bool {
	return at == 0 || len(bytes.TrimSpace(c.data[lineStart(c.data, at-1):at])) == 0
}

// lineStart is the offset of the line that holds an offset.
func lineStart(data []byte, offset int) int {
	return bytes.LastIndexByte(data[:max(0, offset)], '\n') + 1
}
