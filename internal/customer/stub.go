package customer

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"credd/internal/customer/invite"
)

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
