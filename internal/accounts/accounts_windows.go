package accounts

import (
	"context"

	"credd/internal/ipc/peer"
)

// User is not there yet on Windows: nobody is let in.
func (System) User(context.Context, string) (u peer.User, ok bool, err error) {
	return peer.User{}, false, nil
}

// Group is not there yet on Windows.
func (System) Group(context.Context, string) (sid string, ok bool, err error) { return "", false, nil }

// Name is not there yet on Windows.
func (System) Name(context.Context, peer.User) (name string, ok bool, err error) {
	return "", false, nil
}
