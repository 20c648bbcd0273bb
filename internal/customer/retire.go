package customer

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"credd/internal/agent/roster"
	"credd/internal/customer/invite"
	"credd/internal/disk"
)

// Places are where customers are configured, and where what is known of them is kept.
type Places struct{ Config, State string }

// Archive is a customer that was retired: CONFIG/retired/KEY-TIME.toml is its file, and KEY-TIME.json what was known of it.
type Archive struct {
	Customer string
	Path     string
	Retired  time.Time
}

const (
	stamp   = "20060102T150405Z" // of an archive's name, UTC
	tomlExt = ".toml"
	keptExt = ".json"
)

const maxKept = 4 * maxInvitations // bytes of it: both files, as texts

// kept is what an archive has beside the customer's file. The texts are those of files of the state directory.
type kept struct {
	Profiles    []string `json:"profiles,omitempty"` // roles that had one in the block of ~/.aws/config
	Invitations string   `json:"invitations,omitempty"`
	Record      string   `json:"record,omitempty"`
	Sum         string   `json:"sum,omitempty"` // SHA-256 of the customer's file, hex
}

func (p Places) retired() string { return filepath.Join(p.Config, "retired") }

// of are the files in the state directory that are of a customer, with their place in an archive.
func (p Places) of(key string, k *kept) map[string]*string {
	return map[string]*string{
		invitationsFile(p.State, key):                        &k.Invitations,
		filepath.Join(recordsDir(p.State), key+recordSuffix): &k.Record,
	}
}

// Archives are those of a customer, the newest first.
func (p Places) Archives(key string) ([]Archive, error) {
	entries, err := os.ReadDir(p.retired())
	if gone(err) != nil {
		return nil, err
	}
	var all []Archive
	for _, e := range entries {
		if at, ok := archived(e.Name(), key, tomlExt); ok && e.Type().IsRegular() {
			all = append(all, Archive{key, filepath.Join(p.retired(), e.Name()), at})
		}
	}
	slices.SortFunc(all, func(a, b Archive) int { return b.Retired.Compare(a.Retired) })
	return all, nil
}

// archived reads the name of a file of an archive.
func archived(name, key, ext string) (time.Time, bool) {
	rest, ok := strings.CutPrefix(name, key+"-")
	if rest, is := strings.CutSuffix(rest, ext); ok && is {
		at, err := time.Parse(stamp, rest)
		return at, err == nil
	}
	return time.Time{}, false
}

// Retire moves a customer out of the configuration. profiles are its roles that have one in ~/.aws/config, for Undo to tell.
//
// What is known of it is copied first, then its file moves, in one step. The originals of the copies stay for Finish: whenever it is
// killed there is either the customer or the archive.
func (p Places) Retire(key string, profiles []string, now time.Time) (Archive, error) {
	if err := os.MkdirAll(p.retired(), 0o700); err != nil {
		return Archive{}, err
	}
	for _, old := range p.leftovers(key) {
		os.Remove(old.kept())
	}
	a, err := p.fresh(key, now)
	if err != nil {
		return a, err
	}
	k := kept{Profiles: profiles, Sum: sum(filepath.Join(p.Config, "customers", key+tomlExt))}
	// As the owner, here too: what is read comes back there with an Undo, and root reads what the daemon's user may not.
	if err := disk.AsOwner(p.State, func() error { return p.copy(key, &k) }); err != nil {
		return a, err
	}
	data, err := json.MarshalIndent(k, "", "  ")
	if err != nil {
		return a, err
	}
	if err := disk.Create(a.kept(), append(data, '\n')); err != nil {
		return a, err
	}
	if err := roster.Retire(p.Config, key, a.Path); err != nil {
		return a, errors.Join(err, os.Remove(a.kept()))
	}
	return a, nil
}

// copy reads what is known of a customer.
func (p Places) copy(key string, k *kept) error {
	for path, to := range p.of(key, k) {
		data, err := readFile(path, maxInvitations)
		if errors.Is(err, ErrBroken) {
			err = fmt.Errorf("%w: move it away first", err)
		}
		if gone(err) != nil {
			return err
		}
		*to = string(data)
	}
	return nil
}

// fresh is an archive whose name is free.
func (p Places) fresh(key string, now time.Time) (Archive, error) {
	for at := now.UTC().Truncate(time.Second); ; at = at.Add(time.Second) {
		a := Archive{key, filepath.Join(p.retired(), key+"-"+at.Format(stamp)+tomlExt), at}
		if _, err := os.Lstat(a.Path); errors.Is(err, fs.ErrNotExist) {
			return a, nil
		} else if err != nil {
			return a, err
		}
	}
}

func (a Archive) kept() string { return strings.TrimSuffix(a.Path, tomlExt) + keptExt }

// leftovers are archives without the customer's file: a Retire was killed before it moved, or an Undo after that.
func (p Places) leftovers(key string) (all []Archive) {
	entries, _ := os.ReadDir(p.retired())
	for _, e := range entries {
		at, ok := archived(e.Name(), key, keptExt)
		if !ok {
			continue
		}
		a := Archive{key, filepath.Join(p.retired(), strings.TrimSuffix(e.Name(), keptExt)+tomlExt), at}
		if _, err := os.Lstat(a.Path); errors.Is(err, fs.ErrNotExist) {
			all = append(all, a)
		}
	}
	return all
}

// read returns what an archive has beside the customer's file: nothing, if a person took it away.
func (a Archive) read() (k kept, err error) {
	data, err := readFile(a.kept(), maxKept)
	if errors.Is(err, fs.ErrNotExist) {
		return k, nil
	}
	if err == nil && json.Unmarshal(data, &k) != nil {
		err = fmt.Errorf("%s: %w", a.kept(), ErrBroken)
	}
	if errors.Is(err, ErrBroken) {
		err = fmt.Errorf("%w: move it away to go on without it", err)
	}
	return k, err
}

// sum is that of a file; "" if it cannot be read.
func sum(path string) string {
	data, err := readFile(path, maxRecord)
	if err != nil {
		return ""
	}
	s := sha256.Sum256(data)
	return hex.EncodeToString(s[:])
}

// Changed reports whether the customer's file is another than the one that was retired: then it does not come back as it was.
func (a Archive) Changed() bool {
	k, err := a.read()
	return err == nil && k.Sum != "" && sum(a.Path) != k.Sum
}

// Finish removes what the archive of a customer that is gone has a copy of.
func (p Places) Finish(a Archive) error {
	k, err := a.read()
	if err != nil {
		return err
	}
	return disk.AsOwner(p.State, func() (err error) {
		for path, text := range p.of(a.Customer, &k) {
			if *text != "" {
				err = errors.Join(err, gone(os.Remove(path)))
			}
		}
		return err
	})
}

// Undo brings a retired customer back as it is in the archive, and returns its file. profiles is as Retire was told. It can be repeated where it
// was killed: what is known of the customer comes first, then its file moves, in one step. Done is to end it.
func (p Places) Undo(a Archive) (path string, profiles []string, err error) {
	k, err := a.read()
	if err != nil {
		return "", nil, err
	}
	if err := roster.CheckReturn(p.Config, a.Customer); err != nil {
		return "", nil, err
	}
	if err := disk.AsOwner(p.State, func() error { return p.recall(a.Customer, &k) }); err != nil {
		return "", nil, err
	}
	if path, err = roster.Reinstate(p.Config, a.Customer, a.Path); err != nil {
		return "", nil, err
	}
	return path, k.Profiles, nil
}

// recall writes what was known of a customer.
func (p Places) recall(key string, k *kept) error {
	for path, text := range p.of(key, k) {
		if *text == "" {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		if err := disk.Create(path, []byte(*text)); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return nil
}

// Done removes what is left of an archive whose customer is back.
func (p Places) Done(a Archive) error { return gone(os.Remove(a.kept())) }

// Undone is the archive of a customer that is back, but not its profiles, as its undo was killed; with the profiles, nil if there are
// none.
func (p Places) Undone(key string) (a Archive, profiles []string) {
	for _, a := range p.leftovers(key) {
		if k, err := a.read(); err == nil && len(k.Profiles) > 0 {
			return a, k.Profiles
		}
	}
	return Archive{}, nil
}

// Invitations are those of a retired customer.
func (a Archive) Invitations() ([]invite.Terms, error) {
	k, err := a.read()
	if err != nil || k.Invitations == "" {
		return nil, err
	}
	var all []invite.Terms
	return all, json.Unmarshal([]byte(k.Invitations), &all)
}
