package vault

import (
	"context"
	"errors"
	"strings"
	"time"

	"filippo.io/age"
	"github.com/zalando/go-keyring"
)

const (
	service        = "credd"
	keyringTimeout = 8 * time.Second // one call: a flight has 20 s, a desktop may be asking for the keyring's password
	keyringHint    = "unlock your keyring (log in to the desktop), or see [vault] key in docs/configuration.md for machines without one"
)

// keyringKey is the identity in the keyring of the OS. The library knows no deadline, so that a hung keyring keeps the
// goroutine that asked it; no second one is started beside it.
type keyringKey struct {
	account string        // the vault's path: a user may have two
	busy    chan struct{} // held by the call under way
}

func newKeyring(vault string) *keyringKey {
	return &keyringKey{account: vault, busy: make(chan struct{}, 1)}
}

func (k *keyringKey) where() string { return "the keyring" }

func (k *keyringKey) load(ctx context.Context) (*age.X25519Identity, error) {
	text, err := k.call(ctx, func() (string, error) { return keyring.Get(service, k.account) })
	if err != nil {
		return nil, err
	}
	return parse(text, "the keyring")
}

// create stores a new identity and reads it back: some keyrings lose what they take.
func (k *keyringKey) create(ctx context.Context) (*age.X25519Identity, error) {
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		return nil, broken(err, "no key can be made: "+err.Error(), "")
	}
	text := identity.String()
	if _, err := k.call(ctx, func() (string, error) { return "", keyring.Set(service, k.account, text) }); err != nil {
		return nil, err
	}
	kept, err := k.call(ctx, func() (string, error) { return keyring.Get(service, k.account) })
	if err == nil && kept != text || errors.Is(err, errNoKey) {
		return nil, &Error{Kind: Unavailable, Message: "the keyring did not keep what was stored in it", Hint: keyringHint}
	}
	if err != nil {
		return nil, err
	}
	return identity, nil
}

// call asks the keyring, up to keyringTimeout.
func (k *keyringKey) call(ctx context.Context, ask func() (string, error)) (string, error) {
	select {
	case k.busy <- struct{}{}:
	default:
		return "", hung(nil) // the vault asks one thing at a time: the call before this one never ended
	}
	ctx, cancel := context.WithTimeout(ctx, keyringTimeout)
	defer cancel()
	type answer struct {
		text string
		err  error
	}
	got := make(chan answer, 1)
	go func() {
		err := reachable()
		text := ""
		if err == nil {
			text, err = ask()
		}
		<-k.busy // before the answer: whoever gets it may ask the next thing at once
		got <- answer{text, err}
	}()
	select {
	case a := <-got:
		return a.text, sorted(a.err)
	case <-ctx.Done():
		return "", hung(ctx.Err())
	}
}

// errNoBus is why a Secret Service cannot be asked. The library would start a bus of its own, without one.
var errNoBus = errors.New("there is no session bus")

func hung(err error) *Error {
	return &Error{Kind: Unavailable, Message: "the keyring does not answer", Hint: keyringHint, Err: err}
}

// sorted tells what is wrong with the keyring. The library has one typed error; the texts are of Secret Service, D-Bus
// and the two macOS and Windows keyrings.
func sorted(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, keyring.ErrNotFound) {
		return errNoKey
	}
	text := err.Error()
	has := func(parts ...string) bool {
		for _, p := range parts {
			if strings.Contains(text, p) {
				return true
			}
		}
		return false
	}
	switch {
	case has("failed to unlock", "is locked", "IsLocked", "Locked", "User interaction is not allowed", "prompt dismissed"):
		return &Error{Kind: Locked, Message: "the keyring is locked", Hint: keyringHint, Err: err}
	case errors.Is(err, keyring.ErrUnsupportedPlatform), errors.Is(err, errNoBus), has("dbus-launch", "org.freedesktop.secrets", "no such file", "connection refused", "not set", "ServiceUnknown", "failed to read"):
		return &Error{Kind: Absent, Message: "there is no keyring here", Hint: "without a keyring (ssh, WSL, a container) credd.toml says where the vault's key is: version = 1 as its first line, [vault], and below it key = \"passphrase\", or \"file\"", Err: err}
	}
	return &Error{Kind: Unavailable, Message: "the keyring refuses: " + text, Hint: keyringHint, Err: err}
}
