//go:build linux

package wine

import (
	"encoding/json"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"credd/internal/agent/api"
)

// daemon returns the process id of the daemon that runs, "" for none.
func (w *world) daemon() string {
	w.t.Helper()
	r := w.credd("", "status", "--json")
	var st api.Status
	if r.code != 0 || json.Unmarshal([]byte(r.out), &st) != nil {
		return ""
	}
	return strconv.Itoa(st.PID)
}

// document sees that a helper printed live credentials and nothing else.
func document(t *testing.T, r result) (accessKeyID string) {
	t.Helper()
	var d struct {
		Version                                                           int
		AccessKeyId, SecretAccessKey, SessionToken, Expiration, AccountId string
	}
	r.want(t, 0)
	if err := json.Unmarshal([]byte(r.out), &d); err != nil {
		t.Fatalf("%v: %q", err, r.out)
	}
	until, err := time.Parse(time.RFC3339, d.Expiration)
	if err != nil || d.Version != 1 || d.AccessKeyId == "" || d.SecretAccessKey == "" || d.SessionToken == "" || !until.After(time.Now()) || d.AccountId != account {
		t.Errorf("not a live document: %q until %q", d.AccessKeyId, d.Expiration)
	}
	if r.err != "" {
		t.Errorf("got %q on stderr, want nothing", r.err)
	}
	return d.AccessKeyId
}

// The helper finds no daemon, starts the one beside itself, and gets credentials over the pipe.
func TestHelper(t *testing.T) {
	w := newWorld(t)
	w.customer("acme", "admin")
	first := document(t, w.helper("acme/admin"))
	if second := document(t, w.helper("acme/admin")); second != first || w.aws.Calls("AssumeRole") != 1 {
		t.Errorf("got %s and %s by %d calls, want one session", first, second, w.aws.Calls("AssumeRole"))
	}
	w.helper("acme/none").want(t, 4, "credhelper: error: no such role: \"acme/none\"")
	w.credd("", "serve").want(t, 2, "credd is already running with pid "+w.daemon())

	// A file that is dropped in is read, and what changes in it.
	w.customer("blue", "ops")
	w.eventually("the new customer's role works", func() bool { return w.helper("blue/ops").code == 0 })
	check(t, os.Remove(w.path(config+"customers/blue.toml")))
	w.eventually("its role is gone", func() bool { return w.helper("blue/ops").code == 4 })

	for _, e := range w.trail()[:2] {
		if !strings.HasPrefix(e.SID, "S-1-5-21-") || e.PID == 0 || !strings.HasSuffix(e.Exe, `\credhelper.exe`) || !strings.HasSuffix(e.ParentExe, `\as.exe`) {
			t.Errorf("got sid %q, pid %d, %q of %q, want those of the helper", e.SID, e.PID, e.Exe, e.ParentExe)
		}
	}
}

func TestManyHelpersStartOneDaemon(t *testing.T) {
	w := newWorld(t)
	w.customer("acme", "admin")
	got := make([]result, 8)
	var all sync.WaitGroup
	for i := range got {
		all.Go(func() { got[i] = w.helper("acme/admin") })
	}
	all.Wait()
	for _, r := range got {
		document(t, r)
	}
	log, err := os.ReadFile(w.path(state + "credd.log"))
	check(t, err)
	if n := strings.Count(string(log), "msg=serving"); n != 1 || w.aws.Calls("AssumeRole") != 1 {
		t.Errorf("got %d daemons and %d calls, want one of each\n%s", n, w.aws.Calls("AssumeRole"), log)
	}
}

// The vault's key is in the Credential Manager: a daemon that was killed is followed by one that has the source's key.
func TestCredentialManager(t *testing.T) {
	w := newWorld(t)
	w.write(config+"credd.toml", "version = 1\n")
	w.helper("acme/admin").want(t, 4)
	w.credd(w.key.ID+"\n"+w.key.Secret+"\n", "source", "add", "work", "--type", "keys", "--from-stdin", "--endpoint-url", w.aws.URL(), "--region", region).
		want(t, 0, "the key of "+us+" is in the vault")
	w.customer("acme", "admin")
	document(t, w.helper("acme/admin"))
	before := w.daemon()
	w.run(w.as("kill", before)).want(t, 0)
	document(t, w.helper("acme/admin"))
	if after := w.daemon(); after == before || after == "" {
		t.Errorf("got pid %q after %q, want another", after, before)
	}
	vault, err := os.ReadFile(w.path(state + "vault.age"))
	check(t, err)
	if strings.Contains(string(vault), w.key.Secret) || !strings.HasPrefix(string(vault), "age-encryption.org/") {
		t.Error("the vault is not encrypted")
	}
}

// A code is typed at the console, and not shown; the SDK has stdin, stdout and stderr.
func TestCodeAtTheConsole(t *testing.T) {
	w := newWorld(t)
	device, err := w.aws.AddMFADevice(us)
	check(t, err)
	w.write(config+"credd.toml", "version = 1\n")
	w.helper("acme/admin").want(t, 4)
	w.credd(w.key.ID+"\n"+w.key.Secret+"\n", "source", "add", "work", "--type", "keys", "--from-stdin", "--endpoint-url", w.aws.URL(), "--region", region,
		"--mfa-serial", device.Serial).want(t, 0, "the key of "+us+" is in the vault")
	w.customer("acme", "admin")
	w.helper("acme/admin").want(t, 5, "source work needs an MFA code", "credd login work")

	term := openTerminal(t)
	out := w.file("out")
	defer out.Close()
	cmd := w.as("run", program("credhelper"), "acme/admin")
	cmd.Stdout = out
	ended := term.start(cmd)
	term.see("MFA code for source work")
	term.types(w.aws.Code(device.Serial) + "\r")
	check(t, <-ended)
	text, err := os.ReadFile(out.Name())
	check(t, err)
	document(t, result{out: string(text)})
}

// A daemon that was started by hand serves, and another one does not start beside it.
func TestServe(t *testing.T) {
	w := newWorld(t)
	w.customer("acme", "admin")
	cmd := w.as("run", program("credd"), "serve")
	log := w.file("log")
	defer log.Close()
	cmd.Stderr = log
	check(t, cmd.Start())
	defer cmd.Wait()
	w.eventually("the pipe is there", func() bool { return w.run(w.as("knock", w.pipe)).code == 0 })
	document(t, w.helper("acme/admin"))
	w.credd("", "serve").want(t, 2, "credd is already running with pid "+w.daemon())
	w.end()
}

// The machine's credd is a service of Windows, at a pipe of its own.
func TestService(t *testing.T) {
	w := newWorld(t)
	t.Cleanup(func() {
		w.credd("", "service", "uninstall", "--system")
		for _, dir := range []string{"ProgramData/credd", "users/Public/credd"} {
			check(t, os.RemoveAll(prefix+"/drive_c/"+dir))
		}
	})
	w.credd("", "service", "start", "--system").want(t, 2, "credd is not installed as a service")
	w.credd("", "service", "install", "--system").want(t, 0, "made the service credd", "started the service credd")
	w.credd("", "service", "install", "--system").want(t, 0, "nothing to do")
	w.pipe = `\\.\pipe\credd-system`
	w.run(w.as("knock", w.pipe)).want(t, 0)
	w.credd("", "service", "status", "--system", "--json").want(t, 0, `"installed": true`, `"running": true`, `"manager": "Windows services"`)
	w.helper("acme/admin").want(t, 4, `no such role: "acme/admin"`)
	w.credd("", "service", "stop", "--system").want(t, 0, "stopped the service credd")
	w.helper("acme/admin").want(t, 3, "this machine's credd does not run", "credd service start --system")
	w.credd("", "service", "uninstall", "--system").want(t, 0, "removed the service credd")
	w.credd("", "service", "status", "--system", "--json").want(t, 0, `"installed": false`)
}

// The packages' own tests for Windows, built as on any system and run here.
func TestPackages(t *testing.T) {
	for _, p := range []string{"ipc", "ipc/dial", "ipc/socket", "paths"} {
		t.Run(strings.ReplaceAll(p, "/", "-"), func(t *testing.T) {
			w := newWorld(t)
			exe := w.path("test.exe")
			check(t, build("test", "-c", "-o", exe, "credd/internal/"+p))
			cmd := w.as("run", windows(exe), "-test.timeout=35s")
			cmd.Dir = "../" + p
			r := w.run(cmd)
			if r.code != 0 || !strings.Contains(r.out, "PASS") {
				t.Errorf("got exit code %d\n%s%s", r.code, r.out, r.err)
			}
		})
	}
}
