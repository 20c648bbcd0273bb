package customer

import "credd/internal/customer/invite"

// Invitations of a customer are kept by those who sent them: state/invitations/KEY.json, a list. No external ID is in it.
func Invitations(stateDir, key string) ([]invite.Terms, error) { return nil, nil }

// Invite keeps the terms of an invitation, in place of one of the same role.
func Invite(stateDir string, t invite.Terms) error { panic("TODO: issue 5") }
