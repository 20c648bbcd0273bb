//go:build !windows

package accounts

import (
	"context"
	"errors"
	"os/user"
	"strconv"

	"credd/internal/ipc/peer"
)

// User returns the user of a name.
func (System) User(ctx context.Context, name string) (u peer.User, ok bool, err error) {
	uid, ok := number(name)
	if !ok {
		uid, ok, err = find(ctx, passwd, name, func() (string, error) {
			u, err := user.Lookup(name)
			if err != nil {
				return "", err
			}
			return u.Uid, nil
		})
	}
	return peer.User{UID: uid}, ok, err
}

// Group returns the number of the group of a name.
func (System) Group(ctx context.Context, name string) (gid string, ok bool, err error) {
	n, ok := number(name)
	if !ok {
		n, ok, err = find(ctx, group, name, func() (string, error) {
			g, err := user.LookupGroup(name)
			if err != nil {
				return "", err
			}
			return g.Gid, nil
		})
	}
	return strconv.FormatUint(uint64(n), 10), ok, err
}

// Name returns the name of a user.
func (System) Name(ctx context.Context, u peer.User) (name string, ok bool, err error) {
	if known, err := user.LookupId(u.String()); err == nil && known.Username != "" {
		return known.Username, true, nil
	}
	line, ok, err := ask(ctx, forNumbers, passwd, u.String())
	if !ok {
		return "", false, err
	}
	return line.name, line.name != "" && line.id == u.UID, nil
}

// find looks into the machine's own file, and then asks the directory.
func find(ctx context.Context, database, name string, local func() (string, error)) (id uint32, ok bool, err error) {
	text, err := local()
	if id, ok = number(text); err == nil && ok {
		return id, true, nil
	}
	line, ok, err := ask(ctx, forNames, database, name)
	return line.id, ok, err
}

// number reads a user's or a group's number. The last one means none (chown(2)).
func number(text string) (uint32, bool) {
	n, err := strconv.ParseUint(text, 10, 32)
	return uint32(n), err == nil && n < 1<<32-1
}

var errAnswer = errors.New("getent answers in a form that is not known")
