package verify

import (
	"encoding/json"
	"slices"
	"strings"

	"credd/internal/customer/invite"
)

// mostWanted is how many actions of each phase a role is asked about.
const mostWanted = 40

// readers begin the actions that a managed policy of AWS for looking around may allow.
var readers = []string{"get", "list", "describe", "batchget", "lookup", "view", "search", "query", "scan", "select"}

// Invited takes over from an invitation what the role should be allowed, and what no longer once setup is over.
func (r *Role) Invited(t invite.Terms) {
	r.SelfCheck, r.Ongoing = t.SelfCheck, t.Ongoing.Actions(mostWanted)
	if t.Setup == nil {
		return
	}
	r.TwoPhases = true
	for _, w := range t.Setup.Actions(mostWanted) {
		if !mayAllow(&t.Ongoing, w.Action) && !denies(&t.Ongoing, w.Action) {
			r.Setup = append(r.Setup, w)
		}
	}
}

// denies reports whether permissions deny an action, be it somewhere only: then it says nothing of others that would allow it.
func denies(p *invite.Permissions, action string) bool {
	all, _ := statementsOf(p)
	return slices.ContainsFunc(all, func(s statement) bool { return s.Effect == "Deny" && s.means(action) })
}

// mayAllow reports whether permissions may allow an action on some resource. Where that is not sure it says yes: such an action does
// not tell the phases apart.
func mayAllow(p *invite.Permissions, action string) bool {
	_, name, _ := strings.Cut(strings.ToLower(action), ":")
	for _, managed := range p.Managed {
		reads := strings.Contains(managed, "ReadOnly") || strings.HasSuffix(managed, "ViewOnlyAccess") || managed == "SecurityAudit"
		if !reads || slices.ContainsFunc(readers, func(r string) bool { return strings.HasPrefix(name, r) }) {
			return true
		}
	}
	if p.Policy == "" {
		return false
	}
	all, err := statementsOf(p)
	return err != nil || slices.ContainsFunc(all, func(s statement) bool { return s.Effect == "Allow" && s.means(action) })
}

func statementsOf(p *invite.Permissions) ([]statement, error) {
	var doc struct{ Statement statements }
	err := json.Unmarshal([]byte(p.Policy), &doc)
	return doc.Statement, err
}

// means reports whether a statement is about an action.
func (s *statement) means(action string) bool {
	is := func(a string) bool { return matches(strings.ToLower(a), strings.ToLower(action)) }
	return slices.ContainsFunc(s.Action, is) || len(s.NotAction) > 0 && !slices.ContainsFunc(s.NotAction, is)
}
