package doctor

import (
	"bytes"
	"regexp"
	"strings"
	"unicode/utf8"
)

// flaw is why the AWS CLI and boto3 refuse a whole file, with every profile in it. The other SDKs are less strict.
type flaw struct {
	line        int
	why, remedy string
}

// ini reads a file as Python's configparser does, which they use, up to the first flaw.
type ini struct {
	line     int
	within   bool // a section has begun
	option   bool // a value goes on in lines that are indented deeper
	indent   int
	sections map[string]int // lines of headers
	options  map[string]int // of the section
}

var iniHeader = regexp.MustCompile(`^\[(.+)\]`)

// flawOf returns the first flaw, nil if there is none.
func flawOf(data []byte) *flaw {
	p := &ini{sections: map[string]int{}}
	if bytes.HasPrefix(data, []byte("\ufeff")) {
		return &flaw{1, "it begins with a byte order mark", "save it as UTF-8 without BOM: sed -i '1s/^\\xEF\\xBB\\xBF//'"}
	}
	text := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(string(data))
	for line := range strings.Lines(text) {
		p.line++
		if !utf8.ValidString(line) {
			return &flaw{p.line, "it is not UTF-8", "save it as UTF-8"}
		}
		if f := p.take(line); f != nil {
			return f
		}
	}
	return nil
}

func (p *ini) take(line string) *flaw {
	body := strings.TrimSpace(line)
	if body == "" || body[0] == '#' || body[0] == ';' {
		return nil
	}
	indent := len([]rune(line)) - len([]rune(strings.TrimLeft(line, " \t\f\v")))
	if p.within && p.option && indent > p.indent {
		return nil
	}
	p.indent = indent
	if m := iniHeader.FindStringSubmatch(body); m != nil {
		return p.header(m[1])
	}
	if !p.within {
		return &flaw{p.line, "it stands before the first section", "put a line [default] before it, or remove it"}
	}
	cut := strings.IndexAny(body, "=:")
	switch {
	case strings.HasPrefix(body, "[") && cut < 0:
		return &flaw{p.line, "the ] of a section's name is missing", "end it with ]"}
	case cut < 0:
		return &flaw{p.line, "it has no =", "write it as KEY = VALUE, or put # before it"}
	case cut == 0:
		return &flaw{p.line, "there is no name before its =", "write it as KEY = VALUE, or put # before it"}
	}
	name := strings.ToLower(strings.TrimSpace(body[:cut]))
	if first, again := p.options[name]; again {
		return &flaw{p.line, name + " is there twice, first in line " + itoa(first), "remove line " + itoa(first) + " or line " + itoa(p.line)}
	}
	p.options[name], p.option = p.line, true
	return nil
}

func (p *ini) header(name string) *flaw {
	if first, again := p.sections[name]; again && name != "DEFAULT" {
		return &flaw{p.line, "[" + name + "] is there twice, first in line " + itoa(first), "put what is below line " + itoa(p.line) + " into the section of line " + itoa(first)}
	}
	p.sections[name], p.options = p.line, map[string]int{}
	p.within, p.option = true, false
	return nil
}
