package roster

import (
	"cmp"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// resolve makes customers and roles of the drafts: with the defaults, and only if their sources are there.
func (r *Roster) resolve(files []found, previous *Roster) {
	same := previous.settings != nil && reflect.DeepEqual(previous.Settings, r.Settings)
	for _, f := range files {
		at := r.files[f.path]
		for _, bad := range at.faults {
			r.report(f.path, f.customer, bad)
		}
		if at.customer == nil {
			r.broken[f.customer] = r.problems[len(r.problems)-len(at.faults)]
			continue
		}
		if c := previous.customers[f.customer]; same && c != nil && c.draft == at.customer {
			r.keep(c, previous)
			continue
		}
		r.add(f, at.customer)
	}
	if _, ok := r.broken[""]; ok { // no source is known: that is the one thing to mend
		clear(r.roles)
		return
	}
	r.checkSources()
}

// keep takes over a customer that has not changed.
func (r *Roster) keep(c *Customer, previous *Roster) {
	r.customers[c.Key] = c
	for _, draft := range c.draft.roles {
		name := c.Key + "/" + draft.name
		role, ok := previous.roles[name]
		if !ok {
			role = r.role(c, draft) // its source may be there by now
		}
		r.roles[role.Name] = role
	}
}

func (r *Roster) add(f found, d *customerDraft) {
	c := d.customer
	c.Key, c.File, c.draft = f.customer, r.short(f.path), d
	c.Name = cmp.Or(c.Name, f.customer)
	r.customers[f.customer] = &c
	for _, draft := range d.roles {
		role := r.role(&c, draft)
		r.roles[role.Name] = role
	}
}

// role applies the customer's settings and the defaults.
func (r *Roster) role(c *Customer, draft *roleDraft) *Role {
	role, def := draft.role, r.Settings.Defaults
	role.Name, role.Customer, role.File, role.draft = c.Key+"/"+draft.name, c, c.File, draft
	role.Source = cmp.Or(draft.source, c.draft.source, def.Source)
	role.Duration = cmp.Or(role.Duration, def.Duration)
	if isRole(role.Source) {
		role.Duration = min(role.Duration, chainedMax)
	}
	role.SessionName = cmp.Or(role.SessionName, def.SessionName)
	role.Region = cmp.Or(role.Region, c.Region, def.Region)
	if role.Allow == nil {
		role.Allow = c.Allow
	}
	if role.ExternalID.IsZero() && role.ARN != "" {
		role.ExternalID = c.draft.externalID
	}
	return &role
}

// checkSources drops the roles whose source, or the source of a role before them, is not there.
func (r *Roster) checkSources() {
	bad := map[string]fault{}
	for name, role := range r.roles {
		if f := r.sourceFault(role); f != nil {
			bad[name] = *f
		}
	}
	for _, name := range slices.Sorted(maps.Keys(bad)) {
		role, f := r.roles[name], bad[name]
		p := Problem{File: role.File, Line: role.sourceLine(), Customer: role.Customer.Key, Message: f.message, Hint: f.hint}
		r.problems = append(r.problems, p)
		r.broken[name] = p
		delete(r.roles, name)
	}
}

// sourceFault follows a role to the source at the start of its chain.
func (r *Roster) sourceFault(role *Role) *fault {
	chain := []string{role.Name}
	for at := role; ; {
		src := at.Source
		switch {
		case src == "":
			return &fault{message: "role " + at.Name + " has no source", hint: "add source = \"…\" to it, to its file, or to [defaults] in credd.toml"}
		case !isRole(src):
			if r.sources[src] == nil {
				return &fault{message: "source " + quote(src) + " of role " + at.Name + " does not exist", hint: "add [source." + src + "] to credd.toml"}
			}
			return nil
		case slices.Contains(chain, src):
			return &fault{message: "roles are each other's source: " + strings.Join(append(chain, src), " from "), hint: "let one of them have a source of credd.toml"}
		case r.roles[src] == nil:
			return &fault{message: "source " + quote(src) + " of role " + at.Name + " is not a role that can be used", hint: "add that role, or name another source"}
		}
		chain = append(chain, src)
		at = r.roles[src]
	}
}

// sourceLine is where the role's source is named: in its table, else for the whole file, else nowhere in the file.
func (role *Role) sourceLine() int {
	switch d := role.Customer.draft; {
	case role.draft.source != "":
		return role.draft.lines["source"]
	case d.source != "":
		return d.sourceLine
	}
	return role.Line
}
