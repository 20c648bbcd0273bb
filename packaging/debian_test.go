//go:build linux

package packaging

import (
	"strings"
	"testing"

	"credd/internal/box"
)

// TestDebianPackage lives through the life of a package: installed, upgraded, removed, and gone.
func TestDebianPackage(t *testing.T) {
	b := machine(t)
	aws, key := amazon(t)
	root := func(args ...string) string { return says(b, args...) }
	ana := func(args ...string) string { return saysTo(b, "ana", args...) }
	files, users := filesOf(t, b), usersOf(t, b)

	b.Run(t, "apt-get", "install", "-y", put(t, b, older, "deb"))
	expect(t, "installed", root, [][2]string{
		{"dpkg --verify credd", ""},
		{"credd version", says(b, "/usr/bin/credd", "version")},
		{"stat -c %U:%G:%a /etc/credd", "root:credd:2750"},
		{"stat -c %U:%G:%a /usr/bin/credd /usr/bin/credhelper", "root:root:755\nroot:root:755"},
		{"getent passwd credd", says(b, "getent", "passwd", "credd")},
		{"systemctl --global is-enabled credd.socket", "enabled"},
		{"systemctl is-enabled credd.socket", "disabled"},
		{"systemctl is-active credd.socket", "inactive"},
		{"pgrep -x credd", ""},
		{"man -w credd", "/usr/share/man/man1/credd.1.gz"},
	})
	if got := root("getent", "passwd", "credd"); !strings.HasSuffix(got, ":/var/lib/credd:/usr/sbin/nologin") {
		t.Errorf("got %q", got)
	}
	if got := root("credd", "version"); !strings.HasPrefix(got, "credd "+older+" ") {
		t.Errorf("got %q", got)
	}

	// A user without a configuration has no socket, which would hide the machine's; one who has is answered at once.
	expect(t, "without a configuration", ana, [][2]string{
		{"systemctl --user start credd.socket", ""},
		{"systemctl --user is-active credd.socket", "inactive"},
	})
	forAna(t, b, aws, key)
	if got := ana("credhelper", "acme/admin"); !strings.Contains(got, `"SessionToken"`) {
		t.Errorf("ana's first call: got %s", got)
	}
	expect(t, "after a call", ana, [][2]string{
		{"systemctl --user is-active credd.socket", "active"},
		{"systemctl --user is-active credd.service", "active"},
	})

	forAll(t, b, aws, key)
	b.Run(t, "credd", "service", "install", "--system") // enables what the package brought
	expect(t, "the machine's", root, [][2]string{
		{"systemctl is-enabled credd.socket", "enabled"},
		{"find /etc/systemd/system -name credd.* -type f", ""},
	})
	answered(t, b, "ana", "/run/credd/agent.sock")
	kept := root("sh", "-c", "cat /etc/credd/credd.toml /etc/credd/customers/acme.toml; stat -c %U:%G:%a /etc/credd/credd.toml")
	pid, anas := root("systemctl", "show", "--value", "-P", "MainPID", "credd.service"), ana("systemctl", "--user", "show", "--value", "-P", "MainPID", "credd.service")

	b.Run(t, "dpkg", "-i", put(t, b, newer, "deb"))
	expect(t, "upgraded", root, [][2]string{
		{"dpkg --verify credd", ""},
		{"stat -c %U:%G:%a /etc/credd", "root:credd:2750"},
		{"systemctl is-enabled credd.socket", "enabled"},
		{"systemctl is-active credd.socket", "active"},
		{"systemctl is-active credd.service", "active"},
	})
	if got := root("sh", "-c", "cat /etc/credd/credd.toml /etc/credd/customers/acme.toml; stat -c %U:%G:%a /etc/credd/credd.toml"); got != kept {
		t.Errorf("upgraded: got %s, want %s", got, kept)
	}
	if got := root("systemctl", "show", "--value", "-P", "MainPID", "credd.service"); got == pid || got == "0" {
		t.Errorf("upgraded: the machine's credd has the pid %s, before %s", got, pid)
	}
	if got := ana("systemctl", "--user", "show", "--value", "-P", "MainPID", "credd.service"); got != anas || got == "0" {
		t.Errorf("upgraded: ana's credd has the pid %s, before %s", got, anas)
	}
	if got := ana("credd", "status"); !strings.Contains(got, "replaced") {
		t.Errorf("upgraded: ana's status says nothing of it:\n%s", got)
	}
	answered(t, b, "ana", "/run/credd/agent.sock")

	b.Run(t, "dpkg", "-r", "credd")
	expect(t, "removed", root, [][2]string{
		{"systemctl is-active credd.socket", "inactive"},
		{"pgrep -x credd", ""},
		{"ls /usr/bin/credd", "ls: cannot access '/usr/bin/credd': No such file or directory"},
		{"ls -A /etc/credd", "credd.toml\ncustomers"},
		{"stat -c %U:%a /var/lib/credd/audit.log", "credd:600"},
		{"ls /run/credd", "ls: cannot access '/run/credd': No such file or directory"},
	})
	expect(t, "removed", ana, [][2]string{{"systemctl --user is-active credd.socket", "inactive"}})

	b.Run(t, "dpkg", "-i", put(t, b, newer, "deb"))
	expect(t, "installed again", root, [][2]string{
		{"systemctl is-enabled credd.socket", "enabled"},
		{"systemctl --global is-enabled credd.socket", "enabled"},
	})
	b.Run(t, "systemctl", "restart", "user@1500.service") // as a login does
	expect(t, "at the next login", ana, [][2]string{
		{"systemctl --user is-active credd.socket", "active"},
		{"systemctl --user is-active credd.service", "inactive"},
	})
	answered(t, b, "ana", "/run/user/1500/credd/agent.sock")

	// A daemon that does not start again is no reason to leave a package half installed.
	b.Run(t, "systemctl", "start", "credd.socket")
	answered(t, b, "ana", "/run/credd/agent.sock")
	b.Write(t, "/etc/systemd/system/credd.service.d/broken.conf", "[Service]\nExecStartPre=/bin/false\n", 0o644)
	b.Run(t, "systemctl", "--global", "disable", "credd.socket")
	b.Run(t, "dpkg", "-i", put(t, b, newer, "deb"))
	b.Run(t, "rm", "-r", "/etc/systemd/system/credd.service.d")
	b.Run(t, "systemctl", "daemon-reload")
	expect(t, "disabled by the administrator", root, [][2]string{{"systemctl --global is-enabled credd.socket", "disabled"}})
	b.As(t, "ana", "systemctl", "--user", "mask", "credd.socket")
	expect(t, "masked by ana", ana, [][2]string{{"systemctl --user is-enabled credd.socket", "masked"}})

	// Nor is the user, of whom something else may run.
	b.Run(t, "systemd-run", "--quiet", "--unit=others", "--uid=credd", "sleep", "600")
	b.Run(t, "dpkg", "-P", "credd")
	expect(t, "purged", root, [][2]string{{"pgrep -x credd", ""}, {"id --name --user credd", "credd"}, {"dpkg-query --show --showformat ${Status} credd", "dpkg-query: no packages found matching credd"}})
	b.Run(t, "systemctl", "stop", "others")
	b.Run(t, "userdel", "credd")
	b.Run(t, "sh", "-c", "rm -rf /home/ana/.config /home/ana/.local /home/ana/.aws /var/tmp/credd_*") // what is ana's, and the test's
	differ(t, files, filesOf(t, b))
	if got := usersOf(t, b); got != users {
		t.Errorf("purged: got the users %s, want %s", got, users)
	}
}

// answered fails unless a user's helper gets a document at a socket.
func answered(t *testing.T, b *box.Box, user, socket string) {
	t.Helper()
	if got := saysTo(b, user, "env", "CREDD_SOCK="+socket, "CREDD_AUTOSTART=0", "credhelper", "acme/admin"); !strings.Contains(got, `"SessionToken"`) {
		t.Errorf("%s at %s: got %s\n%s", user, socket, got, says(b, "journalctl", "-n", "30", "--no-pager"))
	}
}

// filesOf lists the machine's files: path, type and mode, owner, and where a link goes.
func filesOf(t *testing.T, b *box.Box) map[string]bool {
	t.Helper()
	text := b.Run(t, "find", "/etc", "/home", "/opt", "/srv", "/usr", "/var", "-xdev",
		"(", "-path", "/var/lib/dpkg", "-o", "-path", "/var/lib/apt", "-o", "-path", "/var/lib/PackageKit", // of who installs; then logs, caches
		"-o", "-path", "/var/log", "-o", "-path", "/var/cache", "-o", "-path", "/var/lib/systemd/timers",
		"-o", "-name", "*-", "-path", "/etc/*", "-o", "-path", "/etc/.pwd.lock", // of the files of users, by the programs that change them
		"-o", "-path", "/home/ana/.cache",
		"-o", "-path", "/var/lib/credd-test*", // of internal/host's tests: a box shows what others write on this machine meanwhile
		")", "-prune",
		"-o", "-printf", "%p %M %U:%G %l\n")
	all := map[string]bool{}
	for line := range strings.Lines(text) {
		all[strings.TrimSpace(line)] = true
	}
	if len(all) < 1000 {
		t.Fatalf("got %d files", len(all))
	}
	return all
}

func usersOf(t *testing.T, b *box.Box) string {
	t.Helper()
	return b.Run(t, "sort", "/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow")
}

// differ tells what is left, and what is missing.
func differ(t *testing.T, before, after map[string]bool) {
	t.Helper()
	for f := range after {
		if !before[f] {
			t.Errorf("left: %s", f)
		}
	}
	for f := range before {
		if !after[f] {
			t.Errorf("missing: %s", f)
		}
	}
}
