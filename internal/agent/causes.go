package agent

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"credd/internal/agent/roster"
	"credd/internal/agent/sts"
	"credd/internal/customer"
	"credd/internal/customer/verify"
	"credd/internal/ipc"
)

// cause is what speaks for one cause of a denial. AWS gives one answer for all of them, so none is known.
type cause struct {
	text string // for the list, in a role's page and in status
	hint string // for who asks for the role, if this comes first; "" leaves the usual one
}

// evidence is what is known around a denied role.
type evidence struct {
	*Agent
	st    *state
	role  *roster.Role
	key   string // of its customer
	seen  customer.Seen
	since time.Time
	now   time.Time
}

// causes returns what may be why a role is denied, in order of evidence. us is who was denied, "" if that is not known.
func (a *Agent) causes(st *state, role *roster.Role, err error, us string) []cause {
	role = st.failed(role, err)
	if said := (*sts.Error)(nil); errors.As(err, &said) && said.Reason == sts.Denied && !said.OfRole() {
		if us == "" {
			us = "source " + role.Source + " (who it is: credd source test " + role.Source + ")"
		}
		hint := "AWS gives a reason that is about our own side, not the customer's: let " + us + " call sts:AssumeRole on " + role.ARN
		if role.ARN == "" {
			hint = ownHint(role.Source)
		}
		return []cause{{"our own side: the reason that AWS gives is about our policies, not about the role's trust policy", hint}}
	}
	e := &evidence{Agent: a, st: st, role: role, key: role.Customer.Key, now: a.Now()}
	e.seen = a.memory.of(role)
	if e.since = a.health.of(role.Name).since; e.since.IsZero() {
		e.since = e.now
	}
	return slices.Concat(e.changed(), e.invitation(), e.neighbours(), e.past(), []cause{{text: e.unsaid(us)}})
}

// unsaid is all that AWS gives the one answer for.
func (e *evidence) unsaid(us string) string {
	if us == "" {
		us = "source " + e.role.Source
	}
	id := "has another external ID than " + e.role.File
	if e.role.ExternalID.IsZero() {
		id = "asks for an external ID"
	}
	text := "AWS gives one answer for all of these: the role is not there, or its trust policy does not name " + us + ", or " + id
	if !e.hasMFA() {
		text += ", or asks for MFA, which source " + e.role.Source + " does not give"
	}
	return text
}

// texts are the causes as they travel.
func texts(all []cause) []string {
	out := []string{}
	for _, c := range all {
		out = append(out, c.text)
	}
	return out
}

// changed compares the role's settings here with those it last worked with.
func (e *evidence) changed() []cause {
	if e.seen.Worked.IsZero() || e.seen.Settings == settingsOf(e.role) {
		return nil
	}
	var what []string
	if e.seen.ARN != e.role.ARN {
		what = append(what, "ARN")
	}
	if e.seen.Source != e.role.Source {
		what = append(what, "source")
	}
	if len(what) == 0 {
		what = append(what, "external ID") // the one thing that is left; what it was is not kept
	}
	changed := "its " + strings.Join(what, " and its ") + " here changed since it last worked"
	return []cause{{"a change here: " + changed + " (" + e.clock(e.seen.Worked) + ")", "AWS does not say why. In " + e.role.File + " " + changed + ": see that it is right"}}
}

// invitation looks at what the customer was asked for.
func (e *evidence) invitation() (out []cause) {
	all, err := customer.Invitations(e.StateDir, e.key)
	if err != nil {
		return nil // it only tells more
	}
	for _, t := range all {
		if t.Customer+"/"+t.Role != e.role.Name {
			continue
		}
		if !t.Until.IsZero() && e.now.After(t.Until) {
			day := customer.Day(t.Until)
			out = append(out, cause{"the invitation was until " + day + ": the trust policy that it asked for ends then by itself",
				"The invitation was until " + day + ". To go on invite the customer again: credd customer invite --help"})
		}
		if t.MFA && !e.hasMFA() {
			out = append(out, cause{"MFA: the invitation asks for it, and source " + e.role.Source + " has none",
				"AWS does not say why. The trust policy that was asked for wants MFA, and source " + e.role.Source + " has none"})
		}
		if e.seen.Worked.IsZero() && len(out) == 0 {
			day := customer.Day(t.Invited)
			out = append(out, cause{"an invitation that is not deployed yet: it is of " + day + ", and the role never worked, as far as credd knows",
				"The role never worked, as far as credd knows. The invitation is of " + day + "; once the customer has deployed it: credd customer verify " + e.role.Name})
		}
	}
	return out
}

// hasMFA reports whether sessions of the role's source can carry MFA: only those of an IAM user's keys do.
func (e *evidence) hasMFA() bool {
	spec := e.st.specs[e.role.Source]
	return spec.Type == "keys" && spec.MFASerial != ""
}

// neighbours looks at the roles of the same source and of the same customer that were asked for.
func (e *evidence) neighbours() (out []cause) {
	var works, sourceWorks neighbour // of this customer; of the source, with other customers
	var denied, sourceDenied int
	var idle, sourceIdle bool // one worked when last asked for, which was before this role was denied: it may still
	e.health.each(func(name string, r record) {
		role, err := e.st.role(name)
		if err != nil || name == e.role.Name {
			return
		}
		n := neighbour{name, r.worked}
		isDenied := r.err != nil && r.kind == outcomes[ipc.Denied]
		isGood := r.err == nil && r.worked.After(e.since)
		switch same := role.Customer.Key == e.key; {
		case same && isDenied:
			denied++
		case same && isGood:
			works = works.later(n)
		case role.Source == e.role.Source && isDenied:
			sourceDenied++
		case role.Source == e.role.Source && isGood:
			sourceWorks = sourceWorks.later(n)
		case same && r.err == nil:
			idle = true
		case role.Source == e.role.Source && r.err == nil:
			sourceIdle = true
		}
	})
	switch {
	case sourceDenied == 0 || works.name != "" || sourceWorks.name != "":
	case idle || sourceIdle:
		out = append(out, cause{text: fmt.Sprintf("our own side: source %s is denied roles of other customers too (%d), and none was seen to work since", e.role.Source, sourceDenied)})
	default:
		out = append(out, cause{fmt.Sprintf("our own side: all roles that source %s was asked for are denied, of other customers too (%d)", e.role.Source, 1+denied+sourceDenied),
			"AWS does not say why. All roles that source " + e.role.Source + " was asked for are denied, so look at our side first: credd source test " + e.role.Source})
	}
	switch {
	case works.name != "":
		out = append(out, cause{text: "this role alone: " + works.name + " of the same customer worked at " + e.clock(works.worked)})
	case denied > 0 && sourceDenied == 0 && !idle:
		out = append(out, cause{fmt.Sprintf("the customer as a whole: all its roles that were asked for are denied (%d), as where a stack was deleted, an account closed or moved, or its organization denies it", 1+denied),
			"AWS does not say why. All roles of " + e.key + " that were asked for are denied: ask the account's owner whether the stack, the account or its organization's policies changed"})
	}
	if sourceWorks.name != "" {
		out = append(out, cause{text: "the customer's side: source " + e.role.Source + " works with " + sourceWorks.name + " (" + e.clock(sourceWorks.worked) + ")"})
	}
	return out
}

// neighbour is a role that works.
type neighbour struct {
	name   string
	worked time.Time
}

func (n neighbour) later(o neighbour) neighbour {
	if o.worked.After(n.worked) || o.worked.Equal(n.worked) && o.name < n.name {
		return o
	}
	return n
}

// past tells until when the role is known to have been as it should.
func (e *evidence) past() []cause {
	v, worked := e.seen.Verified, e.seen.Worked
	switch {
	case v != nil && v.Verdict == verify.Verified && !worked.After(v.At):
		return []cause{{text: "a change since " + customer.Day(v.At) + ", when it was last verified"}}
	case !worked.IsZero():
		return []cause{{text: "a change since " + e.clock(worked) + ", when it last worked"}}
	}
	return []cause{{text: "a role that was never there for us: it never worked, as far as credd knows"}}
}
