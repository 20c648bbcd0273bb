package agent

import (
	"context"
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"

	"credd/internal/agent/api"
	"credd/internal/agent/cache"
	"credd/internal/agent/cred"
	"credd/internal/agent/roster"
	"credd/internal/agent/sts"
	"credd/internal/ipc"
)

// manage answers a request of credd's own commands.
func (a *Agent) manage(ctx context.Context, payload []byte) reply {
	body, err := ipc.ParseManage(payload)
	if err != nil {
		return refusal(fail(ipc.Usage, "unsupported request: "+err.Error(), "use the credd of the daemon's version"))
	}
	var r api.Request
	if err := json.Unmarshal(body, &r); err != nil {
		return refusal(fail(ipc.Usage, "the request is not valid JSON", ""))
	}
	out, f := a.do(ctx, r)
	if f != (failure{}) {
		return refusal(f)
	}
	b, err := json.Marshal(out)
	if err != nil {
		a.Log.Error("encode reply", "do", r.Do, "error", err)
		return refusal(fail(ipc.Internal, "internal error", "see credd's log"))
	}
	return reply{ipc.KindManaged, b}
}

// do returns the reply, or the failure if it is not zero.
func (a *Agent) do(ctx context.Context, r api.Request) (any, failure) {
	switch r.Do {
	case api.DoStatus:
		return a.status(), failure{}
	case api.DoReload:
		return a.Reload(), failure{}
	case api.DoTest:
		return a.test(ctx, r.Name)
	case api.DoRefresh:
		return a.renew(ctx, r.Name)
	case api.DoForget:
		return a.forget(r), failure{}
	}
	return nil, fail(ipc.Usage, "unsupported request: this credd does not know how to do "+r.Do, "restart credd after an upgrade")
}

func (a *Agent) status() api.Status {
	a.reread()
	st := a.state.Load()
	out := api.Status{
		Version: a.Version, PID: os.Getpid(), Started: a.started.UTC(), Socket: a.Socket, ConfigDir: a.ConfigDir,
		Sessions: []api.Session{}, Failing: []api.Failure{}, Problems: problems(st.roster), Warnings: []string{},
	}
	out.Customers, out.Roles = st.roster.Count()
	for _, l := range a.cache.Live() {
		out.Sessions = append(out.Sessions, a.describe(st, l.Key.Role, l.Session, l))
	}
	slices.SortFunc(out.Sessions, func(x, y api.Session) int { return strings.Compare(x.Role, y.Role) })
	failing := a.health.failing()
	for _, name := range slices.Sorted(maps.Keys(failing)) {
		r := failing[name]
		f := a.explainRole(name, r.err)
		fl := api.Failure{Role: name, Outcome: f.outcome, Message: f.message, Hint: f.hint, Since: r.since.UTC(), LastWorked: r.worked.UTC()}
		if role, err := st.roster.Role(name); err == nil {
			fl.Retry = a.cache.Retry(st.key(role, a.User)).UTC()
		}
		out.Failing = append(out.Failing, fl)
	}
	a.notes.Lock()
	defer a.notes.Unlock()
	for _, about := range slices.Sorted(maps.Keys(a.warnings)) {
		out.Warnings = append(out.Warnings, a.warnings[about])
	}
	return out
}

func (a *Agent) describe(st *state, name string, s *cred.Session, l cache.Live) api.Session {
	out := api.Session{
		Role: name, AccessKeyID: s.AccessKeyID, ARN: s.ARN, SessionName: s.SessionName,
		Issued: s.Issued.UTC(), Expires: s.Expires.UTC(), Asked: l.Asked.UTC(), Note: a.health.of(name).note,
	}
	if role, err := st.roster.Role(name); err == nil {
		out.Source = role.Source
	}
	return out
}

// test asks AWS who a source or a role is.
func (a *Agent) test(ctx context.Context, name string) (any, failure) {
	started := a.Now()
	st := a.state.Load()
	by, f := a.actAs(ctx, st, name)
	if f != (failure{}) {
		return nil, f
	}
	id, err := a.Assumer.Identity(ctx, by)
	if err != nil {
		f := explain(err)
		f.message = name + ": " + f.message
		return nil, f
	}
	return api.Identity{
		Name: name, ARN: id.ARN, AccountID: id.AccountID, Region: by.Region, Temporary: by.Session.Temporary(),
		Expires: by.Session.Expires.UTC(), Millis: a.Now().Sub(started).Milliseconds(),
	}, failure{}
}

// actAs returns the caller that a name stands for: a source, or a role's own session.
func (a *Agent) actAs(ctx context.Context, st *state, name string) (sts.Caller, failure) {
	if isRole(name) {
		role, err := st.roster.Role(name)
		if err != nil {
			return sts.Caller{}, explain(err)
		}
		ans, err := a.get(ctx, st, role)
		if err != nil {
			return sts.Caller{}, a.explainRole(name, err)
		}
		region, url := st.source(role).Endpoint()
		return sts.Caller{Session: ans.Session, Region: st.region(role, region), Endpoint: url}, failure{}
	}
	src := st.sources[name]
	if src == nil {
		return sts.Caller{}, fail(ipc.UnknownRole, "no such source: "+name, "see: credd source list")
	}
	s, err := src.Credentials(ctx)
	if err != nil {
		f := explain(sortSource(err, a.Now()))
		f.message = name + ": " + f.message
		return sts.Caller{}, f
	}
	region, url := src.Endpoint()
	return sts.Caller{Session: s, Region: st.region(&roster.Role{Source: name}, region), Endpoint: url}, failure{}
}

// renew fetches a new session for a role.
func (a *Agent) renew(ctx context.Context, name string) (any, failure) {
	st := a.state.Load()
	role, err := st.roster.Role(name)
	if err != nil {
		return nil, explain(err)
	}
	ans, err := a.refresh(ctx, st, role)
	if err != nil {
		return nil, a.explainRole(name, err)
	}
	return a.describe(st, name, ans.Session, cache.Live{}), failure{}
}

// forget drops the sessions of a role, of a customer, or all.
func (a *Agent) forget(r api.Request) api.Forgotten {
	keys := a.cache.Drop(func(k cache.Key, _ *cred.Session) bool {
		return r.All || k.Role == r.Name || strings.HasPrefix(k.Role, r.Name+"/")
	})
	return api.Forgotten{Roles: roleNames(keys)}
}
