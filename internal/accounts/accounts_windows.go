package accounts

import (
	"context"
	"errors"
	"os/user"
	"strings"
	"syscall"

	"credd/internal/ipc/peer"
)

// isSID reports whether a name is a SID. It stands for itself, as numbers do elsewhere.
func isSID(name string) bool { return strings.HasPrefix(name, "S-1-") }

// User returns who has a name, such as ana or NORTHWIND\ana.
func (System) User(ctx context.Context, name string) (peer.User, bool, error) {
	if isSID(name) {
		return peer.User{SID: name}, true, nil
	}
	u, ok, err := asked(ctx, func() (*user.User, error) { return user.Lookup(name) })
	if !ok || err != nil {
		return peer.User{}, false, err
	}
	return peer.User{SID: u.Uid}, true, nil
}

// Group returns the SID of a group.
func (System) Group(ctx context.Context, name string) (string, bool, error) {
	if isSID(name) {
		return name, true, nil
	}
	g, ok, err := asked(ctx, func() (*user.Group, error) { return user.LookupGroup(name) })
	if !ok || err != nil {
		return "", false, err
	}
	return g.Gid, true, nil
}

// Name returns the name that a user has, with the domain.
func (System) Name(ctx context.Context, who peer.User) (string, bool, error) {
	u, ok, err := asked(ctx, func() (*user.User, error) { return user.LookupId(who.SID) })
	if !ok || err != nil {
		return "", false, err
	}
	return u.Username, true, nil
}

// asked asks Windows until ctx ends: it may ask a domain, which does not always answer.
func asked[T any](ctx context.Context, ask func() (*T, error)) (*T, bool, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	type answer struct {
		is  *T
		err error
	}
	got := make(chan answer, 1)
	go func() {
		is, err := ask()
		got <- answer{is, err}
	}()
	select {
	case <-ctx.Done():
		return nil, false, ctx.Err()
	case a := <-got:
		var noUser user.UnknownUserError
		var noID user.UnknownUserIdError
		var noGroup user.UnknownGroupError
		if errors.As(a.err, &noUser) || errors.As(a.err, &noID) || errors.As(a.err, &noGroup) || errors.Is(a.err, noneMapped) {
			return nil, false, nil
		}
		return a.is, a.err == nil, a.err
	}
}

// noneMapped is ERROR_NONE_MAPPED: no account has the name, or the SID.
const noneMapped = syscall.Errno(1332)
