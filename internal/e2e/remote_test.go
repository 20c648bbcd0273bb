//go:build linux

package e2e

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// ana is who logs in over ssh: another user than the one whose credd it is, as on many machines.
const ana = 12346

// remote is a machine that is logged in to over ssh: a real sshd with users of its own.
type remote struct {
	w    *world
	home string // ana's
	sock string // where the user's credd is forwarded to
	port string
}

// sshd starts one, with more settings if need be, and returns when it takes connections.
func (w *world) sshd(settings string) *remote {
	w.t.Helper()
	r := &remote{w: w, home: w.path("remote"), port: freePort(w.t)}
	r.sock = filepath.Join(r.home, ".credd.sock")
	check(w.t, os.Chmod(w.home, 0o755))
	check(w.t, os.Mkdir(r.home, 0o755)) // open to look at, as homes are
	check(w.t, os.Chown(r.home, ana, ana))
	for _, key := range []string{"host", "client"} {
		runCmd(w.t, w.command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", w.path(key))).want(w.t, 0)
	}
	w.write("known", "[127.0.0.1]:"+r.port+" "+w.read("host.pub"))
	w.write("passwd", fmt.Sprintf("root:x:0:0::/root:/bin/sh\nsshd:x:65533:65534::/run/sshd:/bin/false\nana:*:%d:%d::%s:/bin/sh\n", ana, ana, r.home))
	w.write("sshd_config", "ListenAddress 127.0.0.1:"+r.port+"\nHostKey "+w.path("host")+"\nAuthorizedKeysFile "+w.path("client.pub")+
		"\nStrictModes no\nUsePAM no\nPidFile none\nAllowUsers ana\nLogLevel VERBOSE\n"+settings)
	w.write("ssh_config", "Host forwarded shared\n  RemoteForward "+r.sock+" "+w.sock+"\n  ExitOnForwardFailure yes\n"+
		"Host shared\n  ControlMaster auto\n  ControlPath "+w.path("control")+"\n"+
		"Host *\n  HostName 127.0.0.1\n  Port "+r.port+"\n  User ana\n  IdentityFile "+w.path("client")+"\n  UserKnownHostsFile "+w.path("known")+"\n")
	for _, f := range []string{"passwd", "client.pub"} {
		check(w.t, os.Chmod(w.path(f), 0o644)) // sshd reads it as ana
	}
	// A place of its own for what sshd needs in /run, and for its users: nothing of this machine changes.
	cmd := w.command("unshare", "--mount", "sh", "-ec", `mount -t tmpfs run /run; mkdir /run/sshd; mount --bind "$1" /etc/passwd; exec /usr/sbin/sshd -D -e -f "$2"`,
		"-", w.path("passwd"), w.path("sshd_config"))
	log, err := os.Create(w.path("sshd.log"))
	check(w.t, err)
	cmd.Stderr = log
	check(w.t, cmd.Start())
	w.t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		log.Close()
		if w.t.Failed() {
			w.t.Logf("sshd's log:\n%s", w.read("sshd.log"))
		}
	})
	w.eventually("sshd listens", func() bool {
		c, err := net.Dial("tcp", "127.0.0.1:"+r.port)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	return r
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	check(t, err)
	return port
}

// ssh is the user's ssh to it. Its host names are "plain", "forwarded", and "shared" for sessions that share one forwarded socket.
func (r *remote) ssh(args ...string) *exec.Cmd {
	return r.w.command("ssh", append([]string{"-F", r.w.path("ssh_config")}, args...)...)
}

// session forwards the socket until end is called.
func (r *remote) session(host string) (end func()) {
	r.w.t.Helper()
	cmd := r.ssh(host, "echo there; exec cat") // cat ends with our end of its input
	in, err := cmd.StdinPipe()
	check(r.w.t, err)
	out, err := cmd.StdoutPipe()
	check(r.w.t, err)
	check(r.w.t, cmd.Start())
	end = sync.OnceFunc(func() {
		in.Close()
		cmd.Wait()
	})
	r.w.t.Cleanup(end)
	said := make([]byte, len("there\n"))
	if _, err := io.ReadFull(out, said); err != nil || string(said) != "there\n" {
		r.w.t.Fatalf("ssh says %q, %v", said, err)
	}
	return end
}

// unserved waits until sshd has seen that the session has ended.
func (r *remote) unserved() {
	r.w.t.Helper()
	r.w.eventually("nobody listens at "+r.sock, func() bool {
		c, err := net.Dial("unix", r.sock)
		if err == nil {
			c.Close()
		}
		return err != nil
	})
}

// helper runs credhelper on the remote machine.
func (r *remote) helper(uid uint32, env ...string) result {
	cmd := as(uid, r.w.command("credhelper", "acme/admin"))
	cmd.Env = append([]string{"HOME=" + r.home, "PATH=" + os.Getenv("PATH"), "CREDD_SOCK=" + r.sock}, env...)
	return runCmd(r.w.t, cmd)
}

func TestRemoteShell(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.customer("acme", "admin")
	d := w.serve()
	r := w.sshd("StreamLocalBindUnlink yes\n")
	end := r.session("forwarded")

	r.helper(ana).wantDocument(t)
	status := runCmd(t, r.ssh("plain", "CREDD_SOCK="+r.sock+" '"+bin+"/credd' status"))
	status.want(t, 0, "1 role of 1 customer", "acme/admin")
	inside := runCmd(t, r.ssh("plain", "CREDD_SOCK="+r.sock+" '"+bin+"/credhelper' acme/admin"))
	inside.wantDocument(t)
	trail := w.trail()
	if e := trail[len(trail)-1]; len(trail) != 2 || filepath.Base(e.Exe) != "ssh" || e.UID != uint32(os.Getuid()) {
		t.Errorf("the audit log has %+v, want two lines of ssh", trail)
	}

	i, err := os.Lstat(r.sock)
	check(t, err)
	if st := i.Sys().(*syscall.Stat_t); i.Mode().Perm() != 0o600 || st.Uid != ana {
		t.Errorf("the forwarded socket is %v of %d, want 0600 of %d", i.Mode(), st.Uid, ana)
	}
	if other := r.helper(stranger); other.code != 3 || other.out != "" || !contains(other.err, "permission denied") {
		t.Errorf("another user there: got %d\n%s%s", other.code, other.out, other.err)
	}
	if root := r.helper(0); root.code != 8 || root.out != "" || !contains(root.err, "served by another user", "nothing was sent") {
		t.Errorf("root there: got %d\n%s%s", root.code, root.out, root.err)
	}
	if n := len(w.trail()); n != 2 {
		t.Errorf("the audit log has %d lines, want still 2", n)
	}

	end()
	r.unserved()
	for _, env := range [][]string{nil, {"CREDD_AUTOSTART=0"}} {
		dead := r.helper(ana, env...)
		if dead.code != 3 || dead.out != "" || !contains(dead.err, "error: nobody listens at "+r.sock+" any more\n", "hint: forward or mount it again") {
			t.Errorf("after the session, %v: got %d\n%s%s", env, dead.code, dead.out, dead.err)
		}
	}
	if got := w.daemons(); len(got) != 1 || got[0] != d.cmd.Process.Pid {
		t.Errorf("got daemons %v, want %d only", got, d.cmd.Process.Pid)
	}

	end = r.session("forwarded") // over the file that the first one left
	r.helper(ana).wantDocument(t)
	check(t, d.cmd.Process.Signal(syscall.SIGTERM))
	<-d.ended
	alone := r.helper(ana, "CREDD_AUTOSTART=0")
	if alone.code != 3 || alone.out != "" || !contains(alone.err, "credd went away before it answered", "if it is forwarded, on the machine that it comes from") {
		t.Errorf("without a daemon behind ssh: got %d\n%s%s", alone.code, alone.out, alone.err)
	}
	w.serve()
	r.helper(ana).wantDocument(t)
	end()
	r.unserved()

	check(t, os.Remove(r.sock))
	gone := r.helper(ana, "CREDD_AUTOSTART=0")
	if gone.code != 3 || gone.out != "" || !contains(gone.err, "error: credd is not running\n", "it was looked for at "+r.sock) {
		t.Errorf("without a socket: got %d\n%s%s", gone.code, gone.out, gone.err)
	}
}

func TestRemoteSessionsShareASocket(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.customer("acme", "admin")
	w.serve()
	r := w.sshd("")
	first := r.session("shared")
	second := r.session("shared")
	r.helper(ana).wantDocument(t)
	second()
	r.helper(ana).wantDocument(t)
	first()
	r.unserved()
	runCmd(t, r.ssh("forwarded", "true")).want(t, 255, "remote port forwarding failed") // over the file that is left
	runCmd(t, r.ssh("plain", "rm -f .credd.sock")).want(t, 0)
	r.session("forwarded")
	r.helper(ana).wantDocument(t)
}

func TestRemoteTerminalIsAskedForTheCode(t *testing.T) {
	t.Parallel()
	w, serial := newCoded(t, "file")
	r := w.sshd("")
	p := w.pty()
	p.start(r.ssh("-tt", "-R", r.sock+":"+w.sock, "plain", "CREDD_SOCK="+r.sock+" '"+bin+"/credhelper' acme/admin >document; echo ended $?"))
	p.see(prompt(serial))
	code := w.aws.Code(serial)
	p.types(code + "\n")
	p.see("ended 0")
	if _, err := whole(w.read("remote/document")); err != nil {
		t.Errorf("%v\n%s", err, p.shown())
	}
	w.minted(1)
	if strings.Contains(p.shown(), "SecretAccessKey") {
		t.Errorf("the terminal shows the document:\n%s", p.shown())
	}
}
