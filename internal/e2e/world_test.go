//go:build linux

// Package e2e holds the tests of the real binaries: real clients, real processes of two users, real bad days.
package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"credd/internal/agent/api"
	"credd/internal/agent/audit"
	"credd/internal/agent/source"
	"credd/internal/fakeaws"
	"credd/internal/ipc/socket"
)

const (
	us      = "arn:aws:iam::210987654321:user/work"
	region  = "eu-west-1"
	account = "012345678901"
	patient = 20 * time.Second // for what should take a moment, on a busy machine
)

// bin holds the binaries: a path with a blank, as on many machines.
var bin string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "credd-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	os.Chmod(dir, 0o755) // other users of these tests run the helper too
	bin = filepath.Join(dir, "with blank")
	for _, b := range [][]string{
		{"CGO_ENABLED=0", "go", "build", "-trimpath", "-o", bin + "/credhelper", "credd/cmd/credhelper"},
		{"CGO_ENABLED=0", "go", "build", "-o", bin + "/stranger", "credd/internal/e2e/testdata/stranger"},
		{"CGO_ENABLED=1", "go", "build", "-trimpath", "-race", "-o", bin + "/credd", "credd/cmd/credd"},
	} {
		cmd := exec.Command(b[1], b[2:]...)
		cmd.Env = append(os.Environ(), b[0])
		if out, err := cmd.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n%s", b, err, out)
			return 1
		}
	}
	source.ClearEnvironment() // for the agents in this process
	return m.Run()
}

// world is a user's home, a fake AWS, and the daemon that the test starts.
type world struct {
	t    *testing.T
	home string
	sock string
	aws  *fakeaws.Server
	key  fakeaws.Key
	env  []string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	home, err := os.MkdirTemp("", "credd") // t.TempDir is too long for a socket
	check(t, err)
	w := &world{t: t, home: home, sock: filepath.Join(home, "run", "credd", "agent.sock")}
	t.Cleanup(func() { check(t, os.RemoveAll(home)) })
	t.Cleanup(w.stopAll)
	w.aws, err = fakeaws.New()
	check(t, err)
	t.Cleanup(w.aws.Close)
	w.key, err = w.aws.AddUser(us)
	check(t, err)
	w.env = []string{"HOME=" + home, "PATH=" + os.Getenv("PATH"), "XDG_RUNTIME_DIR=" + filepath.Join(home, "run"),
		"AWS_EC2_METADATA_DISABLED=true", "GORACE=halt_on_error=1 atexit_sleep_ms=0"}
	check(t, os.Mkdir(filepath.Join(home, "run"), 0o700))
	w.write(".aws/credentials", "[work]\naws_access_key_id = "+w.key.ID+"\naws_secret_access_key = "+w.key.Secret+"\n")
	w.write(".aws/config", "[profile work]\nregion = "+region+"\nendpoint_url = "+w.aws.URL()+"\n")
	w.write(".config/credd/credd.toml", "version = 1\n\n[service]\nname = \"northwind\"\n\n[source.work]\ntype = \"profile\"\nprofile = \"work\"\n\n[defaults]\nsource = \"work\"\nregion = \""+region+"\"\nsession_name = \"{service}-{customer}\"\n\n[log]\nlevel = \"debug\"\n")
	return w
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) path(name string) string { return filepath.Join(w.home, name) }

func (w *world) write(name, text string) {
	w.t.Helper()
	check(w.t, os.MkdirAll(filepath.Dir(w.path(name)), 0o700))
	check(w.t, os.WriteFile(w.path(name), []byte(text), 0o600))
}

func (w *world) read(name string) string {
	w.t.Helper()
	b, err := os.ReadFile(w.path(name))
	check(w.t, err)
	return string(b)
}

// customer adds a customer with one role, to AWS and to the files. It returns the role's ARN.
func (w *world) customer(name, role string) string {
	w.t.Helper()
	arn := fmt.Sprintf("arn:aws:iam::%s:role/%s-%s", account, name, role)
	id := "canary-external-id-" + name
	check(w.t, w.aws.AddRole(fakeaws.Role{ARN: arn, Trust: fakeaws.TrustPolicy(us, id)}))
	w.write(".config/credd/customers/"+name+".toml", "version = 1\naccount_id = \""+account+"\"\nexternal_id = \""+id+"\"\n\n[role."+role+"]\narn = \""+arn+"\"\n")
	return arn
}

// command is a program of ours, or another one, in the world's environment.
func (w *world) command(name string, args ...string) *exec.Cmd {
	if name == "credd" || name == "credhelper" {
		name = filepath.Join(bin, name)
	}
	cmd := exec.Command(name, args...)
	cmd.Env = w.env
	return cmd
}

type result struct {
	out, err string
	code     int
	took     time.Duration
}

func runCmd(t *testing.T, cmd *exec.Cmd) result {
	t.Helper()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	start := time.Now()
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Error(err)
	}
	return result{out.String(), errs.String(), cmd.ProcessState.ExitCode(), time.Since(start)}
}

func (w *world) helper(role string) result { return runCmd(w.t, w.command("credhelper", role)) }

func (w *world) credd(args ...string) result { return runCmd(w.t, w.command("credd", args...)) }

// helpers runs n helpers of a role at once.
func (w *world) helpers(n int, role string) []result {
	out := make([]result, n)
	var all sync.WaitGroup
	for i := range out {
		all.Go(func() { out[i] = w.helper(role) })
	}
	all.Wait()
	return out
}

// daemon is a running `credd serve`.
type daemon struct {
	cmd   *exec.Cmd
	log   string
	ended chan struct{}
}

// serve starts the daemon and waits until it answers. It is stopped with the test.
func (w *world) serve() *daemon {
	w.t.Helper()
	d := &daemon{cmd: w.command("credd", "serve"), log: w.path("credd.log"), ended: make(chan struct{})}
	log, err := os.OpenFile(d.log, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	check(w.t, err)
	defer log.Close()
	d.cmd.Stderr = log
	check(w.t, d.cmd.Start())
	go func() { d.cmd.Wait(); close(d.ended) }()
	w.eventually("the daemon answers", func() bool {
		select {
		case <-d.ended:
			w.t.Fatalf("credd serve ended:\n%s", w.read("credd.log"))
		default:
		}
		return w.answers()
	})
	return d
}

func (w *world) answers() bool {
	ctx, cancel := context.WithTimeout(context.Background(), patient)
	defer cancel()
	c, err := socket.Dial(ctx, w.sock)
	if err != nil {
		return false
	}
	return api.Call(ctx, c, api.Request{Do: api.DoStatus}, &api.Status{}) == nil
}

// eventually waits until something is so.
func (w *world) eventually(what string, so func() bool) {
	w.t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(patient); !so(); <-tick.C {
		if time.Now().After(end) {
			w.t.Fatalf("not in %v: %s", patient, what)
		}
	}
}

// daemons returns the processes of this world that run `credd serve`.
func (w *world) daemons() []int { return w.processes("credd", "serve") }

// processes returns those of this world that run a program with these first arguments. A world's environment names its home.
func (w *world) processes(program string, args ...string) []int {
	var pids []int
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		line, _ := os.ReadFile(dir + "/cmdline")
		env, _ := os.ReadFile(dir + "/environ")
		has := strings.Split(string(line), "\x00")
		if filepath.Base(has[0]) == program && len(has) > len(args) && slices.Equal(has[1:1+len(args)], args) &&
			(bytes.Contains(env, []byte("="+w.home+"\x00")) || bytes.Contains(env, []byte("="+w.home+"/"))) {
			var pid int
			fmt.Sscan(filepath.Base(dir), &pid)
			pids = append(pids, pid)
		}
	}
	return pids
}

// stopAll ends what the test, or a helper's autostart, left running: helpers too, as one that `credd use` has started may be about
// to start a daemon.
func (w *world) stopAll() {
	w.eventually("all daemons and helpers have ended", func() bool {
		helpers, daemons := w.processes("credhelper"), w.daemons()
		for _, pid := range helpers {
			syscall.Kill(pid, syscall.SIGKILL) // some tests stop them
		}
		for _, pid := range daemons {
			syscall.Kill(pid, syscall.SIGTERM)
		}
		return len(helpers)+len(daemons) == 0
	})
	log, _ := os.ReadFile(w.path("credd.log"))
	auto, _ := os.ReadFile(w.path(".local/state/credd/credd.log"))
	for _, text := range [][]byte{log, auto} {
		if bytes.Contains(text, []byte("DATA RACE")) {
			w.t.Errorf("a race:\n%s", text)
		}
	}
	w.races()
	if w.t.Failed() {
		w.t.Logf("the daemon's log:\n%s%s", log, auto)
	}
}

// atATerminal lets races of a program be written into files, and the program go on: bubbletea gives its reader of the terminal half a
// second to end before it closes what that reads, and on a busy machine the reader takes longer.
func (w *world) atATerminal() string {
	return "GORACE=halt_on_error=0 exitcode=0 atexit_sleep_ms=0 log_path=" + w.path("race")
}

// races tells of those in files, but not of that of the terminal's reader.
func (w *world) races() {
	files, _ := filepath.Glob(w.path("race.*"))
	for _, f := range files {
		text, _ := os.ReadFile(f)
		for _, report := range strings.Split(string(text), "==================\n") {
			if strings.Contains(report, "DATA RACE") && !strings.Contains(report, "muesli/cancelreader") {
				w.t.Errorf("a race:\n%s", report)
			}
		}
	}
}

func (w *world) status() api.Status {
	w.t.Helper()
	r := w.credd("status", "--json")
	var st api.Status
	if err := json.Unmarshal([]byte(r.out), &st); err != nil {
		w.t.Fatalf("status: %v\n%s%s", err, r.out, r.err)
	}
	return st
}

func (w *world) trail() []audit.Entry {
	w.t.Helper()
	var all []audit.Entry
	_, err := audit.Read(w.path(".local/state/credd/audit.log"), audit.Filter{}, func(e audit.Entry) error {
		all = append(all, e)
		return nil
	})
	check(w.t, err)
	return all
}

// document is what a helper prints.
type document struct {
	Version                                                           int
	AccessKeyID, SecretAccessKey, SessionToken, Expiration, AccountID string
}

// whole reads a document, and says why it is none.
func whole(text string) (d document, err error) {
	dec := json.NewDecoder(strings.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&d); err != nil {
		return d, err
	}
	at, err := time.Parse(time.RFC3339, d.Expiration)
	if err != nil {
		return d, err
	}
	if d.Version != 1 || d.AccessKeyID == "" || d.SecretAccessKey == "" || d.SessionToken == "" || !at.After(time.Now()) {
		return d, fmt.Errorf("not a live document: %s until %s", d.AccessKeyID, d.Expiration)
	}
	return d, nil
}

func contains(text string, parts ...string) bool {
	for _, p := range parts {
		if !strings.Contains(text, p) {
			return false
		}
	}
	return true
}
