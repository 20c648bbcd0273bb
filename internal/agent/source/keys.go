package source

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	smithytime "github.com/aws/smithy-go/time"

	"credd/internal/agent/cred"
	"credd/internal/agent/sts"
)

const (
	sessionLife = 12 * time.Hour      // of GetSessionToken with MFA: a working day; AWS gives 36 h at most
	oldKey      = 90 * 24 * time.Hour // after which status names a key
)

// Keys is an IAM user's access key in the vault. With MFA it is used for GetSessionToken only, whose session is kept in the
// vault too: one code in the morning, and none after a restart.
type Keys struct {
	spec  Spec
	deps  Deps
	held  held
	code  *codes                                     // of its device
	pause func(context.Context, time.Duration) error // until the next code, and until AWS knows a new key

	saving sync.Mutex // held by saveAgain

	mu      sync.Mutex
	notes   []string  // of the key as last read
	made    string    // ID of the key that the session in memory was made with, "" for none
	kin     [2]string // IDs of the two keys of the last rotation
	unsaved *unsaved  // nil if the vault has the session
}

func newKeys(spec Spec, d Deps) *Keys {
	return &Keys{spec: spec, deps: d, held: held{now: d.Now}, code: d.Devices.of(spec.MFASerial), pause: smithytime.SleepWithContext}
}

// Credentials returns the session of GetSessionToken, or without MFA the key itself: it alone can get sessions above 1 h.
func (k *Keys) Credentials(ctx context.Context) (*cred.Session, error) {
	key, err := k.key(ctx)
	if err != nil {
		if none := (*Error)(nil); errors.As(err, &none) {
			k.follow("")
		} else if s := k.held.living(); s != nil {
			return s, nil // the vault may be locked again
		}
		return nil, err
	}
	if k.spec.MFASerial == "" {
		return key.session(), nil
	}
	k.follow(key.ID)
	k.saveAgain(ctx)
	return k.held.get(ctx, func(ctx context.Context) (*cred.Session, error) { return k.renew(ctx, key) })
}

func (k *Keys) key(ctx context.Context) (*storedKey, error) {
	data, ok, err := k.deps.Vault.Get(ctx, KeyItem(k.spec.Name))
	if err != nil {
		return nil, err
	}
	key, err := readKey(data)
	if !ok || err != nil {
		return nil, &Error{
			Kind: Config, Message: fmt.Sprintf("there is no key of source %s in the vault", k.spec.Name),
			Hint: "put it there: credd source add " + k.spec.Name + " --type keys --replace", Err: err,
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.notes = key.notes(k.deps.Now())
	return key, nil
}

// Begin has nothing to forget: a code is one answer.
func (k *Keys) Begin() {}

// Question asks for the code of the source's device.
func (k *Keys) Question() (text string, hidden bool) {
	return fmt.Sprintf("MFA code for source %s (%s)", k.spec.Name, k.spec.MFASerial), false
}

// Answer makes a session with the code that a person gave.
func (k *Keys) Answer(ctx context.Context, text string) (done bool, wrong string, err error) {
	code := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, text)
	if !isCode(code) {
		return false, "a code is 6 digits", nil
	}
	key, err := k.key(ctx)
	if err != nil {
		return false, "", err
	}
	if k.code.take(code) != nil {
		return false, "this code was tried already: wait for the next one", nil
	}
	k.follow(key.ID)
	mark := k.held.mark()
	s, err := k.mint(ctx, key, code)
	var refused *sts.Error
	switch {
	case errors.As(err, &refused) && refused.Reason == sts.WrongCode:
		return false, "AWS does not accept this code", nil
	case err != nil:
		return false, "", err
	case k.held.mark() != mark:
		return false, "", &Error{Kind: Login, Message: fmt.Sprintf("source %s was logged out meanwhile", k.spec.Name), Hint: "log in again: credd login " + k.spec.Name}
	}
	k.held.put(mark, s)
	return true, "", nil
}

// Asker is the question that a person can answer ahead of time; nil if no code is asked for.
func (k *Keys) Asker() Asker {
	if k.spec.MFA != Prompt {
		return nil
	}
	return k
}

// Logout forgets the session, also in the vault. AWS itself has no way to end it.
func (k *Keys) Logout(ctx context.Context) error {
	k.held.drop()
	return k.deps.Vault.Drop(ctx, SessionItem(k.spec.Name))
}

// Shared names the login, which is this source's alone.
func (k *Keys) Shared() string { return "keys " + k.spec.Name }

func (k *Keys) Endpoint() (region, url string) { return k.spec.Region, k.spec.Endpoint }
func (k *Keys) Reload()                        {}
func (k *Keys) Forgive()                       { k.held.retry(); k.code.forgive() }

// Fingerprint does not name the key: one that was rotated is of the same user.
func (k *Keys) Fingerprint() string { return fmt.Sprintf("keys %q %q", k.spec.Name, k.spec.MFASerial) }

// Invalidate forgets the session, so that the next Credentials makes another.
func (k *Keys) Invalidate(keyID string) {
	if !k.held.refused(keyID) {
		return
	}
	ctx, cancel := saving(context.Background())
	defer cancel()
	k.unstore(ctx, keyID) // if it stays, AWS refuses it once more
}

// Replaced forgets the session in memory and all pauses, because a person has put another key into the vault.
func (k *Keys) Replaced() {
	k.held.drop()
	k.Forgive()
}

func (k *Keys) State() State {
	k.mu.Lock()
	defer k.mu.Unlock()
	notes := slices.Clone(k.notes)
	if u := k.unsaved; u != nil && u.mark == k.held.mark() && u.item.Expires.After(k.deps.Now()) {
		notes = append(notes, fmt.Sprintf("the MFA session of source %s could not be stored in the vault: after a restart another code is needed", k.spec.Name))
	}
	return State{Until: k.held.until(), Notes: notes}
}
