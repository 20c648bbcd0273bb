package agent

import (
	"context"
	"maps"
	"slices"
	"strings"

	"credd/internal/agent/api"
	"credd/internal/agent/roster"
)

// names are those of the roster in force. They need no vault, no AWS and no file. A guest has those of the roles that
// are open to it.
func (a *Agent) names(ctx context.Context, c *caller, text string) api.Names {
	a.reread()
	st := a.state.Load()
	if c.manages() {
		return Names(st.roster, text)
	}
	open := a.openRoles(ctx, c, st)
	return namesOf(open, customersOf(open), nil, text)
}

// Names lists what a roster has with a text in the name, be it in small letters or capitals.
func Names(r *roster.Roster, text string) api.Names {
	return namesOf(r.Roles(), r.Customers(), r.Sources(), text)
}

func namesOf(roles []*roster.Role, customers []*roster.Customer, sources []*roster.Source, text string) api.Names {
	text = strings.ToLower(text)
	has := func(name string) bool { return strings.Contains(strings.ToLower(name), text) }
	out := api.Names{Roles: []api.Label{}, Customers: []api.Label{}, Sources: []api.SourceName{}, Environments: []string{}}
	for _, role := range roles {
		if has(role.Name) {
			out.Roles = append(out.Roles, api.NewLabel(role.Name, role.AccountID, role.Customer.Environment))
		}
	}
	environments := map[string]bool{}
	for _, c := range customers {
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
	for _, s := range sources {
		if has(s.Name) {
			out.Sources = append(out.Sources, api.SourceName{Name: s.Name, Type: s.Type})
		}
	}
	out.Environments = slices.AppendSeq(out.Environments, maps.Keys(environments))
	slices.Sort(out.Environments)
	return out
}
