// Package vault keeps secrets at rest: one file, encrypted with age to one X25519 identity. That identity is all that
// the OS keyring, or what stands in for it, has to hold, so that no keyring's size limit matters.
package vault

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"filippo.io/age"

	"credd/internal/disk"
	"credd/internal/paths"
)

const (
	lockWait = 5 * time.Second // for another process that writes the vault
	lockPoll = 10 * time.Millisecond
)

// Items are the secrets by name.
type Items = map[string][]byte

// Vault is safe for concurrent use. It reads its file when something is first asked of it, and again after somebody else
// has written it.
type Vault struct {
	path        string
	credentials string        // the directory of what systemd hands to this service; "" without
	turn        chan struct{} // held while the key or the file is used; a channel, so that a hung keyring holds nobody past its deadline

	mu       sync.Mutex // guards what follows, for those who do not wait for a turn
	settings Settings
	key      key

	// Of the holder of the turn.
	identity *age.X25519Identity // nil until it was needed
	openedBy key                 // that identity is of
	seen     facts               // of the file that items are of
	items    Items
}

// Settings say where the vault's key is.
type Settings struct {
	Key     string // a Kind of key; "" is Keyring
	KeyFile string // of KeyFile; "" is beside the vault
}

// New returns the vault at path. It touches nothing yet.
func New(path string, s Settings) *Vault {
	v := &Vault{path: path, credentials: os.Getenv("CREDENTIALS_DIRECTORY"), turn: make(chan struct{}, 1)}
	v.settings, v.key = s, v.newKey(s)
	return v
}

// Configure puts other settings in force. What was read with the key before is forgotten.
func (v *Vault) Configure(s Settings) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.settings == s {
		return
	}
	v.settings, v.key = s, v.newKey(s)
}

// Get returns the item of a name; ok is false if there is none. Its errors are *Error.
func (v *Vault) Get(ctx context.Context, name string) (item []byte, ok bool, err error) {
	if err := v.take(ctx); err != nil {
		return nil, false, err
	}
	defer v.give()
	if err := v.load(ctx); err != nil {
		return nil, false, err
	}
	item, ok = v.items[name]
	return slices.Clone(item), ok, nil
}

// Change lets edit change the items, and writes them if it did. It reads what others wrote before, and nobody else writes
// meanwhile. An error of edit is returned as it is, and nothing is written.
func (v *Vault) Change(ctx context.Context, edit func(Items) error) error {
	if err := v.take(ctx); err != nil {
		return err
	}
	defer v.give()
	dir := filepath.Dir(v.path)
	if err := paths.Private(dir); err != nil {
		return broken(err, "the vault's directory cannot be used: "+err.Error(), "")
	}
	unlock, err := v.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	v.sweep()
	v.seen = facts{} // read again whatever it looks like: another process may have written within a tick of the clock
	if err := v.load(ctx); err != nil {
		return err
	}
	next := Items{}
	for name, item := range v.items {
		next[name] = slices.Clone(item)
	}
	if err := edit(next); err != nil {
		return err
	}
	if maps.EqualFunc(v.items, next, slices.Equal) {
		return nil
	}
	if (v.seen == facts{}) {
		v.identity = nil // its key may have gone with the file: what is written now has to be readable after a restart
	}
	if err := v.open(ctx, v.seen == facts{}); err != nil {
		return err
	}
	data, err := encrypt(next, v.identity.Recipient())
	if err != nil {
		return broken(err, "the vault cannot be encrypted: "+err.Error(), "")
	}
	if err := disk.Replace(v.path, data, 0o600); err != nil {
		return broken(err, "the vault cannot be written: "+err.Error(), "nothing of it is lost; see that there is room on the disk")
	}
	v.items = next
	v.seen, _ = v.look()
	return nil
}

// Ready reports whether something can be stored: the key is there, or one can be made.
func (v *Vault) Ready(ctx context.Context) error {
	if err := v.take(ctx); err != nil {
		return err
	}
	defer v.give()
	if err := v.load(ctx); err != nil || (v.seen != facts{}) {
		return err
	}
	v.mu.Lock()
	k := v.key
	v.mu.Unlock()
	if _, err := k.load(ctx); err != nil && !errors.Is(err, errNoKey) {
		return err
	}
	return nil
}

// Put stores an item.
func (v *Vault) Put(ctx context.Context, name string, item []byte) error {
	return v.Change(ctx, func(items Items) error { items[name] = slices.Clone(item); return nil })
}

// Drop removes items.
func (v *Vault) Drop(ctx context.Context, names ...string) error {
	return v.Change(ctx, func(items Items) error {
		for _, name := range names {
			delete(items, name)
		}
		return nil
	})
}

func (v *Vault) take(ctx context.Context) error {
	select {
	case v.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return &Error{Kind: Unavailable, Message: "the vault is busy: its keyring has not answered an earlier question", Hint: keyringHint, Err: ctx.Err()}
	}
}

func (v *Vault) give() { <-v.turn }

// lock keeps other processes from writing.
func (v *Vault) lock(ctx context.Context) (unlock func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, lockWait)
	defer cancel()
	for {
		f, err := disk.TryLock(v.path + ".lock")
		if err == nil {
			return func() { f.Close() }, nil
		}
		if !errors.Is(err, disk.ErrLocked) {
			return nil, broken(err, "the vault cannot be locked: "+err.Error(), "")
		}
		select {
		case <-ctx.Done():
			return nil, &Error{Kind: Unavailable, Message: "another process keeps the vault locked", Hint: "see who has " + v.path + ".lock open", Err: ctx.Err()}
		case <-time.After(lockPoll):
		}
	}
}

// open makes the identity known. One that does not exist is made only where there is no vault yet: it could not open one.
func (v *Vault) open(ctx context.Context, isNew bool) error {
	v.mu.Lock()
	k := v.key
	v.mu.Unlock()
	if v.identity != nil && k == v.openedBy {
		return nil
	}
	identity, err := k.load(ctx)
	if errors.Is(err, errNoKey) && isNew {
		identity, err = k.create(ctx)
	}
	if errors.Is(err, errNoKey) {
		return broken(err, "the key of the vault "+v.path+" is not in "+k.where(), "bring the key back, or set [vault] key in credd.toml as it was; else move the vault away and add its sources again")
	}
	if err != nil {
		return err
	}
	if v.openedBy != k {
		v.items = nil
	}
	v.identity, v.openedBy = identity, k
	return nil
}

// load reads the file, unless it is as it was. No key is needed where there is no vault.
func (v *Vault) load(ctx context.Context) error {
	now, err := v.look()
	if err != nil {
		return broken(err, "the vault cannot be read: "+err.Error(), "")
	}
	if (now == facts{}) {
		v.items, v.seen = Items{}, now
		return nil
	}
	if err := v.open(ctx, false); err != nil {
		return err
	}
	if now == v.seen && v.items != nil {
		return nil
	}
	items, err := v.read()
	if err != nil {
		return err
	}
	v.items, v.seen = items, now
	return nil
}

// sweep removes what a writer that was killed left behind: it is encrypted, and nobody's. The lock is held.
func (v *Vault) sweep() {
	left, _ := filepath.Glob(disk.Unfinished(v.path)) // the pattern is a good one
	for _, name := range left {
		os.Remove(name)
	}
}

// look returns the facts of the file, zero if there is none.
func (v *Vault) look() (facts, error) {
	i, err := os.Stat(v.path)
	if errors.Is(err, fs.ErrNotExist) {
		return facts{}, nil
	}
	if err != nil {
		return facts{}, err
	}
	return facts{inodeOf(i), i.Size(), i.ModTime().UnixNano(), true}, nil
}

// facts tell whether the file was written by somebody else.
type facts struct {
	inode          uint64 // each write makes another file
	size, modified int64
	exists         bool
}
