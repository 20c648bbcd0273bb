package invite

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"
)

const maxDepth = 16 // of a policy document; AWS's grammar needs 6

// LineError is a fault in a document.
type LineError struct {
	Line int
	Err  error
}

func (e *LineError) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }
func (e *LineError) Unwrap() error { return e.Err }

// parser reads JSON strictly: no key twice, nothing after the document. It keeps the line of each value by its path, such as
// Statement[0].Action[2].
type parser struct {
	document []byte
	decoder  *json.Decoder
	lines    map[string]int
}

func parse(document []byte) (any, map[string]int, error) {
	p := &parser{document, json.NewDecoder(bytes.NewReader(document)), map[string]int{}}
	if !utf8.Valid(document) {
		return nil, nil, p.fail(errors.New("this is no UTF-8 text"))
	}
	p.decoder.UseNumber()
	v, err := p.value("", 0)
	if err != nil {
		return nil, nil, p.fail(err)
	}
	if _, err := p.decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, nil, p.fail(errors.New("there is more after the document"))
	}
	return v, p.lines, nil
}

// fail puts the line of where the decoder is before an error.
func (p *parser) fail(err error) error {
	at := p.decoder.InputOffset()
	if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
		at = syntax.Offset
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		at, err = int64(len(p.document)), errors.New("the document ends too early")
	}
	return &LineError{p.line(at), err}
}

func (p *parser) line(at int64) int {
	return 1 + bytes.Count(p.document[:min(at, int64(len(p.document)))], []byte("\n"))
}

func (p *parser) value(path string, depth int) (any, error) {
	token, err := p.decoder.Token()
	if err != nil {
		return nil, err
	}
	p.lines[path] = p.line(p.decoder.InputOffset())
	if depth > maxDepth {
		return nil, errors.New("nested too deeply for a policy")
	}
	switch token := token.(type) {
	case json.Delim:
		if token == '{' {
			return p.object(path, depth)
		}
		return p.list(path, depth)
	case json.Number:
		return number(token), nil
	case nil:
		return nil, errors.New("null is no value of a policy")
	}
	return token, nil // a string or a bool
}

func (p *parser) object(path string, depth int) (any, error) {
	o := object{}
	for p.decoder.More() {
		token, err := p.decoder.Token()
		if err != nil {
			return nil, err
		}
		key := token.(string) // the decoder takes no other
		if o.get(key) != nil {
			return nil, fmt.Errorf("%q is there twice", key)
		}
		v, err := p.value(join(path, key), depth+1)
		if err != nil {
			return nil, err
		}
		o = append(o, member{key, v})
	}
	_, err := p.decoder.Token()
	return o, err
}

func (p *parser) list(path string, depth int) (any, error) {
	l := list{}
	for p.decoder.More() {
		v, err := p.value(at(path, len(l)), depth+1)
		if err != nil {
			return nil, err
		}
		l = append(l, v)
	}
	_, err := p.decoder.Token()
	return l, err
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func at(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }
