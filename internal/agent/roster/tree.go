package roster

import (
	"bytes"
	"errors"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

const bom = "\ufeff" // some editors begin a file with it

type kind string

const (
	text    kind = "a string"
	integer kind = "an integer"
	boolean kind = "true or false"
	list    kind = "an array"
	section kind = "a table"
	other   kind = "a number or date"
)

// value is a TOML value with its line.
type value struct {
	kind  kind
	text  string
	items []*value
	table *table
}

type field struct {
	name  string
	line  int
	value *value
}

// table keeps its fields in the order of the file.
type table struct {
	fields  []field
	implied bool // made by a header below it, so that its own header may follow
	closed  bool // inline, or made of dotted keys: no header may add to it
}

func (t *table) get(name string) *field {
	for i := range t.fields {
		if t.fields[i].name == name {
			return &t.fields[i]
		}
	}
	return nil
}

// fault is a line that cannot be used. It never quotes the line, which may hold a secret.
type fault struct {
	line          int
	message, hint string
}

// parser turns a file into a tree in which every key knows its line.
type parser struct {
	unstable.Parser
	data   []byte
	began  int // where the last whole expression begins
	offset int // where counting lines has come to
	line   int
}

// parse reads TOML. Unlike a decoder it keeps lines, and sees a key that stands twice.
func parse(data []byte) (*table, *fault) {
	data = bytes.TrimPrefix(data, []byte(bom))
	p := &parser{data: data, line: 1}
	p.Reset(data)
	root := &table{}
	at := root
	for p.NextExpression() {
		e := p.Expression()
		if key := e.Key(); key.Next() {
			p.began = int(key.Node().Raw.Offset)
		}
		var f *fault
		switch e.Kind {
		case unstable.Table:
			at, f = p.open(root, e)
		case unstable.ArrayTable:
			_, line := p.keys(e)
			f = &fault{line, "an array of tables ([[…]]) is not known here", "write [role.NAME] or [source.NAME]"}
		case unstable.KeyValue:
			f = p.set(at, e)
		}
		if f != nil {
			return nil, f
		}
	}
	if err := p.Error(); err != nil {
		return nil, p.syntax(err)
	}
	return root, nil
}

// maxBack bounds the search for the line in which a broken value begins.
const maxBack = 100

// syntax names the line in which the broken expression begins: a missing bracket is seen only where the next key comes.
func (p *parser) syntax(err error) *fault {
	offset := len(p.data)
	var at *unstable.ParserError
	if errors.As(err, &at) && len(at.Highlight) > 0 {
		offset = int(p.Range(at.Highlight).Offset)
	}
	seen := 1 + bytes.Count(p.data[:offset], []byte("\n"))
	f := &fault{seen, "this is not valid TOML", "strings need quotes, such as arn = \"arn:aws:…\"; a table is [role.NAME]"}
	from, end := lineStart(p.data, p.began), lineStart(p.data, offset)
	for begin := seen; begin > max(0, seen-maxBack) && end >= from; begin-- {
		if parses(p.data[from:end]) {
			if f.line = begin; begin != seen {
				f.hint = "what begins in this line is not closed before line " + itoa(seen)
			}
			break
		}
		end = lineStart(p.data, end-1)
	}
	return f
}

func parses(data []byte) bool {
	var p unstable.Parser
	p.Reset(data)
	for p.NextExpression() {
	}
	return p.Error() == nil
}

// lineAt counts on from the last call: expressions come in the order of the file.
func (p *parser) lineAt(offset int) int {
	if offset < p.offset {
		p.offset, p.line = 0, 1
	}
	p.line += bytes.Count(p.data[p.offset:offset], []byte("\n"))
	p.offset = offset
	return p.line
}

// keys returns the dotted key of an expression and its line.
func (p *parser) keys(e *unstable.Node) (names []string, line int) {
	for it := e.Key(); it.Next(); {
		if line == 0 {
			line = p.lineAt(int(it.Node().Raw.Offset))
		}
		names = append(names, string(it.Node().Data))
	}
	return names, line
}

// open returns the table that a header begins.
func (p *parser) open(root *table, e *unstable.Node) (*table, *fault) {
	names, line := p.keys(e)
	at := root
	for i, name := range names {
		last := i == len(names)-1
		f := at.get(name)
		switch {
		case f == nil:
			t := &table{implied: !last}
			at.fields = append(at.fields, field{name, line, &value{kind: section, table: t}})
			at = t
			continue
		case f.value.table == nil || f.value.table.closed || last && !f.value.table.implied:
			return nil, twice(strings.Join(names, "."), line, f.line)
		}
		at = f.value.table
		if last {
			at.implied, f.line = false, line
		}
	}
	return at, nil
}

func twice(name string, line, first int) *fault {
	return &fault{line, quote(name) + " stands here a second time", "the first is in line " + itoa(first)}
}

// set adds a key and its value to a table.
func (p *parser) set(at *table, e *unstable.Node) *fault {
	names, line := p.keys(e)
	for _, name := range names[:len(names)-1] {
		f := at.get(name)
		if f == nil {
			t := &table{closed: true}
			at.fields = append(at.fields, field{name, line, &value{kind: section, table: t}})
			at = t
			continue
		}
		if f.value.table == nil || !f.value.table.closed {
			return twice(name, line, f.line)
		}
		at = f.value.table
	}
	name := names[len(names)-1]
	if f := at.get(name); f != nil {
		return twice(name, line, f.line)
	}
	v, f := p.value(e.Value())
	if f != nil {
		return f
	}
	at.fields = append(at.fields, field{name, line, v})
	return nil
}

func (p *parser) value(n *unstable.Node) (*value, *fault) {
	switch n.Kind {
	case unstable.String:
		return &value{kind: text, text: string(n.Data)}, nil
	case unstable.Integer:
		return &value{kind: integer, text: string(n.Data)}, nil
	case unstable.Bool:
		return &value{kind: boolean, text: string(n.Data)}, nil
	case unstable.Array:
		v := &value{kind: list}
		for it := n.Children(); it.Next(); {
			if it.Node().Kind == unstable.Comment {
				continue
			}
			item, f := p.value(it.Node())
			if f != nil {
				return nil, f
			}
			v.items = append(v.items, item)
		}
		return v, nil
	case unstable.InlineTable:
		t := &table{closed: true}
		for it := n.Children(); it.Next(); {
			if it.Node().Kind != unstable.KeyValue {
				continue
			}
			if f := p.set(t, it.Node()); f != nil {
				return nil, f
			}
		}
		return &value{kind: section, table: t}, nil
	}
	return &value{kind: other}, nil
}
