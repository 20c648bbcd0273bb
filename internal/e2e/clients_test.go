//go:build linux

package e2e

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A client calls GetCallerIdentity through a profile and prints the ARN, or an error on stderr.
type client struct {
	name    string
	command func(w *world, profile string) *exec.Cmd
	says    bool // whether it passes on what the helper says on stderr
}

func clients(t *testing.T) []client {
	t.Helper()
	modules, err := filepath.Abs("../../.cache/js/node_modules")
	check(t, err)
	if _, err := os.Stat(filepath.Join(modules, "@aws-sdk", "client-sts")); err != nil {
		t.Fatalf("%v: run scripts/tools", err)
	}
	script := func(name string) string { return filepath.Join("testdata", name) }
	goClient := filepath.Join(t.TempDir(), "goclient")
	if out, err := exec.Command("go", "build", "-o", goClient, "./testdata/goclient").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return []client{
		{"AWS CLI", func(w *world, p string) *exec.Cmd {
			return w.command("aws", "sts", "get-caller-identity", "--profile", p, "--query", "Arn", "--output", "text")
		}, true},
		{"boto3", func(w *world, p string) *exec.Cmd { return w.command("python3", script("boto3_client.py"), p) }, true},
		{"JavaScript v3", func(w *world, p string) *exec.Cmd { return w.command("node", script("js/client.cjs"), modules, p) }, true},
		{"Go v2", func(w *world, p string) *exec.Cmd { return w.command(goClient, p) }, true},
	}
}

// profile adds a profile of a role, and of an endpoint, to ~/.aws/config.
func (w *world) profile(role, endpoint string) {
	w.write(".aws/config", w.read(".aws/config")+fmt.Sprintf("\n[profile %s]\nregion = %s\nendpoint_url = %s\ncredential_process = \"%s/credhelper\" %s\n",
		role, region, endpoint, bin, role))
}

func TestRealClients(t *testing.T) {
	t.Parallel()
	backends := map[string]func(w *world) (account string){
		"fakeaws": func(w *world) string {
			w.profile("acme/readonly", w.aws.URL())
			w.profile("wrong/readonly", w.aws.URL())
			return account
		},
		"moto_server": func(w *world) string { return w.useMoto(startMoto(t)) },
	}
	for name, prepare := range backends {
		w := newWorld(t)
		w.customer("acme", "readonly")
		w.customer("wrong", "readonly")
		w.write(".config/credd/customers/wrong.toml", strings.Replace(w.read(".config/credd/customers/wrong.toml"), "canary-external-id", "mistaken-id", 1))
		account := prepare(w)
		w.serve()
		for _, c := range clients(t) {
			t.Run(name+", "+c.name, func(t *testing.T) {
				r := runCmd(t, c.command(w, "acme/readonly"))
				want := fmt.Sprintf("arn:aws:sts::%s:assumed-role/acme-readonly/northwind-acme", account)
				if r.code != 0 || strings.TrimSpace(r.out) != want {
					t.Errorf("got %d, %s%s\nwant %s", r.code, r.out, r.err, want)
				}
				r = runCmd(t, c.command(w, "wrong/readonly"))
				if r.code == 0 || r.out != "" || c.says && !strings.Contains(r.err, "credhelper: error: wrong/readonly: ") {
					t.Errorf("wrong external ID: got %d, %s%s\nwant the helper's error", r.code, r.out, r.err)
				}
			})
		}
	}
}

// startMoto starts moto_server, which checks signatures, principals and external IDs once it is told to.
func startMoto(t *testing.T, env ...string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	addr := l.Addr().(*net.TCPAddr)
	l.Close()
	cmd := exec.Command("moto_server", "-H", "127.0.0.1", "-p", fmt.Sprint(addr.Port))
	cmd.Env = append(append(os.Environ(), "INITIAL_NO_AUTH_ACTION_COUNT=1000000"), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // it may be a version manager's wrapper
	check(t, cmd.Start())
	t.Cleanup(func() {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		cmd.Wait()
	})
	return "http://" + addr.String()
}

// useMoto makes our user and the roles in moto, lets all go there, and turns checking on. moto looks at a role's trust only
// within the caller's account, so the customers move there.
func (w *world) useMoto(url string) (motoAccount string) {
	w.t.Helper()
	w.eventually("moto_server answers", func() bool {
		r, err := http.Get(url + "/moto-api/")
		if err != nil {
			return false
		}
		r.Body.Close()
		return true
	})
	env := append(w.env, "AWS_ACCESS_KEY_ID=setup", "AWS_SECRET_ACCESS_KEY=setup", "AWS_DEFAULT_REGION=us-east-1", "AWS_ENDPOINT_URL="+url)
	cmd := w.command("python3", "testdata/moto_setup.py")
	cmd.Env = env
	r := runCmd(w.t, cmd)
	var keys struct{ ID, Secret, Account string }
	if err := json.Unmarshal([]byte(r.out), &keys); err != nil {
		w.t.Fatalf("moto set-up: %v\n%s%s", err, r.out, r.err)
	}
	w.write(".aws/credentials", "[work]\naws_access_key_id = "+keys.ID+"\naws_secret_access_key = "+keys.Secret+"\n")
	w.write(".aws/config", "[profile work]\nregion = "+region+"\nendpoint_url = "+url+"\n")
	w.profile("acme/readonly", url)
	w.profile("wrong/readonly", url)
	for _, name := range []string{"acme", "wrong"} {
		file := ".config/credd/customers/" + name + ".toml"
		w.write(file, strings.ReplaceAll(w.read(file), account, keys.Account))
	}
	reset(w.t, url)
	return keys.Account
}

func reset(t *testing.T, base string) {
	t.Helper()
	u, err := url.JoinPath(base, "moto-api/reset-auth")
	check(t, err)
	r, err := http.Post(u, "text/plain", strings.NewReader("0"))
	check(t, err)
	r.Body.Close()
}
