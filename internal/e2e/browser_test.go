//go:build linux

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"credd/internal/fakeaws"
)

const (
	startURL   = "https://nw.awsapps.com/start"
	ourAccount = "210987654321"

	visitTime = 2 * time.Minute // for a browser, which takes 2 seconds on an idle machine
)

// newCenter is a world whose source work is IAM Identity Center, and whose customer acme trusts it.
func newCenter(t *testing.T) (*world, *daemon) {
	t.Helper()
	w := newVaulted(t)
	w.aws.AssignSSO(startURL, ourAccount, "Northwind", "ops@example.com", "CustomerAccess")
	w.settings("[vault]\nkey = \"file\"\n\n[source.work]\ntype = \"sso\"\nstart_url = \"" + startURL + "\"\nsso_region = \"" + region + "\"\n" +
		"account_id = \"" + ourAccount + "\"\nrole_name = \"CustomerAccess\"\n")
	arn := w.customer("acme", "admin")
	trust := fakeaws.TrustPolicy(w.aws.SSORoleARN(startURL, ourAccount, "CustomerAccess"), "canary-external-id-acme")
	check(t, w.aws.AddRole(fakeaws.Role{ARN: arn, Trust: trust}))
	return w, w.serve()
}

// login is a running `credd login work`, which waits for a browser.
type login struct {
	w       *world
	cmd     *exec.Cmd
	address string // to open
	ended   chan struct{}
}

var (
	addressForm = regexp.MustCompile(`(?m)^  (http\S+)\n`)
	codeForm    = regexp.MustCompile(`shows the code (\S+)\n`)
)

// login starts a login and waits for the address that it shows.
func (w *world) login(how ...string) *login {
	w.t.Helper()
	l := &login{w: w, cmd: w.command("credd", append([]string{"login", "work"}, how...)...), ended: make(chan struct{})}
	out, err := os.CreateTemp(w.home, "login")
	check(w.t, err)
	errs, err := os.CreateTemp(w.home, "login")
	check(w.t, err)
	defer out.Close()
	defer errs.Close()
	l.cmd.Stdout, l.cmd.Stderr = out, errs
	check(w.t, l.cmd.Start())
	go func() { l.cmd.Wait(); close(l.ended) }()
	w.t.Cleanup(func() { l.cmd.Process.Kill(); <-l.ended })
	w.eventually("the address is shown", func() bool {
		shown := addressForm.FindStringSubmatch(l.said().err)
		if shown != nil {
			l.address = shown[1]
		}
		return shown != nil
	})
	return l
}

// said is what the command has printed so far.
func (l *login) said() result {
	var text [2]string
	for i, f := range []any{l.cmd.Stdout, l.cmd.Stderr} {
		b, err := os.ReadFile(f.(*os.File).Name())
		check(l.w.t, err)
		text[i] = string(b)
	}
	return result{out: text[0], err: text[1]}
}

// end waits for the command's end.
func (l *login) end() result {
	l.w.t.Helper()
	select {
	case <-l.ended:
	case <-time.After(patient):
		l.w.t.Fatal("credd login goes on after the browser is done")
	}
	r := l.said()
	r.code = l.cmd.ProcessState.ExitCode()
	return r
}

// callback is where AWS sends the browser.
func (l *login) callback() *url.URL {
	l.w.t.Helper()
	u, err := url.Parse(l.address)
	check(l.w.t, err)
	back, err := url.Parse(u.Query().Get("redirect_uri"))
	check(l.w.t, err)
	return back
}

// sight is what a person sees in the browser at the end, and what the browser asked for until then.
type sight struct {
	Address, Title, Text string
	Status               int
	Complaints           []string // of the browser about a page
	Requests             []string
}

// browse opens an address in a real browser, takes steps there, and closes it; see visit.cjs.
func (w *world) browse(address string, steps ...string) sight {
	w.t.Helper()
	s, err := w.visit(address, steps...)
	check(w.t, err)
	if len(s.Complaints) > 0 {
		w.t.Errorf("the browser complains: %q", s.Complaints)
	}
	return s
}

// visit is browse for any goroutine.
func (w *world) visit(address string, steps ...string) (s sight, err error) {
	modules, err := filepath.Abs("../../.cache/js/browser/node_modules")
	if err != nil {
		return s, err
	}
	if _, err := os.Stat(filepath.Join(modules, "playwright-core")); err != nil {
		return s, fmt.Errorf("%w: run scripts/tools", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), visitTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", append([]string{"testdata/browser/visit.cjs", modules, address}, steps...)...)
	cmd.Env = append(slices.Clone(w.env), "TMPDIR="+w.home)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) } // it then ends the browser
	cmd.WaitDelay = patient
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return s, fmt.Errorf("visit %s: %w\n%s", address, err, &errs)
	}
	return s, json.Unmarshal(out.Bytes(), &s)
}

// listening returns the lines of /proc/net/tcp of the ports that a process has open for others.
func listening(t *testing.T, pid int) (ports []string) {
	t.Helper()
	proc := fmt.Sprintf("/proc/%d/", pid)
	fds, err := os.ReadDir(proc + "fd")
	check(t, err)
	own := map[string]bool{}
	for _, fd := range fds {
		to, _ := os.Readlink(proc + "fd/" + fd.Name())
		if inode, ok := strings.CutPrefix(to, "socket:["); ok {
			own[strings.TrimSuffix(inode, "]")] = true
		}
	}
	for _, name := range []string{"net/tcp", "net/tcp6"} {
		table, err := os.ReadFile(proc + name)
		if errors.Is(err, os.ErrNotExist) {
			continue // a kernel without IPv6
		}
		check(t, err)
		const state, inode, listen = 3, 9, "0A"
		for line := range strings.Lines(string(table)) {
			if f := strings.Fields(line); len(f) > inode && f[state] == listen && own[f[inode]] {
				ports = append(ports, strings.TrimSpace(line))
			}
		}
	}
	return ports
}

// wantClosed fails where the login left the way back open.
func (l *login) wantClosed(d *daemon) {
	l.w.t.Helper()
	if ports := listening(l.w.t, d.cmd.Process.Pid); len(ports) > 0 {
		l.w.t.Errorf("after the login the daemon listens:\n%s", strings.Join(ports, "\n"))
	}
	_, status, err := get(l.callback().String())
	if !errors.Is(err, syscall.ECONNREFUSED) {
		l.w.t.Errorf("got %d, %v; want the callback's port closed", status, err)
	}
}

// get is a request of another program of this machine.
func get(address string) (body string, status int, err error) {
	c := &http.Client{Timeout: patient, Transport: &http.Transport{DisableKeepAlives: true}}
	r, err := c.Get(address)
	if err != nil {
		return "", 0, err
	}
	defer r.Body.Close()
	var b bytes.Buffer
	_, err = b.ReadFrom(r.Body)
	return b.String(), r.StatusCode, err
}

// wantPage checks the last page.
func (s sight) wantPage(t *testing.T, title, text string) {
	t.Helper()
	if s.Status != http.StatusOK || s.Title != title || !strings.HasPrefix(s.Text, title) || !strings.Contains(s.Text, text) {
		t.Errorf("got %d %q\n%s\nwant 200 %q and %q", s.Status, s.Title, s.Text, title, text)
	}
}

func TestBrowserLogin(t *testing.T) {
	t.Parallel()
	w, d := newCenter(t)
	l := w.login("--browser", "--no-open")
	if ports := listening(t, d.cmd.Process.Pid); len(ports) != 1 {
		t.Errorf("during the login the daemon listens on %d ports, want 1:\n%s", len(ports), strings.Join(ports, "\n"))
	}
	s := w.browse(l.address, "click #allow")
	s.wantPage(t, "Logged in", "credd has the login now. You can close this window.")
	want := []string{"GET " + l.address, "POST " + w.aws.URL() + "/authorize", "GET " + s.Address}
	if !slices.Equal(s.Requests, want) || !strings.HasPrefix(s.Address, l.callback().String()+"?") {
		t.Errorf("got the requests\n%s\nwant\n%s", strings.Join(s.Requests, "\n"), strings.Join(want, "\n"))
	}
	l.end().want(t, 0, "work is ready until")
	l.wantClosed(d)

	if _, status, err := get(s.Address); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("the same answer once more: got %d, %v; want nobody there", status, err)
	}
	w.helper("acme/admin").want(t, 0, "ASIA")
	if n := w.aws.Calls("CreateToken"); n != 1 {
		t.Errorf("got %d calls for tokens, want 1", n)
	}
	back, err := url.Parse(s.Address)
	check(t, err)
	for name, text := range map[string]string{
		"page": s.Text, "command": l.said().out + l.said().err, "log": w.read("credd.log"), "audit log": w.read(".local/state/credd/audit.log"),
	} {
		if code := back.Query().Get("code"); code == "" || strings.Contains(text, code) {
			t.Errorf("the code %q is in the %s:\n%s", code, name, text)
		}
	}
}

func TestBrowserLoginDenied(t *testing.T) {
	t.Parallel()
	w, d := newCenter(t)
	l := w.login("--browser", "--no-open")
	w.browse(l.address, "click #deny").wantPage(t, "Not logged in", "You denied it. You can close this window.")
	l.end().want(t, 5, "credd: error: work: the login was denied in the browser", "credd: hint: try again with: credd login work")
	l.wantClosed(d)
	w.helper("acme/admin").want(t, 5, "needs a login", "credd login work")
	if n := w.aws.Calls("CreateToken"); n != 0 {
		t.Errorf("got %d calls for tokens, want none", n)
	}
}

func TestBrowserLoginGivenUp(t *testing.T) {
	// A shell's job in the background, as which tests may run, ignores ^C, and so does what it starts.
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, syscall.SIGINT)
	defer signal.Stop(interrupts)

	w, d := newCenter(t)
	l := w.login("--browser", "--no-open")
	if s := w.browse(l.address); !strings.HasPrefix(s.Title, "Allow credd") {
		t.Errorf("got the page %q", s.Title)
	}
	if ports := listening(t, d.cmd.Process.Pid); len(ports) != 1 {
		t.Errorf("with the browser closed the daemon listens on %d ports, want 1 still:\n%s", len(ports), strings.Join(ports, "\n"))
	}
	check(t, l.cmd.Process.Signal(syscall.SIGINT))
	r := l.end()
	if how := l.cmd.ProcessState.Sys().(syscall.WaitStatus); !how.Signaled() || how.Signal() != syscall.SIGINT {
		t.Errorf("got %v, want an end by ^C\n%s%s", l.cmd.ProcessState, r.out, r.err)
	}
	w.eventually("the daemon listens no more", func() bool { return len(listening(t, d.cmd.Process.Pid)) == 0 })
	l.wantClosed(d)
	w.helper("acme/admin").want(t, 5, "needs a login")
}

func TestBrowserLoginWithStrangers(t *testing.T) {
	t.Parallel()
	w, d := newCenter(t)
	l := w.login("--browser", "--no-open")
	for _, query := range []string{"", "?code=stolen&state=", "?code=stolen&state=AAAAAAAAAAAAAAAAAAAAAAAAAA", "?error=access_denied&state=wrong"} {
		if body, status, err := get(l.callback().String() + query); err != nil || status != http.StatusBadRequest || strings.Contains(body, "stolen") {
			t.Errorf("%s: got %d, %v\n%s\nwant 400", query, status, err, body)
		}
	}
	w.browse(l.address, "click #allow").wantPage(t, "Logged in", "credd has the login now.")
	l.end().want(t, 0, "work is ready until")
	l.wantClosed(d)
	w.helper("acme/admin").want(t, 0, "ASIA")
	if n := w.aws.Calls("CreateToken"); n != 1 {
		t.Errorf("got %d calls for tokens, want that of the person alone", n)
	}
}

func TestTwoBrowserLoginsAtOnce(t *testing.T) {
	t.Parallel()
	w, d := newCenter(t)
	logins := []*login{w.login("--browser", "--no-open"), w.login("--browser", "--no-open")}
	if a, b := logins[0].callback().Host, logins[1].callback().Host; a == b {
		t.Errorf("both logins come back to %s", a)
	}
	var all sync.WaitGroup
	for _, l := range logins {
		all.Go(func() {
			if s, err := w.visit(l.address, "click #allow"); err != nil || s.Title != "Logged in" {
				t.Errorf("got %q, %v", s.Title, err)
			}
		})
	}
	all.Wait()
	for _, l := range logins {
		l.end().want(t, 0, "work is ready until")
		l.wantClosed(d)
	}
	w.helper("acme/admin").want(t, 0, "ASIA")
}

func TestDeviceLoginInABrowser(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		browse func(w *world, l *login, code string) sight
		page   string
		code   int
		text   string
	}{
		"code typed": {func(w *world, _ *login, code string) sight {
			return w.browse(w.aws.URL()+"/device", "type #user_code "+code, "click #next", "click #allow")
		}, "Request approved", 0, "work is ready until"},
		"address opened, denied": {func(w *world, l *login, _ string) sight {
			return w.browse(l.address, "click #deny")
		}, "Request denied", 5, "credd: error: work: the login was denied in the browser"},
	} {
		t.Run(name, func(t *testing.T) {
			w, d := newCenter(t)
			l := w.login("--device")
			code := codeForm.FindStringSubmatch(l.said().err)
			if code == nil {
				t.Fatalf("no code is shown:\n%s", l.said().err)
			}
			if ports := listening(t, d.cmd.Process.Pid); len(ports) > 0 {
				t.Errorf("the daemon listens:\n%s", strings.Join(ports, "\n"))
			}
			c.browse(w, l, code[1]).wantPage(t, c.page, "You can close this window.")
			l.end().want(t, c.code, c.text)
			w.helper("acme/admin").want(t, c.code)
		})
	}
}
