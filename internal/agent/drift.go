package agent

import (
	"slices"
	"strings"
	"time"

	"credd/internal/customer"
	"credd/internal/customer/verify"
)

// noteAllVerified keeps what a verification found, before its command is answered: in one write a customer, as each is of the whole
// record.
func (a *Agent) noteAllVerified(all []*trial) {
	var customers []string
	for _, t := range all {
		a.noteVerified(t.role.Name, t.result)
		if key, _, ok := split(t.role); ok && !slices.Contains(customers, key) {
			customers = append(customers, key)
		}
	}
	a.memory.flushOf(customers...)
}

func (a *Agent) noteVerified(name string, r verify.Result) {
	st := a.state.Load()
	role, err := st.role(name)
	if err != nil {
		return // it went meanwhile
	}
	a.memory.verified(role, r)
	a.weekly.plan(name, a.dueAt(role, a.memory.of(role)))
	if r.Verdict.Passed() {
		a.forgive(st, name, anyHolder)
	}
}

// rolesOf are the roles of a customer that is in force, without its name.
func (a *Agent) rolesOf(key string) ([]string, bool) {
	c, ok := a.state.Load().roster.Customer(key)
	if !ok {
		return nil, false
	}
	return c.RoleNames(), true
}

const driftMark = "drift " // begins what the warnings of this file are about

// drift warns of a role that was verified and no longer is what it was, or ends the warning.
func (a *Agent) drift(name string, seen customer.Seen) {
	role, err := a.state.Load().role(name)
	text := ""
	if v := seen.Verified; err == nil && v != nil && v.Settings == settingsOf(role) {
		switch {
		case seen.Drifted():
			text = name + ": verified " + day(v.At) + ", denied since " + day(seen.DeniedSince)
		case seen.Strayed():
			text = name + ": verified " + day(v.At) + ", of another account or role since " + day(seen.Checked)
		}
	}
	a.warn(driftMark+name, text)
}

func day(t time.Time) string { return t.Local().Format("2 Jan") }

// settleDrift ends the warnings of roles that went or changed.
func (a *Agent) settleDrift(st *state) {
	var names []string
	a.notes.Lock()
	for about := range a.warnings {
		if name, ok := strings.CutPrefix(about, driftMark); ok {
			names = append(names, name)
		}
	}
	a.notes.Unlock()
	for _, name := range names {
		var seen customer.Seen
		if role, err := st.role(name); err == nil {
			seen = a.memory.of(role)
		}
		a.drift(name, seen)
	}
}
