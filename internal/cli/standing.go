package cli

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"credd/internal/agent/roster"
	"credd/internal/customer"
	"credd/internal/customer/verify"
)

// records are what the daemon has seen of customers, from its files: no daemon is needed for that.
type records struct {
	state  string
	tell   func(message, hint string) // what cannot be read
	by     map[string]history
	closed bool // nothing is known
}

// history is what is known of one customer beside its configuration.
type history struct {
	record  customer.Record
	invited map[string]time.Time // by role, without the customer's name
}

// recordsOf are those of the credd that is meant. To a guest of the machine's they are closed.
func recordsOf(where locations, tell func(message, hint string)) *records {
	if where.guest {
		return &records{closed: true}
	}
	return newRecords(where.state, tell)
}

func newRecords(state string, tell func(message, hint string)) *records {
	return &records{state: state, tell: tell, by: map[string]history{}}
}

// of reads what is known of a customer, once. What cannot be read is told and left out.
func (r *records) of(key string) history {
	if k, ok := r.by[key]; ok || r.closed {
		return k
	}
	k := history{invited: map[string]time.Time{}}
	var err error
	if k.record, err = customer.Load(r.state, key); err != nil {
		r.tell("what is known of "+key+" cannot be read: "+err.Error(), "the daemon begins it anew; then: credd customer verify "+key)
	}
	terms, err := customer.Invitations(r.state, key)
	if err != nil {
		r.tell("the invitations of "+key+" cannot be read: "+err.Error(), "")
	}
	for _, t := range terms {
		if t.Customer == key && t.Invited.After(k.invited[t.Role]) {
			k.invited[t.Role] = t.Invited
		}
	}
	r.by[key] = k
	return k
}

// standing says how a role stands.
func (r *records) standing(role *roster.Role) customer.Standing {
	if r.closed {
		return customer.Standing{}
	}
	key, name, _ := strings.Cut(role.Name, "/")
	k := r.of(key)
	return k.record.Stand(role.Name, customer.Settings(role.ARN, role.ExternalID, role.Source), k.invited[name])
}

// seen is what was seen of a role.
func (r *records) seen(role string) customer.Seen {
	key, name, _ := strings.Cut(role, "/")
	return r.of(key).record.Roles[name]
}

// cell is a standing in a list.
func cell(s customer.Standing) string {
	switch {
	case s.Good:
		return s.At.Local().Format(time.DateOnly)
	case s.Word == customer.DeniedSince:
		return s.Word + " " + s.At.Local().Format(time.DateOnly)
	}
	return cmp.Or(s.Word, "-") // a customer without a role
}

// colorOf is that of a standing's cell.
func colorOf(s customer.Standing) string {
	switch {
	case fails(s):
		return red
	case isTrouble(s):
		return yellow
	}
	return ""
}

// verifiedAt is when a role was verified, nil if that does not hold.
func verifiedAt(s customer.Standing) *time.Time {
	if !s.Good {
		return nil
	}
	at := s.At.UTC()
	return &at
}

// severity orders standings: what a person should see to comes first.
var severity = []string{
	string(verify.Open), string(verify.WrongIdentity), string(verify.WideTrust), customer.DeniedSince, string(verify.Denied), customer.Changed, string(verify.Inconclusive),
	string(verify.NoExternalID), customer.Invited, customer.Unverified, string(verify.Verified),
}

func rank(s customer.Standing) int {
	if i := slices.Index(severity, s.Word); i >= 0 {
		return i
	}
	return 0 // a word of a later version that is not good
}

// worst is the standing of several roles together: the worst of them, or of those that are all verified the one of longest ago. There
// is none without a role.
func worst(all []customer.Standing) (customer.Standing, bool) {
	if len(all) == 0 {
		return customer.Standing{}, false
	}
	return slices.MinFunc(all, func(a, b customer.Standing) int {
		return cmp.Or(rank(a)-rank(b), a.At.Compare(b.At))
	}), true
}

// isTrouble reports whether a standing is one that a person has to see to: unlike that of a role which was only never verified.
func isTrouble(s customer.Standing) bool {
	return !s.Good && s.Word != "" && s.Word != customer.Unverified && s.Word != customer.Invited && s.Word != string(verify.NoExternalID)
}

// fails reports whether a role is known not to be what it should.
func fails(s customer.Standing) bool {
	return isTrouble(s) && s.Word != customer.Changed && s.Word != string(verify.Inconclusive)
}

// unverified says in a line which customers are not verified: by name those in trouble, the worst first, and the others by number.
func (r *records) unverified(now *roster.Roster) string {
	standings := map[string][]customer.Standing{}
	for _, role := range now.Roles() {
		if role.ARN != "" { // who hands out a source's own session was asked for nothing
			standings[role.Customer.Key] = append(standings[role.Customer.Key], r.standing(role))
		}
	}
	type stand struct {
		key string
		customer.Standing
	}
	var trouble, invited, never []stand
	for _, c := range now.Customers() {
		switch s, ok := worst(standings[c.Key]); {
		case ok && isTrouble(s):
			trouble = append(trouble, stand{c.Key, s})
		case ok && s.Word == customer.Invited:
			invited = append(invited, stand{c.Key, s})
		case ok && s.Word == customer.Unverified:
			never = append(never, stand{c.Key, s})
		}
	}
	slices.SortStableFunc(trouble, func(a, b stand) int { return rank(a.Standing) - rank(b.Standing) })
	var names, parts []string
	for _, t := range trouble {
		names = append(names, t.key+" ("+cell(t.Standing)+")")
	}
	all := slices.Concat(trouble, invited, never)
	if len(names) > 0 {
		parts = append(parts, "not verified: "+few(names))
	}
	switch n := len(invited); {
	case n == 1:
		parts = append(parts, "invited, not verified yet: "+invited[0].key)
	case n > 1:
		parts = append(parts, "invited, not verified yet: "+count(n, "customer"))
	}
	if n := len(never); n > 0 {
		parts = append(parts, "never verified: "+count(n, "customer"))
	}
	switch len(all) {
	case 0:
		return ""
	case 1:
		return parts[0] + " (credd customer verify " + all[0].key + ")"
	}
	return strings.Join(parts, "; ") + " (credd customer verify --all)"
}
