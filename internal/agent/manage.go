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
	"credd/internal/agent/sts"
	"credd/internal/ipc"
)

// manage answers a request of credd's own commands.
func (a *Agent) manage(ctx context.Context, c *caller, payload []byte) reply {
	body, err := ipc.ParseManage(payload)
	if err != nil {
		return refusal(fail(ipc.Usage, "unsupported request: "+err.Error(), "use the credd of the daemon's version"))
	}
	var r api.Request
	if err := json.Unmarshal(body, &r); err != nil {
		return refusal(fail(ipc.Usage, "the request is not valid JSON", ""))
	}
	out, f := a.do(ctx, c, r)
	if ctx.Err() != nil {
		return reply{} // stopping
	}
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
func (a *Agent) do(ctx context.Context, c *caller, r api.Request) (any, failure) {
	switch r.Do {
	case api.DoStatus:
		return a.status(), failure{}
	case api.DoNames:
		return a.names(r.Text), failure{}
	case api.DoReload:
		return a.Reload(), failure{}
	case api.DoTest:
		return a.test(ctx, c, r.Name)
	case api.DoRefresh:
		return a.renew(ctx, c, r.Name)
	case api.DoForget:
		return a.forget(r)
	case api.DoLogin:
		return a.login(ctx, c, r)
	case api.DoLogout:
		return a.logout(ctx, c, r.Name)
	case api.DoStoreKey:
		return a.storeKey(ctx, c, r)
	case api.DoRotate:
		return a.rotate(ctx, c, r.Name)
	case api.DoDropKey:
		return a.dropKey(ctx, c, r.Name)
	case api.DoKeep:
		return a.keep(ctx, c, r)
	case api.DoKept:
		return a.kept(ctx, c, r.Name)
	case api.DoKeyID:
		return a.keyID(ctx, c, r.Name)
	case api.DoTryKey:
		return a.tryKey(ctx, r)
	case api.DoAccounts:
		return a.accounts(ctx, c, r)
	case api.DoVerify:
		return a.verify(ctx, c, r)
	}
	return nil, fail(ipc.Usage, "unsupported request: this credd does not know how to do "+r.Do, "restart credd after an upgrade")
}

// mostWeighed is how many denied roles have their causes weighed anew for one status: that looks at all other roles for each, while
// their requests wait. With ten thousand, when all of our side is denied, it took minutes.
const mostWeighed = 100

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
		out.Sessions = append(out.Sessions, a.describe(st, l.Key.Role, l.Session, l))
	}
	slices.SortFunc(out.Sessions, func(x, y api.Session) int { return strings.Compare(x.Role, y.Role) })
	failing := a.health.failing()
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
			fl.Retry = a.cache.Retry(st.key(role, a.User)).UTC()
		}
		out.Failing = append(out.Failing, fl)
	}
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

// test asks AWS who a source or a role is.
func (a *Agent) test(ctx context.Context, c *caller, name string) (any, failure) {
	started := a.Now()
	st := a.stateFor(name)
	if !isRole(name) && st.sources[name] == nil {
		return nil, explain(st.noSource(name))
	}
	a.forgive(st, name)
	var by sts.Caller
	err := a.answered(ctx, c, false, func() (err error) { by, err = a.actAs(ctx, st, name); return err })
	if err != nil && isRole(name) {
		return nil, a.explainRole(name, err)
	}
	if err != nil {
		return nil, a.explainSource(name, err)
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

// forgive lets a role that failed be tried at once, and the roles that it is assumed from: a person wants to know how it is now.
func (a *Agent) forgive(st *state, name string) {
	var chain []string
	for at, err := st.role(name); isRole(name) && err == nil; at, err = st.roster.Role(at.Source) {
		chain = append(chain, at.Name)
	}
	a.cache.Forgive(func(k cache.Key, _ error) bool { return slices.Contains(chain, k.Role) })
}

// actAs returns the caller that a name stands for: a source, or a role's own session.
func (a *Agent) actAs(ctx context.Context, st *state, name string) (sts.Caller, error) {
	of := st.own[ownMark+name]
	var s *cred.Session
	if isRole(name) {
		role, err := st.role(name)
		if err != nil {
			return sts.Caller{}, err
		}
		ans, err := a.get(ctx, st, role)
		if err != nil {
			return sts.Caller{}, err
		}
		of, s = role, ans.Session
	} else {
		var err error
		if s, err = a.credentialsOf(ctx, name, st.sources[name]); err != nil {
			return sts.Caller{}, err
		}
	}
	region, url := st.source(of).Endpoint()
	return sts.Caller{Session: s, Region: st.region(of, region), Endpoint: url}, nil
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

// renew fetches a new session for a role.
func (a *Agent) renew(ctx context.Context, c *caller, name string) (any, failure) {
	st := a.stateFor(name)
	role, err := st.role(name)
	if err != nil {
		return nil, explain(err)
	}
	var before string
	for _, l := range a.cache.Live() {
		if l.Key.Role == name {
			before = l.Session.AccessKeyID
		}
	}
	var ans cache.Answer
	err = a.answered(ctx, c, false, func() (err error) { ans, err = a.refresh(ctx, st, role); return err })
	if err != nil {
		return nil, a.explainRole(name, err)
	}
	out := a.describe(st, name, ans.Session, cache.Live{})
	if before == out.AccessKeyID {
		out.Note = "the session of before: its source renews it by itself when that is due"
	}
	return out, failure{}
}

// forget drops the sessions of a role, of a customer, of all roles of a source, or all.
func (a *Agent) forget(r api.Request) (any, failure) {
	st := a.state.Load()
	_, noRole := st.role(r.Name)
	_, customer := st.roster.Customer(r.Name)
	src := st.sources[r.Name]
	if !r.All && noRole != nil && !customer && src == nil {
		return nil, explain(noRole)
	}
	keys := a.cache.Drop(func(k cache.Key, _ *cred.Session) bool {
		if r.All || k.Role == r.Name || strings.HasPrefix(k.Role, r.Name+"/") {
			return true
		}
		role, err := st.role(k.Role)
		return src != nil && err == nil && st.source(role) == src
	})
	return api.Forgotten{Roles: roleNames(keys)}, failure{}
}
