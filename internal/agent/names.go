package agent

import (
	"credd/internal/agent/api"
	"credd/internal/agent/roster"
)

// names are those of the roster in force. They need no vault, no AWS and no file.
func (a *Agent) names() api.Names {
	a.reread()
	return Names(a.state.Load().roster)
}

// Names lists what a roster has, sorted by name.
func Names(r *roster.Roster) api.Names {
	out := api.Names{Roles: []api.RoleName{}, Customers: []api.CustomerName{}, Sources: []api.SourceName{}}
	for _, role := range r.Roles() {
		out.Roles = append(out.Roles, api.RoleName{Name: role.Name, AccountID: role.AccountID, Environment: role.Customer.Environment})
	}
	for _, c := range r.Customers() {
		out.Customers = append(out.Customers, api.CustomerName{Name: c.Key, Title: c.Name, AccountID: c.AccountID, Environment: c.Environment})
	}
	for _, s := range r.Sources() {
		out.Sources = append(out.Sources, api.SourceName{Name: s.Name, Type: s.Type})
	}
	return out
}
