//go:build linux

package e2e

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
)

// owner is whose credd the tests of containers use: a user, as containers of root's are seldom used by root alone.
const owner = 12347

// mapped is a row of a container's map of users: it knows nobody else.
func mapped(inside, outside int) []syscall.SysProcIDMap {
	return []syscall.SysProcIDMap{{ContainerID: inside, HostID: outside, Size: 1}}
}

// container runs a helper as a container would, with the given namespaces.
func (w *world) container(sock string, attr syscall.SysProcAttr) result {
	w.t.Helper()
	cmd := w.command("credhelper", "acme/admin")
	cmd.Env = []string{"HOME=/", "CREDD_SOCK=" + sock, "CREDD_AUTOSTART=0"}
	cmd.Dir = "/"
	cmd.SysProcAttr = &attr
	return runCmd(w.t, cmd)
}

func newOwned(t *testing.T) *world {
	w := newWorld(t)
	w.customer("acme", "admin")
	w.serveAs(owner)
	return w
}

func TestUsersOfContainers(t *testing.T) {
	t.Parallel()
	w := newOwned(t)
	for _, c := range []struct {
		name string
		attr syscall.SysProcAttr
		code int
		want string
	}{
		{"docker, --user with the owner's number", syscall.SysProcAttr{Credential: &syscall.Credential{Uid: owner, Gid: owner}}, 0, ""},
		{"docker, root", syscall.SysProcAttr{}, 8, "served by another user"},
		{"docker, another user", syscall.SysProcAttr{Credential: &syscall.Credential{Uid: stranger, Gid: stranger}}, 3, "permission denied"},
		{"podman, rootless: the owner is root inside", userns(mapped(0, owner), 0), 0, ""},
		{"podman, --userns=keep-id", userns(mapped(owner, owner), owner), 0, ""},
		{"podman, rootless: another user inside", userns(append(mapped(0, owner), mapped(1000, 101000)...), 1000), 3, "permission denied"},
		{"a map without the owner", userns(mapped(0, 101000), 0), 3, "permission denied"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := w.container(w.sock, c.attr)
			if c.code == 0 {
				got.wantDocument(t)
				return
			}
			if got.code != c.code || got.out != "" || !contains(got.err, c.want) {
				t.Errorf("got %d, want %d and %q\n%s%s", got.code, c.code, c.want, got.out, got.err)
			}
		})
	}
	for _, e := range w.trail() {
		if e.UID != owner || e.Outcome == "refused" {
			t.Errorf("the audit log has %+v, want the owner only", e)
		}
	}
}

// userns is a container with a map of users, as one of them.
func userns(m []syscall.SysProcIDMap, uid uint32) syscall.SysProcAttr {
	return syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER, UidMappings: m, GidMappings: m,
		Credential: &syscall.Credential{Uid: uid, Gid: uid, NoSetGroups: true}}
}

func TestPidsOfContainers(t *testing.T) {
	t.Parallel()
	w := newOwned(t)
	// The owner makes the namespaces, as rootless podman does: the kernel then shows their programs to the owner.
	cmd := as(owner, w.command("unshare", "--user", "--map-root-user", "--pid", "--fork", filepath.Join(bin, "credhelper"), "acme/admin"))
	cmd.Env = []string{"HOME=/", "PATH=" + os.Getenv("PATH"), "CREDD_SOCK=" + w.sock, "CREDD_AUTOSTART=0"}
	runCmd(t, cmd).wantDocument(t)
	all := w.trail()
	if len(all) != 1 || all[0].PID <= 1 || filepath.Base(all[0].Exe) != "credhelper" {
		t.Errorf("the audit log has %+v, want one line with our number of the process", all)
	}
}

// TestMountedSockets mounts the socket's directory, read-only, and the socket itself, and starts the daemon again.
func TestMountedSockets(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.customer("acme", "admin")
	d := w.serve()
	check(t, os.MkdirAll(w.path("inside/dir"), 0o700))
	w.write("inside/file.sock", "")
	inside := w.box(filepath.Dir(w.sock), w.path("inside/dir"), w.sock, w.path("inside/file.sock"))
	dir, file := w.path("inside/dir/agent.sock"), w.path("inside/file.sock")
	inside("CREDD_SOCK=" + dir).wantDocument(t)
	inside("CREDD_SOCK=" + file).wantDocument(t)

	check(t, d.cmd.Process.Signal(syscall.SIGTERM))
	<-d.ended
	w.serve()
	inside("CREDD_SOCK=" + dir).wantDocument(t)
	if r := inside("CREDD_SOCK=" + file); r.code != 3 || r.out != "" || !contains(r.err, "nobody listens at "+file+" any more", "forward or mount it again") {
		t.Errorf("a mounted socket after a restart: got %d\n%s%s", r.code, r.out, r.err)
	}

	before := w.daemons()
	check(t, syscall.Kill(before[0], syscall.SIGTERM))
	w.eventually("no daemon runs", func() bool { return len(w.daemons()) == 0 })
	if r := inside("CREDD_SOCK=" + dir); r.code != 3 || r.out != "" || !contains(r.err, "read-only file system") || len(w.daemons()) > 0 {
		t.Errorf("a read-only directory without a daemon: got %d, daemons %v\n%s%s", r.code, w.daemons(), r.out, r.err)
	}
}

// box returns what runs a helper in a mount namespace, where the first directory is mounted read-only at the second, and the third file at
// the fourth.
func (w *world) box(args ...string) func(env string) result {
	w.t.Helper()
	cmd := w.command("unshare", append([]string{"--mount", "sh", "-ec",
		`mount --bind "$1" "$2"; mount -o remount,ro,bind "$2"; mount --bind "$3" "$4"; echo mounted; exec cat`, "-"}, args...)...)
	in, err := cmd.StdinPipe()
	check(w.t, err)
	out, err := cmd.StdoutPipe()
	check(w.t, err)
	check(w.t, cmd.Start())
	w.t.Cleanup(func() { in.Close(); cmd.Wait() })
	said := make([]byte, len("mounted\n"))
	if _, err := io.ReadFull(out, said); err != nil || string(said) != "mounted\n" {
		w.t.Fatalf("got %q, %v from the mounts", said, err)
	}
	return func(env string) result {
		enter := exec.Command("nsenter", "--mount=/proc/"+strconv.Itoa(cmd.Process.Pid)+"/ns/mnt", filepath.Join(bin, "credhelper"), "acme/admin")
		enter.Env = append(w.env, env)
		return runCmd(w.t, enter)
	}
}
