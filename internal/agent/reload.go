package agent

import (
	"context"
	"slices"
	"time"

	"credd/internal/agent/api"
	"credd/internal/agent/cache"
	"credd/internal/agent/cred"
	"credd/internal/agent/roster"
	"credd/internal/agent/vault"
)

// rereadEvery is how often files are looked at on use while they cannot be watched.
const rereadEvery = time.Second

// Reload reads the configuration and the sources' files again, and lets what failed be tried at once: a file was mended,
// or there was a login in another terminal. If the files that changed are named, only they are looked at.
func (a *Agent) Reload(changed ...string) api.Reload {
	out := a.load(changed...)
	a.cache.Forgive(func(cache.Key, error) bool { return true })
	if len(changed) == 0 { // a person says so; a file that changed may have nothing to do with what failed
		for _, s := range a.state.Load().sources {
			s.Forgive()
		}
	}
	return out
}

// load puts the files as they are now in force. What is broken keeps its last good version. Only the sessions of roles that
// changed are dropped.
func (a *Agent) load(changed ...string) api.Reload {
	a.Busy()
	a.loading.Lock()
	defer a.loading.Unlock()
	before := a.state.Load()
	var last *roster.Roster
	if before != nil {
		last = before.roster
	}
	load := roster.Load
	if a.System {
		load = roster.LoadForAll
	}
	r := load(a.ConfigDir, last, changed...)
	a.configure(r.Settings, last)
	a.Vault.Configure(vault.Settings{Key: r.Settings.Vault.Key, KeyFile: r.Settings.Vault.KeyFile})
	st := a.newState(r, before)
	for _, s := range st.sources {
		s.Reload()
	}
	a.state.Store(st)
	select {
	case a.follow <- struct{}{}:
	default: // it will see this state
	}

	dropped := a.cache.Drop(func(k cache.Key, _ *cred.Session) bool { return !st.current(k) })
	if before != nil { // who is out is not to be seen at AWS any more; who is not asks again
		a.cache.Rest(func(k cache.Key) bool { return !st.opensLike(before, k.Role) })
	}
	a.health.forget(func(role string) bool { return st.same(before, role) })
	a.sources.forget(func(name string) bool { return st.sources[name] != nil })
	a.memory.forget()
	a.settleDrift(st)
	out := api.Reload{Dropped: roleNames(dropped), Problems: problems(r)}
	out.Customers, out.Roles = r.Count()
	a.Log.Debug("reloaded", "customers", out.Customers, "roles", out.Roles, "dropped", len(dropped), "problems", len(out.Problems))
	return out
}

// configure applies the settings that reach outside the agent.
func (a *Agent) configure(s roster.Settings, before *roster.Roster) {
	a.LogLevel.Set(s.LogLevel)
	if before != nil && before.Settings.Network == s.Network || before == nil && s.Network == (roster.Network{}) {
		return
	}
	if err := a.Network.Configure(s.Network.Proxy, s.Network.CABundle); err != nil {
		a.warn("network", "[network] in credd.toml is not in force: "+err.Error())
		return
	}
	a.warn("network", "")
}

func roleNames(keys []cache.Key) []string {
	names := []string{}
	for _, k := range keys {
		names = append(names, k.Role)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func problems(r *roster.Roster) []api.Problem {
	out := []api.Problem{}
	for _, p := range r.Problems() {
		out = append(out, api.Problem{File: p.File, Line: p.Line, Customer: p.Customer, Message: p.Message, Hint: p.Hint})
	}
	return out
}

// Watcher tells when files changed.
type Watcher interface {
	Set(dirs []string)
	Changes() <-chan []string
	Degraded() error
}

// Watch reloads when a file changes, until ctx ends.
func (a *Agent) Watch(ctx context.Context, w Watcher, alsoDirs ...string) {
	for {
		w.Set(slices.Concat(a.state.Load().roster.Dirs(), alsoDirs))
		a.unwatched.Store(w.Degraded() != nil)
		if err := w.Degraded(); err != nil {
			a.warn("watch", "files are not watched, only read again on use: "+err.Error())
		} else {
			a.warn("watch", "")
		}
		select {
		case <-ctx.Done():
			return
		case changed := <-w.Changes():
			a.Reload(changed...) // none: anything may have changed
		case <-a.rewatch:
		}
	}
}

// stateFor returns the state in force for a request that names a role or a customer. Whoever drops a file in and asks at once is
// answered from that file: its change is noticed only a moment later.
func (a *Agent) stateFor(name string) *state {
	a.reread()
	st := a.state.Load()
	if _, err := st.role(name); err != nil {
		if path := st.roster.Unread(name); path != "" {
			a.load(path)
			return a.state.Load()
		}
	}
	return st
}

// reread reloads on use where files cannot be watched.
func (a *Agent) reread() {
	if !a.unwatched.Load() {
		return
	}
	now, last := a.Now().UnixNano(), a.rereadAt.Load()
	if now-last > int64(rereadEvery) && a.rereadAt.CompareAndSwap(last, now) {
		a.load() // without forgiving: nothing says that anything changed
		select {
		case a.rewatch <- struct{}{}: // the limit that kept us from watching may be gone
		default:
		}
	}
}
