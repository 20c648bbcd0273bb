package fakeaws

import (
	"errors"
	"maps"
	"slices"
)

// propertyReader reads the properties of a resource. The first thing that is wrong stays in err.
type propertyReader struct {
	properties map[string]any
	err        error
}

func (p *propertyReader) fail(name, kind string) {
	if p.err == nil {
		p.err = invalid("Value of property %s must be of type %s", name, kind)
	}
}

func (p *propertyReader) text(name string, to *string) {
	switch v := p.properties[name].(type) {
	case nil:
	case []any, map[string]any:
		p.fail(name, "String")
	default:
		*to = plainText(v)
	}
}

func (p *propertyReader) list(name string) []any {
	list, ok := p.properties[name].([]any)
	if p.properties[name] != nil && !ok {
		p.fail(name, "List")
	}
	return list
}

func (p *propertyReader) objects(name string) []map[string]any {
	var all []map[string]any
	for _, item := range p.list(name) {
		m, ok := item.(map[string]any)
		if !ok {
			p.fail(name, "List of objects")
		}
		all = append(all, m)
	}
	return all
}

// document is a policy, which has to be there.
func (p *propertyReader) document(name string) string {
	m, ok := p.properties[name].(map[string]any)
	if !ok {
		p.fail(name, "Json")
	}
	return toJSON(m)
}

// end returns what was wrong, or which property is not known.
func (p *propertyReader) end(known ...string) error {
	for _, name := range slices.Sorted(maps.Keys(p.properties)) {
		if !slices.Contains(known, name) && p.err == nil {
			p.err = invalid("Encountered unsupported property %s", name)
		}
	}
	return p.err
}

// unlessGone takes an error that says there is nothing to be removed for none.
func unlessGone(err error) error {
	var e *apiError
	if errors.As(err, &e) && e.code == "NoSuchEntity" {
		return nil
	}
	return err
}
