package cli

import (
	"errors"
	"strings"

	"credd/internal/agent/roster"
	"credd/internal/ipc"
)

// ownMark begins the name of a source's own session: @work.
const ownMark = "@"

// roleNamed returns the role that a person means: customer/role, or a customer alone for its default_role or its only role.
func roleNamed(r *roster.Roster, name string) (*roster.Role, error) {
	c, ok := r.Customer(name)
	if !ok {
		return r.Role(name)
	}
	if c.DefaultRole != "" {
		return r.Role(c.Key + "/" + c.DefaultRole)
	}
	var of []*roster.Role
	var names []string
	for _, role := range r.Roles() {
		if role.Customer.Key == c.Key {
			of, names = append(of, role), append(names, role.Name)
		}
	}
	switch len(of) {
	case 0:
		if _, err := r.Role(name); !errors.Is(err, roster.ErrUnknownRole) {
			return nil, err // what is wrong with the customer's file
		}
		return nil, &userError{ipc.UnknownRole, name + " has no role", "see: credd role add --help"}
	case 1:
		return of[0], nil
	}
	return nil, &userError{ipc.UnknownRole, name + " has " + count(len(of), "role") + " and no default_role",
		"name one: " + strings.Join(names, ", ") + "; or set default_role in " + c.File}
}
