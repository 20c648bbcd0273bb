package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"credd/internal/fakeaws"
)

const (
	ours   = "arn:aws:iam::210987654321:user/you"
	ops    = "arn:aws:iam::210987654321:user/ops" // who has an access key and an MFA device
	region = "eu-west-1"
	grace  = 5 * time.Second // for the daemon to start, and to stop
)

// customer is an account with one role, and what its owner told us.
type customer struct {
	name, account, externalID string
}

var (
	acme    = customer{"acme", "012345678901", "9d1f6f2c8a5e4b7d"}
	globex  = customer{"globex", "112233445566", "c3a7e0b94d2f4816"}
	mistake = customer{"initech", "223344556677", "e8b15a607c9d4f32"}
	hooli   = customer{"hooli", "334455667788", "5b0d8c21f7a94e63"} // whom a profile of before is for
)

func (c customer) role() string { return c.name + "/readonly" }
func (c customer) arn() string  { return "arn:aws:iam::" + c.account + ":role/ReadOnly" }

// world is a simulated AWS, an empty home and a daemon in it.
type world struct {
	bin, home string
	aws       *fakeaws.Server
	daemon    *exec.Cmd
	log       *os.File

	theirs fakeaws.Key // of an invited customer's administrator
	sent   string      // the folder that the customer was sent
}

func newWorld(bin string) (w *world, err error) {
	home, err := os.MkdirTemp("", "credd-demo-")
	if err != nil {
		return nil, err
	}
	w = &world{bin: bin, home: home}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.close())
		}
	}()
	if w.aws, err = fakeaws.New(); err != nil {
		return w, err
	}
	key, err := w.aws.AddUser(ours)
	if err != nil {
		return w, err
	}
	for _, c := range []customer{acme, globex, mistake, hooli} {
		if err := w.aws.AddRole(fakeaws.Role{ARN: c.arn(), Trust: fakeaws.TrustPolicy(ours, c.externalID)}); err != nil {
			return w, err
		}
	}
	if err := w.write(".aws/credentials", "[work]\naws_access_key_id = %s\naws_secret_access_key = %s\n", key.ID, key.Secret); err != nil {
		return w, err
	}
	if err := w.write(".aws/config", "[profile work]\nregion = %s\nendpoint_url = %s\n", region, w.aws.URL()); err != nil {
		return w, err
	}
	if err := w.write(".config/credd/credd.toml", "version = 1\n\n[service]\nname       = \"northwind\"\naccount_id = \"210987654321\"\n\n[source.work]\ntype    = \"profile\"\nprofile = \"work\"\n\n[defaults]\nsource = \"work\"\nregion = %q\n\n"+
		"# The simulator, and a machine without a keyring:\n[network]\nendpoint_url = %q\n[vault]\nkey = \"file\"\n", region, w.aws.URL()); err != nil {
		return w, err
	}
	return w, w.serve()
}

func (w *world) write(name, format string, args ...any) error {
	path := filepath.Join(w.home, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return os.WriteFile(path, fmt.Appendf(nil, format, args...), 0o600)
}

// serve starts the daemon and waits until it answers.
func (w *world) serve() (err error) {
	if w.log, err = os.Create(filepath.Join(w.home, "credd.log")); err != nil {
		return err
	}
	w.daemon = w.command(context.Background(), "credd", "serve")
	w.daemon.Stderr = w.log
	if err := w.daemon.Start(); err != nil {
		return fmt.Errorf("start credd: %w (make build makes it)", err)
	}
	for end := time.Now().Add(grace); ; time.Sleep(5 * time.Millisecond) {
		if w.command(context.Background(), "credd", "status").Run() == nil {
			return nil
		}
		if time.Now().After(end) {
			text, _ := os.ReadFile(w.log.Name())
			return fmt.Errorf("credd does not answer; its log:\n%s", text)
		}
	}
}

// command is a program of ours, or one on the PATH, with nothing of this shell's environment but PATH.
func (w *world) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	path := name
	if strings.HasPrefix(name, "cred") {
		path = filepath.Join(w.bin, name)
	}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = []string{"HOME=" + w.home, "PATH=" + os.Getenv("PATH"), "XDG_RUNTIME_DIR=" + filepath.Join(w.home, "run"),
		"AWS_EC2_METADATA_DISABLED=true", "CREDD_AUTOSTART=0", "NO_COLOR=1"}
	return cmd
}

// show prints a command as a user types it, runs it and prints what it says. It returns its stdout.
func (w *world) show(ctx context.Context, stdin, name string, args ...string) (string, error) {
	fmt.Printf("\n$ %s %s\n", name, strings.Join(args, " "))
	cmd := w.command(ctx, name, args...)
	cmd.Stdin = strings.NewReader(stdin)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	io.Copy(os.Stdout, &errs)
	return out.String(), err
}

// close stops all and removes the home.
func (w *world) close() error {
	var err error
	if w.daemon != nil && w.daemon.Process != nil {
		w.daemon.Process.Signal(syscall.SIGTERM)
		kill := time.AfterFunc(grace, func() { w.daemon.Process.Kill() })
		if werr := w.daemon.Wait(); werr != nil {
			err = fmt.Errorf("credd did not stop cleanly: %w", werr)
		}
		kill.Stop()
		w.log.Close()
	}
	if w.aws != nil {
		w.aws.Close()
	}
	return errors.Join(err, os.RemoveAll(w.home))
}
