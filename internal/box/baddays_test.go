//go:build linux

package box

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// TestBadDays takes the service of a user through what people, disks and other programs do to services.
func TestBadDays(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false)
	for _, one := range []struct {
		name string
		run  func(*testing.T, *world)
	}{
		{"its socket is deleted", itsSocketIsDeleted},
		{"another credd is in its place", anotherIsInItsPlace},
		{"it cannot start for a while", itCannotStart},
		{"the manager reads its files again", theManagerReloads},
		{"its socket is stopped", itsSocketIsStopped},
		{"its program is replaced", itsProgramIsReplaced},
		{"the user logs out and in", theUserLogsOut},
	} {
		well := t.Run(one.name, func(t *testing.T) {
			w.t = t
			one.run(t, w)
		})
		if !well {
			return // the next would wait for what is not there
		}
	}
}

const runtimeDir = "/run/user/1500/credd"

// starting asks as ana's programs do: a helper that may start credd.
func (w *world) starting() answer {
	w.t.Helper()
	return say(w.t, w.CommandAs("ana", "credhelper", "acme/admin"))
}

// onlyTheService fails the test if there is a credd beside that of the service, or none.
func (w *world) onlyTheService() {
	w.t.Helper()
	if got, want := w.Run(w.t, "pgrep", "-x", "credd"), strconv.Itoa(w.pid())+"\n"; got != want {
		w.t.Errorf("got the daemons %q, want the service's %q", got, want)
	}
}

// systemd goes on holding a socket that has no file any more.
func itsSocketIsDeleted(t *testing.T, w *world) {
	for _, gone := range []string{runtimeDir, runtimeDir + "/agent.sock"} {
		works(t, w.starting())
		w.Run(t, "rm", "-r", gone)
		works(t, w.starting())
		w.onlyTheService()

		w.Run(t, "rm", "-r", gone)
		if got := say(t, w.CommandAs("ana", "credd", "service", "restart")); got.code != 0 || !strings.Contains(got.out, "restart credd.socket") {
			t.Errorf("restart without %s: got %+v", gone, got)
		}
		works(t, w.helper("acme/admin"))
		w.onlyTheService()
	}
}

func anotherIsInItsPlace(t *testing.T, w *world) {
	w.Run(t, "rm", "-r", runtimeDir)
	w.As(t, "ana", "systemd-run", "--user", "--quiet", "--unit=by-hand", "/usr/bin/credd", "serve")
	Eventually(t, "it serves", func() bool { return w.helper("acme/admin").code == 0 })
	if got := say(t, w.CommandAs("ana", "credd", "service", "restart")); got.code != 0 || !strings.Contains(got.out, "ended the credd with pid ") {
		t.Errorf("restart: got %+v", got)
	}
	works(t, w.helper("acme/admin"))
	w.onlyTheService()
}

// itCannotStart has it fail more often than systemd lets services do that by itself, while a helper waits.
func itCannotStart(t *testing.T, w *world) {
	w.ctl("stop", "credd.service")
	const dropIn = "~/.config/systemd/user/credd.service.d/bad.conf"
	w.put(dropIn, "[Service]\nExecStart=\nExecStart=/bin/false\n")
	w.ctl("daemon-reload")
	waits := make(chan answer)
	go func() { waits <- w.helper("acme/admin") }()
	Eventually(t, "it failed 7 times", func() bool { n, _ := strconv.Atoi(w.is("NRestarts")); return n >= 7 })
	if got := strings.TrimSpace(w.ctl("show", "--value", "--property=ActiveState", "credd.socket")); got != "active" {
		t.Errorf("its socket is %s meanwhile", got)
	}
	w.ana("", "rm "+dropIn)
	w.ctl("daemon-reload")
	works(t, <-waits)
	w.onlyTheService()
}

func theManagerReloads(t *testing.T, w *world) {
	works(t, w.helper("acme/admin"))
	pid := w.pid()
	w.ctl("daemon-reload")
	w.ctl("daemon-reexec")
	works(t, w.helper("acme/admin"))
	if got := w.pid(); got != pid {
		t.Errorf("got pid %d, before %d", got, pid)
	}
	w.ctl("restart", "credd.service")
	works(t, w.helper("acme/admin"))
}

// itsSocketIsStopped: without it nobody would reach the daemon, which therefore stops as well, and helpers start both.
func itsSocketIsStopped(t *testing.T, w *world) {
	works(t, w.helper("acme/admin"))
	w.ctl("stop", "credd.socket")
	if pid := w.pid(); pid != 0 {
		t.Errorf("it runs still, with pid %d", pid)
	}
	if got := w.is("Result"); got != "success" {
		t.Errorf("it ended with %s", got)
	}
	works(t, w.starting())
	w.onlyTheService()
}

// itsProgramIsReplaced: what runs goes on, tells that it is old, and is not started again by itself.
func itsProgramIsReplaced(t *testing.T, w *world) {
	works(t, w.helper("acme/admin"))
	pid := w.pid()
	w.Run(t, "sh", "-c", "cp /usr/bin/credd /usr/bin/new && mv /usr/bin/new /usr/bin/credd")
	works(t, w.helper("acme/admin"))
	if got := w.As(t, "ana", "credd", "status"); !strings.Contains(got, "its program was replaced") || w.pid() != pid {
		t.Errorf("got pid %d after %d, and\n%s", w.pid(), pid, got)
	}
	w.Run(t, "kill", "-9", strconv.Itoa(pid))
	works(t, w.helper("acme/admin"))
	if got := w.As(t, "ana", "credd", "status"); strings.Contains(got, "its program was replaced") {
		t.Errorf("the new one: got\n%s", got)
	}
}

// theUserLogsOut ends the manager of a user who does not linger, and so all of the user's services.
func theUserLogsOut(t *testing.T, w *world) {
	works(t, w.helper("acme/admin"))
	w.Run(t, "loginctl", "disable-linger", "ana")
	w.Run(t, "systemctl", "stop", "user@1500.service")
	if got := say(t, w.Command("pgrep", "-x", "credd")); got.out != "" {
		t.Errorf("after the logout: got the daemons %q", got.out)
	}
	log := w.log("cat")
	if lines := strings.Split(strings.TrimSpace(log), "\n"); lines[len(lines)-1] != "msg=stopped" {
		t.Errorf("it did not end by itself:\n%s", log)
	}
	before := w.aws.Calls("AssumeRole")
	w.Run(t, "loginctl", "enable-linger", "ana") // as a login does: it starts the manager
	Eventually(t, "the socket of the next login listens", func() bool {
		out, _ := w.CommandAs("ana", "systemctl", "--user", "is-active", "credd.socket").Output()
		return string(out) == "active\n"
	})
	if pid := w.pid(); pid != 0 {
		t.Errorf("it runs before it is asked, with pid %d", pid)
	}
	works(t, w.helper("acme/admin"))
	if got := w.aws.Calls("AssumeRole"); got != before+1 {
		t.Errorf("got %d calls to AWS after the login, want 1: sessions end with the daemon", got-before)
	}
	w.onlyTheService()
}

// screen is what a terminal shows.
type screen struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *screen) shows(text string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Count(s.text.String(), text)
}

// TestARestartWhileACodeIsAsked: the next daemon asks at the same terminal, and the answer to it is the one that counts.
func TestARestartWhileACodeIsAsked(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false)
	dev, err := w.aws.AddMFADevice(us)
	if err != nil {
		t.Fatal(err)
	}
	key, err := w.aws.AddKey(us)
	if err != nil {
		t.Fatal(err)
	}
	w.configure("credd.toml", fmt.Sprintf("version = 1\n\n[service]\nname = \"northwind\"\n\n[vault]\nkey = \"file\"\n\n[source.work]\ntype = \"keys\"\nmfa_serial = %q\nregion = %q\nendpoint_url = %q\n\n"+
		"[defaults]\nsource = \"work\"\n", dev.Serial, region, w.aws.URL()))
	w.ana(key.ID+"\n"+key.Secret+"\n", "credd source add work --type keys --replace --from-stdin --no-test")

	cmd := w.CommandAs("ana", "script", "--quiet", "--flush", "--command", "CREDD_AUTOSTART=0 credhelper acme/admin >~/document; echo ended $?", "/dev/null")
	var shown screen
	cmd.Stdout = &shown
	keys, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { keys.Close(); cmd.Process.Kill(); cmd.Wait() })
	const question = "MFA code for source work"
	Eventually(t, "the code is asked for", func() bool { return shown.shows(question) == 1 })
	w.ctl("restart", "credd.service")
	Eventually(t, "it is asked for again", func() bool { return shown.shows(question) == 2 })
	fmt.Fprintln(keys, w.aws.Code(dev.Serial))
	Eventually(t, "the helper ends well", func() bool { return shown.shows("ended 0") == 1 })
	works(t, answer{out: w.ana("", "cat ~/document")})
	if got := w.aws.Calls("GetSessionToken"); got != 1 {
		t.Errorf("%d codes were sent, want 1", got)
	}
}

// TestBadDaysOfAMachine: its socket is deleted, which no helper mends and root does, and its disk fails.
func TestBadDaysOfAMachine(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	works(t, w.helper("acme/admin"))
	w.Run(t, "rm", "-r", "/run/credd")
	if got := say(t, w.Command("credd", "service", "restart", "--system")); got.code != 0 || !strings.Contains(got.out, "restart credd.socket") {
		t.Errorf("restart: got %+v", got)
	}
	works(t, w.helper("acme/admin"))
	w.onlyTheService()

	// A full disk, and one that is read-only, cost lines of the audit log and no answer.
	w.ctl("stop", "credd.service")
	w.Run(t, "sh", "-c", "mount -t tmpfs -o size=64k,mode=700 none /mnt && cp -a /var/lib/credd/. /mnt/ && chown credd: /mnt && mount --bind /mnt /var/lib/credd && ! dd if=/dev/zero of=/var/lib/credd/fill bs=1k 2>/dev/null")
	works(t, w.helper("acme/admin"))
	w.ctl("stop", "credd.service")
	w.Run(t, "mount", "-o", "remount,ro,bind", "/var/lib/credd")
	works(t, w.helper("acme/admin"))
}
