package source

import (
	"context"
	"strings"
	"time"

	"credd/internal/agent/cred"
	"credd/internal/agent/sts"
)

// NewKey is an access key to store, with the seed of its MFA device where credd is to make the codes.
type NewKey struct {
	ID      string
	Secret  cred.Secret
	Seed    cred.Secret
	Replace bool // one that is there
}

// DropKey takes all that the vault has of a source of type keys out of it, and reports whether there was a key.
func (d Deps) DropKey(ctx context.Context, source string) (had bool, err error) {
	end, err := d.Devices.change(source)
	if err != nil {
		return false, err
	}
	defer end()
	if _, had, err = d.Vault.Get(ctx, KeyItem(source)); err != nil {
		return false, err
	}
	return had, d.Vault.Drop(ctx, KeyItem(source), SeedItem(source), SessionItem(source), RotateItem(source))
}

// AddKey proves a key, stores it and returns whose it is. It stores nothing that AWS did not accept. What was of the key
// before goes with it: its session, its rotation, and its user's seed if the new key is of another user.
func (d Deps) AddKey(ctx context.Context, spec Spec, n NewKey) (sts.Identity, error) {
	end, err := d.Devices.change(spec.Name)
	if err != nil {
		return sts.Identity{}, err
	}
	defer end()
	item, there, err := d.Vault.Get(ctx, KeyItem(spec.Name))
	if err != nil {
		return sts.Identity{}, err
	}
	if there && !n.Replace {
		return sts.Identity{}, &Error{Kind: Config, Message: "there is a key of source " + spec.Name + " in the vault already", Hint: "to put another in its place: --replace; to change it at AWS too: credd source rotate " + spec.Name}
	}
	seed := strings.TrimSpace(n.Seed.Reveal())
	if seed != "" {
		if _, err := totpSeed(seed); err != nil {
			return sts.Identity{}, &Error{Kind: Config, Message: "the MFA seed is " + err.Error(), Err: err}
		}
	}
	key, err := newKeys(spec, d).prove(ctx, storedKey{ID: strings.TrimSpace(n.ID), Secret: keep(strings.TrimSpace(n.Secret.Reveal())), Added: d.Now().UTC().Truncate(time.Second)})
	if err != nil {
		return sts.Identity{}, err
	}
	before, err := readKey(item)
	isOther := err != nil || before.ARN != key.ARN
	err = d.Vault.Change(ctx, func(items map[string][]byte) error {
		delete(items, SessionItem(spec.Name))
		delete(items, RotateItem(spec.Name))
		switch {
		case seed != "":
			items[SeedItem(spec.Name)] = []byte(seed)
		case isOther:
			delete(items, SeedItem(spec.Name))
		}
		return setJSON(items, KeyItem(spec.Name), key)
	})
	return sts.Identity{ARN: key.ARN, AccountID: key.Account}, err
}
