package agent

import (
	"context"
	"regexp"

	"credd/internal/agent/api"
	"credd/internal/agent/cred"
	"credd/internal/agent/roster"
	"credd/internal/agent/source"
	"credd/internal/ipc"
)

// Shelf is where items of the vault are.
type Shelf interface {
	Get(ctx context.Context, name string) (item []byte, ok bool, err error)
	Put(ctx context.Context, name string, item []byte) error
	Drop(ctx context.Context, names ...string) error
}

// keptForm is that of the names of what an import keeps: its ID, and the number of a part. Nothing else of the vault can be had by
// them.
var keptForm = regexp.MustCompile(`^import\.[A-Za-z0-9]{1,32}\.[0-9]{1,3}$`)

// keep puts the text that an import takes out of a file into the vault; without a text it drops what is there.
func (a *Agent) keep(ctx context.Context, c *caller, r api.Request) (any, failure) {
	if !keptForm.MatchString(r.Name) {
		return nil, fail(ipc.Refused, "only what an import takes out of ~/.aws is kept", "")
	}
	err := a.answered(ctx, c, true, func() error {
		if r.Text == "" {
			return a.Shelf.Drop(ctx, r.Name)
		}
		return a.Shelf.Put(ctx, r.Name, []byte(r.Text))
	})
	if err != nil {
		return nil, a.explainSource(r.Name, err)
	}
	return api.Done{}, failure{}
}

// kept hands out what keep has stored, to be written back. The audit line is written first, as for credentials.
func (a *Agent) kept(ctx context.Context, c *caller, name string) (any, failure) {
	e := a.entry(ctx, c)
	e.Role = name[:min(len(name), ipc.MaxRole)]
	refused := func(f failure) (any, failure) {
		e.Outcome, e.Error, e.Duration = f.outcome, f.message, a.Now().Sub(e.Time)
		a.record(e)
		return nil, f
	}
	if !keptForm.MatchString(name) {
		return refused(fail(ipc.Refused, "only what an import has kept is handed out", ""))
	}
	var item []byte
	var ok bool
	err := a.answered(ctx, c, true, func() (err error) { item, ok, err = a.Shelf.Get(ctx, name); return err })
	if err != nil {
		return refused(a.explainSource(name, err))
	}
	if !ok {
		return refused(fail(ipc.UnknownRole, "the vault keeps nothing of this import", ""))
	}
	e.Outcome, e.From, e.Duration = "ok", "vault", a.Now().Sub(e.Time)
	a.record(e)
	return api.Kept{Text: string(item)}, failure{}
}

// keyID tells which access key a source has in the vault, "" if none.
func (a *Agent) keyID(ctx context.Context, c *caller, name string) (any, failure) {
	var item []byte
	err := a.answered(ctx, c, true, func() (err error) { item, _, err = a.Shelf.Get(ctx, source.KeyItem(name)); return err })
	if err != nil {
		return nil, a.explainSource(name, err)
	}
	return api.KeyID{ID: source.KeyIDOf(item)}, failure{}
}

// tryKey asks AWS about an access key of a file, for which no source is needed.
func (a *Agent) tryKey(ctx context.Context, r api.Request) (any, failure) {
	if r.Key == nil {
		return nil, fail(ipc.Usage, "there is no key to try", "")
	}
	spec := a.spec(&roster.Source{Name: r.Name, Type: "keys", Region: r.Key.Region, EndpointURL: r.Key.EndpointURL}, a.state.Load().roster.Settings)
	tried, err := a.Keys.TryKey(ctx, spec, source.NewKey{ID: r.Key.ID, Secret: cred.NewSecret(r.Key.Secret)})
	if err != nil {
		return nil, explain(err)
	}
	return api.Tried{Accepted: tried.Accepted, Created: tried.Created}, failure{}
}
