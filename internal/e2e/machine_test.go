//go:build linux

package e2e

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"credd/internal/fakeaws"
	"credd/internal/paths"
)

// The credd of a machine has fixed places and real users, so a machine is what processes see that are in a mount namespace of its own: an
// /etc with more accounts, an empty /run and /var/lib. Only the network is everybody's.
type machine struct {
	*world
	ns int // a process in it
}

// people of a machine: ana and ben, who is in the group dev, may use something, cyn nothing.
var people = []struct {
	name   string
	uid    int
	groups []string
}{{"credd", 61001, nil}, {"ana", 61011, nil}, {"ben", 61012, []string{"dev"}}, {"cyn", 61013, nil}}

const devGroup = 61100

// newMachine has a credd that is installed, but not started, as credd service install --system leaves it.
func newMachine(t *testing.T) *machine {
	t.Helper()
	m := &machine{world: newWorld(t)}
	check(t, os.Chmod(m.home, 0o755))
	check(t, os.RemoveAll(m.path(".config"))) // root has no credd of its own
	var passwd, group strings.Builder
	for _, p := range people {
		fmt.Fprintf(&passwd, "%s:x:%d:%d::%s:/bin/sh\n", p.name, p.uid, p.uid, m.homeOf(p.name))
		fmt.Fprintf(&group, "%s:x:%d:\n", p.name, p.uid)
		check(t, os.Mkdir(m.path(p.name), 0o700))
		check(t, os.Chown(m.path(p.name), p.uid, p.uid))
	}
	fmt.Fprintf(&group, "dev:x:%d:ben\n", devGroup)
	m.write("passwd", passwd.String())
	m.write("group", group.String())
	m.write("credd.toml", "version = 1\n\n[service]\nname = \"northwind\"\n\n[vault]\nkey = \"file\"\n\n[network]\nendpoint_url = \""+m.aws.URL()+"\"\n\n[log]\nlevel = \"debug\"\n")
	const setup = `set -e
mount -t tmpfs -o mode=0755 tmpfs /mnt
mkdir /mnt/up /mnt/work /mnt/up-root /mnt/work-root
mount -t overlay overlay -o lowerdir=/etc,upperdir=/mnt/up,workdir=/mnt/work /etc
cat "$1/passwd" >> /etc/passwd
cat "$1/group" >> /etc/group
mount -t tmpfs -o mode=0755 tmpfs /run
mount -t tmpfs -o mode=0755 tmpfs /var/lib
install -d -m 2750 -o root -g credd /etc/credd
install -m 640 -o root -g credd "$1/credd.toml" /etc/credd/credd.toml
install -d -m 700 -o credd -g credd /var/lib/credd
install -d -m 755 -o credd -g credd /run/credd
mount -t overlay overlay -o lowerdir=/root,upperdir=/mnt/up-root,workdir=/mnt/work-root /root
chmod 755 /root # the AWS CLI of the machine may be there
echo ready
exec cat`
	cmd := exec.Command("unshare", "--mount", "--propagation", "private", "sh", "-c", setup, "sh", m.home)
	in, err := cmd.StdinPipe() // its end is that of the machine
	check(t, err)
	out, err := cmd.StdoutPipe()
	check(t, err)
	var errs strings.Builder
	cmd.Stderr = &errs
	check(t, cmd.Start())
	t.Cleanup(func() { in.Close(); cmd.Wait() })
	if _, err := io.ReadFull(out, make([]byte, len("ready\n"))); err != nil {
		t.Fatalf("no mount namespace: %v\n%s", err, errs.String())
	}
	m.ns = cmd.Process.Pid
	return m
}

// awsCLI runs the AWS CLI as a user.
func (m *machine) awsCLI(user string, args ...string) result {
	m.t.Helper()
	python, err := exec.Command("python3", "-c", "import sys; print(sys.executable)").Output()
	check(m.t, err)
	return m.run(user, strings.TrimSpace(string(python)), append([]string{"-m", "awscli"}, args...)...)
}

func (m *machine) homeOf(user string) string {
	switch user {
	case "root":
		return m.home
	case "credd":
		return paths.System().State
	}
	return m.path(user)
}

// as is a command of a user. The program is one of ours, or a whole path.
func (m *machine) as(user, program string, args ...string) *exec.Cmd {
	if !filepath.IsAbs(program) {
		program = filepath.Join(bin, program)
	}
	env := []string{"HOME=" + m.homeOf(user), "CREDD_TEST=" + m.home, "PATH=/usr/bin:/bin", "AWS_EC2_METADATA_DISABLED=true", "GORACE=halt_on_error=1 atexit_sleep_ms=0"}
	enter := []string{"--mount=/proc/" + strconv.Itoa(m.ns) + "/ns/mnt", "setpriv", "--reuid", user, "--regid", user, "--init-groups", "env", "-i", "-C", "/"}
	cmd := exec.Command("nsenter", slices.Concat(enter, env, []string{program}, args)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd
}

func (m *machine) run(user, program string, args ...string) result {
	m.t.Helper()
	return runCmd(m.t, m.as(user, program, args...))
}

// root runs credd --system, with a text to read.
func (m *machine) root(stdin string, args ...string) result {
	m.t.Helper()
	cmd := m.as("root", "credd", append([]string{"--system"}, args...)...)
	cmd.Stdin = strings.NewReader(stdin)
	return runCmd(m.t, cmd)
}

// see runs a program of the system in the machine, as root.
func (m *machine) see(program string, args ...string) string {
	m.t.Helper()
	r := m.run("root", program, args...)
	r.want(m.t, 0)
	return r.out
}

// start starts the daemon as its own user, and waits until it answers.
func (m *machine) start() {
	m.t.Helper()
	cmd := m.as("credd", "credd", "serve", "--system")
	log, err := os.OpenFile(m.path("credd.log"), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	check(m.t, err)
	defer log.Close()
	cmd.Stderr = log
	cmd.SysProcAttr = nil // the world ends it
	check(m.t, cmd.Start())
	ended := make(chan struct{})
	go func() { cmd.Wait(); close(ended) }()
	m.eventually("the machine's daemon answers", func() bool {
		select {
		case <-ended:
			m.t.Fatalf("credd serve --system ended:\n%s", m.read("credd.log"))
		default:
		}
		return m.root("", "status").code == 0
	})
}

// opened adds a role to AWS and, with what its allow says, to the machine's credd.
func (m *machine) opened(name string, allow ...string) (arn string) {
	m.t.Helper()
	customer, role, _ := strings.Cut(name, "/")
	arn = "arn:aws:iam::" + accountOf(customer) + ":role/canary-" + customer + "-" + role
	id := "canary-external-id-" + customer + role
	check(m.t, m.aws.AddRole(fakeaws.Role{ARN: arn, Trust: fakeaws.TrustPolicy(us, id)}))
	m.root(id+"\n", append([]string{"role", "add", name, "--arn", arn, "--external-id-stdin", "--region", region, "--customer-name", "Canary " + customer}, allow...)...).want(m.t, 0, "added "+name)
	return arn
}

// accountOf is an account of a customer's own.
func accountOf(customer string) string {
	n := 0
	for _, r := range customer {
		n = n*31 + int(r)
	}
	return fmt.Sprintf("%012d", 10_000_000+n%1_000_000_000)
}
