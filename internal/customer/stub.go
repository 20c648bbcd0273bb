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
	b, err := os.ReadFile(filepath.Join(stateDir, "invitations", key+".json"))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	}
	err = json.Unmarshal(b, &all)
	return all, err
}

// Invite keeps the terms of an invitation, in place of one of the same role.
func Invite(stateDir string, t invite.Terms) error { panic("TODO: issue 5") }
