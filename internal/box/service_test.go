//go:build linux

package box

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// installed puts credd and credhelper into a box, built once for all tests.
func installed(t *testing.T, b *Box) {
	t.Helper()
	dir, err := binaries()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"credd", "credhelper"} {
		b.Copy(t, filepath.Join(dir, name), "/usr/bin/"+name)
	}
}

// built is the directory of the binaries, once they are.
var built string

func TestMain(m *testing.M) {
	code := m.Run()
	if built != "" {
		os.RemoveAll(built)
	}
	os.Exit(code)
}

var binaries = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "credd-box")
	if err != nil {
		return "", err
	}
	built = dir
	cmd := exec.Command("go", "build", "-o", dir, "credd/cmd/credd", "credd/cmd/credhelper")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	cmd.Stderr = os.Stderr
	return dir, cmd.Run()
})

// answer is what a program inside said.
type answer struct {
	out, err string
	code     int
}

func say(t *testing.T, cmd *exec.Cmd) answer {
	t.Helper()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if _, exited := err.(*exec.ExitError); err != nil && !exited {
		t.Fatal(err)
	}
	return answer{out.String(), errs.String(), cmd.ProcessState.ExitCode()}
}

// state is what credd service status --json tells.
type state struct {
	Manager, Program                                 string
	Installed, Packaged, Listening, Running, Lingers bool
	Outdated                                         bool
	AtLogin                                          bool `json:"at_login"`
	PID                                              int
	Other                                            int `json:"other_pid"`
	Files                                            []string
}

func stateOf(t *testing.T, cmd *exec.Cmd) (st state) {
	t.Helper()
	got := say(t, cmd)
	if err := json.Unmarshal([]byte(got.out), &st); err != nil || got.code != 0 {
		t.Fatalf("got %+v, %v", got, err)
	}
	return st
}

// files lists what is below directories, with modes and owners.
func (b *Box) files(t *testing.T, dirs ...string) []string {
	t.Helper()
	out := b.Run(t, append(append([]string{"find"}, dirs...), "-printf", "%M %u:%g %p %l\n")...)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	slices.Sort(lines)
	return lines
}

// managers keeps the files of service managers. Others of this machine may change meanwhile.
func managers(files []string) []string {
	return slices.DeleteFunc(files, func(f string) bool {
		return !strings.Contains(f, " /etc/systemd") && !strings.Contains(f, " /etc/sysusers.d") && !strings.Contains(f, " /etc/init.d")
	})
}

func TestAServiceOfAUser(t *testing.T) {
	t.Parallel()
	b := Up(t)
	installed(t, b)
	b.User(t, "ana", 1500)
	ana := func(args ...string) *exec.Cmd { return b.CommandAs("ana", append([]string{"credd"}, args...)...) }
	if st := stateOf(t, ana("service", "status", "--json")); st.Installed || st.Listening || st.Manager != "systemd" || !st.Lingers || len(st.Files) > 0 {
		t.Errorf("before: got %+v", st)
	}
	before := b.files(t, "/home/ana")

	// One that credhelper would have started is ended for the service's.
	b.As(t, "ana", "systemd-run", "--user", "--quiet", "--unit=by-hand", "/usr/bin/credd", "serve")
	other := 0
	Eventually(t, "credd serves", func() bool {
		other = stateOf(t, ana("service", "status", "--json")).Other
		return other != 0
	})

	got := say(t, ana("service", "install"))
	for _, want := range []string{
		"wrote /home/ana/.config/systemd/user/credd.service\n", "wrote /home/ana/.config/systemd/user/credd.socket\n",
		"ran /usr/bin/systemctl --user daemon-reload\n", "ran /usr/bin/systemctl --user enable credd.socket\n", "ran /usr/bin/systemctl --user start credd.socket\n",
		"ended the credd with pid ", "at the first use of its socket",
	} {
		if !strings.Contains(got.out, want) {
			t.Errorf("install: got no %q in %+v", want, got)
		}
	}
	if got := say(t, ana("service", "install")); got.code != 0 || got.out != "nothing to do: credd is a service of systemd already\n" || got.err != "" {
		t.Errorf("again: got %+v", got)
	}
	st := stateOf(t, ana("service", "status", "--json"))
	if !st.Installed || !st.Listening || st.Running || !st.AtLogin || st.Packaged || st.Outdated || st.Other != 0 || len(st.Files) != 2 || st.Program != "/usr/bin/credd" {
		t.Errorf("after: got %+v", st)
	}
	if out := b.Run(t, "stat", "-c", "%a %U", "/run/user/1500/credd/agent.sock"); out != "600 ana\n" {
		t.Errorf("the socket: got %q", out)
	}

	// A daemon that goes on with a program that was replaced is changed over by the service.
	b.As(t, "ana", "credd", "status")
	b.Run(t, "sh", "-c", "cp /usr/bin/credd /usr/bin/new && mv /usr/bin/new /usr/bin/credd")
	var found []struct{ Check, Remedy string }
	if err := json.Unmarshal([]byte(say(t, ana("doctor", "--offline", "--json")).out), &found); err != nil || !slices.Contains(found, struct{ Check, Remedy string }{"daemon.version", "credd service restart"}) {
		t.Errorf("a replaced program: got %v, %v", err, found)
	}
	b.As(t, "ana", "credd", "service", "restart")

	// An older version's unit is replaced, a stopped service is started.
	b.As(t, "ana", "sed", "-i", "s/^Description=.*/Description=old/", "/home/ana/.config/systemd/user/credd.service")
	if st := stateOf(t, ana("service", "status", "--json")); !st.Outdated {
		t.Errorf("an old unit: got %+v", st)
	}
	if got := say(t, ana("service", "install")); got.code != 0 || !strings.Contains(got.out, "wrote /home/ana/.config/systemd/user/credd.service\n") || strings.Contains(got.out, "wrote /home/ana/.config/systemd/user/credd.socket") {
		t.Errorf("an old unit: got %+v", got)
	}
	if got := say(t, ana("service", "stop")); got.code != 0 || !strings.Contains(got.out, "stop credd.socket credd.service") {
		t.Errorf("stop: got %+v", got)
	}
	if got := say(t, ana("service", "stop")); got.out != "nothing to do: it does not run\n" {
		t.Errorf("stop again: got %+v", got)
	}
	if got := say(t, ana("service", "install")); got.code != 0 || !strings.Contains(got.out, "start credd.socket") {
		t.Errorf("start by install: got %+v", got)
	}

	got = say(t, ana("service", "uninstall"))
	if got.code != 0 || !strings.Contains(got.out, "removed /home/ana/.config/systemd/user/credd.socket\n") || !strings.Contains(got.err, "kept the audit log and state: /home/ana/.local/state/credd\n") {
		t.Errorf("uninstall: got %+v", got)
	}
	if got := say(t, ana("service", "uninstall")); got.code != 0 || !strings.HasPrefix(got.out, "nothing to do") {
		t.Errorf("uninstall again: got %+v", got)
	}
	after := slices.DeleteFunc(b.files(t, "/home/ana"), func(f string) bool { return strings.Contains(f, "/.local") }) // the daemon's own
	before = slices.DeleteFunc(before, func(f string) bool { return strings.Contains(f, "/.local") })
	if !slices.Equal(before, after) {
		t.Errorf("left behind: got\n%s\nwant\n%s", strings.Join(after, "\n"), strings.Join(before, "\n"))
	}
	if out := b.As(t, "ana", "systemctl", "--user", "list-units", "--all", "--plain", "--no-legend", "credd*"); out != "" {
		t.Errorf("units are left: %q", out)
	}
	if got := say(t, ana("service", "start")); got.code != 2 || !strings.Contains(got.err, "hint: install it: credd service install\n") {
		t.Errorf("start without a service: got %+v", got)
	}
}

func TestAServiceOfTheMachine(t *testing.T) {
	t.Parallel()
	b := Up(t)
	installed(t, b)
	root := func(args ...string) *exec.Cmd {
		return b.Command(append(append([]string{"credd"}, args...), "--system")...)
	}
	before := managers(b.files(t, "/etc"))
	got := say(t, root("service", "install"))
	for _, want := range []string{"wrote /etc/sysusers.d/credd.conf\n", "ran /usr/bin/systemd-sysusers /etc/sysusers.d/credd.conf\n", "made /etc/credd\n", "made /var/lib/credd\n", "wrote /etc/credd/credd.toml\n",
		"wrote /etc/systemd/system/credd.service\n", "wrote /etc/systemd/system/credd.socket\n", "ran /usr/bin/systemctl enable credd.socket\n", "ran /usr/bin/systemctl start credd.socket\n"} {
		if !strings.Contains(got.out, want) {
			t.Errorf("install: got no %q in %+v", want, got)
		}
	}
	if got := say(t, root("service", "install")); got.code != 0 || !strings.HasPrefix(got.out, "nothing to do") {
		t.Errorf("again: got %+v", got)
	}
	st := stateOf(t, root("service", "status", "--json"))
	if !st.Installed || !st.Listening || !st.AtLogin || len(st.Files) != 3 || st.Outdated {
		t.Errorf("got %+v", st)
	}
	for path, want := range map[string]string{"/etc/credd": "2750 root credd\n", "/etc/credd/credd.toml": "640 root credd\n", "/run/credd": "755 root root\n", "/var/lib/credd": "700 credd credd\n",
		"/run/credd/agent.sock": "666 root root\n", "/etc/systemd/system/credd.service": "644 root root\n"} {
		if got := b.Run(t, "stat", "-c", "%a %U %G", path); got != want {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
	}
	if got := b.Run(t, "getent", "passwd", "credd"); !strings.HasSuffix(got, ":/var/lib/credd:/usr/sbin/nologin\n") {
		t.Errorf("the user: got %q", got)
	}
	b.Write(t, "/etc/credd/customers/acme.toml", "version = 1\n", 0o640)
	if got := say(t, root("service", "start")); got.code != 0 || got.out != "ran /usr/bin/systemctl start credd.socket credd.service\n" {
		t.Errorf("start: got %+v", got)
	}
	b.Run(t, "journalctl", "--sync")
	if got := say(t, root("service", "logs")); got.code != 0 || !strings.Contains(got.out, "msg=serving") {
		t.Errorf("logs: got %+v", got)
	}
	if st := stateOf(t, root("service", "status", "--json")); !st.Running || st.PID == 0 {
		t.Errorf("started: got %+v", st)
	}

	got = say(t, root("service", "uninstall"))
	if got.code != 0 || !strings.Contains(got.err, "kept the configuration: /etc/credd\n") || !strings.Contains(got.err, "sudo rm -r /etc/credd /var/lib/credd && sudo userdel credd\n") {
		t.Errorf("uninstall: got %+v", got)
	}
	if after := managers(b.files(t, "/etc")); !slices.Equal(before, after) {
		t.Errorf("left behind: got\n%s\nwant\n%s", strings.Join(after, "\n"), strings.Join(before, "\n"))
	}
	if b.Read(t, "/etc/credd/customers/acme.toml") == "" {
		t.Error("the configuration is gone")
	}
}

func TestAServiceThatCannotBe(t *testing.T) {
	t.Parallel()
	b := Up(t)
	installed(t, b)
	b.User(t, "ana", 1500)
	b.Run(t, "useradd", "--create-home", "--uid", "1600", "ben") // who never logged in
	b.Run(t, "install", "-m", "755", "-o", "ana", "/usr/bin/credd", "/home/ana/credd")
	b.Run(t, "install", "-m", "755", "/usr/bin/credd", "/tmp/credd")
	for _, c := range []struct {
		name string
		cmd  *exec.Cmd
		want string
	}{
		{"the machine's by a user", b.CommandAs("ana", "credd", "service", "install", "--system"), "hint: sudo credd service install --system\n"},
		{"stopping the machine's", b.CommandAs("ana", "credd", "service", "stop", "--system"), "hint: sudo credd service stop --system\n"},
		{"without a manager", b.CommandAs("ben", "credd", "service", "install"), "hint: log in as this user (ssh, a console, or: sudo machinectl shell ben@), or let the manager always run: sudo loginctl enable-linger ben;"},
		{"by sudo", b.Command("env", "SUDO_UID=1500", "credd", "service", "install"), "hint: leave sudo out, for the service of your own; or add --system,"},
		{"in /tmp", b.CommandAs("ana", "/tmp/credd", "service", "install"), "/tmp/credd will not stay: it is in /tmp, a place for everybody's temporary files\n"},
		{"a user's program for the machine", b.Command("/home/ana/credd", "service", "install", "--system"), "hint: install both programs first: sudo install credd credhelper /usr/local/bin/, and call credd from there\n"},
		{"another configuration", b.CommandAs("ana", "env", "XDG_CONFIG_HOME=/home/ana/cfg", "credd", "service", "install"), "hint: write XDG_CONFIG_HOME=/home/ana/cfg into /home/ana/.config/environment.d/credd.conf"},
	} {
		if got := say(t, c.cmd); got.code != 2 || !strings.Contains(got.err, c.want) || got.out != "" {
			t.Errorf("%s: got %+v, want %q", c.name, got, c.want)
		}
	}
	if got := b.Run(t, "find", "/etc/systemd", "/home", "-name", "credd.*"); got != "" {
		t.Errorf("it wrote %s", got)
	}
	// What the hint says to do is enough.
	b.As(t, "ana", "install", "-D", "/dev/null", "/home/ana/.config/environment.d/credd.conf")
	b.As(t, "ana", "sh", "-c", "echo XDG_CONFIG_HOME=/home/ana/cfg >~/.config/environment.d/credd.conf; systemctl --user daemon-reload")
	if got := say(t, b.CommandAs("ana", "env", "XDG_CONFIG_HOME=/home/ana/cfg", "credd", "service", "install")); got.code != 0 || !strings.Contains(got.out, "wrote /home/ana/.config/systemd/user/credd.socket\n") {
		t.Errorf("after the hint: got %+v", got)
	}
}

func TestAServiceOfAPackage(t *testing.T) {
	t.Parallel()
	b := Up(t)
	installed(t, b)
	b.User(t, "ana", 1500)
	ana := func(args ...string) *exec.Cmd { return b.CommandAs("ana", append([]string{"credd"}, args...)...) }
	// What was installed before the package came steps aside for it.
	if got := say(t, ana("service", "install")); got.code != 0 {
		t.Fatalf("got %+v", got)
	}
	for _, unit := range []string{"credd.service", "credd.socket"} {
		b.Run(t, "install", "-D", "-m", "644", "/home/ana/.config/systemd/user/"+unit, "/usr/lib/systemd/user/"+unit)
	}
	got := say(t, ana("service", "install"))
	if got.code != 0 || !strings.Contains(got.out, "removed /home/ana/.config/systemd/user/credd.service\n") || strings.Contains(got.out, "wrote ") || !strings.Contains(got.err, "a package brought the service") {
		t.Errorf("install: got %+v", got)
	}
	if got := say(t, ana("service", "install")); got.code != 0 || !strings.HasPrefix(got.out, "nothing to do") {
		t.Errorf("again: got %+v", got)
	}
	st := stateOf(t, ana("service", "status", "--json"))
	if !st.Packaged || !st.Listening || !st.AtLogin || st.Outdated || !slices.Contains(st.Files, "/usr/lib/systemd/user/credd.socket") {
		t.Errorf("got %+v", st)
	}
	got = say(t, ana("service", "uninstall"))
	if got.code != 0 || !strings.Contains(got.out, "disable credd.socket") || strings.Contains(got.out, "removed /usr/lib") || !strings.Contains(got.err, "goes with the package") {
		t.Errorf("uninstall: got %+v", got)
	}
	if st := stateOf(t, ana("service", "status", "--json")); !st.Packaged || st.Listening || st.AtLogin || !st.Installed {
		t.Errorf("after: got %+v", st)
	}

	// Enabled for all users, it is there at ana's next login again, unless she does what is said.
	b.Run(t, "systemctl", "--global", "enable", "credd.socket")
	if got := say(t, ana("service", "uninstall")); got.code != 0 || !strings.Contains(got.err, "systemctl --user mask credd.socket; for all: sudo systemctl --global disable credd.socket\n") {
		t.Errorf("uninstall for one user: got %+v", got)
	}
	b.As(t, "ana", "systemctl", "--user", "mask", "credd.socket")
	if st := stateOf(t, ana("service", "status", "--json")); st.Installed || st.AtLogin {
		t.Errorf("masked: got %+v", st)
	}
	if got := say(t, ana("service", "install")); got.code != 2 || !strings.Contains(got.err, "hint: systemctl --user unmask credd.socket\n") {
		t.Errorf("install where it is masked: got %+v", got)
	}
}

// What a helper finds without a daemon: the service, which it starts, or none, and then a credd of its own.
func TestAHelperStartsTheService(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false)
	helper := func() answer { return say(t, w.CommandAs("ana", "credhelper", "acme/admin")) }
	works(t, helper())
	logs := func() answer {
		w.Run(t, "journalctl", "--sync")
		return say(t, w.CommandAs("ana", "credd", "service", "logs"))
	}
	if got := logs(); got.code != 2 || !strings.Contains(got.err, "the journal is not shown to this user: ") || !strings.Contains(got.err, "sudo journalctl _UID=1500 ") {
		t.Errorf("a journal of the machine alone: got %+v", got)
	}
	w.Run(t, "mkdir", "/var/log/journal") // users have journals of their own from now on
	w.Run(t, "journalctl", "--flush")
	if got := say(t, w.CommandAs("ana", "credd", "service", "restart")); got.code != 0 || got.out != "ran /usr/bin/systemctl --user restart credd.service\n" {
		t.Errorf("restart: got %+v", got)
	}
	works(t, helper())
	if got := logs(); got.code != 0 || !strings.Contains(got.out, "msg=serving") {
		t.Errorf("logs: got %+v", got)
	}

	if got := say(t, w.CommandAs("ana", "credd", "service", "stop")); got.code != 0 {
		t.Fatalf("got %+v", got)
	}
	doctor := func() string { return say(t, w.CommandAs("ana", "credd", "doctor", "--offline")).out }
	if got := doctor(); !strings.Contains(got, "! the service is stopped\n  fix: credd service start\n") {
		t.Errorf("doctor: got %s", got)
	}
	if pid := w.pid(); pid != 0 {
		t.Fatalf("it runs, with pid %d", pid)
	}
	works(t, helper())
	if pid := w.pid(); pid == 0 {
		t.Error("another credd than the service was started")
	}
	const log = "/home/ana/.local/state/credd/credd.log"
	if got := say(t, w.Command("cat", log)); got.code == 0 {
		t.Errorf("a log of a credd by hand: %q", got.out)
	}
	if got := doctor(); !strings.Contains(got, "✓ credd is a service of systemd\n") {
		t.Errorf("doctor: got %s", got)
	}
	const unit = "/home/ana/.config/systemd/user/credd.service"
	w.Run(t, "sed", "-i", "s,/usr/bin/credd,/opt/gone/credd,", unit)
	if got := doctor(); !strings.Contains(got, "✗ the service starts /opt/gone/credd, and that is not there\n  fix: credd service install\n") {
		t.Errorf("doctor: got %s", got)
	}
	if got := say(t, w.CommandAs("ana", "credd", "init", "--no-import", "--no-profiles", "--service")); got.code != 0 || !strings.Contains(got.out, "wrote "+unit+"\n") || !strings.Contains(got.out, "✓ acme/admin works") {
		t.Errorf("init: got %+v", got)
	}
	works(t, helper())

	if got := say(t, w.CommandAs("ana", "credd", "service", "uninstall")); got.code != 0 {
		t.Fatalf("got %+v", got)
	}
	works(t, helper())
	if pid := w.pid(); pid != 0 {
		t.Errorf("a service that is not there runs, with pid %d", pid)
	}
	if got := say(t, w.CommandAs("ana", "credd", "service", "logs")); got.code != 0 || !strings.Contains(got.out, "msg=serving") {
		t.Errorf("logs: got %+v", got)
	}
	st := stateOf(t, w.CommandAs("ana", "credd", "service", "status", "--json"))
	if st.Installed || st.Other == 0 {
		t.Errorf("got %+v", st)
	}

	got := say(t, w.CommandAs("ana", "credd", "service", "install"))
	if got.code != 0 || !strings.Contains(got.out, fmt.Sprintf("ended the credd with pid %d, ", st.Other)) {
		t.Errorf("install: got %+v", got)
	}
	works(t, helper())
	if pid := w.pid(); pid == 0 || pid == st.Other {
		t.Errorf("got pid %d of the service, after %d", pid, st.Other)
	}

	// A socket of one's own is not the service's.
	if got := say(t, w.CommandAs("ana", "env", "CREDD_SOCK=/home/ana/own/agent.sock", "credhelper", "acme/admin")); got.code != 0 {
		t.Errorf("got %+v", got)
	}
	if got := w.Run(t, "pgrep", "-c", "-x", "credd"); got != "2\n" {
		t.Errorf("got %s daemons, want the service and one at CREDD_SOCK", got)
	}
}
