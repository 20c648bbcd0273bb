package source

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"credd/internal/agent/cred"
)

var (
	errReplaced = errors.New("the key of the source was replaced")
	errDropped  = errors.New("the session was dropped")
)

// unsaved is a session that the vault could not take.
type unsaved struct {
	mark  int // of held: after a drop it is not wanted any more
	item  storedSession
	again time.Time // when it is tried again
}

// renew returns the session of the vault, else a new one with a code; a code that only a person has is a question. One
// that still lives is good while there is no new one.
func (k *Keys) renew(ctx context.Context, key *storedKey) (*cred.Session, error) {
	mark := k.held.mark()
	s, err := k.stored(ctx, key)
	if err != nil {
		return nil, err
	}
	if s != nil {
		k.tie(key.ID)
		if left := s.Left(k.deps.Now()); left > leastEarly && (left > mostEarly || k.spec.MFA == Prompt) {
			return s, nil
		}
	}
	another, err := k.another(ctx, key)
	if err != nil && s != nil && s.Left(k.deps.Now()) > 0 && k.held.living() == nil && k.held.mark() == mark {
		return s, nil
	}
	return another, err
}

func (k *Keys) another(ctx context.Context, key *storedKey) (*cred.Session, error) {
	if k.spec.MFA == Prompt {
		return nil, &Error{
			Kind: Login, Message: fmt.Sprintf("source %s needs an MFA code", k.spec.Name),
			Hint: "give it from a terminal: credd login " + k.spec.Name, Ask: k,
		}
	}
	code, err := k.unattended(ctx)
	if err != nil {
		return nil, err
	}
	return k.mint(ctx, key, code)
}

// stored returns the session of the vault, nil if there is none of this key and device.
func (k *Keys) stored(ctx context.Context, key *storedKey) (*cred.Session, error) {
	data, ok, err := k.deps.Vault.Get(ctx, SessionItem(k.spec.Name))
	if err != nil {
		return nil, err
	}
	var s storedSession
	if !ok || json.Unmarshal(data, &s) != nil || !k.same(s.KeyID, key.ID) || s.Serial != k.spec.MFASerial {
		return nil, nil
	}
	return s.session(), nil
}

// mint makes a session with a code that was taken, and stores it.
func (k *Keys) mint(ctx context.Context, key *storedKey, code string) (*cred.Session, error) {
	mark := k.held.mark()
	s, err := k.deps.STS.SessionToken(ctx, k.spec.caller(key.session()), sessionLife, k.spec.MFASerial, code)
	k.code.landed(err)
	if err != nil {
		return nil, unquoted(err)
	}
	s.AccountID = key.Account
	err = k.save(ctx, unsaved{mark: mark, item: storedSession{
		KeyID: key.ID, Serial: k.spec.MFASerial, ID: s.AccessKeyID, Secret: kept{s.SecretAccessKey},
		Token: kept{s.SessionToken}, Issued: s.Issued, Expires: s.Expires, Account: s.AccountID,
	}})
	if errors.Is(err, errReplaced) {
		return nil, &Error{Kind: Wait, Message: fmt.Sprintf("the key of source %s was replaced while its session was made", k.spec.Name), Hint: "try again", Err: err}
	}
	k.tie(key.ID)
	return s, nil // a vault that cannot be written costs a code after the next restart, not this session
}

// save stores a session, unless it was dropped meanwhile: by a logout at any moment, or with the key that it is of.
func (k *Keys) save(ctx context.Context, u unsaved) error {
	ctx, cancel := saving(ctx)
	defer cancel()
	err := k.deps.Vault.Change(ctx, func(items map[string][]byte) error {
		key, err := readKey(items[KeyItem(k.spec.Name)])
		if err != nil || !k.same(key.ID, u.item.KeyID) {
			return errReplaced
		}
		if k.held.mark() != u.mark {
			return errDropped
		}
		item := u.item
		item.KeyID = key.ID // a rotation may have ended since
		return setJSON(items, SessionItem(k.spec.Name), item)
	})
	dropped := k.held.mark() != u.mark
	if dropped && err == nil {
		err = k.unstore(ctx, u.item.ID)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.unsaved = nil
	if err != nil && !dropped && !errors.Is(err, errReplaced) {
		u.again = k.deps.Now().Add(renewAgain)
		k.unsaved = &u
	}
	return err
}

// saveAgain stores what could not be stored before.
func (k *Keys) saveAgain(ctx context.Context) {
	if !k.saving.TryLock() {
		return
	}
	defer k.saving.Unlock()
	k.mu.Lock()
	u := k.unsaved
	k.mu.Unlock()
	if u != nil && !k.deps.Now().Before(u.again) {
		k.save(ctx, *u)
	}
}

// unstore takes a session out of the vault, and no other: that is a newer one.
func (k *Keys) unstore(ctx context.Context, id string) error {
	return k.deps.Vault.Change(ctx, func(items map[string][]byte) error {
		var s storedSession
		if json.Unmarshal(items[SessionItem(k.spec.Name)], &s) == nil && s.ID == id {
			delete(items, SessionItem(k.spec.Name))
		}
		return nil
	})
}

// tie says which key the session in memory was made with.
func (k *Keys) tie(keyID string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.made = keyID
}

// follow drops the session in memory if it was made with another key than the one in force, "" for none.
func (k *Keys) follow(keyID string) {
	k.mu.Lock()
	stale := k.made != "" && k.made != keyID && !k.areKin(k.made, keyID)
	if stale {
		k.made, k.unsaved = "", nil
	}
	k.mu.Unlock()
	if stale {
		k.held.drop()
	}
}

// same reports whether a session made with one key is as good with another: it is the same, or of one rotation.
func (k *Keys) same(a, b string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return a == b || k.areKin(a, b)
}

func (k *Keys) areKin(a, b string) bool {
	return a != "" && b != "" && (k.kin == [2]string{a, b} || k.kin == [2]string{b, a})
}

// marry makes sessions of either key good for both, whose user is the same.
func (k *Keys) marry(a, b string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.kin = [2]string{a, b}
}
