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
	r.Asked, r.SelfCheck, r.Ongoing = t.Invited, t.SelfCheck, t.Ongoing.Actions(mostWanted)
	if t.Setup == nil {
		return
	}
	r.TwoPhases = true
	for _, w := range t.Setup.Actions(mostWanted) {
		if !mayAllow(&t.Ongoing, w.Action) {
			r.Setup = append(r.Setup, w)
		}
	}
}

// mayAllow reports whether permissions may allow an action on some resource. Where that is not sure it says yes: such an action does
// not tell the phases apart.
func mayAllow(p *invite.Permissions, action string) bool {
	service, name, _ := strings.Cut(strings.ToLower(action), ":")
	for _, managed := range p.Managed {
		reads := strings.Contains(managed, "ReadOnly") || strings.HasSuffix(managed, "ViewOnlyAccess") || managed == "SecurityAudit"
		if !reads || slices.ContainsFunc(readers, func(r string) bool { return strings.HasPrefix(name, r) }) {
			return true
		}
	}
	if p.Policy == "" {
		return false
	}
	var doc struct{ Statement statements }
	if json.Unmarshal([]byte(p.Policy), &doc) != nil {
		return true
	}
	for _, s := range doc.Statement {
		is := func(a string) bool { return matches(strings.ToLower(a), service+":"+name) }
		if s.Effect == "Allow" && (slices.ContainsFunc(s.Action, is) || len(s.NotAction) > 0 && !slices.ContainsFunc(s.NotAction, is)) {
			return true
		}
	}
	return false
}
