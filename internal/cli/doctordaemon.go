package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"

	"credd/internal/agent/api"
	"credd/internal/doctor"
	"credd/internal/ipc"
	"credd/internal/ipc/peer"
	"credd/internal/ipc/socket"
	"credd/internal/ipc/start"
)

// request asks the daemon, and answers none of its questions: this is no time to type codes.
func (e *examination) request(ctx context.Context, req api.Request, out any) error {
	return e.askAt(ctx, e.where, req, out)
}

// daemon sees whether one runs, and whether it is the one that this credd belongs to. It sets status if it answers.
func (e *examination) daemon(ctx context.Context) {
	if !e.Socket(e.place) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, statusTimeout)
	defer cancel()
	conn, err := socket.Dial(ctx, e.place.Path)
	if err != nil && e.where.machine {
		e.noMachine(err)
		return
	}
	if err != nil {
		e.noDaemon(err)
		return
	}
	pid := pidOf(conn)
	var st api.Status
	err = api.Call(ctx, conn, api.Request{Do: api.DoStatus}, &st)
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		e.hung(pid)
		return
	case err != nil:
		f := sorted(err)
		e.Fail(doctor.DaemonRunning, ipc.NoDaemon, "the daemon does not tell its state: "+f.message, e.restart(pid, "kill"))
		return
	}
	e.status, e.Asked = &st, st.PID
	switch {
	case e.where.machine:
		e.ofMachine(&st)
	case e.place.Forwarded:
		e.forwarded(&st)
	default:
		e.OK(doctor.DaemonRunning, fmt.Sprintf("the daemon runs, with pid %d", st.PID))
		e.sameDaemon(ctx, &st)
	}
	for _, w := range st.Warnings {
		e.Warn(doctor.DaemonWarnings, "the daemon warns: "+w, e.aboutWarning(w))
	}
	if len(st.Warnings) == 0 && !e.where.guest {
		e.OK(doctor.DaemonWarnings, "the daemon warns of nothing")
	}
}

// pidOf is the process that listens, 0 where the kernel does not tell.
func pidOf(c net.Conn) int {
	p, err := peer.Of(c)
	if err != nil {
		return 0
	}
	return p.PID
}

func (e *examination) restart(pid int, how string) string {
	if e.where.machine {
		return restartMachine
	}
	if e.place.Forwarded { // pids are those of another machine, or of ssh
		return "look at it on the machine from which the socket comes: credd doctor"
	}
	if pid == 0 {
		return "end the daemon; the next credhelper starts a new one"
	}
	return fmt.Sprintf("%s %d  (the next credhelper starts a new one)", how, pid)
}

// hung tells of a daemon that took the connection and says nothing.
func (e *examination) hung(pid int) {
	message := fmt.Sprintf("the daemon with pid %d does not answer in %v", pid, statusTimeout)
	if pid != 0 && doctor.Stopped(pid) {
		e.Fail(doctor.DaemonRunning, ipc.NoDaemon, message+": it is stopped", fmt.Sprintf("kill -CONT %d", pid))
		return
	}
	e.Fail(doctor.DaemonRunning, ipc.NoDaemon, message, e.restart(pid, "kill -KILL"))
}

// noDaemon tells why there is none to ask.
func (e *examination) noDaemon(err error) {
	_, roles := e.Roster.Count()
	switch {
	case errors.Is(err, socket.ErrForeign):
		e.Fail(doctor.SocketAccess, ipc.Refused, e.place.Path+" is served by another user: nothing was sent to it", "unset CREDD_SOCK, or see whose it is: ls -l "+doctor.Quote(e.place.Path))
		return
	case !errors.Is(err, socket.ErrNoDaemon):
		e.Fail(doctor.DaemonRunning, ipc.NoDaemon, "connect to credd: "+err.Error(), "ls -ld "+doctor.Quote(e.place.Path)+" "+doctor.Quote(filepath.Dir(e.place.Path)))
		return
	}
	if start.Abandoned(e.place.Path) {
		e.Warn(doctor.SocketStale, "nobody listens at "+e.place.Path+" any more, and no daemon of this machine made it", start.ForwardAgain)
	} else if _, err := os.Lstat(e.place.Path); err == nil {
		e.Warn(doctor.SocketStale, e.place.Path+" was left by a daemon that was killed; the next one replaces it", "credd serve")
	}
	switch {
	case e.place.Forwarded:
		e.Fail(doctor.DaemonRunning, ipc.NoDaemon, "no daemon answers, and credhelper starts none where a socket was forwarded or mounted", start.ForwardAgain)
	case e.Getenv("CREDD_AUTOSTART") == "0":
		e.Fail(doctor.DaemonRunning, ipc.NoDaemon, "no daemon runs, and CREDD_AUTOSTART=0 keeps credhelper from starting one", "credd serve, or: unset CREDD_AUTOSTART")
	case roles == 0 && len(e.Roster.Sources()) == 0:
		e.Skip(doctor.DaemonRunning, "the daemon: none runs, and there is nothing yet that it could do", "")
	default:
		e.Warn(doctor.DaemonRunning, "no daemon runs; credhelper starts one when it is asked", e.starts())
	}
}

// starts is a command that starts the daemon, and does no more than doctor would.
func (e *examination) starts() string {
	for _, src := range e.Roster.Sources() {
		return "credd source test " + src.Name
	}
	return "credd serve"
}

// forwarded tells of a daemon that has its processes and files elsewhere.
func (e *examination) forwarded(st *api.Status) {
	e.OK(doctor.DaemonRunning, "a credd answers, on the machine from which the socket comes")
	if st.Version != version() {
		e.Warn(doctor.DaemonVersion, "it is version "+st.Version+", and this credd "+version(), "install the same version on both")
	}
}

// sameDaemon compares the daemon with this credd.
func (e *examination) sameDaemon(ctx context.Context, st *api.Status) {
	again := e.restart(st.PID, "kill")
	if is, err := e.serviceState(ctx); err == nil && is.Running && is.PID == st.PID {
		again = e.serviceLine("restart")
	}
	e.sameVersion(st, again)
	if !same(st.ConfigDir, e.Config) {
		e.Fail(doctor.DaemonPlace, ipc.Usage, "the daemon reads "+st.ConfigDir+", and this shell "+e.Config, "unset XDG_CONFIG_HOME, or: "+again)
		return
	}
	e.OK(doctor.DaemonPlace, "the daemon reads the same configuration as this shell")
}

// sameVersion compares the daemon's program with this credd. again starts the daemon anew.
func (e *examination) sameVersion(st *api.Status, again string) {
	switch {
	case st.Version != version():
		e.Warn(doctor.DaemonVersion, "the daemon is version "+st.Version+", and this credd "+version(), again)
	case st.Replaced:
		e.Warn(doctor.DaemonVersion, "the daemon's program was replaced since it started", again)
	default:
		e.OK(doctor.DaemonVersion, "the daemon is of this version: "+st.Version)
	}
}

// aboutWarning is what to do about a line of status.
func (e *examination) aboutWarning(text string) string {
	switch {
	case strings.HasPrefix(text, "the audit log cannot be written"):
		return "df -h " + doctor.Quote(e.State) + "; ls -ld " + doctor.Quote(e.State) + "  (there has to be room, and it has to be yours)"
	case strings.HasPrefix(text, "files are not watched"):
		return "credd reload after a change; on Linux: sudo sysctl fs.inotify.max_user_instances=512"
	case strings.HasPrefix(text, "allow of "):
		return "correct allow in the files of " + filepath.Join(e.Config, "customers")
	case strings.HasPrefix(text, "[network]"):
		return "correct [network] in " + filepath.Join(e.Config, "credd.toml")
	}
	return "see " + e.logs()
}

// vault has the daemon open it.
func (e *examination) vault(ctx context.Context) {
	if e.About == doctor.Guest {
		return
	}
	name := ""
	for _, src := range e.Roster.Sources() {
		if name == "" && (src.Type == "keys" || src.Type == "sso") {
			name = src.Name
		}
	}
	_, err := os.Stat(filepath.Join(e.Data, "vault.age"))
	switch {
	case name == "" && err != nil:
		e.Skip(doctor.VaultOpens, "the vault, which no source needs", "")
		return
	case e.status == nil:
		e.Skip(doctor.VaultOpens, "the vault, which the daemon opens: none answers", "")
		return
	case name == "":
		name = "vault" // only for the text of an error
	}
	err = e.request(ctx, api.Request{Do: api.DoStoreKey, Name: name, Key: &api.NewKey{}}, &api.Identity{})
	if err == nil {
		e.OK(doctor.VaultOpens, "the vault opens")
		return
	}
	f := sorted(err)
	message := "the vault does not open: " + strings.TrimPrefix(f.message, name+": ")
	if f.code == ipc.Login && e.Roster.Settings.Vault.Key == "passphrase" {
		e.Warn(doctor.VaultOpens, message, "credd login "+name)
		return
	}
	e.Fail(doctor.VaultOpens, e.code(ctx, f), message, cmp.Or(f.hint, "see "+e.logs()))
}

// code is that of an error, also where our own time was over.
func (e *examination) code(ctx context.Context, f *userError) ipc.Code {
	if ctx.Err() != nil {
		return ipc.Unreachable
	}
	return f.code
}
