//go:build linux

package box

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Command is a program inside, run by root.
func (b *Box) Command(args ...string) *exec.Cmd {
	return b.enter([]string{"env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LC_ALL=C"}, args)
}

// CommandAs is a program inside, run by a user with that user's own service manager.
func (b *Box) CommandAs(user string, args ...string) *exec.Cmd {
	uid, home := b.passwd(user)
	return b.enter([]string{"setpriv", "--reuid", user, "--regid", user, "--init-groups", "env", "-i", "PATH=/usr/bin:/bin", "HOME=" + home, "USER=" + user, "LC_ALL=C",
		"XDG_RUNTIME_DIR=/run/user/" + uid, "DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/" + uid + "/bus"}, args)
}

func (b *Box) enter(how, args []string) *exec.Cmd {
	return exec.Command("nsenter", append(append([]string{"-t", strconv.Itoa(b.PID), "-a", "--"}, how...), args...)...)
}

// passwd returns a user's number and home inside.
func (b *Box) passwd(user string) (uid, home string) {
	text, _ := os.ReadFile(filepath.Join(b.Root, "etc/passwd"))
	for line := range strings.Lines(string(text)) {
		if f := strings.Split(line, ":"); f[0] == user && len(f) == 7 {
			return f[2], f[5]
		}
	}
	return "", "/"
}

// Run runs a program inside as root. It returns what that wrote to stdout, and fails the test if it fails.
func (b *Box) Run(t testing.TB, args ...string) string {
	t.Helper()
	return run(t, b.Command(args...), args)
}

// As is Run by a user.
func (b *Box) As(t testing.TB, user string, args ...string) string {
	t.Helper()
	return run(t, b.CommandAs(user, args...), args)
}

func run(t testing.TB, cmd *exec.Cmd, args []string) string {
	t.Helper()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s%s", strings.Join(args, " "), err, &out, &errs)
	}
	return out.String()
}

// User makes a user whose service manager runs.
func (b *Box) User(t testing.TB, name string, uid int) {
	t.Helper()
	id := strconv.Itoa(uid)
	b.Run(t, "useradd", "--create-home", "--shell", "/bin/bash", "--uid", id, "--user-group", name)
	b.Run(t, "loginctl", "enable-linger", name)
	Eventually(t, "the manager of "+name+" runs", func() bool {
		out, _ := b.CommandAs(name, "systemctl", "--user", "is-system-running").Output()
		state := strings.TrimSpace(string(out))
		return state == "running" || state == "degraded"
	})
}

// Copy copies a file into the box, with its mode, for root. Directories are made.
func (b *Box) Copy(t testing.TB, from, inside string) {
	t.Helper()
	i, err := os.Stat(from)
	if err != nil {
		t.Fatal(err)
	}
	in, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	b.put(t, inside, in, i.Mode().Perm())
}

// Write writes a file in the box, for root. Directories are made.
func (b *Box) Write(t testing.TB, inside, text string, mode os.FileMode) {
	t.Helper()
	b.put(t, inside, strings.NewReader(text), mode)
}

func (b *Box) put(t testing.TB, inside string, in io.Reader, mode os.FileMode) {
	t.Helper()
	cmd := b.Command("install", "-D", "-m", strconv.FormatUint(uint64(mode), 8), "/dev/stdin", inside)
	cmd.Stdin = in
	run(t, cmd, cmd.Args)
}

// Read returns a file of the box.
func (b *Box) Read(t testing.TB, inside string) string {
	t.Helper()
	return b.Run(t, "cat", "--", inside)
}

// Eventually waits until something is so.
func Eventually(t testing.TB, what string, so func() bool) {
	t.Helper()
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for end := time.Now().Add(patient); !so(); <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("not in %v: %s", patient, what)
		}
	}
}
