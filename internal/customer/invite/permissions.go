package invite

import (
	"fmt"
	"slices"
)

// document is the policy document as a tree, or nil. It is for permissions that ReadPolicy or Of made, or that Check takes.
func (p *Permissions) document() object {
	if p.Policy == "" {
		return nil
	}
	v, _, err := parse([]byte(p.Policy))
	if err != nil {
		return nil
	}
	o, _ := v.(object)
	return o
}

// statements are those of the document.
func (p *Permissions) statements() (all []object) {
	for _, e := range elements(p.document().get("Statement")) {
		if s, ok := e.(object); ok {
			all = append(all, s)
		}
	}
	return all
}

// ReadPolicy returns the permissions of a policy document, or why AWS would not take it, by line where it can.
func ReadPolicy(document []byte) (Permissions, error) {
	v, lines, err := parse(document)
	if err != nil {
		return Permissions{}, err
	}
	c := &policyChecker{lines: lines}
	if err := c.document(v); err != nil {
		return Permissions{}, err
	}
	o := v.(object)
	p := Permissions{Policy: toJSON(policy(elements(o.get("Statement"))...))}
	for _, s := range p.statements() {
		p.Plain = append(p.Plain, sentence(s))
	}
	return p, nil
}

// Join returns both permissions together. What both have is there once.
func Join(a, b Permissions) Permissions {
	j := Permissions{Presets: union(a.Presets, b.Presets), Managed: union(a.Managed, b.Managed), Plain: union(a.Plain, b.Plain)}
	var all list
	seen, sids := map[string]bool{}, map[string]bool{}
	for _, s := range append(a.statements(), b.statements()...) {
		if text := toJSON(s); seen[text] {
			continue
		} else {
			seen[text] = true
		}
		all = append(all, distinct(s, sids))
	}
	if len(all) > 0 {
		j.Policy = toJSON(policy(all...))
	}
	return j
}

// distinct gives a statement another Sid if its own is taken: within a policy each is there once.
func distinct(s object, sids map[string]bool) object {
	sid, ok := s.get("Sid").(string)
	if !ok {
		return s
	}
	name := sid
	for n := 2; sids[name]; n++ {
		name = fmt.Sprintf("%sx%d", sid, n)
	}
	sids[name] = true
	s = slices.Clone(s)
	for i, m := range s {
		if m.key == "Sid" {
			s[i].value = name
		}
	}
	return s
}

func union(a, b []string) []string {
	var all []string
	for _, s := range slices.Concat(a, b) {
		if !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return all
}
