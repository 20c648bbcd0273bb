package agent

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"credd/internal/agent/api"
	"credd/internal/agent/roster"
	"credd/internal/agent/sts"
	"credd/internal/customer"
	"credd/internal/customer/verify"
	"credd/internal/ipc"
)

// verifiedAtOnce is how many roles of one request are; each may have to wait a minute for AWS to spread a change.
const verifiedAtOnce = 8

// verify proves a role, all of a customer, or all that have an ARN. It has no part in the cache, and what it tries marks no role as failing.
func (a *Agent) verify(ctx context.Context, c *caller, r api.Request) (any, failure) {
	st := a.stateFor(r.Name)
	roles, f := st.toVerify(r)
	if len(roles) == 0 {
		return nil, f
	}
	e, h := a.entry(ctx, c), a.holder(ctx, c)

	// Questions come first, one after the other: who answers them has not gone away.
	all := make([]*trial, len(roles))
	for i, role := range roles {
		all[i] = &trial{a: a, st: st, role: role, holder: h, entry: e}
		if isRole(role.Source) {
			a.forgive(st, role.Source, anyHolder) // a person wants to know how it is now
		}
		all[i].err = a.answered(ctx, c, false, func() (err error) { all[i].by, err = a.caller(ctx, st, role, h); return err })
	}
	if f := a.loginFirst(all); f != (failure{}) {
		return nil, f
	}
	var err error
	began := a.Now()
	for _, t := range all {
		t.began = began
	}
	tell := func(text string) { c.event(api.Event{Notice: text}) }
	c.attended(ctx, func(ctx context.Context) {
		if r.All {
			runAll(ctx, all, tell)
		} else {
			inParallel(verifiedAtOnce, all, func(t *trial) { t.run(ctx, tell) })
		}
		err = ctx.Err()
	})
	if err != nil {
		return nil, fail(ipc.Usage, "the command went away before its roles were verified", "")
	}
	out := api.Verified{Roles: []verify.Result{}}
	a.noteAllVerified(all)
	for _, t := range all {
		a.Log.Info("verified", "role", t.role.Name, "verdict", string(t.result.Verdict))
		out.Roles = append(out.Roles, t.result)
	}
	for _, p := range st.roster.Problems() {
		if p.Customer != "" && (r.All || p.Customer == r.Name) { // a role that cannot be used, or a file whose last good version is in force
			out.Roles = append(out.Roles, verify.Untold(p.Customer, a.Now(), p.Error(), p.Hint))
		}
	}
	return out, failure{}
}

// runAll runs trials and tells of each no more than its end: the steps of many are too much to read.
func runAll(ctx context.Context, all []*trial, tell func(string)) {
	var done atomic.Int64
	inParallel(verifiedAtOnce, all, func(t *trial) {
		if t.run(ctx, func(string) {}); ctx.Err() == nil {
			tell(fmt.Sprintf("%s: %s (%d of %d)", t.role.Name, t.result.Verdict, done.Add(1), len(all)))
		}
	})
}

// loginFirst is the failure of a request of whose roles none can be asked for without a login or a code.
func (a *Agent) loginFirst(all []*trial) failure {
	for _, t := range all {
		if t.err == nil || explain(t.err).code != ipc.Login {
			return failure{}
		}
	}
	return a.explainRole(all[0].role.Name, all[0].err)
}

// inParallel does work on each, on so many at once at most.
func inParallel[T any](atOnce int, all []T, work func(T)) {
	var group sync.WaitGroup
	free := make(chan struct{}, atOnce)
	for _, one := range all {
		free <- struct{}{}
		group.Go(func() {
			defer func() { <-free }()
			work(one)
		})
	}
	group.Wait()
}

// toVerify returns the roles that a request is about, or the failure that there are none.
func (st *state) toVerify(r api.Request) ([]*roster.Role, failure) {
	if r.All {
		return st.allToVerify()
	}
	return st.namedToVerify(r.Name)
}

// allToVerify returns the roles that customers gave: those with an ARN.
func (st *state) allToVerify() (roles []*roster.Role, f failure) {
	for _, role := range st.roster.Roles() {
		if role.ARN != "" {
			roles = append(roles, role)
		}
	}
	if err := st.roster.Broken(); err != nil && len(roles) == 0 {
		return nil, explain(err)
	}
	if len(roles) == 0 {
		return nil, fail(ipc.Usage, "there is no role to verify", "invite a customer: credd customer invite --help")
	}
	return roles, failure{}
}

// namedToVerify returns the role of a name, or those of a customer.
func (st *state) namedToVerify(name string) ([]*roster.Role, failure) {
	if isRole(name) {
		role, err := st.roster.Role(name)
		if err != nil {
			return nil, explain(err)
		}
		return []*roster.Role{role}, failure{}
	}
	var roles []*roster.Role
	for _, role := range st.roster.Roles() {
		if role.Customer.Key == name {
			roles = append(roles, role)
		}
	}
	if len(roles) > 0 {
		return roles, failure{}
	}
	for _, p := range st.roster.Problems() {
		if p.Customer == name && name != "" {
			return nil, explain(p)
		}
	}
	if err := st.roster.Broken(); err != nil {
		return nil, explain(err)
	}
	if _, ok := st.roster.Customer(name); ok {
		return nil, fail(ipc.Usage, "customer "+name+" has no role to verify", "add one: credd role add "+name+"/ROLE")
	}
	return nil, fail(ipc.UnknownRole, "no such customer: "+name, "see: credd customer list")
}

// subject is a role as package verify wants it.
func (t *trial) subject(ctx context.Context) verify.Role {
	role := t.role
	key, name, _ := strings.Cut(role.Name, "/")
	out := verify.Role{
		Name: role.Name, ARN: role.ARN, AccountID: role.AccountID, ExternalID: role.ExternalID, Duration: role.Duration,
		Marked: len(role.Tags) > 0 || role.SourceIdentity != "", Settings: settingsOf(role), File: role.File,
		LongTerm: !t.by.Session.Temporary(), Alike: t.st.alike(role),
	}
	if id, err := t.a.Assumer.Identity(ctx, t.by); err == nil {
		out.Us = id.ARN
	}
	all, err := customer.Invitations(t.a.StateDir, key)
	if err != nil {
		t.a.Log.Warn("invitations cannot be read", "customer", key, "error", err)
	}
	for _, terms := range all {
		if terms.Role == name && terms.RoleARN() == role.ARN {
			out.Invited(terms)
		}
	}
	return out
}

// alike are the roles of other customers that have the same external ID.
func (st *state) alike(role *roster.Role) (names []string) {
	for _, other := range st.roster.Roles() {
		if other.Customer.Key != role.Customer.Key && !role.ExternalID.IsZero() && other.ExternalID.Equal(role.ExternalID) {
			names = append(names, other.Name)
		}
	}
	return names
}

var _ verify.Assumer = (*trial)(nil)
var _ verify.Mirror = (*trial)(nil)
var _ Assumer = (*sts.Client)(nil)
