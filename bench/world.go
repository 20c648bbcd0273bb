package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"credd/internal/agent/api"
	"credd/internal/fakeaws"
	"credd/internal/ipc"
	"credd/internal/ipc/socket"
)

const us = "arn:aws:iam::210987654321:user/bench"

// bench is where the binaries are, and how often to repeat.
type bench struct {
	bin   string
	scale int // 10, or 1 to be quick
}

// world is a home with a number of roles, a fake AWS, and a running daemon.
type world struct {
	b      *bench
	home   string
	sock   string
	aws    *fakeaws.Server
	daemon *exec.Cmd
	key    fakeaws.Key
}

func roleName(i int) string { return fmt.Sprintf("c%05d/admin", i) }
func roleARN(i int) string  { return fmt.Sprintf("arn:aws:iam::012345678901:role/Admin%05d", i) }

func (b *bench) world(roles int) (*world, error) {
	home, err := os.MkdirTemp("", "credd-bench-")
	if err != nil {
		return nil, err
	}
	w := &world{b: b, home: home, sock: filepath.Join(home, "run", "credd", "agent.sock")}
	if w.aws, err = fakeaws.New(); err != nil {
		return nil, err
	}
	if w.key, err = w.aws.AddUser(us); err != nil {
		return nil, err
	}
	files := map[string]string{
		".aws/credentials":         "[work]\naws_access_key_id = " + w.key.ID + "\naws_secret_access_key = " + w.key.Secret + "\n",
		".aws/config":              "[profile work]\nregion = eu-west-1\nendpoint_url = " + w.aws.URL() + "\n",
		".config/credd/credd.toml": "version = 1\n[source.work]\ntype = \"profile\"\nprofile = \"work\"\n[defaults]\nsource = \"work\"\n",
		"run/.keep":                "",
	}
	for i := range roles {
		files[fmt.Sprintf(".config/credd/customers/c%05d.toml", i)] = customer(i, "admin")
		if i < 2000 {
			if err := w.aws.AddRole(fakeaws.Role{ARN: roleARN(i), Trust: fakeaws.TrustPolicy(us, "id-of-a-customer")}); err != nil {
				return nil, err
			}
		}
	}
	for name, text := range files {
		path := filepath.Join(home, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return nil, err
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	return w, nil
}

func customer(i int, roles ...string) string {
	text := fmt.Sprintf("version = 1\nname = \"Customer %d\"\naccount_id = \"012345678901\"\nexternal_id = \"id-of-a-customer\"\n", i)
	for _, r := range roles {
		text += fmt.Sprintf("\n[role.%s]\narn = %q\n", r, roleARN(i))
	}
	return text
}

func (w *world) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(w.b.bin, name), args...)
	cmd.Env = []string{"HOME=" + w.home, "XDG_RUNTIME_DIR=" + filepath.Join(w.home, "run"), "PATH=" + os.Getenv("PATH"), "CREDD_AUTOSTART=0"}
	return cmd
}

// serve starts the daemon and returns how long it took until it answered.
func (w *world) serve() (time.Duration, error) {
	w.daemon = w.command("credd", "serve")
	var log bytes.Buffer
	w.daemon.Stderr = &log
	start := time.Now()
	if err := w.daemon.Start(); err != nil {
		return 0, err
	}
	for time.Since(start) < 20*time.Second {
		if _, err := w.status(); err == nil {
			return time.Since(start), nil
		}
		time.Sleep(time.Millisecond)
	}
	return 0, errors.New("the daemon does not answer: " + log.String())
}

func (w *world) status() (st api.Status, err error) {
	c, err := socket.Dial(context.Background(), w.sock)
	if err != nil {
		return st, err
	}
	return st, api.Call(context.Background(), c, api.Request{Do: api.DoStatus}, &st)
}

func (w *world) close() {
	if w.daemon != nil {
		w.daemon.Process.Signal(syscall.SIGTERM)
		w.daemon.Wait()
	}
	w.aws.Close()
	os.RemoveAll(w.home)
}

// ask asks for a role over the socket, as a helper does.
func ask(sock, role string) error {
	c, err := net.Dial("unix", sock)
	if err != nil {
		return err
	}
	defer c.Close()
	if _, err := c.Write(ipc.Append(nil, ipc.KindCredentials, ipc.AppendCredentials(nil, role))); err != nil {
		return err
	}
	kind, payload, err := ipc.Read(c, ipc.MaxDocument)
	if err == nil && kind != ipc.KindDocument {
		err = fmt.Errorf("refused: %q", payload)
	}
	return err
}

// resident returns a process's resident memory in MB.
func resident(pid int) (float64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	_, after, _ := strings.Cut(string(b), "VmRSS:")
	var kb float64
	_, err = fmt.Sscan(after, &kb)
	return kb / 1024, err
}
