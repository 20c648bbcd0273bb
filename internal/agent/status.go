package agent

import (
	"cmp"
	"maps"
	"os"
	"slices"
	"strings"

	"credd/internal/agent/api"
	"credd/internal/agent/cache"
	"credd/internal/agent/cred"
	"credd/internal/ipc"
)

// mostWeighed is how many denied roles have their causes weighed anew for one status: that looks at all other roles for each, while
// their requests wait. With ten thousand, when all of our side is denied, it took minutes.
const mostWeighed = 100

// status is how the daemon is, to root and the owner.
func (a *Agent) status() api.Status {
	a.reread()
	a.memory.flushNews()
	st := a.state.Load()
	out := api.Status{
		Version: a.Version, PID: os.Getpid(), Started: a.started.UTC(), Replaced: a.program.replaced(), Socket: a.Socket, ConfigDir: a.ConfigDir,
		Sources: a.sourceStates(st), Sessions: []api.Session{}, Failing: []api.Failure{}, Problems: problems(st.roster), Drifted: []api.Drift{}, Warnings: []string{},
	}
	out.Customers, out.Roles = st.roster.Count()
	for _, l := range a.cache.Live() {
		s := a.describe(st, l.Key.Role, l.Session, l)
		if a.System {
			_, s.User, _ = strings.Cut(l.Key.Holder, " ")
		}
		out.Sessions = append(out.Sessions, s)
	}
	slices.SortFunc(out.Sessions, func(x, y api.Session) int {
		return cmp.Or(strings.Compare(x.Role, y.Role), strings.Compare(x.User, y.User))
	})
	out.Failing = append(out.Failing, a.failures(st)...)
	a.notes.Lock()
	defer a.notes.Unlock()
	for _, about := range slices.Sorted(maps.Keys(a.warnings)) {
		if role, ok := strings.CutPrefix(about, driftMark); ok {
			out.Drifted = append(out.Drifted, api.Drift{Role: role, Message: a.warnings[about]})
			continue
		}
		out.Warnings = append(out.Warnings, a.warnings[about])
	}
	return out
}

// failures are the roles that fail, by name, each with what may be why.
func (a *Agent) failures(st *state) (out []api.Failure) {
	failing, retries := a.health.failing(), a.cache.Retries()
	for i, name := range slices.Sorted(maps.Keys(failing)) {
		r := failing[name]
		f := a.explainRole(name, r.err)
		fl := api.Failure{Role: name, Outcome: f.outcome, Message: f.message, Hint: f.hint, Since: r.since.UTC(), LastWorked: r.worked.UTC()}
		if role, err := st.role(name); err == nil {
			if f.code == ipc.Denied {
				causes := r.causes // of when it was denied
				if i < mostWeighed {
					causes = a.causes(st, role, r.err, "")
				}
				fl.Causes = texts(causes)
			}
			fl.Retry = retries[name].UTC()
		}
		out = append(out, fl)
	}
	return out
}

func (a *Agent) describe(st *state, name string, s *cred.Session, l cache.Live) api.Session {
	out := api.Session{
		Role: name, AccessKeyID: s.AccessKeyID, ARN: s.ARN, SessionName: s.SessionName,
		Issued: s.Issued.UTC(), Expires: s.Expires.UTC(), Asked: l.Asked.UTC(), Note: a.health.of(name).note,
	}
	if role, err := st.role(name); err == nil {
		out.Source = role.Source
	}
	return out
}

// sourceStates tells how each source is, without asking AWS or the vault.
func (a *Agent) sourceStates(st *state) []api.Source {
	out := []api.Source{}
	for _, s := range st.roster.Sources() {
		src := st.sources[s.Name]
		if src == nil {
			continue
		}
		r, state := a.sources.of(s.Name), src.State()
		one := api.Source{Name: s.Name, Type: s.Type, State: "untried", Until: state.Until.UTC(), LastWorked: r.worked.UTC(), Notes: state.Notes}
		switch {
		case r.err != nil:
			f := a.explainSource(s.Name, r.err)
			one.State, one.Since, one.Message, one.Hint = f.outcome, r.since.UTC(), f.message, f.hint
		case !r.tried.IsZero():
			one.State = "ready"
		}
		out = append(out, one)
	}
	return out
}
