package customer

import (
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

// invitationsFile is where the invitations of a customer are kept.
func invitationsFile(stateDir, key string) string {
	return filepath.Join(stateDir, "invitations", key+".json")
}

const maxInvitations = 16 << 20 // bytes; one has a few thousand, and its policies up to twice 64 KiB

// Invitations of a customer are kept by those who sent them: state/invitations/KEY.json, a list. No external ID is in it.
func Invitations(stateDir, key string) ([]invite.Terms, error) {
	if !roster.CanBeCustomer(key) {
		return nil, nil
	}
	path := invitationsFile(stateDir, key)
	data, err := readFile(path, maxInvitations)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil && !errors.Is(err, ErrBroken) {
		return nil, err
	}
	var all []invite.Terms
	if err != nil || json.Unmarshal(data, &all) != nil {
		return nil, fmt.Errorf("%s is not a list of invitations: move it away, and invite anew what is missing", path)
	}
	return all, nil
}

// Invitation is that of a role, nil if it was not invited.
func Invitation(stateDir, key, role string) (*invite.Terms, error) {
	all, err := Invitations(stateDir, key)
	if i := slices.IndexFunc(all, func(t invite.Terms) bool { return t.Role == role }); i >= 0 {
		return &all[i], err
	}
	return nil, err
}

// Invite keeps the terms of an invitation, in place of one of the same role.
func Invite(stateDir string, t invite.Terms) error {
	return changeInvitations(stateDir, t.Customer, func(all []invite.Terms) []invite.Terms {
		all = slices.DeleteFunc(all, func(o invite.Terms) bool { return o.Role == t.Role })
		all = append(all, t)
		slices.SortFunc(all, func(a, b invite.Terms) int { return strings.Compare(a.Role, b.Role) })
		return all
	})
}

// Uninvite forgets the invitation of a role.
func Uninvite(stateDir, key, role string) error {
	return changeInvitations(stateDir, key, func(all []invite.Terms) []invite.Terms {
		return slices.DeleteFunc(all, func(o invite.Terms) bool { return o.Role == role })
	})
}

func changeInvitations(stateDir, key string, change func([]invite.Terms) []invite.Terms) error {
	if !roster.CanBeCustomer(key) {
		return fmt.Errorf("%q cannot be the name of a customer", key)
	}
	return disk.AsOwner(stateDir, func() error { return rewriteInvitations(stateDir, key, change) }) // of a machine's credd it is the daemon's
}

func rewriteInvitations(stateDir, key string, change func([]invite.Terms) []invite.Terms) error {
	path := invitationsFile(stateDir, key)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	const patience = 5 * time.Second // another command has it for milliseconds
	lock, err := disk.Lock(filepath.Join(filepath.Dir(path), ".lock"), patience)
	if err != nil {
		return err
	}
	defer lock.Close()
	all, err := Invitations(stateDir, key)
	if err != nil {
		return err
	}
	all = change(all)
	if len(all) == 0 {
		return gone(os.Remove(path))
	}
	data, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	return disk.Replace(path, append(data, '\n'), 0o600)
}

// gone takes a file that was not there as removed.
func gone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
