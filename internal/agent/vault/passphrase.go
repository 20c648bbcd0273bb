package vault

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"sync"

	"filippo.io/age"
)

const leastPassphrase = 8 // characters; scrypt makes each guess cost a second

// passphraseKey is the identity in a file that a passphrase opens. It is asked for once a daemon.
type passphraseKey struct {
	path string
	work int // scrypt's log2(N); 0 is the library's own, about a second

	mu       sync.Mutex
	identity *age.X25519Identity // nil until it was told
	first    string              // of a new passphrase, which is asked for twice
}

func newPassphrase(path string) *passphraseKey { return &passphraseKey{path: path} }

func (k *passphraseKey) where() string { return k.path }

func (k *passphraseKey) load(context.Context) (*age.X25519Identity, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case !k.exists():
		k.identity = nil // removed meanwhile: what was encrypted to it now could never be read again
		return nil, errNoKey
	case k.identity != nil:
		return k.identity, nil
	}
	return nil, k.locked()
}

func (k *passphraseKey) create(context.Context) (*age.X25519Identity, error) { return nil, k.locked() }

func (k *passphraseKey) locked() *Error {
	return &Error{
		Kind: Locked, Message: "the vault needs its passphrase",
		Hint: "open it from a terminal: credd login SOURCE", Ask: k,
	}
}

func (k *passphraseKey) exists() bool {
	_, err := os.Lstat(k.path)
	return !errors.Is(err, fs.ErrNotExist)
}

// Question asks for the passphrase; for a new one twice.
func (k *passphraseKey) Question() (text string, hidden bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case k.exists():
		return "passphrase of credd's vault", true
	case k.first == "":
		return "choose a passphrase for credd's vault", true
	}
	return "the same passphrase again, because nobody can bring it back", true
}

// Begin forgets the first of two passphrases: the second has to be of the same person.
func (k *passphraseKey) Begin() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.first = ""
}

// Answer opens the key with the passphrase, or makes it.
func (k *passphraseKey) Answer(_ context.Context, text string) (done bool, wrong string, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.exists() && k.identity != nil {
		return true, "", nil
	}
	if k.exists() {
		wrong, err := k.unwrap(text)
		return wrong == "", wrong, err
	}
	first := k.first
	k.first = ""
	switch {
	case first == "" && len([]rune(text)) < leastPassphrase:
		return false, "it has to have 8 characters or more", nil
	case first == "":
		k.first = text
		return false, "", nil
	case first != text:
		return false, "the two are not the same", nil
	}
	return true, "", k.wrap(text)
}

func (k *passphraseKey) unwrap(passphrase string) (wrong string, err error) {
	data, err := readFile(k.path)
	if err != nil {
		return "", broken(err, "the vault's key cannot be read: "+err.Error(), "")
	}
	with, err := age.NewScryptIdentity(passphrase)
	if err != nil {
		return "wrong passphrase", nil // an empty one
	}
	with.SetMaxWorkFactor(22)
	r, err := age.Decrypt(bytes.NewReader(data), with)
	var other *age.NoIdentityMatchError
	if errors.As(err, &other) {
		return "wrong passphrase", nil
	}
	var text []byte
	if err == nil {
		text, err = io.ReadAll(io.LimitReader(r, 1<<10))
	}
	if err != nil {
		return "", broken(err, k.path+" is damaged", "the file is kept as it is: bring back a copy")
	}
	k.identity, err = parse(string(text), k.path)
	return "", err
}

func (k *passphraseKey) wrap(passphrase string) error {
	to, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		return broken(err, "no key can be made: "+err.Error(), "")
	}
	if k.work > 0 {
		to.SetWorkFactor(k.work)
	}
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		return broken(err, "no key can be made: "+err.Error(), "")
	}
	var out bytes.Buffer
	w, err := age.Encrypt(&out, to)
	if err == nil {
		_, err = io.WriteString(w, identity.String())
	}
	if err == nil {
		err = w.Close()
	}
	if err == nil {
		err = create(k.path, out.Bytes())
	}
	if err != nil {
		return broken(err, "the vault's key cannot be written: "+err.Error(), "")
	}
	k.identity = identity
	return nil
}
