//go:build linux

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"credd/internal/fakeaws"
)

func TestDoctorOfAStoppedDaemon(t *testing.T) {
	t.Parallel()
	w := equipped(t)
	pid := w.daemons()[0]
	check(t, syscall.Kill(pid, syscall.SIGSTOP))
	t.Cleanup(func() { syscall.Kill(pid, syscall.SIGCONT) })
	r := w.doctor("acme/admin")
	f := r.want(3, "daemon.running", "error", fmt.Sprintf("kill -CONT %d", pid))
	if r.took > patient {
		t.Errorf("took %v", r.took)
	}
	w.remedy(f.Remedy)
	w.doctor("acme/admin").well()
}

func TestDoctorOfAKilledDaemon(t *testing.T) {
	t.Parallel()
	w := equipped(t)
	check(t, syscall.Kill(w.daemons()[0], syscall.SIGKILL))
	w.eventually("it is gone", func() bool { return len(w.daemons()) == 0 })
	r := w.doctor("acme/admin")
	r.want(0, "socket.stale", "warning", "credd serve")
	r.want(0, "role.works", "untested", "credd source test work")
	f := r.want(0, "daemon.running", "warning", "credd source test work")
	if len(w.daemons()) != 0 {
		t.Error("it started a daemon")
	}
	w.remedy(strings.Replace(f.Remedy, "credd", "'"+bin+"/credd'", 1))
	w.doctor("acme/admin").well()
	w.stopAll()
	cmd := w.command("credd")
	cmd.Env = append(cmd.Env, "CREDD_AUTOSTART=0")
	w.doctorOf(cmd).want(3, "daemon.running", "error", "unset CREDD_AUTOSTART")
}

// install puts programs of ours into the home.
func (w *world) install() {
	w.t.Helper()
	for _, name := range []string{"credd", "credhelper"} {
		data, err := os.ReadFile(filepath.Join(bin, name))
		check(w.t, err)
		w.write("bin/"+name+".new", string(data))
		check(w.t, os.Chmod(w.path("bin/"+name+".new"), 0o755))
		check(w.t, os.Rename(w.path("bin/"+name+".new"), w.path("bin/"+name)))
	}
}

func TestDoctorAfterAnUpgrade(t *testing.T) {
	w := newWorld(t) // not beside others: a fork of theirs would keep the programs open for writing
	w.customer("acme", "admin")
	w.install()
	helper := func() result { return runCmd(t, w.command(w.path("bin/credhelper"), "acme/admin")) }
	credd := func() *exec.Cmd { return w.command(w.path("bin/credd")) }
	helper().want(t, 0, "ASIA")
	w.doctorOf(credd()).want(0, "daemon.version", "ok", "")
	w.install()
	f := w.doctorOf(credd()).want(0, "daemon.version", "warning", fmt.Sprintf("kill %d", w.daemons()[0]))
	w.remedy(f.Remedy)
	w.eventually("it is gone", func() bool { return len(w.daemons()) == 0 })
	helper().want(t, 0, "ASIA")
	w.doctorOf(credd()).want(0, "daemon.version", "ok", "")
	check(t, os.Remove(w.path("bin/credhelper")))
	w.doctorOf(credd()).want(2, "helper.runs", "error", "install bin/credd bin/credhelper "+w.path("bin/"))
	// Two daemons, of which one's program is gone: the one that is asked is another.
	check(t, os.Remove(w.path("bin/credd")))
	cmd := w.command("credd")
	cmd.Env = append(cmd.Env, "CREDD_SOCK="+w.path("run/other/agent.sock"))
	w.doctorOf(cmd).want(0, "daemon.leftover", "warning", fmt.Sprintf("kill %d", w.daemons()[0]))
}

func TestDoctorOfTheClock(t *testing.T) {
	t.Parallel()
	w := equipped(t)
	w.aws.Advance(40 * time.Second)
	f := w.doctor().want(0, "network.clock", "warning", "sudo timedatectl set-ntp true")
	if !regexp.MustCompile(`is (39|40|41|42) s behind AWS`).MatchString(f.Message) {
		t.Errorf("got %+v", f)
	}
	w.aws.Advance(-10*time.Minute - 40*time.Second)
	r := w.doctor()
	f = r.want(7, "network.clock", "error", "sudo timedatectl set-ntp true")
	r.want(7, "source.works", "error", "sudo timedatectl set-ntp true")
	if !regexp.MustCompile(`is (599|600|601) s ahead of AWS`).MatchString(f.Message) {
		t.Errorf("got %+v", f)
	}
}

func TestDoctorWithoutAWS(t *testing.T) {
	t.Parallel()
	w := equipped(t)
	w.aws.SetFault("", fakeaws.Stall)
	r := w.doctor("acme/admin")
	r.want(7, "network.sts", "error", "curl -sI "+w.aws.URL())
	r.want(7, "role.works", "error", "")
	r.want(7, "network.clock", "untested", "")
	if r.took > 2*patient {
		t.Errorf("took %v", r.took)
	}
	w.aws.Stop()
	r = w.doctor()
	r.want(7, "network.sts", "error", "curl -sI "+w.aws.URL())
	r.want(7, "source.works", "error", "")
}

func TestDoctorOfARoleThatIsDenied(t *testing.T) {
	t.Parallel()
	w := equipped(t)
	w.customer("globex", "ops")
	w.write(".config/credd/customers/globex.toml", strings.Replace(w.read(".config/credd/customers/globex.toml"), "external-id-globex", "external-id-wrong", 1))
	w.credd("reload").want(t, 0)
	w.doctor("globex", "acme").want(6, "role.works", "error", "credd source test work")
	r := w.doctor()
	r.want(0, "role.works", "warning", "credd source test work")
	r.well("role.works")
	w.doctor("acme/admim").want(4, "role.works", "error", "credd role list")
}

// No question appears at the terminal, and nothing waits for an answer.
func TestDoctorAsksForNoCode(t *testing.T) {
	t.Parallel()
	w := newVaulted(t)
	dev, err := w.aws.AddMFADevice(us)
	check(t, err)
	w.customer("acme", "admin")
	w.addKey(w.key.ID+"\n"+w.key.Secret+"\n", "--mfa-serial", dev.Serial).want(t, 0)
	w.fromWork("acme")
	w.serveAgain()
	r := w.doctor("acme/admin")
	r.want(5, "source.works", "error", "credd login work")
	r.want(5, "role.works", "error", "credd login work")
	r.want(5, "vault.opens", "ok", "")
	p := w.pty()
	p.start(w.command("credd", "doctor", "acme/admin"))
	p.see("not tested\r\n")
	if shown := p.shown(); contains(shown, "code for") || !contains(shown, "\x1b[31m✗\x1b[0m source work needs an MFA code") {
		t.Errorf("it showed %q", shown)
	}
	cmd := w.command("credd", "doctor")
	cmd.Env = append(cmd.Env, "NO_COLOR=1")
	p = w.pty()
	p.start(cmd)
	p.see("not tested\r\n")
	if shown := p.shown(); contains(shown, "\x1b[31m") || !contains(shown, "✗ source work") {
		t.Errorf("it showed %q", shown)
	}
}

// serveAgain lets a new daemon begin, which holds no session.
func (w *world) serveAgain() {
	w.stopAll()
	w.serve()
}

func TestDoctorOfAVault(t *testing.T) {
	t.Parallel()
	w := newVaulted(t)
	w.addKey(w.key.ID+"\n"+w.key.Secret+"\n").want(t, 0)
	w.doctor().want(0, "vault.opens", "ok", "")
	check(t, os.Rename(w.path(".local/share/credd/vault.key"), w.path("vault.key")))
	w.serveAgain()
	r := w.doctor()
	r.want(2, "vault.opens", "error", "bring the key back")
	check(t, os.Rename(w.path("vault.key"), w.path(".local/share/credd/vault.key")))
	check(t, os.Chmod(w.path(".local/share/credd/vault.key"), 0o644))
	w.serveAgain()
	f := w.doctor().want(2, "config.permissions", "error", "chmod go-rwx")
	w.remedy(f.Remedy)
	w.doctor().want(0, "vault.opens", "ok", "")

	w.settings("[vault]\nkey = \"keyring\"\n[source.work]\ntype = \"keys\"\n")
	check(t, os.Remove(w.path(".local/share/credd/vault.key")))
	w.serveAgain()
	w.doctor().want(2, "vault.opens", "error", "passphrase") // no keyring, as in a container

	w.settings("[vault]\nkey = \"passphrase\"\n[source.work]\ntype = \"keys\"\n")
	w.write(".local/share/credd/vault.key.age", "x")
	w.serveAgain()
	w.doctor().want(5, "vault.opens", "warning", "credd login work") // the source needs it too
}

func TestDoctorOfTheDaemonsSettings(t *testing.T) {
	t.Parallel()
	w := equipped(t)
	settings := w.read(".config/credd/credd.toml")
	w.write(".config/credd/credd.toml", settings+"\n[network]\nca_bundle = \"/nonexistent/ca.pem\"\n")
	w.credd("reload").want(t, 0)
	r := w.doctor()
	r.want(2, "daemon.warnings", "warning", "correct [network] in "+w.path(".config/credd/credd.toml"))
	r.want(2, "network.sts", "error", "correct [network] in "+w.path(".config/credd/credd.toml"))
	w.write(".config/credd/credd.toml", settings+"nonsense = 1\n")
	f := w.doctor().want(2, "config.files", "error", "")
	if f.File != w.path(".config/credd/credd.toml") || f.Line != strings.Count(settings, "\n")+1 {
		t.Errorf("got %+v", f)
	}
	w.write(".config/credd/credd.toml", settings)
	w.write("other/credd/credd.toml", settings)
	cmd := w.command("credd")
	cmd.Env = append(cmd.Env, "XDG_CONFIG_HOME="+w.path("other"))
	w.doctorOf(cmd).want(2, "daemon.place", "error", "unset XDG_CONFIG_HOME")
}

func TestDoctorOfAStrangersSocket(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	dir := w.path("squat")
	check(t, os.Chmod(w.home, 0o755))
	check(t, os.Mkdir(dir, 0o777))
	check(t, os.Chmod(dir, 0o777))
	sock := filepath.Join(dir, "agent.sock")
	squatter := as(stranger, w.command(filepath.Join(bin, "stranger"), "squat", sock))
	check(t, squatter.Start())
	defer func() { squatter.Process.Kill(); squatter.Wait() }()
	w.eventually("the squatter listens", func() bool { _, err := os.Stat(sock); return err == nil })
	check(t, os.Chmod(dir, 0o700))
	check(t, os.Chmod(w.home, 0o700))
	at := func() *exec.Cmd {
		cmd := w.command("credd")
		cmd.Env = append(cmd.Env, "CREDD_SOCK="+sock)
		return cmd
	}
	w.doctorOf(at()).want(8, "socket.access", "error", "unset CREDD_SOCK")
	check(t, os.Chown(sock, 0, 0)) // the file is ours now; who listens is not
	check(t, os.Chmod(sock, 0o600))
	w.doctorOf(at()).want(8, "socket.access", "error", "unset CREDD_SOCK")
}

// What doctor says of the AWS CLI is so: a key goes before credhelper, and its remedy ends that.
func TestDoctorKnowsWhoGoesBefore(t *testing.T) {
	t.Parallel()
	w := equipped(t)
	who := func() string {
		return runCmd(t, w.command("aws", "sts", "get-caller-identity", "--profile", "acme/admin", "--query", "Arn", "--output", "text")).out
	}
	good := w.read(".aws/credentials")
	w.write(".aws/credentials", good+"\n[acme/admin]\naws_access_key_id = "+w.key.ID+"\naws_secret_access_key = "+w.key.Secret+"\n")
	f := w.doctor().want(2, "profile.shadowed", "error", "remove aws_access_key_id and aws_secret_access_key below line 5")
	if f.File != w.path(".aws/credentials") || f.Line != 5 || !contains(who(), us) {
		t.Errorf("got %+v, and the AWS CLI is %s", f, who())
	}
	w.write(".aws/credentials", good)
	if got := who(); !contains(got, "assumed-role/acme-admin/") {
		t.Errorf("the AWS CLI is %s", got)
	}
	w.doctor().well()

	config := w.read(".aws/config")
	w.write(".aws/config", config+"role_arn = arn:aws:iam::"+account+":role/other\nsource_profile = work\n")
	w.doctor().want(2, "profile.mixed", "error", "remove line ")
	if got := who(); contains(got, "acme-admin") {
		t.Errorf("the AWS CLI is %s", got)
	}
	w.write(".aws/config", config)
	cmd := w.command("credd")
	cmd.Env = append(cmd.Env, "AWS_ACCESS_KEY_ID="+w.key.ID, "AWS_SECRET_ACCESS_KEY="+w.key.Secret)
	w.doctorOf(cmd).want(0, "env.shadowing", "warning", "unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY")
}

// What botocore refuses, doctor calls refused, and nothing else.
func TestDoctorReadsFilesAsBotocoreDoes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	files := []string{
		"", "[default]\nregion = x\n\n[profile a]\ns3 =\n  a = b\n  a = c\n", "[profile a]\nx=1\n[profile a]\ny=2\n", "[profile a]\nx=1\n[profile \"a\"]\ny=2\n",
		"[DEFAULT]\nx=1\n[DEFAULT]\ny=2\n", "[profile a]\nx=1\nX = 2\n", "[profile a]\nx=1\n[profile b]\nx=2\n", "[profile a]\nhello\n", "[profile a]\n= x\n",
		"[profile a]\nx: 1\n", "[profile a]\nx=1\n hello\n", "[profile a]\nx=1\n\n  hello\n", "[profile a]\nx=1\n# c\n  hello\n", "x=1\n[profile a]\n", "\ufeff[profile a]\nx=1\n",
		"[profile a\n", "[profile a]\n[profile b\n", "[profile a] # x\ny=1\n", "[profile a]\r\nx=1\r\n", "[profile a]\rx=1\rhello\r", "[profile a]\nx=\xe9\n",
		"[profile b]\nx=1\n  [profile b]\n", "[profile a]\n  x=1\n  x=2\n", "[profile a]\nx=%(y)s\n", "[profile a]\n\tx=1\n y=2\n", "; c\n[profile a]\nx=1 ; c\n", "[]\nx=1\n",
		"[profile a]b\nx=1\n", "[profile [a]]\nx=1\n[profile [a]]\n", "  [profile a]\nx=1\n", "[profile a]\nx=1\n[profile a ]\n", "[profile a]\n[x=1\n",
	}
	for i, text := range files {
		w.write(fmt.Sprintf("ini/%02d", i), text)
	}
	py := "import sys, botocore.configloader as c\nfor p in sys.argv[1:]:\n try: c.load_config(p); print('ok')\n except Exception: print('refused')\n"
	args := []string{"-c", py}
	for i := range files {
		args = append(args, w.path(fmt.Sprintf("ini/%02d", i)))
	}
	said := strings.Fields(runCmd(t, w.command("python3", args...)).out)
	if len(said) != len(files) {
		t.Fatalf("botocore said %q", said)
	}
	for i, text := range files {
		cmd := w.command("credd")
		cmd.Env = append(cmd.Env, "AWS_CONFIG_FILE="+w.path(fmt.Sprintf("ini/%02d", i)), "PATH=/nonexistent")
		_, refused := w.doctorOf(cmd, "--offline").find("profile.files", "error", "in ")
		if refused != (said[i] == "refused") {
			t.Errorf("%q: got %v, and botocore says %s", text, refused, said[i])
		}
	}
}

func TestDoctorOfAHungAWSCLI(t *testing.T) {
	t.Parallel()
	w := equipped(t)
	w.write("bin/aws", "#!/bin/sh\nenv | grep ^AWS_ACCESS >"+w.path("seen")+"\nsleep 600 &\nsleep 600\n")
	check(t, os.Chmod(w.path("bin/aws"), 0o755))
	cmd := w.command("credd")
	cmd.Env = append(cmd.Env, "PATH="+w.path("bin")+":/usr/bin:/bin", "AWS_ACCESS_KEY_ID=AKIACANARY")
	r := w.doctorOf(cmd)
	r.want(0, "tool.aws", "warning", w.path("bin/aws")+" --version")
	if r.took > patient {
		t.Errorf("took %v", r.took)
	}
	if got := w.read("seen"); got != "" {
		t.Errorf("it was given %q", got)
	}
}

// Names with what a terminal acts on are printed inert.
func TestDoctorPrintsHostileNames(t *testing.T) {
	t.Parallel()
	w := equipped(t)
	const evil = "x\x1b]0;owned\a\x1b[2J"
	w.write(".aws/config", w.read(".aws/config")+"[profile "+evil+"]\ncredential_process = \"/"+evil+"/credhelper\" "+evil+"\n")
	w.write(".config/credd/customers/evil.toml", "version = 1\n\""+`x\u001b[2J`+"\" = 1\n")
	cmd := w.command("credd", "doctor", evil)
	cmd.Env = append(cmd.Env, "AWS_PROFILE="+evil, "AWS_CA_BUNDLE=/"+evil, "SHELL=/bin/"+evil)
	r := runCmd(t, cmd)
	if strings.ContainsAny(r.out+r.err, "\x1b\a") || !contains(r.out, "x?]0;owned??[2J") {
		t.Errorf("got %q", r.out+r.err)
	}
}
