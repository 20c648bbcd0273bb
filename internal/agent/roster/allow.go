package roster

import (
	"slices"
	"strconv"
	"strings"
)

// Allow names who may use a role. A role without one is open to the daemon's owner; on a machine's credd, to nobody.
type Allow struct {
	Users  []string // names, or numbers (SIDs on Windows)
	Groups []string
}

// maxAccount bounds a name, in bytes: an account of a directory with its domain is below 128.
const maxAccount = 256

// allowDraft is Allow as read. A list that is written out counts, be it empty.
type allowDraft struct {
	Allow
	named bool // one of the lists stands there
}

var allowKeys = []key[allowDraft]{
	{"users", func(c *checker, f field, a *allowDraft) { a.Users, a.named = c.accounts(f), true }},
	{"groups", func(c *checker, f field, a *allowDraft) { a.Groups, a.named = c.accounts(f), true }},
}

// allow reads who may use a role. It never returns nil: what is wrong lets nobody in.
func (c *checker) allow(f field) *Allow {
	const form = "write allow = { users = [\"ana\"], groups = [\"dev\"] }"
	if f.value.kind != section {
		c.fault(f.line, form, "allow is %s, not a table", f.value.kind)
		return &Allow{}
	}
	d := allowDraft{}
	read(c, f.value.table, allowKeys, &d)
	if !d.named {
		c.fault(f.line, form+"; for nobody at all: allow = { users = [] }", "allow names neither users nor groups")
	}
	return &d.Allow
}

// accounts are the names of users or groups. Whether they exist is not asked: that can change, and depends on the machine.
func (c *checker) accounts(f field) []string {
	names := c.texts(f)
	for _, name := range names {
		if name != "" && !isAccount(name) {
			c.fault(f.line, "write names as the system does, or their numbers in quotes", "%s holds %s, which cannot be a name or a number", f.name, quote(name))
		}
	}
	return names
}

// isAccount reports whether a user or a group can have the name. It may go to a program as an argument, and comes from files whose
// parts colons and commas separate.
func isAccount(name string) bool {
	if strings.Trim(name, "0123456789") == "" {
		n, err := strconv.ParseUint(name, 10, 32)
		return err == nil && n < 1<<32-1 && strconv.FormatUint(n, 10) == name // the last one means none (chown(2)); 007 is nobody's number
	}
	return len(name) <= maxAccount && !strings.ContainsAny(name, ":,/*") && name[0] != '-' && name[0] != '+' && strings.TrimSpace(name) == name
}

// Allowed is one allow of the files.
type Allowed struct {
	Of string // a customer, or a role
	Allow
}

// Allowed returns all of them, by the names of what they are of.
func (r *Roster) Allowed() []Allowed {
	var out []Allowed
	for _, c := range r.Customers() {
		if c.Allow != nil {
			out = append(out, Allowed{c.Key, *c.Allow})
		}
	}
	for _, role := range r.Roles() {
		if role.Allow != nil && role.Allow != role.Customer.Allow {
			out = append(out, Allowed{role.Name, *role.Allow})
		}
	}
	slices.SortStableFunc(out, func(a, b Allowed) int { return strings.Compare(a.Of, b.Of) })
	return out
}

// Lookup is Role without the reason why there is none, and takes the same time whichever role is missing.
func (r *Roster) Lookup(name string) (*Role, bool) {
	role, ok := r.roles[name]
	return role, ok
}
