package agent

import (
	"maps"
	"slices"
	"strings"

	"credd/internal/agent/api"
	"credd/internal/agent/roster"
)

// names are those of the roster in force. They need no vault, no AWS and no file.
func (a *Agent) names(text string) api.Names {
	a.reread()
	return Names(a.state.Load().roster, text)
}

// Names lists what a roster has with a text in the name, be it in small letters or capitals.
func Names(r *roster.Roster, text string) api.Names {
	text = strings.ToLower(text)
	has := func(name string) bool { return strings.Contains(strings.ToLower(name), text) }
	out := api.Names{Roles: []api.Label{}, Customers: []api.Label{}, Sources: []api.SourceName{}, Environments: []string{}}
	for _, role := range r.Roles() {
		if has(role.Name) {
			out.Roles = append(out.Roles, api.NewLabel(role.Name, role.AccountID, role.Customer.Environment))
		}
	}
	environments := map[string]bool{}
	for _, c := range r.Customers() {
		if c.Environment != "" {
			environments[c.Environment] = true
		}
		if !has(c.Key) {
			continue
		}
		title := c.Name
		if title == c.Key {
			title = ""
		}
		out.Customers = append(out.Customers, api.NewLabel(c.Key, title, c.AccountID, c.Environment))
	}
	for _, s := range r.Sources() {
		if has(s.Name) {
			out.Sources = append(out.Sources, api.SourceName{Name: s.Name, Type: s.Type})
		}
	}
	out.Environments = slices.AppendSeq(out.Environments, maps.Keys(environments))
	slices.Sort(out.Environments)
	return out
}
