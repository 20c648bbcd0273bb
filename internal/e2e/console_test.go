//go:build linux

package e2e

import (
	"bytes"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"credd/internal/fakeaws"
)

// newConsole is a world with the role acme/admin, a display, a daemon, and programs in place of the browsers. Each leaves its
// arguments and environment in dumps, and ends.
func newConsole(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.settings("[source.work]\ntype = \"profile\"\nprofile = \"work\"\n")
	w.customer("acme", "admin")
	w.write(".config/credd/customers/acme.toml", "environment = \"production\"\n"+w.read(".config/credd/customers/acme.toml"))
	w.env = append(w.env, "DISPLAY=:99", "PATH="+w.path("bin")+":"+os.Getenv("PATH"))
	for _, name := range []string{"xdg-open", "firefox", "chromium"} {
		w.program(name, "cat /proc/$$/environ >'"+w.path("dumps/environ")+"'\ncat /proc/$$/cmdline >'"+w.path("dumps/part")+"'\nmv '"+w.path("dumps/part")+"' '"+w.path("dumps/"+name)+"'\n")
	}
	w.write("dumps/none", "")
	w.serve()
	return w
}

// program puts a shell script into PATH.
func (w *world) program(name, script string) {
	w.t.Helper()
	w.write("bin/"+name, "#!/bin/sh\n"+script)
	check(w.t, os.Chmod(w.path("bin/"+name), 0o700))
}

// opening is a running `credd console`, which waits for its browser.
type opening struct {
	w       *world
	args    []string // of the browser
	address string   // that it is to open
	ended   chan result
}

// opens starts a command and waits until it has started a browser.
func (w *world) opens(browser string, args ...string) *opening {
	w.t.Helper()
	o := &opening{w: w, ended: make(chan result, 1)}
	cmd := w.command("credd", append([]string{"console"}, args...)...)
	cmd.Env = append(slices.Clone(w.env), "AWS_PROFILE=canary-of-shell", "AWS_SECRET_ACCESS_KEY=canary-of-shell", "CREDD_ROLE=canary-of-shell", "BROWSER=kept")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	check(w.t, cmd.Start())
	go func() {
		cmd.Wait()
		o.ended <- result{out: out.String(), err: errs.String(), code: cmd.ProcessState.ExitCode()}
	}()
	w.t.Cleanup(func() { cmd.Process.Kill() })
	w.eventually("a browser is started", func() bool { _, err := os.Stat(w.path("dumps/" + browser)); return err == nil })
	o.args = strings.Split(strings.TrimSuffix(w.read("dumps/"+browser), "\x00"), "\x00")
	o.address = o.args[len(o.args)-1]
	return o
}

// location is where the browser is sent.
func (o *opening) location() string {
	o.w.t.Helper()
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(mustRequest(o.w.t, o.address))
	check(o.w.t, err)
	resp.Body.Close()
	return resp.Header.Get("Location")
}

func mustRequest(t *testing.T, address string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	check(t, err)
	return r
}

// end is how the command ended.
func (o *opening) end() result {
	o.w.t.Helper()
	select {
	case r := <-o.ended:
		return r
	case <-time.After(patient):
		o.w.t.Fatal("credd console goes on")
		return result{}
	}
}

// signsIn opens an address of AWS's as the browser that was redirected, and returns how AWS saw it.
func (w *world) signsIn(address string) fakeaws.ConsoleSignIn {
	w.t.Helper()
	before := len(w.aws.ConsoleSignIns())
	body, status, err := get(address)
	check(w.t, err)
	all := w.aws.ConsoleSignIns()
	if status != http.StatusOK || len(all) != before+1 {
		w.t.Fatalf("got %d, and %d sign-ins\n%s", status, len(all)-before, body)
	}
	return all[before]
}

// wantNowhere looks for a token in all files of the home, and in what was printed.
func (w *world) wantNowhere(address string, printed ...string) {
	w.t.Helper()
	u, err := url.Parse(address)
	check(w.t, err)
	token := u.Query().Get("SigninToken")
	if len(token) < 100 {
		w.t.Fatalf("no token in %q", address)
	}
	canaries := append(forms(token), []byte("SigninToken"), []byte("canary-of-shell"))
	for _, text := range printed {
		if leaks(canaries, []byte(text)) {
			w.t.Errorf("it is in what was printed:\n%s", text)
		}
	}
	check(w.t, filepath.WalkDir(w.home, func(p string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(p)
		if leaks(canaries, text) {
			w.t.Errorf("it is in %s:\n%s", p, text)
		}
		return err
	}))
	if !leaks(canaries, []byte("planted "+token)) || !leaks(canaries, []byte(address)) {
		w.t.Error("a planted one is not found")
	}
}

var ourPort = regexp.MustCompile(`^http://127\.0\.0\.1:[0-9]+/[A-Z2-7]{26}$`)

func TestConsoleOpens(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		browser string
		flags   []string
		address func(o *opening) string // of our port, in the last argument
	}{
		"default": {"xdg-open", nil, func(o *opening) string { return o.address }},
		"Firefox container": {"firefox", []string{"--firefox-container"}, func(o *opening) string {
			q, err := url.ParseQuery(strings.TrimPrefix(o.address, "ext+container:"))
			if err != nil || q.Get("name") != "acme" || q.Get("color") != "red" {
				t.Errorf("got %s, %v", o.address, err)
			}
			return q.Get("url")
		}},
		"Chromium profile": {"chromium", []string{"--chromium"}, func(o *opening) string {
			dir := o.w.path(".local/state/credd/browsers/acme")
			if i, err := os.Stat(dir); err != nil || i.Mode() != fs.ModeDir|0o700 || !slices.Contains(o.args, "--user-data-dir="+dir) {
				t.Errorf("got %v, %v, %q", i, err, o.args)
			}
			return o.address
		}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newConsole(t)
			o := w.opens(c.browser, append(c.flags, "acme/admin")...)
			if o.address = c.address(o); !ourPort.MatchString(o.address) {
				t.Fatalf("got the address %q", o.address)
			}
			env := w.read("dumps/environ")
			if strings.Contains(env, "AWS_") || strings.Contains(env, "CREDD_") || !contains(env, "DISPLAY=:99", "BROWSER=kept") {
				t.Errorf("the browser's environment is %q", env)
			}
			strange := runCmd(t, as(stranger, exec.Command("curl", "-s", "-i", "--max-time", "10", o.address)))
			if strange.out != "" || strange.code == 0 {
				t.Errorf("another user got exit %d, %q", strange.code, strange.out)
			}
			location := o.location()
			if !strings.HasPrefix(location, w.aws.URL()+"/federation?Action=login&") {
				t.Fatalf("the browser is sent to %q", location)
			}
			r := o.end()
			r.want(t, 0, "the console of acme/admin is open in the browser until ")
			if _, _, err := get(o.address); err == nil {
				t.Error("the port is still there")
			}
			in := w.signsIn(location)
			if in.ARN != "arn:aws:sts::"+account+":assumed-role/acme-admin/northwind-acme" || in.Asked || in.Destination != "https://console.aws.amazon.com/console/home?region="+region {
				t.Errorf("got %+v", in)
			}
			w.wantNowhere(location, r.out, r.err)
		})
	}
}

func TestConsoleInChromium(t *testing.T) {
	t.Parallel()
	w := newConsole(t)
	w.program("chromium", "echo $$ >'"+w.path("dumps/pid")+"'\nexec /usr/bin/chromium --headless --no-sandbox --disable-gpu --disable-background-networking "+
		"--disable-component-update --disable-sync --host-resolver-rules='MAP * ~NOTFOUND, EXCLUDE 127.0.0.1' \"$@\"\n") // root has no sandbox
	defer w.quitBrowser()
	w.credd("console", "--chromium", "--destination", "s3", "acme").want(t, 0, "the console of acme/admin is open in the browser until ")
	w.eventually("it is signed in", func() bool { return len(w.aws.ConsoleSignIns()) == 1 })
	if in := w.aws.ConsoleSignIns()[0]; in.Destination != "https://console.aws.amazon.com/s3/home?region="+region {
		t.Errorf("got %+v", in)
	}
	if _, err := os.Stat(w.path(".local/state/credd/browsers/acme/Default")); err != nil {
		t.Error(err)
	}
}

// quitBrowser ends the browser that was started, with all of its processes.
func (w *world) quitBrowser() {
	w.t.Helper()
	text, err := os.ReadFile(w.path("dumps/pid"))
	if err != nil {
		return // it was never started
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	check(w.t, err)
	syscall.Kill(-pid, syscall.SIGKILL)
	w.eventually("the browser has ended", func() bool {
		stats, _ := filepath.Glob("/proc/[0-9]*/stat")
		return !slices.ContainsFunc(stats, func(name string) bool {
			const state, session = 0, 3 // after the name
			text, _ := os.ReadFile(name)
			_, rest, _ := strings.Cut(string(text), ") ")
			f := strings.Fields(rest)
			return len(f) > session && f[session] == fmt.Sprint(pid) && f[state] != "Z"
		})
	})
}

// What a session lasts is asked for only where AWS takes it.
func TestConsoleDurations(t *testing.T) {
	t.Parallel()
	w := newConsole(t)
	long := "arn:aws:iam::" + account + ":role/acme-admin"
	check(t, w.aws.AddRole(fakeaws.Role{ARN: long, MaxSession: 12 * time.Hour, Trust: fakeaws.TrustPolicy(us, "canary-external-id-acme")}))
	deploy := "arn:aws:iam::" + account + ":role/acme-deploy"
	check(t, w.aws.AddRole(fakeaws.Role{ARN: deploy, Trust: fakeaws.TrustPolicy(long, "canary-external-id-acme")}))
	w.write(".config/credd/customers/acme.toml", w.read(".config/credd/customers/acme.toml")+"\n[role.deploy]\narn = \""+deploy+"\"\nsource = \"acme/admin\"\n")
	w.credd("reload").want(t, 0)

	for _, c := range []struct {
		role, duration string
		asked          bool
	}{{"acme/admin", "", false}, {"acme/admin", "8h", true}, {"acme/deploy", "", false}, {"acme/deploy", "8h", false}} {
		args := []string{"console", c.role, "--print"}
		if c.duration != "" {
			args = append(args, "--duration", c.duration)
		}
		r := w.credd(args...)
		r.want(t, 0)
		if warned := strings.Contains(r.err, "--duration is left out"); warned != (c.duration != "" && !c.asked) {
			t.Errorf("%s %s: got %q", c.role, c.duration, r.err)
		}
		in := w.signsIn(strings.TrimSpace(r.out))
		if left := time.Until(in.Until).Round(time.Hour); in.Asked != c.asked || c.asked && left != 8*time.Hour || !c.asked && left != time.Hour {
			t.Errorf("%s %s: got %+v", c.role, c.duration, in)
		}
		w.wantNowhere(strings.TrimSpace(r.out), r.err)
	}
	check(t, w.aws.AddRole(fakeaws.Role{ARN: long, Trust: fakeaws.TrustPolicy(us, "canary-external-id-acme")}))
	w.credd("console", "acme/admin", "--print", "--duration", "8h").want(t, 6, "AWS does not sign this session in (HTTP 400)", "try again without --duration")
}

// The session of an IAM user cannot sign in, and AWS's sign-in is not even asked.
func TestConsoleOfAUser(t *testing.T) {
	t.Parallel()
	w := newVaulted(t)
	w.serve()
	w.addKey(w.key.ID+"\n"+w.key.Secret+"\n").want(t, 0)
	w.write(".config/credd/customers/keys.toml", "version = 1\naccount_id = \"210987654321\"\n\n[role.own]\nown_session = true\nsource = \"work\"\n")
	w.credd("reload").want(t, 0)
	before := len(w.aws.Requests())
	for _, name := range []string{"@work", "keys/own", "keys"} {
		w.credd("console", name, "--print").want(t, 2, "is the session of an IAM user, not of a role, and cannot sign in", "credd role list")
	}
	if n := len(w.aws.Requests()); n != before {
		t.Errorf("AWS was asked: %+v", w.aws.Requests()[before:])
	}
	w.credd("console", "@none", "--print").want(t, 4, "no such source")
}

// A permission set's own session is one of a role. Without a login the error is the usual one.
func TestConsoleOfAPermissionSet(t *testing.T) {
	t.Parallel()
	w, _ := newCenter(t)
	for _, name := range []string{"@work", "acme/admin"} {
		w.credd("console", name, "--print").want(t, 5, "needs a login", "credd login work")
	}
	l := w.login("--device")
	check(t, w.aws.ApproveDevice(codeForm.FindStringSubmatch(l.said().err)[1]))
	l.end().want(t, 0, "work is ready")
	for name, want := range map[string]string{"@work": ":assumed-role/AWSReservedSSO_CustomerAccess_", "acme/admin": ":assumed-role/acme-admin/"} {
		r := w.credd("console", name, "--print", "--duration", "4h")
		r.want(t, 0, "--duration is left out")
		if in := w.signsIn(strings.TrimSpace(r.out)); !strings.Contains(in.ARN, want) || in.Asked {
			t.Errorf("%s: got %+v", name, in)
		}
	}
}

// What fails is told in time, with the usual codes, and no browser is started.
func TestConsoleOnABadDay(t *testing.T) {
	t.Parallel()
	w := newConsole(t)
	w.helper("acme/admin").want(t, 0)
	for name, c := range map[string]struct {
		fault fakeaws.Fault
		code  int
		text  string
	}{
		"failing":   {fakeaws.Unavailable, 7, "acme/admin: AWS is failing (HTTP 503)"},
		"throttled": {fakeaws.Throttle, 7, "acme/admin: AWS is throttling requests (HTTP 429)"},
		"stalled":   {fakeaws.Stall, 7, "acme/admin: cannot reach AWS: no answer in time"},
		"dropping":  {fakeaws.Drop, 7, "acme/admin: cannot reach AWS: "},
		"cut off":   {fakeaws.Cut, 7, "acme/admin: cannot reach AWS: "},
		"garbling":  {fakeaws.InvalidXML, 7, "acme/admin: the answer of AWS sign-in cannot be read"},
	} {
		w.aws.SetFault("", c.fault)
		r := w.credd("console", "acme/admin")
		r.want(t, c.code, "credd: error: "+c.text, "credd: hint: ")
		if r.out != "" || r.took > 20*time.Second {
			t.Errorf("%s: got %q after %v", name, r.out, r.took)
		}
	}
	w.aws.SetFault("", fakeaws.Healthy)
	w.aws.Stop()
	w.credd("console", "acme/admin").want(t, 7, "acme/admin: cannot reach AWS: ", "connection refused")
	check(t, w.aws.Start())

	w.program("xdg-open", "exit 3\n")
	w.credd("console", "acme/admin").want(t, 2, "the browser did not open: xdg-open ended with exit status 3", "--print")
	w.credd("console", "acme/admin", "--chromium", "--program", "no-such-browser").want(t, 127, "no such command: no-such-browser")
	if _, err := os.Stat(w.path("dumps/chromium")); err == nil {
		t.Error("another browser was started")
	}
	w.write("open/to/all", "")
	check(t, os.Chmod(w.path("open"), 0o777))
	w.credd("console", "acme/admin", "--chromium", "--profile-dir", w.path("open")).want(t, 2, "is open to other users", "--profile-dir DIR")

	w.stopAll()
	cmd := w.command("credd", "console", "acme/admin", "--print")
	cmd.Env = append(cmd.Env, "CREDD_AUTOSTART=0")
	runCmd(t, cmd).want(t, 3, "credd is not running")
	w.credd("console", "acme/admin", "--print").want(t, 0, "SigninToken=")

	w.aws.DeleteRole("arn:aws:iam::" + account + ":role/acme-admin")
	w.credd("forget", "acme").want(t, 0)
	w.credd("console", "acme/admin").want(t, 6, "acme/admin: denied by AWS")
}

// Without a display nothing hangs, whatever browser is asked for.
func TestConsoleWithoutADisplay(t *testing.T) {
	t.Parallel()
	w := newConsole(t)
	w.env = slices.DeleteFunc(slices.Clone(w.env), func(kv string) bool { return strings.HasPrefix(kv, "DISPLAY=") })
	for _, flags := range [][]string{nil, {"--chromium"}, {"--firefox-container"}} {
		w.credd(append([]string{"console", "acme/admin"}, flags...)...).want(t, 2, "there is no display here to open a browser on", "credd console ROLE --print")
	}
	cmd := w.command("credd", "console", "acme/admin")
	cmd.Env = append(cmd.Env, "DISPLAY=:10", "SSH_CONNECTION=192.0.2.1 1 192.0.2.2 22")
	runCmd(t, cmd).want(t, 2, "there is no display here")
	if n := len(w.aws.Requests()); n != 0 {
		t.Errorf("AWS was asked: %+v", w.aws.Requests())
	}
}

func TestPTYConsole(t *testing.T) {
	t.Parallel()
	w := newConsole(t)
	p := w.pty()
	p.start(w.command("credd", "console", "acme/admin", "--print"))
	p.see("credd: warning: the address is on the screen")
	p.see("/federation?Action=login")
}

// Nothing renews a session in the browser, so that it begins with one that is not old, if AWS gives one.
func TestConsoleOfAnOldSession(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		age         time.Duration
		fault       fakeaws.Fault // of AssumeRole
		least, most time.Duration // of the console session
	}{
		"young":           {25 * time.Minute, fakeaws.Healthy, 34 * time.Minute, 35 * time.Minute},
		"old":             {35 * time.Minute, fakeaws.Healthy, 59 * time.Minute, time.Hour},
		"old, AWS failed": {35 * time.Minute, fakeaws.Unavailable, 24 * time.Minute, 25 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			w := newClocked(t)
			w.settings("[source.work]\ntype = \"profile\"\nprofile = \"work\"\n")
			arn := w.customer("acme", "admin")
			w.offset.Store(-int64(c.age))
			w.start()
			w.helper("acme/admin").want(t, 0)
			w.offset.Store(0)
			w.aws.SetFault(arn, c.fault)
			r := w.credd("console", "acme/admin", "--print")
			r.want(t, 0)
			if left := time.Until(w.signsIn(strings.TrimSpace(r.out)).Until); left < c.least || left > c.most {
				t.Errorf("the console session lasts %v, want %v to %v", left, c.least, c.most)
			}
		})
	}
}
