package customer

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"credd/internal/customer/invite"
	"credd/internal/disk"
)

// Load reads the record of a customer. There being none is no error.
func Load(stateDir, key string) (r Record, err error) {
	return r, read(filepath.Join(stateDir, "customers", key+".json"), &r)
}

// Save writes it whole.
func (r Record) Save(stateDir, key string) error {
	path := filepath.Join(stateDir, "customers", key+".json")
	b, err := json.Marshal(r)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(path), 0o700)
	}
	if err != nil {
		return err
	}
	return disk.Replace(path, b, 0o600)
}

// Standing is how a role stands, in a word or two for a list and a sentence for its page.
type Standing struct {
	Word     string    `json:"word"` // verified, unverified, invited, changed (since it was verified), denied, open, …
	Good     bool      `json:"good"`
	At       time.Time `json:"at,omitzero"`
	Sentence string    `json:"sentence"`
	Hint     string    `json:"hint,omitempty"`
}

// Stand says how a role stands. settings is Settings of the role as it is configured now; invited is zero if it was not.
func (r Record) Stand(role, settings string, invited time.Time) Standing { panic("TODO: issue 5") }

// Invitations of a customer are kept by those who sent them: state/invitations/KEY.json, a list. No external ID is in it.
func Invitations(stateDir, key string) (all []invite.Terms, err error) {
	return all, read(filepath.Join(stateDir, "invitations", key+".json"), &all)
}

func read(path string, to any) error {
	b, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	}
	return json.Unmarshal(b, to)
}

// Invite keeps the terms of an invitation, in place of one of the same role.
func Invite(stateDir string, t invite.Terms) error { panic("TODO: issue 5") }
