package cli

import (
	"context"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"credd/internal/accounts"
	"credd/internal/agent/roster"
	"credd/internal/ipc"
)

// allowed are the users and groups to whom a new role is to be open.
type allowed struct{ users, groups []string }

func (a *allowed) flags(f *pflag.FlagSet) {
	f.StringArrayVar(&a.users, "allow-user", nil, "user who may use the role, with --system (more than once for more)")
	f.StringArrayVar(&a.groups, "allow-group", nil, "group whose users may, with --system (more than once for more)")
}

// allowOf is what the file of the role is to say, nil for nothing. Only the machine's credd has other users: in one's own file it would close
// the role to its owner.
func (s *Streams) allowOf(a allowed) (*roster.Allow, error) {
	switch {
	case len(a.users)+len(a.groups) == 0:
		return nil, nil
	case !s.system:
		return nil, &userError{ipc.Usage, "--allow-user and --allow-group are for the credd of a machine: nobody but you can ask yours", "leave them out, or give --system"}
	}
	return &roster.Allow{Users: a.users, Groups: a.groups}, nil
}

// tellAllow says of a new role of the machine's credd if it is open to nobody, or to somebody whom the machine does not know.
func (s *Streams) tellAllow(ctx context.Context, where locations, name string) {
	if !s.system {
		return
	}
	role, err := roster.Load(where.config, nil).Role(name)
	if err != nil {
		return
	}
	file := filepath.Join(where.config, role.File)
	if isNobody(role.Allow) {
		s.warn("no user may use "+name+" yet", "add to its table in "+file+", such as: allow = { users = [\"ana\"], groups = [\"dev\"] }")
		return
	}
	var known accounts.System
	for _, user := range role.Allow.Users {
		if _, ok, err := known.User(ctx, user); err == nil && !ok {
			s.warn("this machine knows no user "+user, "correct allow in "+file+", or add the user")
		}
	}
	for _, group := range role.Allow.Groups {
		if _, ok, err := known.Group(ctx, group); err == nil && !ok {
			s.warn("this machine knows no group "+group, "correct allow in "+file+", or add the group")
		}
	}
}

func isNobody(a *roster.Allow) bool { return a == nil || len(a.Users)+len(a.Groups) == 0 }

// allowText is an allow for people, "" where there is none.
func allowText(a *roster.Allow) string {
	if a == nil {
		return ""
	}
	var parts []string
	for _, p := range []struct {
		of    string
		names []string
	}{{"user", a.Users}, {"group", a.Groups}} {
		switch len(p.names) {
		case 0:
		case 1:
			parts = append(parts, p.of+" "+p.names[0])
		default:
			parts = append(parts, p.of+"s "+strings.Join(p.names, ", "))
		}
	}
	if len(parts) == 0 {
		return "nobody"
	}
	return strings.Join(parts, "; ")
}
