package cli

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"credd/internal/accounts"
	"credd/internal/agent/api"
	"credd/internal/agent/roster"
	"credd/internal/doctor"
	"credd/internal/paths"
)

// examinationOfMachine is one of the machine's credd: by its administrator, or by one of its users, whose own are the profiles and the shell.
func (s *Streams) examinationOfMachine(ctx context.Context, where locations, roles []string, offline bool) (*examination, error) {
	w := &doctor.World{Report: &doctor.Report{}, Version: Version, UID: os.Getuid(), Getenv: os.Getenv, Shadowing: shadowing}
	w.About, w.Config, w.State, w.Data, w.AWS = doctor.Machine, where.config, where.state, filepath.Dir(where.vault), where.aws
	asks := []struct {
		to  *string
		ask func() (string, error)
	}{{&w.Helper, helperPath}, {&w.Dir, os.Getwd}}
	if where.guest {
		w.About = doctor.Guest
		asks = append(asks, []struct {
			to  *string
			ask func() (string, error)
		}{{&w.Config, paths.Config}, {&w.State, paths.State}, {&w.Data, paths.Data}, {&w.AWS, paths.AWS}}...)
	}
	for _, p := range asks {
		var err error
		if *p.to, err = p.ask(); err != nil {
			return nil, asUsage(err)
		}
	}
	e := &examination{Streams: s, World: w, offline: offline, roles: roles, where: where}
	e.place = doctor.Place{Path: where.socket, Machine: true}
	var err error
	if e.Roster, err = s.roster(ctx, where); err != nil { // which the check of the daemon tells
		w.Untold = where.guest
		e.Roster, err = roster.Of(roster.Settings{}, nil)
	}
	return e, err
}

// machine looks at what only a machine's credd has: users.
func (e *examination) machine(ctx context.Context) {
	switch e.About {
	case doctor.Guest:
		e.openToMe()
	case doctor.Machine:
		e.allows(ctx)
		e.vaultOfMachine()
		e.persons()
	}
}

// openToMe tells which roles are open to this user.
func (e *examination) openToMe() {
	if e.status == nil {
		return
	}
	customers, roles := e.Roster.Count()
	if roles == 0 {
		e.Warn(doctor.MachineRoles, "no role of this machine's credd is open to you", "ask its administrator to name you in allow; or begin one of your own: credd init")
		return
	}
	e.OK(doctor.MachineRoles, "open to you: "+count(roles, "role")+" of "+count(customers, "customer"))
	e.knownFailures(e.status)
}

// allows sees that each role is open to somebody, and that there is whoever is named.
func (e *examination) allows(ctx context.Context) {
	var shut []*roster.Role
	for _, r := range e.Roster.Roles() {
		if isNobody(r.Allow) {
			shut = append(shut, r)
		}
	}
	if len(shut) > 0 {
		var names []string
		for _, r := range shut {
			names = append(names, r.Name)
		}
		e.Warn(doctor.MachineAllow, "no user may use "+few(names), "say who in "+doctor.Quote(e.fileOf(shut[0].Name))+`: allow = { users = ["ana"], groups = ["dev"] }`)
	}
	wrong := 0
	var known accounts.System
	for _, a := range e.Roster.Allowed() {
		for _, name := range a.Users {
			_, ok, err := known.User(ctx, name)
			wrong += e.named(a.Of, "user "+name, ok, err)
		}
		for _, name := range a.Groups {
			_, ok, err := known.Group(ctx, name)
			wrong += e.named(a.Of, "group "+name, ok, err)
		}
	}
	if n := len(e.Roster.Roles()); n > 0 && len(shut) == 0 && wrong == 0 {
		e.OK(doctor.MachineAllow, "each of "+count(n, "role")+" is open to somebody, and this machine knows all whom allow names")
	}
}

// fileOf is the file of a customer or a role.
func (e *examination) fileOf(name string) string {
	key, _, _ := strings.Cut(name, "/")
	file := filepath.Join("customers", key+".toml")
	for _, c := range e.Roster.Customers() {
		if c.Key == key {
			file = c.File
		}
	}
	if filepath.IsAbs(file) { // of a directory that is included
		return file
	}
	return filepath.Join(e.Config, file)
}

// named tells of a name of allow that lets nobody in, and counts it.
func (e *examination) named(of, who string, ok bool, err error) int {
	switch {
	case err != nil:
		e.Warn(doctor.MachineAllow, "allow of "+of+" names "+who+", who cannot be looked up now and is not let in: "+err.Error(), "getent passwd; getent group  (see that the directory service answers)")
	case !ok:
		e.Warn(doctor.MachineAllow, "allow of "+of+" names "+who+", whom this machine does not know", "correct it in "+e.fileOf(of)+", or add the account")
	default:
		return 0
	}
	return 1
}

// vaultOfMachine sees that the vault's key needs no person. A keyring is that of somebody's login.
func (e *examination) vaultOfMachine() {
	needs := slices.ContainsFunc(e.Roster.Sources(), func(s *roster.Source) bool { return s.Type == "keys" || s.Type == "sso" })
	file := filepath.Join(e.Config, "credd.toml")
	switch key := cmp.Or(e.Roster.Settings.Vault.Key, "keyring"); {
	case !needs:
	case key == "keyring":
		e.Fail(doctor.MachineVault, 0, "the vault's key would be in a keyring, which is of a person's login: the machine's daemon has none", `set in `+file+`: [vault] key = "systemd", or key = "file"`)
	case key == "passphrase":
		e.Warn(doctor.MachineVault, "the vault asks for a passphrase after each start of the daemon, and no user of the machine is asked", `set in `+file+`: [vault] key = "systemd"; till then: credd login SOURCE`)
	default:
		e.OK(doctor.MachineVault, "the vault's key needs no person: "+key)
	}
}

// persons names the sources that need one from time to time: users of the machine are not asked.
func (e *examination) persons() {
	for _, src := range e.Roster.Sources() {
		why := ""
		switch {
		case src.Type == "sso":
			why = "needs a login in a browser from time to time"
		case src.MFASerial != "" && cmp.Or(src.MFA, "prompt") == "prompt":
			why = "asks for an MFA code from time to time"
		default:
			continue
		}
		e.Warn(doctor.MachineSources, "source "+src.Name+" "+why+", and no user of the machine is asked", "credd login "+src.Name+"  (ahead of time; or use a source that needs nobody: imds, container, web-identity)")
	}
}

// restartMachine is how the machine's daemon is started anew.
const restartMachine = "sudo credd service restart --system"

// noMachine tells that the machine's daemon cannot be asked.
func (e *examination) noMachine(err error) {
	f := sorted(undialled(e.where, err))
	e.Fail(doctor.DaemonRunning, f.code, f.message, cmp.Or(f.hint, "sudo credd service status --system"))
}

// ofMachine tells of a machine's daemon that answers.
func (e *examination) ofMachine(st *api.Status) {
	e.OK(doctor.DaemonRunning, "this machine's credd answers")
	e.sameVersion(st, restartMachine)
}
