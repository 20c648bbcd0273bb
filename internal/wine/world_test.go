//go:build linux

// Package wine holds the tests of the Windows binaries, which run under Wine. What Wine cannot show, nothing here shows: see
// docs/service.md.
package wine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"credd/internal/agent/audit"
	"credd/internal/fakeaws"
)

const (
	us      = "arn:aws:iam::210987654321:user/work"
	region  = "eu-west-1"
	account = "012345678901"
	patient = 40 * time.Second // for what should take a moment, on a busy machine: Wine's own start is slow there
)

var (
	bin    string   // where the binaries are: with a blank, as C:\Program Files
	prefix string   // Wine's
	env    []string // of all that runs under it
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	root, err := filepath.Abs("../..")
	if err != nil {
		return complain(err)
	}
	prefix = filepath.Join(root, ".cache", "wine")
	if _, err := os.Stat(filepath.Join(prefix, "drive_c", "windows", "system32", "bcryptprimitives.dll")); err != nil {
		return complain(fmt.Errorf("there is no Wine to test with: run scripts/tools: %w", err))
	}
	dir, err := os.MkdirTemp("", "credd-wine-")
	if err != nil {
		return complain(err)
	}
	defer os.RemoveAll(dir)
	bin = filepath.Join(dir, "with blank")
	env = []string{"HOME=" + dir, "PATH=" + os.Getenv("PATH"), "WINEPREFIX=" + prefix, "WINEDEBUG=-all", "WINEDLLOVERRIDES=mscoree,mshtml="}
	for _, p := range []string{"credd/cmd/credd", "credd/cmd/credhelper", "credd/internal/wine/testdata/as"} {
		if err := build("build", "-trimpath", "-o", filepath.Join(bin, filepath.Base(p)+".exe"), p); err != nil {
			return complain(err)
		}
	}
	server := exec.Command("wineserver", "-p", "-f") // one for all tests, which is gone with them
	server.Env = env
	if err := server.Start(); err != nil {
		return complain(err)
	}
	defer func() {
		stop := exec.Command("wineserver", "-k")
		stop.Env = env
		stop.Run()
		server.Wait()
	}()
	return m.Run()
}

func complain(err error) int {
	fmt.Fprintln(os.Stderr, err)
	return 1
}

// build runs go for Windows.
func build(args ...string) error {
	cmd := exec.Command("go", args...)
	cmd.Env = append(os.Environ(), "GOOS=windows", "GOARCH=amd64", "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", cmd, err, out)
	}
	return nil
}

// world is a user's home, a fake AWS, and a pipe for the daemon.
type world struct {
	t    *testing.T
	home string
	pipe string
	aws  *fakeaws.Server
	key  fakeaws.Key
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, home: t.TempDir(), pipe: `\\.\pipe\credd-` + strings.ToLower(t.Name())}
	var err error
	w.aws, err = fakeaws.New()
	check(t, err)
	t.Cleanup(w.aws.Close)
	w.key, err = w.aws.AddUser(us)
	check(t, err)
	w.write(".aws/credentials", "[work]\naws_access_key_id = "+w.key.ID+"\naws_secret_access_key = "+w.key.Secret+"\n")
	w.write(".aws/config", "[profile work]\nregion = "+region+"\nendpoint_url = "+w.aws.URL()+"\n")
	w.write(config+"credd.toml", "version = 1\n\n[source.work]\ntype = \"profile\"\nprofile = \"work\"\n\n[defaults]\nsource = \"work\"\nregion = \""+region+"\"\n")
	t.Cleanup(w.end)
	return w
}

const (
	config = "AppData/Roaming/credd/"
	state  = "AppData/Local/credd/"
)

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

// customer adds a customer with one role, to AWS and to the files.
func (w *world) customer(name, role string) {
	w.t.Helper()
	arn := fmt.Sprintf("arn:aws:iam::%s:role/%s-%s", account, name, role)
	id := "canary-external-id-" + name
	check(w.t, w.aws.AddRole(fakeaws.Role{ARN: arn, Trust: fakeaws.TrustPolicy(us, id)}))
	w.write(config+"customers/"+name+".toml", "version = 1\naccount_id = \""+account+"\"\nexternal_id = \""+id+"\"\n\n[role."+role+"]\narn = \""+arn+"\"\n")
}

// windows is the name that a file here has under Wine.
func windows(path string) string { return `Z:` + strings.ReplaceAll(path, "/", `\`) }

// as is a program of ours with the world's home and pipe.
func (w *world) as(what string, args ...string) *exec.Cmd {
	ctx, cancel := context.WithTimeout(context.Background(), patient)
	w.t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, "wine", append([]string{filepath.Join(bin, "as.exe"), windows(w.home), what}, args...)...)
	cmd.Env = append(env, "CREDD_SOCK="+w.pipe, "AWS_EC2_METADATA_DISABLED=true")
	return cmd
}

type result struct {
	out, err string
	code     int
}

func (w *world) run(cmd *exec.Cmd) result {
	w.t.Helper()
	// Files, not pipes: Wine hands our stderr on to what a program starts, as Windows does not.
	out, errs := w.file("out"), w.file("err")
	defer out.Close()
	defer errs.Close()
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = out, errs, time.Second
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		w.t.Error(err)
	}
	text := func(f *os.File) string {
		b, err := os.ReadFile(f.Name())
		check(w.t, err)
		return string(b)
	}
	return result{text(out), text(errs), cmd.ProcessState.ExitCode()}
}

func (w *world) file(name string) *os.File {
	w.t.Helper()
	f, err := os.CreateTemp(w.home, name)
	check(w.t, err)
	return f
}

func program(name string) string { return windows(filepath.Join(bin, name+".exe")) }

func (w *world) helper(role string) result {
	w.t.Helper()
	return w.run(w.as("run", program("credhelper"), role))
}

func (w *world) credd(stdin string, args ...string) result {
	w.t.Helper()
	cmd := w.as("run", append([]string{program("credd")}, args...)...)
	cmd.Stdin = strings.NewReader(stdin)
	return w.run(cmd)
}

// want sees how a program ended.
func (r result) want(t *testing.T, code int, parts ...string) result {
	t.Helper()
	if r.code != code {
		t.Fatalf("got exit code %d, want %d\n%s%s", r.code, code, r.out, r.err)
	}
	for _, p := range parts {
		if !strings.Contains(r.out+r.err, p) {
			t.Errorf("got\n%s%s\nwant: %s", r.out, r.err, p)
		}
	}
	return r
}

// eventually waits until something is so.
func (w *world) eventually(what string, so func() bool) {
	w.t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(patient); !so(); <-tick.C {
		if time.Now().After(end) {
			w.t.Fatalf("not in %v: %s", patient, what)
		}
	}
}

func (w *world) trail() []audit.Entry {
	w.t.Helper()
	var all []audit.Entry
	_, err := audit.Read(w.path(state+"audit.log"), audit.Filter{}, func(e audit.Entry) error {
		all = append(all, e)
		return nil
	})
	check(w.t, err)
	return all
}

// end ends the daemon, if one runs, and shows its log if the test failed.
func (w *world) end() {
	if pid := w.daemon(); pid != "" {
		w.run(w.as("kill", pid))
	}
	if log, err := os.ReadFile(w.path(state + "credd.log")); err == nil && w.t.Failed() {
		w.t.Logf("the daemon's log:\n%s", log)
	}
}
