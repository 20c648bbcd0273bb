//go:build linux

package box

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// who is a way to run the probe.
const (
	machineUnit = iota // in the sandbox of the machine's unit
	userUnit           // in that of a user's
	plain              // as credd's user, without a sandbox
	root               // as root, without one
	ways
)

// forbidden says who may do what: y for yes. A thing that a sandbox forbids is one that somebody can do without it, or the probe
// could not tell.
var forbidden = map[string][ways]byte{
	"write its own files":           {'y', 'y', 'y', 'y'},
	"open internet sockets":         {'y', 'y', 'y', 'y'},
	"write /usr":                    {'n', 'y', 'y', 'y'},
	"write /etc":                    {'n', 'y', 'y', 'y'},
	"write /var":                    {'n', 'y', 'y', 'y'},
	"read /home":                    {'n', 'y', 'y', 'y'},
	"read /root":                    {'n', 'y', 'y', 'y'},
	"read the machine's /tmp":       {'n', 'y', 'y', 'y'},
	"read /usr/lib/modules":         {'n', 'y', 'y', 'y'},
	"see devices":                   {'n', 'y', 'y', 'y'},
	"run set-user-ID programs":      {'n', 'n', 'y', 'y'},
	"make set-user-ID files":        {'n', 'n', 'y', 'y'},
	"gain capabilities":             {'n', 'y', 'y', 'y'},
	"change its user":               {'n', 'y', 'y', 'y'},
	"make namespaces":               {'n', 'y', 'y', 'y'},
	"mount":                         {'n', 'n', 'n', 'y'},
	"map memory to write and run":   {'n', 'y', 'y', 'y'},
	"make memory run":               {'n', 'y', 'y', 'y'},
	"trace processes":               {'n', 'y', 'y', 'y'},
	"open netlink sockets":          {'n', 'y', 'y', 'y'},
	"open packet sockets":           {'n', 'n', 'n', 'y'},
	"open raw sockets":              {'n', 'n', 'n', 'y'},
	"become another kind of system": {'n', 'n', 'y', 'y'},
	"run before all others":         {'n', 'n', 'n', 'y'},
	"change its priority":           {'n', 'y', 'y', 'y'},
	"name the machine":              {'n', 'n', 'n', 'y'},
	"swap":                          {'n', 'n', 'n', 'y'},
}

func TestWhatUnitsForbidIsForbidden(t *testing.T) {
	t.Parallel()
	b := Up(t)
	installed(t, b)
	probe := filepath.Join(t.TempDir(), "probe")
	cmd := exec.Command("go", "build", "-o", probe, "credd/internal/box/testdata/probe")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	b.Copy(t, probe, "/usr/local/bin/probe")
	b.User(t, "ana", 1500)
	b.User(t, "other", 1600)
	b.As(t, "ana", "credd", "service", "install")
	b.Run(t, "credd", "service", "install", "--system")
	// All is open that is not closed by a sandbox.
	b.Run(t, "sh", "-c", "mkdir -p /usr/open /etc/open /var/open /root/open /usr/lib/modules && chmod 1777 /usr/open /etc/open /var/open && chmod 755 /home/other /root /root/open && "+
		"touch /home/other/secret /root/open/secret /tmp/shared /dev/of-the-machine && install -m 4755 /usr/bin/id /usr/local/bin/suid-id")

	const dropIn = "[Service]\nExecStartPost=/usr/local/bin/probe "
	b.Write(t, "/etc/systemd/system/credd.service.d/probe.conf", dropIn+"/var/lib/credd\n", 0o644)
	b.Write(t, "/etc/systemd/user/credd.service.d/probe.conf", dropIn+"/home/ana\n", 0o644)
	b.Run(t, "systemctl", "daemon-reload")
	b.Run(t, "systemctl", "start", "credd.service")
	b.As(t, "ana", "systemctl", "--user", "daemon-reload")
	b.As(t, "ana", "systemctl", "--user", "start", "credd.service")
	b.Run(t, "journalctl", "--sync")
	said := func(uid string) string {
		return b.Run(t, "journalctl", "--no-pager", "--quiet", "--output=cat", "SYSLOG_IDENTIFIER=probe", "_UID="+uid)
	}
	got := [ways]map[string]string{
		machineUnit: lines(said(strings.TrimSpace(b.Run(t, "id", "-u", "credd")))),
		userUnit:    lines(said("1500")),
		plain:       lines(b.Run(t, "systemd-run", "--quiet", "--wait", "--pipe", "-p", "User=credd", "/usr/local/bin/probe", "/var/lib/credd")),
		root:        lines(b.Run(t, "/usr/local/bin/probe", "/var/lib/credd")),
	}
	for way, name := range []string{"the machine's unit", "a user's unit", "no sandbox", "root"} {
		if len(got[way]) != len(forbidden) {
			t.Errorf("%s: got %d answers, want %d", name, len(got[way]), len(forbidden))
		}
		for what, want := range forbidden {
			if answer := got[way][what]; (answer == "yes") != (want[way] == 'y') {
				t.Errorf("%s: %s: got %q, want %c", name, what, answer, want[way])
			}
		}
	}
	for what, want := range forbidden {
		if want[machineUnit] == 'n' && want[plain] == 'n' && want[root] == 'n' {
			t.Errorf("%s: nobody can, so it says nothing", what)
		}
	}
}

// lines are what the probe printed, by name.
func lines(text string) map[string]string {
	all := map[string]string{}
	for line := range strings.Lines(text) {
		name, answer, _ := strings.Cut(strings.TrimSpace(line), ": ")
		all[name] = answer
	}
	return all
}
