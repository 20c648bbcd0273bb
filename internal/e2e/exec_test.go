//go:build linux

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"credd/internal/fakeaws"
)

// newExec is a world with the role acme/admin, and a daemon.
func newExec(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.customer("acme", "admin")
	w.serve()
	return w
}

// exec is a command with the role's credentials.
func (w *world) exec(args ...string) *exec.Cmd {
	return w.command("credd", append([]string{"exec", "acme/admin", "--"}, args...)...)
}

func TestExecEndsAsItsCommand(t *testing.T) {
	t.Parallel()
	w := newExec(t)
	for script, want := range map[string]int{"exit 0": 0, "exit 3": 3, "exit 255": 255, "kill -KILL $$": 137, "kill -TERM $$": 143, "kill -INT $$": 130} {
		cmd := w.shell("sh", "-c", `"$BIN/credd" exec acme/admin -- sh -c "$1"; echo "ended with $?"`, "sh", script)
		runCmd(t, cmd).want(t, 0, fmt.Sprintf("ended with %d\n", want))
	}
}

// The command is the process that was started: it has the signals by itself.
func TestExecSignals(t *testing.T) {
	t.Parallel()
	w := newExec(t)
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGUSR1} {
		t.Run(sig.String(), func(t *testing.T) {
			cmd := w.exec("sh", "-c", fmt.Sprintf(`trap 'echo signalled; kill $!; exit 7' %d; sleep 1000 >&2 & echo $$; wait`, int(sig)))
			out, err := cmd.StdoutPipe()
			check(t, err)
			check(t, cmd.Start())
			var pid int
			if _, err := fmt.Fscan(out, &pid); err != nil || pid != cmd.Process.Pid {
				t.Errorf("got %d, %v, want %d", pid, err, cmd.Process.Pid)
			}
			check(t, cmd.Process.Signal(sig))
			var rest bytes.Buffer
			rest.ReadFrom(out)
			cmd.Wait()
			if got := cmd.ProcessState.ExitCode(); got != 7 || strings.TrimSpace(rest.String()) != "signalled" {
				t.Errorf("got %d, %q, want 7, signalled", got, rest.String())
			}
		})
	}
}

// While AWS does not answer a signal ends credd, and nothing is run.
func TestExecSignalledBefore(t *testing.T) {
	t.Parallel()
	w := newExec(t)
	arn := "arn:aws:iam::" + account + ":role/acme-admin"
	w.aws.SetFault(arn, fakeaws.Stall)
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		cmd := w.exec("touch", w.path("ran"))
		check(t, cmd.Start())
		w.eventually("it asks the daemon", func() bool { return w.connected(cmd.Process.Pid) })
		check(t, cmd.Process.Signal(sig))
		cmd.Wait()
		if st := cmd.ProcessState.Sys().(syscall.WaitStatus); !st.Signaled() || st.Signal() != sig {
			t.Errorf("%v: it ended with %v", sig, cmd.ProcessState)
		}
		if _, err := os.Stat(w.path("ran")); err == nil {
			t.Errorf("%v: the command was run", sig)
		}
	}
}

// connected says whether a process has a socket open.
func (w *world) connected(pid int) bool {
	fds, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	return slices.ContainsFunc(fds, func(fd string) bool {
		to, _ := os.Readlink(fd)
		return strings.HasPrefix(to, "socket:")
	})
}

func TestExecPipes(t *testing.T) {
	t.Parallel()
	w := newExec(t)
	data := bytes.Repeat([]byte("0123456789abcde\n\x00\xff"), 1<<16)
	cmd := w.exec("cat")
	cmd.Stdin = bytes.NewReader(data)
	if r := runCmd(t, cmd); r.out != string(data) || r.err != "" || r.code != 0 {
		t.Errorf("got exit %d, %d bytes, %q, want %d bytes", r.code, len(r.out), r.err, len(data))
	}
	r := runCmd(t, w.shell("bash", "-c", `"$BIN/credd" exec acme/admin -- yes | head -1; echo "${PIPESTATUS[@]}"`))
	if r.out != "y\n141 0\n" || r.err != "" {
		t.Errorf("got %q, %q, want an end by SIGPIPE", r.out, r.err)
	}
	// What the caller closed is empty, and nothing of credd's own: no socket, no file.
	for closed, want := range map[string]string{"<&-": "0 -> /dev/null\n", "2>&-": "2 -> /dev/null\n", "<&- 2>&-": "2 -> /dev/null\n"} {
		look := `"$BIN/credd" exec acme/admin -- sh -c 'ls -l /proc/self/fd | grep -o "[0-9]* -> .*" >$HOME/fds; cat >&2; echo "ended with $?" >>$HOME/fds' ` + closed
		runCmd(t, w.shell("sh", "-c", look+"; cat $HOME/fds")).want(t, 0)
		if got := w.read("fds"); !contains(got, want, "ended with 0\n") || strings.Contains(got, "socket:") {
			t.Errorf("%s: got\n%s", closed, got)
		}
	}
}

func TestPTYExec(t *testing.T) {
	t.Parallel()
	w := newExec(t)
	p := w.pty()
	p.start(w.exec("sh", "-c", `trap 'echo interrupted; exit' INT; tty; test -t 0 && test -t 1 && test -t 2 && read x && echo "it is $x"; sleep 1000 & wait`))
	p.see(p.slave.Name())
	p.types("typed\n")
	p.see("it is typed")
	p.types("\x03")
	p.see("interrupted")
	if strings.Contains(p.shown(), "credd") {
		t.Errorf("shown is %q", p.shown())
	}

	p = w.pty()
	p.start(w.command("credd", "env", "acme/admin"))
	p.see("credd: warning: the secrets are on the screen")
	p.see("AWS_SECRET_ACCESS_KEY='")
}

// A code that the source asks for is asked for before the command has the terminal.
func TestPTYExecAsks(t *testing.T) {
	t.Parallel()
	w, serial := newCoded(t, "file")
	p := w.pty()
	p.start(w.exec("sh", "-c", `read x; echo "it is $x of $CREDD_ROLE"`))
	p.see(prompt(serial))
	p.types(w.aws.Code(serial) + "\n" + "more\n")
	p.see("it is more of acme/admin")
}

// What a command finds of itself is what it finds without credd: descriptors, limits and signals. To start a daemon changes nothing.
func TestExecLeavesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.customer("acme", "admin")
	look := `ls -l /proc/self/fd | sed 's/.* \([0-9]* -> [^ :]*\).*/\1/; s,/proc/.*,,'; ulimit -Sn; grep -E '^Sig(Blk|Ign)' /proc/self/status`
	seen := func(prefix string) string {
		t.Helper()
		// 3 is given, 4 is not there, 5 is given; SIGINT and SIGHUP are ignored.
		r := runCmd(t, w.shell("sh", "-c", `exec 3<job 5>>kept; ulimit -Sn 100; trap '' INT HUP TSTP; exec `+prefix+` sh -c "$1"`, "sh", look))
		r.want(t, 0, "3 -> ", "5 -> ", "\n100\n")
		if r.err != "" {
			t.Errorf("got %q on stderr", r.err)
		}
		return r.out
	}
	want := seen("env")
	for _, when := range []string{"it starts a daemon", "a daemon runs"} {
		if got := seen(`"$BIN/credd" exec acme/admin --`); got != want {
			t.Errorf("%s: got\n%swant\n%s", when, got, want)
		}
	}
	if n := len(w.daemons()); n != 1 {
		t.Errorf("%d daemons", n)
	}
}

func TestExecEnvironment(t *testing.T) {
	t.Parallel()
	w := newExec(t)
	cmd := w.exec("env")
	for _, name := range []string{"AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SECURITY_TOKEN", "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE",
		"AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN", "CREDD_ROLE", "CREDD_ENVIRONMENT"} {
		cmd.Env = append(cmd.Env, name+"=canary")
	}
	cmd.Env = append(cmd.Env, "AWS_CA_BUNDLE=kept", "AWS_REGION=other")
	r := runCmd(t, cmd)
	r.want(t, 0, "AWS_CA_BUNDLE=kept\n", "AWS_REGION="+region+"\n", "AWS_DEFAULT_REGION="+region+"\n", "CREDD_ROLE=acme/admin\n", "AWS_ACCOUNT_ID="+account+"\n")
	if strings.Contains(r.out, "canary") {
		t.Errorf("an identity stayed:\n%s", r.out)
	}
	var d document
	check(t, json.Unmarshal([]byte(w.helper("acme/admin").out), &d))
	all := map[string]string{}
	check(t, json.Unmarshal([]byte(w.credd("env", "acme", "--format", "json").out), &all))
	for name, want := range map[string]string{"AWS_ACCESS_KEY_ID": d.AccessKeyID, "AWS_SECRET_ACCESS_KEY": d.SecretAccessKey,
		"AWS_SESSION_TOKEN": d.SessionToken, "AWS_CREDENTIAL_EXPIRATION": d.Expiration} {
		if !strings.Contains(r.out, name+"="+want+"\n") || all[name] != want {
			t.Errorf("%s is not %q in\n%s%v", name, want, r.out, all)
		}
	}
}

// An environment that shells evaluate, or a file that they read, is that of exec.
func TestEnvIsThatOfExec(t *testing.T) {
	t.Parallel()
	w := newExec(t)
	dirty := []string{"AWS_PROFILE=gone", "AWS_DEFAULT_PROFILE=gone", "AWS_SECURITY_TOKEN=canary", "CREDD_ENVIRONMENT=canary", "BIN=" + bin}
	names := func(cmd *exec.Cmd) []string {
		t.Helper()
		cmd.Env = append(slices.Clone(w.env), dirty...)
		r := runCmd(t, cmd)
		if r.code != 0 || r.err != "" {
			t.Errorf("%s: exit %d, %s", cmd, r.code, r.err)
		}
		var of []string
		for _, line := range strings.Split(r.out, "\n") {
			if strings.HasPrefix(line, "AWS_") || strings.HasPrefix(line, "CREDD_") {
				of = append(of, line)
			}
		}
		slices.Sort(of)
		return of
	}
	want := names(w.exec("env"))
	if len(want) < 8 {
		t.Fatalf("got %q", want)
	}
	bash := `eval "$("$BIN/credd" env acme/admin)"; env`
	for _, shell := range [][]string{{"bash", "-c", bash}, {"sh", "-c", bash}, {"zsh", "-f", "-c", bash}, {"fish", "-N", "-c", `$BIN/credd env acme/admin --format fish | source; env`}} {
		if got := names(exec.Command(shell[0], shell[1:]...)); !slices.Equal(got, want) {
			t.Errorf("%s: got\n%q\nwant\n%q", shell[0], got, want)
		}
	}
	dirty = dirty[4:] // a file removes nothing
	dotenv := `"$BIN/credd" env acme/admin --format dotenv > "$HOME/.env"; set -a; . "$HOME/.env"; env`
	if got := names(exec.Command("sh", "-c", dotenv)); !slices.Equal(got, want) {
		t.Errorf("dotenv: got\n%q\nwant\n%q", got, want)
	}
}

func TestExecInExec(t *testing.T) {
	t.Parallel()
	w := newExec(t)
	w.customer("ash", "readonly")
	cmd := w.exec(filepath.Join(bin, "credd"), "exec", "ash", "--region", "us-east-1", "--", "env")
	cmd.Env = append(cmd.Env, "AWS_ENDPOINT_URL="+w.aws.URL())
	r := runCmd(t, cmd)
	r.want(t, 0, "CREDD_ROLE=ash/readonly\n", "AWS_REGION=us-east-1\n")
	if n := strings.Count(r.out, "AWS_SESSION_TOKEN="); n != 1 || strings.Contains(r.out, "acme") {
		t.Errorf("got\n%s", r.out)
	}
}

func TestExecOfWhatCannotBeRun(t *testing.T) {
	t.Parallel()
	w := newExec(t)
	w.write("bin/plain", "echo \"plain $1\"\n")
	w.write("bin/closed", "#!/bin/sh\n")
	w.write("bin/lost", "#!/no/such/shell\n")
	for _, name := range []string{"plain", "lost"} {
		check(t, os.Chmod(w.path("bin/"+name), 0o700))
	}
	for name, want := range map[string]struct {
		code int
		text string
	}{
		"no-such-command":    {127, "credd: error: no such command: no-such-command\n"},
		w.path("bin/none"):   {127, "credd: error: no such command: "},
		"closed":             {126, "credd: error: closed cannot be run: permission denied\n"},
		w.path("bin/closed"): {126, " cannot be run: permission denied\n"},
		w.path("bin"):        {126, " cannot be run: is a directory\n"},
		"lost":               {127, "credd: hint: the file is there"},
		"plain":              {0, "plain x\n"},
		"./plain":            {0, "plain x\n"},
	} {
		cmd := w.exec(name, "x")
		cmd.Dir = w.path("bin")
		cmd.Env = append(cmd.Env, "PATH="+w.path("bin")+":"+os.Getenv("PATH"))
		runCmd(t, cmd).want(t, want.code, want.text)
	}
}

// Without credentials nothing is run, and the exit code says why.
func TestExecWithoutCredentials(t *testing.T) {
	t.Parallel()
	w := newExec(t)
	w.customer("lost", "admin")
	w.aws.DeleteRole("arn:aws:iam::" + account + ":role/lost-admin")
	for role, want := range map[string]int{"lost/admin": 6, "@none": 4, "acme/none": 4} {
		r := w.credd("exec", role, "--", "touch", w.path("ran"))
		r.want(t, want, "credd: error: ", "credd: hint: ")
		if _, err := os.Stat(w.path("ran")); err == nil || r.out != "" {
			t.Errorf("%s: the command was run: %s", role, r.out)
		}
	}
	w.stopAll()
	cmd := w.exec("true")
	cmd.Env = append(cmd.Env, "CREDD_AUTOSTART=0")
	runCmd(t, cmd).want(t, 3, "credd is not running")
	runCmd(t, w.exec("true")).want(t, 0)
	if n := len(w.daemons()); n != 1 {
		t.Errorf("%d daemons, want the one that it started", n)
	}
}
