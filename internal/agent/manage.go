package agent

import (
	"context"
	"encoding/json"
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

// test asks AWS who a source or a role is.
func (a *Agent) test(ctx context.Context, c *caller, name string) (any, failure) {
	started := a.Now()
	st, role, f := a.testable(ctx, c, name)
	if f == (failure{}) {
		f = a.pace(c)
	}
	if f != (failure{}) {
		return nil, f
	}
	h := a.holder(ctx, c)
	a.forgive(st, name, a.mayForgive(c, h))
	var by sts.Caller
	err := a.answered(ctx, c, false, func() (err error) { by, err = a.actAs(ctx, st, name, role, h); return err })
	if err != nil && role != nil {
		return nil, a.told(c, name, err)
	}
	if err != nil {
		return nil, a.explainSource(name, err)
	}
	id, err := a.Assumer.Identity(ctx, by)
	if err != nil && !c.manages() {
		return nil, a.told(c, name, err)
	}
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

// testable returns the role of a name, or nil for a source, which a guest does not have.
func (a *Agent) testable(ctx context.Context, c *caller, name string) (*state, *roster.Role, failure) {
	if isRole(name) || !c.manages() {
		return a.openRole(ctx, c, name)
	}
	st := a.stateFor(name)
	if st.sources[name] == nil {
		return nil, nil, explain(st.noSource(name))
	}
	return st, nil, failure{}
}

// anyHolder forgives all holders of sessions.
func anyHolder(cache.Key) bool { return true }

// mayForgive says whose failures a caller may have forgotten.
func (a *Agent) mayForgive(c *caller, h holder) func(cache.Key) bool {
	if c.manages() {
		return anyHolder
	}
	return func(k cache.Key) bool { return k.Holder == h.key }
}

// forgive lets a role that failed be tried at once, and the roles that it is assumed from: a person wants to know how it is now.
func (a *Agent) forgive(st *state, name string, of func(cache.Key) bool) {
	var chain []string
	for at, err := st.role(name); isRole(name) && err == nil; at, err = st.roster.Role(at.Source) {
		chain = append(chain, at.Name)
	}
	a.cache.Forgive(func(k cache.Key, _ error) bool { return of(k) && slices.Contains(chain, k.Role) })
}

// actAs returns the caller that a name stands for: a role's own session, or a source where there is no role.
func (a *Agent) actAs(ctx context.Context, st *state, name string, role *roster.Role, h holder) (sts.Caller, error) {
	of := st.own[ownMark+name]
	var s *cred.Session
	if role != nil {
		ans, err := a.get(ctx, st, role, h)
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

// renew fetches a new session for a role.
func (a *Agent) renew(ctx context.Context, c *caller, name string) (any, failure) {
	st, role, f := a.openRole(ctx, c, name)
	if role != nil {
		f = a.pace(c)
	}
	if f != (failure{}) {
		return nil, f
	}
	h := a.holder(ctx, c)
	key := st.key(role, h)
	var before string
	for _, l := range a.cache.Live() {
		if l.Key == key {
			before = l.Session.AccessKeyID
		}
	}
	var ans cache.Answer
	err := a.answered(ctx, c, false, func() (err error) { ans, err = a.refresh(ctx, st, role, h); return err })
	if err != nil {
		return nil, a.told(c, name, err)
	}
	out := a.describe(st, name, ans.Session, cache.Live{})
	if !c.manages() {
		out.Source = ""
	}
	if before == out.AccessKeyID {
		out.Note = "the session of before: its source renews it by itself when that is due"
	}
	return out, failure{}
}

// forget drops the sessions of a role, of a customer, of all roles of a source, or all.
func (a *Agent) forget(ctx context.Context, c *caller, r api.Request) (any, failure) {
	if !c.manages() {
		return a.forgetOwn(ctx, c, r)
	}
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
