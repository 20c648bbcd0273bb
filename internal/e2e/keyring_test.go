//go:build linux

package e2e

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	keyringPassword = "canary-keyring-password" // not empty: that would leave no default collection
	loginCollection = "/org/freedesktop/secrets/collection/login"
	vaultFile       = ".local/share/credd/vault.age"
	busAddress      = "DBUS_SESSION_BUS_ADDRESS="
	atOnce          = 5 * time.Second  // for what waits for nobody, on a busy machine
	tooLong         = 15 * time.Second // for a hung keyring: one call of it has 8 s
)

// desktop is the world of an ordinary user who has a session bus and, on it, a real gnome-keyring.
type desktop struct {
	*world
	uid          uint32
	bus, keyring *exec.Cmd
}

// newDesktop has customers a to e, whose roles are of the source work that nobody has added yet. The keyring is unlocked.
func newDesktop(t *testing.T) *desktop {
	t.Helper()
	d := &desktop{world: newWorld(t)}
	d.write(".aws/credentials", "")
	d.settings("")
	d.write(".config/credd/credd.toml", strings.Replace(d.read(".config/credd/credd.toml"), "source = \"work\"\n", "", 1))
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		d.customer(name, "admin")
		file := ".config/credd/customers/" + name + ".toml"
		d.write(file, "source = \"work\"\n"+d.read(file))
	}
	d.addUser()
	t.Cleanup(d.stop)
	// Not at XDG_RUNTIME_DIR/bus, so that who is not told the address does not find it.
	d.env = append(d.env, busAddress+"unix:path="+d.path("bus"))
	d.bus = d.start("", "dbus-daemon", "--session", "--nofork", "--nopidfile", "--nosyslog", "--address=unix:path="+d.path("bus"))
	d.eventually("there is a session bus", func() bool { _, err := os.Stat(d.path("bus")); return err == nil })
	d.startKeyring(true)
	return d
}

// addUser makes a user and gives the home to it: dbus-daemon does not run for a uid without an entry in passwd.
func (d *desktop) addUser() {
	d.t.Helper()
	name := filepath.Base(d.home)
	d.must("useradd", "--no-create-home", "--no-user-group", "--home-dir", d.home, name)
	d.t.Cleanup(func() { d.must("userdel", "--force", name) })
	u, err := user.Lookup(name)
	check(d.t, err)
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	check(d.t, err)
	d.uid = uint32(uid)
	d.must("chown", "-R", u.Uid+":"+u.Uid, d.home)
}

func (d *desktop) must(name string, args ...string) {
	d.t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		d.t.Fatalf("%s: %v\n%s", name, err, out)
	}
}

// start starts a program as the user, in a process group with what it starts. All of it ends with the test.
func (d *desktop) start(stdin, name string, args ...string) *exec.Cmd {
	d.t.Helper()
	cmd := as(d.uid, d.command(name, args...))
	cmd.SysProcAttr.Setpgid = true
	cmd.Stdin = strings.NewReader(stdin)
	check(d.t, cmd.Start())
	d.t.Cleanup(func() { end(cmd) })
	return cmd
}

func end(cmd *exec.Cmd) {
	if cmd.ProcessState == nil {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // also what is stopped
		cmd.Wait()
	}
}

// startKeyring starts the keyring anew: unlocked as by the login to a desktop, or locked as after a login by ssh.
func (d *desktop) startKeyring(unlocked bool) {
	d.t.Helper()
	if d.keyring != nil {
		end(d.keyring)
	}
	args, stdin := []string{"--foreground", "--components=secrets"}, ""
	if unlocked {
		args, stdin = append(args, "--unlock"), keyringPassword
	}
	d.keyring = d.start(stdin, "gnome-keyring-daemon", args...)
	d.eventually("the keyring is on the bus", func() bool { // asked anything sooner, the bus would start another
		owner := d.send("org.freedesktop.DBus", "/", "org.freedesktop.DBus.NameHasOwner", "string:org.freedesktop.secrets")
		return strings.Contains(owner, "true") && strings.Contains(d.secrets("ReadAlias", "string:default"), loginCollection)
	})
}

// send calls a method on the bus and returns the answer as text.
func (d *desktop) send(to, path, method string, args ...string) string {
	d.t.Helper()
	return d.run("", "dbus-send", append([]string{"--session", "--print-reply", "--reply-timeout=5000", "--dest=" + to, path, method}, args...)...).out
}

// secrets calls a method of the keyring.
func (d *desktop) secrets(method string, args ...string) string {
	d.t.Helper()
	return d.send("org.freedesktop.secrets", "/org/freedesktop/secrets", "org.freedesktop.Secret.Service."+method, args...)
}

var itemPath = regexp.MustCompile(loginCollection + `/\d+`)

// items returns what the keyring holds of ours.
func (d *desktop) items() []string {
	d.t.Helper()
	return itemPath.FindAllString(d.secrets("SearchItems", "dict:string:string:service,credd"), -1)
}

// run runs a program as the user.
func (d *desktop) run(stdin, name string, args ...string) result {
	d.t.Helper()
	cmd := as(d.uid, d.command(name, args...))
	cmd.Stdin = strings.NewReader(stdin)
	return runCmd(d.t, cmd)
}

// stop ends the daemon.
func (d *desktop) stop() {
	d.t.Helper()
	for _, pid := range d.daemons() {
		syscall.Kill(pid, syscall.SIGTERM)
	}
	d.eventually("the daemon has ended", func() bool { return len(d.daemons()) == 0 })
}

// restart starts the daemon as the user, after the one that runs. It returns the environment of the new one.
func (d *desktop) restart() (environ string) {
	d.t.Helper()
	d.stop()
	log, err := os.OpenFile(d.path("credd.log"), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	check(d.t, err)
	defer log.Close()
	cmd := as(d.uid, d.command("credd", "serve"))
	cmd.Stderr = log
	check(d.t, cmd.Start())
	go cmd.Wait() // stop ends it
	d.eventually("the daemon answers", func() bool { return d.run("", "credd", "status").code == 0 })
	b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(cmd.Process.Pid), "environ"))
	check(d.t, err)
	return string(b)
}

// add adds the world's key as a source.
func (d *desktop) add(source string) result {
	d.t.Helper()
	return d.run(d.key.ID+"\n"+d.key.Secret+"\n", "credd", "source", "add", source, "--type", "keys", "--from-stdin")
}

// added adds it to a daemon that runs, and starts another that has not seen the vault's key yet. It returns the vault.
func (d *desktop) added() (vault string) {
	d.t.Helper()
	d.restart()
	d.add("work").want(d.t, 0, "the key of "+us+" is in the vault", "it is "+us)
	vault = d.read(vaultFile)
	d.restart()
	return vault
}

// works uses a role, and wants no question and no remark.
func (d *desktop) works(role string) document {
	d.t.Helper()
	r := d.run("", "credhelper", role)
	doc, err := whole(r.out)
	if err != nil || r.err != "" {
		d.t.Fatalf("got exit %d after %v: %v\n%s", r.code, r.took, err, r.err)
	}
	return doc
}

// fails uses a role, and wants an error of credhelper in time.
func (d *desktop) fails(role string, code int, within time.Duration, texts ...string) {
	d.t.Helper()
	r := d.run("", "credhelper", role)
	r.want(d.t, code, texts...)
	if r.out != "" || r.took > within {
		d.t.Errorf("got %q after %v, want nothing within %v", r.out, r.took, within)
	}
}

// recovers waits until a role that failed works, of the same daemon and the same vault.
func (d *desktop) recovers(role, vault string) {
	d.t.Helper()
	d.eventually(role+" works again", func() bool { return d.run("", "credhelper", role).code == 0 })
	if d.read(vaultFile) != vault {
		d.t.Error("the vault was changed")
	}
}

func TestKeyringHasTheKeyOfTheVault(t *testing.T) {
	t.Parallel()
	d := newDesktop(t)
	seen := map[string]string{"environ at first": d.restart()}
	d.add("work").want(t, 0, "the key of "+us+" is in the vault", "it is "+us)
	doc := d.works("a/admin")
	seen["environ"] = d.restart()
	d.works("a/admin")
	d.works("b/admin")
	if items := d.items(); len(items) != 1 {
		t.Errorf("got items %q, want one", items)
	}
	info, err := os.Stat(d.path(vaultFile))
	check(t, err)
	if st := info.Sys().(*syscall.Stat_t); info.Mode() != 0o600 || st.Uid != d.uid {
		t.Errorf("the vault is %v of %d, want 0600 of %d", info.Mode(), st.Uid, d.uid)
	}
	for _, f := range []string{"credd.log", ".local/state/credd/audit.log", ".config/credd/credd.toml", vaultFile} {
		seen[f] = d.read(f)
	}
	secrets := append(d.canaries(doc), []byte("AGE-SECRET-KEY-"), []byte(keyringPassword))
	for where, text := range seen {
		if text == "" || leaks(secrets, []byte(text)) {
			t.Errorf("%s is empty or holds a secret:\n%s", where, text)
		}
	}
}

func TestKeyringLocked(t *testing.T) {
	t.Parallel()
	for name, lock := range map[string]func(*desktop){
		"by hand":         func(d *desktop) { d.secrets("Lock", "array:objpath:"+loginCollection) },
		"since the login": func(d *desktop) { d.startKeyring(false) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesktop(t)
			vault := d.added()
			lock(d)
			d.fails("a/admin", 5, atOnce, "a/admin: its source work: the keyring is locked", "unlock your keyring")
			d.add("other").want(t, 5, "the keyring is locked")
			d.startKeyring(true)
			d.recovers("a/admin", vault)
			lock(d)
			d.works("b/admin") // the daemon has read the key
		})
	}
}

func TestKeyringAbsent(t *testing.T) {
	t.Parallel()
	d := newDesktop(t)
	vault := d.added()
	with := d.env
	d.env = append(slices.DeleteFunc(slices.Clone(with), func(kv string) bool { return strings.HasPrefix(kv, busAddress) }),
		"PATH=/nonexistent") // no dbus-launch: the library would start a bus with it
	d.restart()
	d.fails("a/admin", 2, atOnce, "a/admin: its source work: there is no keyring here", "[vault], and below it key = ")
	check(t, os.Rename(d.path(vaultFile), d.path("vault.age")))
	d.add("other").want(t, 2, "there is no keyring here", "[vault], and below it key = ")
	if _, err := os.Stat(d.path(vaultFile)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("there is a vault without a key: %v", err)
	}
	check(t, os.Rename(d.path("vault.age"), d.path(vaultFile)))
	d.env = with
	d.restart()
	d.recovers("a/admin", vault)
}

func TestKeyringHung(t *testing.T) {
	t.Parallel()
	for who, of := range map[string]func(*desktop) *exec.Cmd{
		"keyring": func(d *desktop) *exec.Cmd { return d.keyring },
		"bus":     func(d *desktop) *exec.Cmd { return d.bus },
	} {
		t.Run(who, func(t *testing.T) {
			t.Parallel()
			d := newDesktop(t)
			vault := d.added()
			check(t, of(d).Process.Signal(syscall.SIGSTOP))
			var all sync.WaitGroup
			for _, name := range []string{"a", "b", "c", "d", "e"} {
				all.Go(func() { d.fails(name+"/admin", 5, tooLong, "the keyring does not answer", "unlock your keyring") })
			}
			if r := d.run("", "credd", "status"); r.code != 0 || r.took > atOnce {
				t.Errorf("status: got exit %d after %v\n%s", r.code, r.took, r.err)
			}
			all.Wait()
			check(t, of(d).Process.Signal(syscall.SIGCONT))
			d.recovers("a/admin", vault)
			d.recovers("e/admin", vault)
		})
	}
}

func TestKeyringEmptied(t *testing.T) {
	t.Parallel()
	d := newDesktop(t)
	vault := d.added()
	for _, item := range d.items() {
		d.send("org.freedesktop.secrets", item, "org.freedesktop.Secret.Item.Delete")
	}
	lost := "the key of the vault " + d.path(vaultFile) + " is not in the keyring"
	d.fails("a/admin", 2, atOnce, "a/admin: its source work: "+lost, "bring the key back")
	d.add("other").want(t, 2, lost)
	if items := d.items(); len(items) != 0 {
		t.Errorf("got items %q, want none", items)
	}
	if d.read(vaultFile) != vault {
		t.Error("the vault was changed")
	}
}
