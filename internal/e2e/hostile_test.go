//go:build linux

package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"credd/internal/ipc"
)

const (
	stranger = 65534
	nameless = 12345 // a uid without an entry in passwd
)

// as lets a command run as another user.
func as(uid uint32, cmd *exec.Cmd) *exec.Cmd {
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid, NoSetGroups: false}}
	cmd.Dir = "/"
	return cmd
}

// serveAs runs the whole world as another user.
func (w *world) serveAs(uid int) {
	w.t.Helper()
	check(w.t, filepath.Walk(w.home, func(p string, _ os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(p, uid, uid)
	}))
	cmd := as(uint32(uid), w.command("credd", "serve"))
	check(w.t, cmd.Start())
	w.t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	w.eventually("the daemon listens", func() bool {
		i, err := os.Lstat(w.sock)
		return err == nil && i.Mode().Type() == os.ModeSocket
	})
}

// open lets every user of the machine connect to the socket, as an owner's careless chmod would.
func (w *world) open() {
	w.t.Helper()
	for _, p := range []string{w.home, w.path("run"), filepath.Dir(w.sock)} {
		check(w.t, os.Chmod(p, 0o755))
	}
	check(w.t, os.Chmod(w.sock, 0o666))
}

func TestAnotherUserGetsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.customer("acme", "admin")
	w.serveAs(nameless)
	owner := runCmd(t, as(nameless, w.command("credhelper", "acme/admin")))
	if _, err := whole(owner.out); err != nil {
		t.Fatalf("the owner: %v\n%s", err, owner.err)
	}
	if i, err := os.Lstat(w.sock); err != nil || i.Mode().Perm() != 0o600 {
		t.Errorf("the socket is %v, want 0600", i.Mode())
	}
	closed := runCmd(t, as(stranger, w.command("credhelper", "acme/admin")))
	if closed.code == 0 || closed.out != "" {
		t.Errorf("closed directory: got %d\n%s%s", closed.code, closed.out, closed.err)
	}
	w.open()
	// Its own helper would not trust the socket, so the stranger speaks the wire itself.
	ask := func() result {
		return runCmd(t, as(stranger, w.command(filepath.Join(bin, "stranger"), "ask", w.sock)))
	}
	raw := ask()
	kind, payload, err := ipc.Read(strings.NewReader(raw.out), ipc.MaxManaged)
	if err != nil || kind != ipc.KindError {
		t.Fatalf("got kind %d, %v\n%s", kind, err, raw.err)
	}
	if e, err := ipc.ParseError(payload); err != nil || e.Code != ipc.Refused {
		t.Errorf("got %+v, %v; want refused", e, err)
	}
	ask() // again, which the log does not repeat
	refused := 0
	for _, e := range w.trail() {
		if e.Outcome == "refused" && e.UID == stranger {
			refused++
		}
	}
	if refused != 1 {
		t.Errorf("got %d audit lines about the stranger, want 1", refused)
	}
}

func TestAHelperTrustsNoStrangersSocket(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	dir := w.path("squat")
	check(t, os.Chmod(w.home, 0o755))
	check(t, os.Mkdir(dir, 0o777))
	check(t, os.Chmod(dir, 0o777))
	sock := filepath.Join(dir, "agent.sock")
	squatter := as(stranger, w.command(filepath.Join(bin, "stranger"), "squat", sock))
	var got bytes.Buffer
	squatter.Stdout = &got
	check(t, squatter.Start())
	w.eventually("the squatter listens", func() bool { _, err := os.Stat(sock); return err == nil })
	for _, command := range [][]string{{"credhelper", "acme/admin"}, {"credd", "status"}} {
		cmd := w.command(command[0], command[1:]...)
		cmd.Env = append(cmd.Env, "CREDD_SOCK="+sock)
		if r := runCmd(t, cmd); r.code != 8 || r.out != "" || !contains(r.err, "served by another user", "nothing was sent") {
			t.Errorf("%s: got %d\n%s%s", command[0], r.code, r.out, r.err)
		}
	}
	squatter.Process.Signal(syscall.SIGTERM)
	squatter.Wait()
	if got.Len() > 0 {
		t.Errorf("the squatter was sent %q", got.String())
	}
}

// canaries are the secrets of a world in the forms that they could leak in.
func (w *world) canaries(doc document) [][]byte {
	var all [][]byte
	for _, s := range []string{w.key.Secret, doc.SecretAccessKey, doc.SessionToken, "canary-external-id-acme", "canary-external-id-old"} {
		all = append(all, forms(s)...)
	}
	return all
}

// forms are how a secret could leak, as it is first: quoted, in a URL, in hex, and in base64 wherever in a longer text it began.
func forms(secret string) [][]byte {
	quoted := strconv.Quote(secret)
	all := [][]byte{[]byte(secret), []byte(quoted[1 : len(quoted)-1]), []byte(url.QueryEscape(secret)), []byte(hex.EncodeToString([]byte(secret)))}
	if isCode.MatchString(secret) {
		all = slices.Delete(all, 1, 3) // they are the secret itself
	}
	for skip := range 3 {
		whole := secret[skip:]
		whole = whole[:len(whole)-len(whole)%3] // what stands beside it changes the rest
		if len(whole) < 6 {
			break
		}
		all = append(all, []byte(base64.StdEncoding.EncodeToString([]byte(whole))), []byte(base64.URLEncoding.EncodeToString([]byte(whole))))
	}
	return all
}

func leaks(canaries [][]byte, text []byte) bool {
	for _, c := range canaries {
		if bytes.Contains(text, c) {
			return true
		}
	}
	return false
}

// All that credd writes at debug level, in a day of good and bad answers and a forced crash.
func TestNoSecretLeaks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.customer("acme", "admin")
	old := w.customer("old", "admin")
	w.aws.DeleteRole(old)
	d := w.serve()
	r := w.helper("acme/admin")
	doc, err := whole(r.out)
	check(t, err)
	seen := map[string][]byte{}
	for _, args := range [][]string{{"status"}, {"status", "--json"}, {"role", "list", "--json"}, {"role", "show", "acme/admin"}, {"customer", "show", "acme", "--json"},
		{"source", "test", "work"}, {"source", "show", "work", "--json"}, {"audit"}, {"audit", "--json"}, {"refresh", "acme/admin"}, {"refresh", "old/admin"}, {"reload"}} {
		out := w.credd(args...)
		seen["credd "+strings.Join(args, " ")] = []byte(out.out + out.err)
	}
	seen["denied"] = []byte(w.helper("old/admin").err)
	w.write(".config/credd/customers/broken.toml", "version = 1\nexternal_id = canary-external-id-acme\n")
	w.eventually("the broken file is seen", func() bool { return len(w.status().Problems) == 1 })
	seen["broken file"] = []byte(w.helper("broken/admin").err)
	pid := d.cmd.Process.Pid
	for _, f := range []string{"cmdline", "environ"} {
		b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), f))
		check(t, err)
		seen[f] = b
	}
	check(t, d.cmd.Process.Signal(syscall.SIGQUIT)) // Go's crash: all stacks go to the log
	<-d.ended
	if !strings.Contains(w.read("credd.log"), "SIGQUIT") {
		t.Error("the crash left no trace to look at")
	}
	for _, dir := range []string{w.home, "/tmp"} {
		cores, _ := filepath.Glob(filepath.Join(dir, "core*"))
		if len(cores) > 0 {
			t.Errorf("a core was dumped: %v", cores)
		}
	}
	for _, f := range []string{"credd.log", ".local/state/credd/audit.log"} {
		seen[f] = []byte(w.read(f))
	}
	canaries := w.canaries(doc)
	for where, text := range seen {
		if leaks(canaries, text) {
			t.Errorf("%s holds a secret:\n%s", where, text)
		}
	}
	for _, c := range canaries {
		if !leaks(canaries, append([]byte("planted "), c...)) {
			t.Errorf("the scan does not find a planted %q", c)
		}
	}
	if err := filepath.Walk(w.home, func(p string, i os.FileInfo, err error) error {
		if err != nil || !i.Mode().IsRegular() || strings.Contains(p, "/.aws/") || strings.Contains(p, "/customers/") {
			return err
		}
		b, err := os.ReadFile(p)
		if leaks(canaries, b) {
			t.Errorf("%s holds a secret", p)
		}
		return err
	}); err != nil {
		t.Error(err)
	}
}

// Another process of the same, unprivileged user cannot read the daemon's memory or be its debugger.
func TestTheDaemonsMemoryIsItsOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.serveAs(nameless)
	pids := w.daemons()
	if len(pids) != 1 {
		t.Fatalf("got daemons %v", pids)
	}
	for _, file := range []string{"mem", "maps", "environ", "fd"} {
		r := runCmd(t, as(nameless, exec.Command("ls", "-l", filepath.Join("/proc", strconv.Itoa(pids[0]), file)+"/")))
		cat := runCmd(t, as(nameless, exec.Command("cat", filepath.Join("/proc", strconv.Itoa(pids[0]), file))))
		if cat.code == 0 || file == "fd" && r.code == 0 {
			t.Errorf("/proc/PID/%s can be read by the same user: %s%s", file, r.out, cat.out)
		}
	}
}

func TestSilentConnectionsAreClosed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.customer("acme", "admin")
	w.serve()
	for range 100 {
		c, err := net.Dial("unix", w.sock)
		check(t, err)
		defer c.Close()
	}
	if r := w.helper("acme/admin"); r.code != 0 {
		t.Errorf("got %d beside silent connections\n%s", r.code, r.err)
	}
	w.eventually("silent connections are closed", func() bool { return connections(t, w.sock) == 0 })
}
