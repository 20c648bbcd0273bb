package host

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"credd/internal/disk"
)

// bench is a machine with systemd in a directory, and a user with a service manager. It is no systemd: it keeps to what was asked of it.
type bench struct {
	*Service
	told, asked []string
	answers     map[string]string // of systemctl, by its command
}

func newBench(t *testing.T, system bool) *bench {
	t.Helper()
	root, home := t.TempDir(), t.TempDir()
	for _, dir := range []string{root + "/run/systemd/system", root + "/usr/bin", home + "/run/systemd/private", home + "/run/credd"} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"systemctl", "journalctl"} {
		if _, err := put(root+"/usr/bin", name, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, value := range map[string]string{"HOME": home, "XDG_RUNTIME_DIR": home + "/run", "XDG_CONFIG_HOME": "", "XDG_DATA_HOME": "", "XDG_STATE_HOME": "", "SUDO_UID": "", "CREDD_SOCK": ""} {
		t.Setenv(name, value)
	}
	program, err := put(plainPlace(t), "credd", 0o755)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{answers: map[string]string{
		"show-environment":         "HOME=" + home + "\n",
		"show --property=UnitPath": "UnitPath=/run/x " + home + "/.config/systemd/user /etc/systemd/user\n",
	}}
	b.Service = &Service{System: system, Program: program, root: root, Tell: func(line string) { b.told = append(b.told, line) }, run: b.answer}
	return b
}

func (b *bench) answer(_ context.Context, argv []string) (string, error) {
	line := strings.Join(slices.DeleteFunc(slices.Clone(argv[1:]), func(a string) bool { return a == "--user" }), " ")
	b.asked = append(b.asked, line)
	for asked, text := range b.answers {
		if strings.HasPrefix(line, asked) {
			if text == "fails" {
				return "", errors.New("Failed to connect to bus")
			}
			return text, nil
		}
	}
	return "", nil
}

// shows is an answer to show.
func shows(dir, load, active, enabled string) string {
	return "Id=credd.service\nLoadState=" + load + "\nActiveState=inactive\nUnitFileState=disabled\nFragmentPath=" + dir + "/credd.service\nMainPID=0\n\n" +
		"Id=credd.socket\nLoadState=" + load + "\nActiveState=" + active + "\nUnitFileState=" + enabled + "\nFragmentPath=" + dir + "/credd.socket\nMainPID=\n"
}

const showsUnits = "show --property=Id"

func TestInstallTellsAndIsIdempotent(t *testing.T) {
	b := newBench(t, false)
	dir := os.Getenv("HOME") + "/.config/systemd/user"
	b.answers[showsUnits] = shows(dir, "loaded", "inactive", "disabled")
	if err := b.Install(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctl := b.at("/usr/bin/systemctl") + " --user "
	want := []string{"wrote " + dir + "/credd.service", "wrote " + dir + "/credd.socket", "ran " + ctl + "daemon-reload", "ran " + ctl + "enable credd.socket", "ran " + ctl + "start credd.socket"}
	if d := cmp.Diff(want, b.told); d != "" {
		t.Errorf("told (-want +got):\n%s", d)
	}
	text, err := os.ReadFile(dir + "/credd.service")
	if err != nil || !strings.Contains(string(text), "\nExecStart="+b.Program+" serve\n") {
		t.Errorf("got %s, %v", text, err)
	}

	b.told, b.answers[showsUnits] = nil, shows(dir, "loaded", "active", "enabled")
	if err := b.Install(t.Context()); err != nil || !slices.Equal(b.told, []string{"ran " + ctl + "restart credd.socket"}) {
		t.Errorf("a socket whose file was deleted: told %q, %v", b.told, err)
	}
	if _, err := put(os.Getenv("XDG_RUNTIME_DIR")+"/credd", "agent.sock", 0o600); err != nil {
		t.Fatal(err)
	}
	b.told = nil
	if err := b.Install(t.Context()); err != nil || b.told != nil {
		t.Errorf("again: told %q, %v", b.told, err)
	}
	st, err := b.Status(t.Context())
	wanted := Status{Manager: "systemd", Installed: true, Listening: true, AtLogin: true, Files: []string{dir + "/credd.service", dir + "/credd.socket"}, Program: b.Program}
	if d := cmp.Diff(wanted, st); d != "" || err != nil {
		t.Errorf("status %v (-want +got):\n%s", err, d)
	}

	// What somebody changed is put right, and a daemon that runs takes it.
	if err := os.Chmod(dir+"/credd.socket", 0o666); err != nil {
		t.Fatal(err)
	}
	if err := b.Install(t.Context()); err != nil || !slices.Contains(b.told, "ran "+ctl+"restart credd.socket") || slices.Contains(b.told, "wrote "+dir+"/credd.service") {
		t.Errorf("changed: told %q, %v", b.told, err)
	}

	b.told = nil
	if err := b.Uninstall(t.Context()); err != nil {
		t.Fatal(err)
	}
	want = []string{"ran " + ctl + "stop credd.socket credd.service", "ran " + ctl + "disable credd.socket", "removed " + dir + "/credd.service", "removed " + dir + "/credd.socket", "ran " + ctl + "daemon-reload"}
	if d := cmp.Diff(want, b.told); d != "" {
		t.Errorf("uninstall told (-want +got):\n%s", d)
	}
	if _, err := os.Stat(os.Getenv("HOME") + "/.config"); err == nil {
		t.Error("the directory that install made is left")
	}
}

// Programs take a socket for a credd that the user has.
func TestUninstallLeavesNoSocket(t *testing.T) {
	b := newBench(t, false)
	dir, sock := os.Getenv("HOME")+"/.config/systemd/user", os.Getenv("XDG_RUNTIME_DIR")+"/credd/agent.sock"
	for _, c := range []struct {
		name   string
		served bool
	}{{"after systemd", false}, {"of a daemon", true}} {
		t.Run(c.name, func(t *testing.T) {
			b.told, b.answers[showsUnits] = nil, shows(dir, "loaded", "active", "enabled")
			if err := syscall.Mknod(sock, syscall.S_IFSOCK|0o600, 0); err != nil {
				t.Fatal(err)
			}
			lock, err := disk.TryLock(sock + ".lock")
			if err != nil {
				t.Fatal(err)
			}
			defer lock.Close()
			if !c.served {
				lock.Close()
			}
			if err := b.Uninstall(t.Context()); err != nil {
				t.Fatal(err)
			}
			if there(sock) != c.served || slices.Contains(b.told, "removed "+sock) == c.served {
				t.Errorf("it is there: %v, told %q", there(sock), b.told)
			}
		})
	}
}

func TestManagersThatCannotBeAsked(t *testing.T) {
	for _, c := range []struct {
		name, message, hint string
		breaks              func(*bench)
	}{
		{"no systemd", "not run by systemd", "credhelper starts credd by itself", func(b *bench) { os.RemoveAll(b.at("/run/systemd")) }},
		{"no systemctl", "there is no systemctl", "install it", func(b *bench) { os.Remove(b.at("/usr/bin/systemctl")) }},
		{"no manager of the user", "runs no service manager for this user", "enable-linger", func(b *bench) { os.RemoveAll(os.Getenv("XDG_RUNTIME_DIR") + "/systemd") }},
		{"one that does not answer", "does not answer: Failed to connect", "machinectl shell", func(b *bench) { b.answers["show-environment"] = "fails" }},
		{"another configuration", "XDG_CONFIG_HOME means", "systemctl --user daemon-reload", func(b *bench) { b.answers["show-environment"] = "XDG_CONFIG_HOME=/other\n" }},
		{"another place of units", "reads no units in", "UnitPath", func(b *bench) { b.answers["show --property=UnitPath"] = "UnitPath=/other/systemd/user\n" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, false)
			c.breaks(b)
			err := b.Install(t.Context())
			var e *Error
			if !errors.As(err, &e) || !strings.Contains(e.Message, c.message) || !strings.Contains(e.Hint, c.hint) || b.told != nil {
				t.Errorf("got %v, told %q; want %q and %q", err, b.told, c.message, c.hint)
			}
		})
	}
}

func TestUnitsThatAreNotTaken(t *testing.T) {
	for _, c := range []struct{ name, shows, want string }{
		{"masked", strings.ReplaceAll(shows("", "masked", "inactive", "masked"), "=/credd", "=/dev/null"), "credd.socket is masked"},
		{"from elsewhere", shows("/etc/systemd/user", "loaded", "inactive", "disabled"), "systemd reads "},
		{"bad", shows("", "bad-setting", "inactive", ""), "it says bad-setting"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, false)
			b.answers[showsUnits] = c.shows
			if err := b.Install(t.Context()); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if slices.ContainsFunc(b.asked, func(a string) bool { return strings.HasPrefix(a, "enable") || strings.HasPrefix(a, "start") }) {
				t.Errorf("asked %q", b.asked)
			}
		})
	}
}

func TestAPackagesUnitsAreLeft(t *testing.T) {
	b := newBench(t, true)
	dir := b.at("/usr/lib/systemd/system")
	for _, unit := range []string{"credd.service", "credd.socket"} {
		if _, err := put(dir, unit, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b.answers[showsUnits] = shows("/usr/lib/systemd/system", "loaded", "inactive", "disabled")
	if err := b.Install(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctl := "ran " + b.at("/usr/bin/systemctl") + " "
	if d := cmp.Diff([]string{ctl + "enable credd.socket", ctl + "start credd.socket"}, b.told); d != "" {
		t.Errorf("told (-want +got):\n%s", d)
	}
	b.told, b.answers[showsUnits] = nil, shows("/usr/lib/systemd/system", "loaded", "active", "enabled")
	if err := b.Uninstall(t.Context()); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{ctl + "stop credd.socket credd.service", ctl + "disable credd.socket"}, b.told); d != "" {
		t.Errorf("uninstall told (-want +got):\n%s", d)
	}
	if !there(filepath.Join(dir, "credd.socket")) {
		t.Error("the package's unit is gone")
	}
}

func TestStatusOfUnits(t *testing.T) {
	b := newBench(t, false)
	b.answers[showsUnits] = shows("", "not-found", "inactive", "")
	if st, err := b.Status(t.Context()); err != nil || st.Installed || st.Listening || st.AtLogin || len(st.Files) > 0 {
		t.Errorf("not there: got %+v, %v", st, err)
	}
	if err := b.Start(t.Context()); !errors.Is(err, ErrNotInstalled) {
		t.Errorf("start: got %v", err)
	}
	if err := b.Logs(t.Context(), 1, false, nil); !errors.Is(err, ErrNotInstalled) {
		t.Errorf("logs: got %v", err)
	}
	dir := os.Getenv("HOME") + "/.config/systemd/user"
	for unit, text := range map[string]string{"credd.service": "[Service]\nExecStart=/gone/credd serve\n", "credd.socket": ""} {
		path, err := put(dir, unit, 0o644)
		if err != nil || os.WriteFile(path, []byte(text), 0o644) != nil {
			t.Fatal(err)
		}
	}
	b.answers[showsUnits] = strings.Replace(strings.Replace(shows(dir, "loaded", "active", "enabled"), "MainPID=0", "MainPID=42", 1), "ActiveState=inactive", "ActiveState=active", 1)
	st, err := b.Status(t.Context())
	if err != nil || !st.Running || st.PID != 42 || st.Program != "/gone/credd" || !st.Outdated {
		t.Errorf("got %+v, %v", st, err)
	}
	// Files tell, where the manager does not.
	b.answers["show-environment"] = "fails"
	if st, err := b.Status(t.Context()); !errors.Is(err, ErrNoManager) || !st.Installed || st.Running || len(st.Files) != 2 {
		t.Errorf("no manager: got %+v, %v", st, err)
	}
}

// systemd reads what somebody installed before the package came.
func TestFilesBeforeThePackages(t *testing.T) {
	b := newBench(t, false)
	dir, packaged := os.Getenv("HOME")+"/.config/systemd/user", b.root+"/usr/lib/systemd/user"
	for at, program := range map[string]string{dir: "/gone/credd", packaged: "/usr/bin/credd"} {
		for unit, text := range map[string]string{"credd.service": "[Service]\nExecStart=" + program + " serve\n", "credd.socket": ""} {
			path, err := put(at, unit, 0o644)
			if err != nil || os.WriteFile(path, []byte(text), 0o644) != nil {
				t.Fatal(err)
			}
		}
	}
	b.answers[showsUnits] = shows(dir, "loaded", "active", "enabled")
	if st, err := b.Status(t.Context()); err != nil || !st.Packaged || !st.Outdated || st.Program != "/gone/credd" {
		t.Errorf("got %+v, %v", st, err)
	}
	os.RemoveAll(dir)
	if st, err := b.Status(t.Context()); err != nil || !st.Packaged || st.Outdated || st.Program != "/usr/bin/credd" {
		t.Errorf("the package's alone: got %+v, %v", st, err)
	}
}

// Where nothing runs services, no hint leads to one.
func TestNoManagerAtAll(t *testing.T) {
	for _, system := range []bool{false, true} {
		b := newBench(t, system)
		if err := os.RemoveAll(b.root + "/run"); err != nil {
			t.Fatal(err)
		}
		var e *Error
		if err := b.Install(t.Context()); !errors.As(err, &e) || !errors.Is(err, ErrNoManager) || strings.Contains(e.Hint, "service install") {
			t.Errorf("system %v: got %v, %+v", system, err, e)
		}
	}
}
