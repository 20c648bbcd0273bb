package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"credd/packaging/units"
)

// unit is what systemd tells of a unit.
type unit map[string]string

func (u unit) loaded() bool { return u["LoadState"] == "loaded" }

// active holds while it starts and stops, too.
func (u unit) active() bool {
	switch u["ActiveState"] {
	case "active", "activating", "reloading", "deactivating":
		return true
	}
	return false
}

func (u unit) enabled() bool { return strings.HasPrefix(u["UnitFileState"], "enabled") }

// shown are both units.
type shown struct{ service, socket unit }

// show asks for both units. One that is not there is shown as not loaded.
func (d *systemd) show(ctx context.Context) (all shown, err error) {
	args := append([]string{d.program}, d.scope...)
	out, err := d.ask(ctx, append(args, "show", "--property=Id,LoadState,ActiveState,UnitFileState,FragmentPath,MainPID", serviceUnit, socketUnit)...)
	if err != nil {
		return all, err
	}
	for block := range strings.SplitSeq(out, "\n\n") {
		u := unit{}
		for line := range strings.Lines(block) {
			name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
			u[name] = value
		}
		switch u["Id"] {
		case serviceUnit:
			all.service = u
		case socketUnit:
			all.socket = u
		}
	}
	return all, nil
}

// reads checks that the manager takes the socket from the file that install wrote, or found.
func (d *systemd) reads(socket unit) error {
	want := filepath.Join(d.dir, socketUnit)
	if dir := d.packaged(); dir != "" {
		want = filepath.Join(dir, socketUnit)
	}
	systemctl := strings.Join(append([]string{"systemctl"}, d.scope...), " ")
	switch got := socket["FragmentPath"]; {
	case socket["LoadState"] == "masked":
		return &Error{Message: socketUnit + " is masked", Hint: systemctl + " unmask " + socketUnit}
	case !socket.loaded():
		return &Error{Message: "systemd does not take " + want + ": it says " + socket["LoadState"], Hint: "see: " + systemctl + " status " + socketUnit}
	case got != want && d.at(got) != want && !sameFile(got, want):
		return &Error{Message: "systemd reads " + got + " and not " + want, Hint: "remove the first, or see: " + systemctl + " cat " + socketUnit}
	}
	return nil
}

func sameFile(a, b string) bool {
	at, err1 := os.Stat(a)
	is, err2 := os.Stat(b)
	return err1 == nil && err2 == nil && os.SameFile(at, is)
}

// status also tells what the files say, where the manager is not to be asked: then with the reason.
func (d *systemd) status(ctx context.Context) (Status, error) {
	st := Status{Manager: "systemd", Files: []string{}}
	dir := d.packaged()
	for _, path := range []string{filepath.Join(dir, serviceUnit), filepath.Join(dir, socketUnit)} {
		if dir != "" && there(path) {
			st.Files, st.Packaged = append(st.Files, path), true
		}
	}
	st.Files = append(st.Files, d.written()...)
	st.Installed = st.Packaged || there(filepath.Join(d.dir, socketUnit))
	st.Lingers = !d.System && there(d.at("/var/lib/systemd/linger/"+userName()))
	st.Program, st.Outdated = d.says(dir)
	if err := d.reachable(ctx); err != nil {
		return st, err
	}
	now, err := d.show(ctx)
	if err != nil {
		return st, err
	}
	st.Installed = now.socket.loaded()
	st.Listening = now.socket.active()
	st.Running = now.service.active()
	st.AtLogin = now.socket.enabled()
	st.PID, _ = strconv.Atoi(now.service["MainPID"])
	return st, nil
}

// logs shows what the daemon and its manager wrote of it. Of a user's service both are looked for by their fields: journalctl --user
// finds nothing where all is in the journal of the machine.
func (d *systemd) logs(ctx context.Context, lines int, follow bool, out io.Writer) error {
	if _, err := d.installed(ctx); err != nil {
		return err
	}
	journalctl, ok := program(d.at("/usr/bin/journalctl"), d.at("/bin/journalctl"))
	if !ok {
		return &Error{Message: "there is no journalctl to read the log by", Hint: "install it"}
	}
	args := []string{journalctl, "--quiet", "--no-pager", "--output=short-iso", "--lines=" + strconv.Itoa(lines)}
	if follow {
		args = append(args, "--follow")
	}
	if d.System {
		args = append(args, "--unit="+serviceUnit, "--unit="+socketUnit)
	} else {
		uid := "_UID=" + strconv.Itoa(os.Getuid())
		args = append(args, uid, "_SYSTEMD_USER_UNIT="+serviceUnit, "+", uid, "USER_UNIT="+serviceUnit, "+", uid, "USER_UNIT="+socketUnit)
	}
	err := d.copy(ctx, out, args)
	if exitCode(err) < 1 {
		return err
	}
	sudo := "credd service logs --system"
	if !d.System {
		sudo = fmt.Sprintf("journalctl _UID=%d _SYSTEMD_USER_UNIT=%s", os.Getuid(), serviceUnit)
	}
	message := err.Error()
	if said := (complaint{}); errors.As(err, &said) {
		message = "the journal is not shown to this user: " + said.Error()
	}
	return &Error{Message: message, Hint: "who may read it does: sudo " + sudo, Err: err}
}

// says tells which program the service's file names, and whether the files are not as this credd would write them for it. Those of
// a package are the package's; what was written before it came goes before them.
func (d *systemd) says(packaged string) (program string, outdated bool) {
	dir, before := d.dir, packaged != "" && len(d.written()) > 0
	if packaged != "" && !(before && there(filepath.Join(dir, serviceUnit))) {
		dir = packaged
	}
	text, err := os.ReadFile(filepath.Join(dir, serviceUnit))
	if err != nil {
		return "", before || there(filepath.Join(dir, socketUnit))
	}
	if program = units.Program(text); packaged != "" {
		return program, before
	}
	as := *d.Service
	as.Program = program
	all, err := (&systemd{&as, d.program, d.scope, d.dir, d.kind}).files()
	for _, f := range all {
		outdated = outdated || !f.kept()
	}
	return program, outdated || err != nil
}
