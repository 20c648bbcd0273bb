package agent

import (
	"context"
	"os"
	"slices"
	"strings"

	"credd/internal/agent/api"
	"credd/internal/agent/cache"
	"credd/internal/agent/cred"
	"credd/internal/agent/roster"
	"credd/internal/ipc"
)

// askThem is what a guest can do about what is not theirs to mend.
const askThem = "the administrator of this machine's credd sees why: sudo credd --system status"

// told is explainRole for a caller. A guest is told what went wrong with the role, and nothing of the files, the
// sources and the other roles behind it.
func (a *Agent) told(c *caller, role string, err error) failure {
	f := a.explainRole(role, err)
	if c.manages() {
		return f
	}
	switch f.code {
	case ipc.Login:
		f.message, f.hint = "the administrator of this machine's credd has to log in", "they see where: sudo credd --system status"
	case ipc.Denied:
		f.message, f.hint = "denied by AWS"+a.past(a.health.of(role)), "AWS does not say why; "+askThem
	case ipc.Unreachable:
		f.message, f.hint = "AWS cannot be reached now, or asks to wait", "try again in a moment; if it stays, "+askThem
	case ipc.Usage:
		f.message, f.hint = "it cannot be used as it is configured", askThem
	default:
		f.message, f.hint = "internal error", askThem
	}
	f.message = role + ": " + f.message
	return f
}

// statusFor is the status as a caller may see it. A guest sees their own sessions, and which of their roles fail.
func (a *Agent) statusFor(ctx context.Context, c *caller) api.Status {
	if c.manages() {
		a.people.ready(ctx, a.state.Load()) // for what it warns of
		return a.status()
	}
	a.reread()
	st := a.state.Load()
	out := api.Status{
		Version: a.Version, PID: os.Getpid(), Started: a.started.UTC(), Socket: a.Socket, Sources: []api.Source{}, Sessions: []api.Session{},
		Failing: []api.Failure{}, Problems: []api.Problem{}, Drifted: []api.Drift{}, Warnings: []string{},
	}
	open := a.openRoles(ctx, c, st)
	out.Roles, out.Customers = len(open), len(customersOf(open))
	h := a.holder(ctx, c)
	live := a.cache.Live()
	failing := a.health.failing()
	for _, role := range open {
		for _, l := range live {
			if l.Key.Role == role.Name && l.Key.Holder == h.key {
				s := a.describe(st, role.Name, l.Session, l)
				s.Source = ""
				out.Sessions = append(out.Sessions, s)
			}
		}
		if r, ok := failing[role.Name]; ok {
			f := a.told(c, role.Name, r.err)
			out.Failing = append(out.Failing, api.Failure{
				Role: role.Name, Outcome: f.outcome, Message: f.message, Hint: f.hint, Since: r.since.UTC(), LastWorked: r.worked.UTC(),
				Retry: a.cache.Retry(st.key(role, h)).UTC(),
			})
		}
	}
	return out
}

// customersOf are the customers of some roles, in their order.
func customersOf(roles []*roster.Role) (out []*roster.Customer) {
	for _, r := range roles {
		if len(out) == 0 || out[len(out)-1] != r.Customer {
			out = append(out, r.Customer)
		}
	}
	return out
}

// rosterFor is what a caller may know of the roles that are open to it.
func (a *Agent) rosterFor(ctx context.Context, c *caller) api.Roster {
	a.reread()
	st := a.state.Load()
	s := st.roster.Settings
	out := api.Roster{Customers: []api.RosterCustomer{}, Region: s.Defaults.Region, Profiles: s.Profiles.Name, Service: s.Service.Name, Endpoint: s.Network.EndpointURL}
	open := a.openRoles(ctx, c, st)
	for _, customer := range customersOf(open) {
		one := api.RosterCustomer{Key: customer.Key, Name: customer.Name, AccountID: customer.AccountID, Environment: customer.Environment, Roles: []api.RosterRole{}}
		for _, role := range open {
			if role.Customer != customer {
				continue
			}
			name := strings.TrimPrefix(role.Name, customer.Key+"/")
			if name == customer.DefaultRole {
				one.DefaultRole = name
			}
			one.Roles = append(one.Roles, api.RosterRole{
				Name: name, ARN: role.ARN, AccountID: role.AccountID, Partition: role.Partition, Region: role.Region, Duration: role.Duration,
			})
		}
		out.Customers = append(out.Customers, one)
	}
	return out
}

// forgetOwn is forget for a guest: of their own sessions.
func (a *Agent) forgetOwn(ctx context.Context, c *caller, r api.Request) (any, failure) {
	st := a.state.Load()
	var names []string
	for _, role := range a.openRoles(ctx, c, st) {
		if r.All || role.Name == r.Name || role.Customer.Key == r.Name {
			names = append(names, role.Name)
		}
	}
	if !r.All && len(names) == 0 {
		return nil, a.notOpen(ctx, c, r.Name)
	}
	if len(names) > 0 {
		if f := a.pace(c); f != (failure{}) {
			return nil, f
		}
	}
	h := a.holder(ctx, c)
	keys := a.cache.Drop(func(k cache.Key, _ *cred.Session) bool {
		return k.Holder == h.key && (r.All || slices.Contains(names, k.Role)) // with all go those behind them in chains, too
	})
	dropped := slices.DeleteFunc(roleNames(keys), func(name string) bool { return !slices.Contains(names, name) })
	return api.Forgotten{Roles: dropped}, failure{}
}
