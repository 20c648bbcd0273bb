package agent

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"credd/internal/agent/api"
	"credd/internal/agent/cache"
	"credd/internal/agent/cred"
	"credd/internal/agent/roster"
	"credd/internal/agent/source"
	"credd/internal/agent/sts"
	"credd/internal/ipc"
)

// What sources can do beside giving credentials.
type (
	// browsed is logged in to in a browser.
	browsed interface {
		Login(ctx context.Context, how source.How, tell func(source.Step)) error
	}
	// coded is logged in to by a code that a person has; its Asker is nil if none is needed.
	coded interface{ Asker() source.Asker }
	// ended has a login that can be ended; sources of one login say the same.
	ended interface {
		Logout(context.Context) error
		Shared() string
	}
	// rotated has an access key that can be changed.
	rotated interface {
		Rotate(ctx context.Context, tell func(string)) error
	}
	// listed knows the accounts of its login.
	listed interface {
		Accounts(context.Context) ([]source.Account, error)
	}
)

// event tells the command at the other end something before its reply.
func (c *caller) event(e api.Event) {
	b, err := json.Marshal(e)
	if err != nil {
		return // texts always marshal
	}
	c.SetWriteDeadline(time.Now().Add(ioTimeout))
	c.Write(ipc.Append(nil, ipc.KindEvent, b)) // a command that went away is noticed by attended
}

// attended ends the work when the command at the other end goes away: a login that nobody waits for leaves no listener.
func (c *caller) attended(ctx context.Context, work func(context.Context)) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	gone := make(chan struct{})
	c.SetReadDeadline(time.Time{})
	go func() {
		defer close(gone)
		for ; c.owed > 0; c.owed-- { // to questions that are over
			if _, _, err := ipc.Read(c.in, ipc.MaxAnswer); err != nil {
				cancel()
				return
			}
		}
		c.in.Peek(1) // nothing more is sent: it returns when the connection ends
		cancel()
	}()
	work(ctx)
	c.SetReadDeadline(time.Unix(1, 0))
	<-gone
}

// login logs in to a source: in a browser, or by a code.
func (a *Agent) login(ctx context.Context, c *caller, r api.Request) (any, failure) {
	src, f := a.sourceOf(r)
	if src == nil {
		return nil, f
	}
	err := a.answered(ctx, c, true, func() error { return a.logIn(ctx, c, src, r) })
	if err != nil {
		return nil, a.explainSource(r.Name, err)
	}
	if r.SSO != nil {
		return api.Login{Name: r.Name}, failure{} // it has no session yet, only a login
	}
	a.cache.Forgive(func(cache.Key, error) bool { return true })
	var s *cred.Session
	err = a.answered(ctx, c, true, func() (err error) { s, err = a.credentialsOf(ctx, r.Name, src); return err })
	if err != nil {
		return nil, a.explainSource(r.Name, err)
	}
	return api.Login{Name: r.Name, Until: s.Expires.UTC()}, failure{}
}

// logIn does the one step that is a login's own. What else is missing, such as the vault's passphrase, it returns.
func (a *Agent) logIn(ctx context.Context, c *caller, src source.Source, r api.Request) (err error) {
	switch src := src.(type) {
	case browsed:
		c.attended(ctx, func(ctx context.Context) {
			err = src.Login(ctx, source.How{Device: r.Device}, func(s source.Step) { c.event(api.Event{URL: s.URL, Code: s.Code}) })
		})
		return err
	case coded:
		q := src.Asker()
		if q == nil {
			break
		}
		if _, err := a.credentialsOf(ctx, r.Name, src.(source.Source)); err != nil && asker(err) != q {
			return err // the vault is asked for first, and without a key there is nothing to ask for
		}
		return a.desk.askNow(ctx, c, q, &source.Error{
			Kind: source.Login, Message: "there is no terminal to ask for the code at", Hint: "run it in a terminal: credd login " + r.Name,
		})
	}
	return nil
}

// logout ends a source's login and drops the sessions that came from it.
func (a *Agent) logout(ctx context.Context, c *caller, name string) (any, failure) {
	src, f := a.sourceNamed(name)
	if src == nil {
		return nil, f
	}
	e, ok := src.(ended)
	if !ok {
		return nil, fail(ipc.Usage, "source "+name+" has no login of credd's own", "log out where it was logged in")
	}
	err := a.answered(ctx, c, true, func() error { return e.Logout(ctx) })
	st := a.state.Load()
	of := func(src source.Source) bool {
		other, ok := src.(ended)
		return ok && other.Shared() == e.Shared()
	}
	a.sources.forget(func(name string) bool { return !of(st.sources[name]) })
	keys := a.cache.Drop(func(k cache.Key, _ *cred.Session) bool {
		role, err := st.role(k.Role)
		return err == nil && of(st.source(role))
	})
	if err != nil { // what is here is dropped in any case
		f := a.explainSource(name, err)
		f.message, f.hint = "logged out here, and its sessions are dropped; AWS could not be told: "+f.message, "the login itself ends at AWS by its own time"
		return nil, f
	}
	return api.Forgotten{Roles: roleNames(keys)}, failure{}
}

// rotate changes a source's access key.
func (a *Agent) rotate(ctx context.Context, c *caller, name string) (any, failure) {
	src, f := a.sourceNamed(name)
	if src == nil {
		return nil, f
	}
	k, ok := src.(rotated)
	if !ok {
		return nil, fail(ipc.Usage, "source "+name+" has no access key of its own", "only sources of type keys have one")
	}
	err := a.answered(ctx, c, true, func() error { return k.Rotate(ctx, func(step string) { c.event(api.Event{Notice: step}) }) })
	if err != nil {
		return nil, a.explainSource(name, err)
	}
	return api.Done{}, failure{}
}

// accounts lists what a source's login may use.
func (a *Agent) accounts(ctx context.Context, c *caller, r api.Request) (any, failure) {
	name := r.Name
	src, f := a.sourceOf(r)
	if src == nil {
		return nil, f
	}
	l, ok := src.(listed)
	if !ok {
		return nil, fail(ipc.Usage, "source "+name+" is not of IAM Identity Center", "only sources of type sso know their accounts")
	}
	var all []source.Account
	err := a.answered(ctx, c, true, func() (err error) { all, err = l.Accounts(ctx); return err })
	if err != nil {
		return nil, a.explainSource(name, err)
	}
	out := api.Accounts{Accounts: []api.Account{}}
	for _, acc := range all {
		out.Accounts = append(out.Accounts, api.Account{ID: acc.ID, Name: acc.Name, Email: acc.Email, Roles: slices.Clone(acc.Roles)})
	}
	return out, failure{}
}

// storeKey proves an access key and puts it into the vault.
func (a *Agent) storeKey(ctx context.Context, c *caller, r api.Request) (any, failure) {
	if r.Key == nil {
		return nil, fail(ipc.Usage, "there is no key to store", "")
	}
	if r.Key.ID == "" { // asked ahead, before a person is asked for secrets
		if err := a.answered(ctx, c, true, func() error { return a.Vault.Ready(ctx) }); err != nil {
			return nil, a.explainSource(r.Name, err)
		}
		return api.Identity{Name: r.Name}, failure{}
	}
	settings := a.state.Load().roster.Settings
	spec := a.spec(&roster.Source{
		Name: r.Name, Type: "keys", Region: r.Key.Region, STSRegion: r.Key.STSRegion, EndpointURL: r.Key.EndpointURL,
	}, settings)
	var id sts.Identity
	err := a.answered(ctx, c, true, func() (err error) {
		id, err = a.Keys.AddKey(ctx, spec, source.NewKey{ID: r.Key.ID, Secret: cred.NewSecret(r.Key.Secret), Seed: cred.NewSecret(r.Key.Seed), Replace: r.Key.Replace})
		return err
	})
	if err != nil {
		return nil, a.explainSource(r.Name, err)
	}
	st := a.state.Load()
	if src, ok := st.sources[r.Name].(interface{ Replaced() }); ok {
		src.Replaced()
	}
	a.sources.forget(func(name string) bool { return name != r.Name })
	a.cache.Drop(func(k cache.Key, _ *cred.Session) bool { // they are of the user whose key was there before
		role, err := st.role(k.Role)
		return err == nil && st.sourceName(role) == r.Name
	})
	return api.Identity{Name: r.Name, ARN: id.ARN, AccountID: id.AccountID, Region: spec.STSRegion}, failure{}
}

// dropKey takes an access key, and what goes with it, out of the vault. Its source may be gone from the files already.
func (a *Agent) dropKey(ctx context.Context, c *caller, name string) (any, failure) {
	had := false
	err := a.answered(ctx, c, true, func() (err error) { had, err = a.Keys.DropKey(ctx, name); return err })
	if err != nil {
		return nil, a.explainSource(name, err)
	}
	return api.Dropped{Had: had}, failure{}
}

// sourceOf returns the source that a request names, or one for a login that no source has yet.
func (a *Agent) sourceOf(r api.Request) (source.Source, failure) {
	if r.SSO == nil {
		return a.sourceNamed(r.Name)
	}
	spec := a.spec(&roster.Source{
		Name: r.Name, Type: "sso", StartURL: r.SSO.StartURL, SSORegion: r.SSO.Region, SSOSession: r.SSO.Session,
	}, a.state.Load().roster.Settings)
	src, err := a.NewSource(spec)
	if err != nil {
		return nil, explain(err)
	}
	return src, failure{}
}

// sourceNamed returns a source, or the failure that there is none.
func (a *Agent) sourceNamed(name string) (source.Source, failure) {
	if src := a.state.Load().sources[name]; src != nil {
		return src, failure{}
	}
	return nil, explain(a.state.Load().noSource(name))
}

// explainSource is explain for what a source itself was asked for.
func (a *Agent) explainSource(name string, err error) failure {
	f := explain(sortSource(err, a.Now()))
	f.hint = strings.ReplaceAll(f.hint, "SOURCE", name)
	if !strings.Contains(f.message, "source "+name) {
		f.message = name + ": " + f.message
	}
	return f
}
