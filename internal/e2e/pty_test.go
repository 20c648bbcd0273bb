//go:build linux

package e2e

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"credd/internal/fakeaws"
)

const pass = "canary horse battery"

// newCoded is a world of two customers whose source asks for a code, with the vault's key where it is said.
func newCoded(t *testing.T, key string) (w *world, serial string) {
	t.Helper()
	w = newVaulted(t)
	dev, err := w.aws.AddMFADevice(us)
	check(t, err)
	w.settings("[vault]\nkey = \"" + key + "\"\n\n[source.work]\ntype = \"keys\"\nmfa_serial = \"" + dev.Serial + "\"\n")
	w.customer("acme", "admin")
	w.customer("ash", "admin")
	w.write("key", w.key.ID+"\n"+w.key.Secret+"\n")
	if key == "file" {
		w.serve()
		cmd := w.command("credd", "source", "add", "work", "--type", "keys", "--replace", "--from-stdin", "--no-test")
		cmd.Stdin = strings.NewReader(w.read("key"))
		runCmd(t, cmd).want(t, 0, "is in the vault")
	}
	return w, dev.Serial
}

func prompt(serial string) string {
	return "credd: MFA code for source work (" + serial + "): "
}

// wait returns when n roles wait for an answer, as status tells by those that failed for want of one.
func (w *world) wait(n int) {
	w.t.Helper()
	w.within(slow, fmt.Sprintf("%d roles wait", n), func() bool { return len(w.status().Failing) == n })
}

// minted checks how often a code was sent to AWS.
func (w *world) minted(n int) {
	w.t.Helper()
	if got := w.aws.Calls("GetSessionToken"); got != n {
		w.t.Errorf("%d codes were sent, want %d", got, n)
	}
}

func TestPTYOneCodeForEightTerminals(t *testing.T) {
	t.Parallel()
	w, serial := newCoded(t, "file")
	var roles []string
	for i := range 20 {
		name := fmt.Sprintf("c%d", i)
		text := "version = 1\nsource = \"work\"\naccount_id = \"" + account + "\"\n"
		for _, role := range []string{"read", "write"} {
			arn := "arn:aws:iam::" + account + ":role/" + name + "-" + role
			check(t, w.aws.AddRole(fakeaws.Role{ARN: arn, Trust: fakeaws.TrustPolicy(us, "")}))
			text += "\n[role." + role + "]\narn = \"" + arn + "\"\n"
			roles = append(roles, name+"/"+role)
		}
		w.write(".config/credd/customers/"+name+".toml", text)
	}
	w.credd("reload").want(t, 0)

	var all []*pty
	for i := range 8 {
		p := w.pty()
		var script strings.Builder
		for j := range 5 {
			fmt.Fprintf(&script, "sh job j%d %s & ", 5*i+j, roles[5*i+j])
		}
		p.start(w.shell("sh", "-c", script.String()+"wait"))
		all = append(all, p)
	}
	w.wait(len(roles))
	var asked *pty
	w.eventually("a terminal is asked", func() bool {
		for _, p := range all {
			if p.shown() != "" {
				asked = p
			}
		}
		return asked != nil
	})
	asked.see(prompt(serial))
	code := w.aws.Code(serial)
	asked.types(code + "\n")
	for i := range roles {
		w.ended(fmt.Sprint("j", i)).wantDocument(t)
	}
	w.minted(1)
	for _, p := range all {
		want := ""
		if p == asked {
			want = prompt(serial) + code + "\r\n"
		}
		if got := p.shown(); got != want {
			t.Errorf("%s shows %q, want %q", p.slave.Name(), got, want)
		}
	}
}

func TestPTYABackgroundJobIsNotStopped(t *testing.T) {
	t.Parallel()
	w, serial := newCoded(t, "file")
	behind := w.pty()
	behind.bash()
	behind.types("sh job alone acme/admin &\n")
	w.ended("alone").want(t, 5, "credhelper: error: acme/admin: source work needs an MFA code", "credhelper: hint: give it from a terminal: credd login work")

	before := w.pty()
	before.asks("front", "acme/admin")
	before.see(prompt(serial))
	behind.types("sh job back ash/admin &\n")
	w.wait(2)
	before.types(w.aws.Code(serial) + "\n")
	w.ended("front").wantDocument(t)
	w.ended("back").wantDocument(t)
	w.minted(1)
	if strings.Contains(behind.shown(), "MFA") {
		t.Errorf("the background is asked: %q", behind.shown())
	}
}

func TestPTYAKilledHelperLetsTheNextBeAsked(t *testing.T) {
	t.Parallel()
	w, serial := newCoded(t, "file")
	first, second := w.pty(), w.pty()
	first.asks("killed", "acme/admin")
	first.see(prompt(serial))
	second.asks("next", "ash/admin")
	w.wait(2)
	if second.shown() != "" {
		t.Errorf("two are asked: %q", second.shown())
	}
	check(t, syscall.Kill(w.pidOf("killed"), syscall.SIGKILL))
	second.see(prompt(serial))
	second.types(w.aws.Code(serial) + "\n")
	w.ended("next").wantDocument(t)
	w.ended("killed").want(t, 137)
	w.minted(1)
}

func TestPTYAClosedTerminalLetsTheNextBeAsked(t *testing.T) {
	t.Parallel()
	w, serial := newCoded(t, "file")
	first, second := w.pty(), w.pty()
	first.start(w.shell("sh", "-c", "trap '' HUP; sh job closed acme/admin"))
	first.see(prompt(serial))
	second.asks("next", "ash/admin")
	w.wait(2)
	check(t, first.master.Close())
	second.see(prompt(serial))
	second.types(w.aws.Code(serial) + "\n")
	w.ended("next").wantDocument(t)
	w.ended("closed").wantDocument(t)
	w.minted(1)
}

func TestPTYAHelperMovedToTheBackground(t *testing.T) {
	t.Parallel()
	w, serial := newCoded(t, "file")
	first, second := w.pty(), w.pty()
	first.bash()
	first.types("sh job moved acme/admin\n")
	first.see(prompt(serial))
	second.asks("next", "ash/admin")
	w.wait(2)
	first.types("\x1a") // ^Z
	first.see("Stopped")
	first.see("ready> ")
	first.types("bg\n")
	first.types("echo $((6*7))\n")
	first.see("42\r\n")
	second.see(prompt(serial))
	second.types(w.aws.Code(serial) + "\n")
	w.ended("next").wantDocument(t)
	w.ended("moved").wantDocument(t)
	w.minted(1)
}

func TestPTYWrongCodes(t *testing.T) {
	t.Parallel()
	w, serial := newCoded(t, "file")
	p := w.pty()
	p.asks("a", "acme/admin")
	p.see(prompt(serial))
	again := strings.TrimPrefix(prompt(serial), "credd: ")
	wrong := w.aws.CodeAt(serial, time.Now().Add(-time.Hour))
	for _, c := range []struct{ code, want string }{
		{"12345", "credd: a code is 6 digits; "},
		{wrong, "credd: AWS does not accept this code; "},
		{wrong, "credd: this code was tried already: wait for the next one; "},
	} {
		p.types(c.code + "\n")
		p.see(c.want + again)
	}
	w.minted(1)
	right := w.aws.Code(serial)
	p.types(" " + right[:3] + " " + right[3:] + "\n")
	w.ended("a").wantDocument(t)
	w.minted(2)

	w.credd("logout", "work").want(t, 0)
	p = w.pty()
	p.asks("b", "acme/admin")
	p.see(prompt(serial))
	p.types(right + "\n")
	p.see("credd: this code was tried already: wait for the next one; " + again)
	w.minted(2)
	p.types(w.aws.CodeAt(serial, time.Now().Add(30*time.Second)) + "\n")
	w.ended("b").wantDocument(t)
	w.minted(3)

	w.credd("logout", "work").want(t, 0)
	p = w.pty()
	p.asks("c", "acme/admin")
	p.see(prompt(serial))
	p.types("\x04")
	w.ended("c").want(t, 5, "acme/admin: declined at the terminal: MFA code for source work")
	w.minted(3)
}

func TestPTYLoginAnswersForAWaitingTerminal(t *testing.T) {
	t.Parallel()
	w, serial := newCoded(t, "file")
	first, second := w.pty(), w.pty()
	first.asks("a", "acme/admin")
	first.see(prompt(serial))
	first.types("12") // and no more
	first.see("12")
	second.start(w.command("credd", "login", "work"))
	second.see(strings.TrimPrefix(prompt(serial), "credd: "))
	second.types(w.aws.Code(serial) + "\n")
	second.see("work is ready until")
	w.ended("a").wantDocument(t)
	if got, want := first.shown(), prompt(serial)+"12\r\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	w.minted(1)
}

// choose stores the key in a vault with a new passphrase.
func (w *world) choose() {
	w.t.Helper()
	p := w.pty()
	p.start(w.shell("sh", "-c", `"$BIN/credd" source add work --type keys --replace --from-stdin --no-test <key`))
	p.see("choose a passphrase for credd's vault: ")
	p.types("short\n")
	p.see("it has to have 8 characters or more; choose a passphrase for credd's vault: ")
	p.types(pass + "\n")
	p.see("the same passphrase again")
	p.see(": ")
	p.types(pass + "\n")
	p.see("is in the vault")
	p.hides()
}

// hides checks that no passphrase was shown, and that the terminal is as it was.
func (p *pty) hides() {
	p.w.t.Helper()
	if strings.Contains(p.shown(), "canary") || strings.Contains(p.shown(), "short") {
		p.w.t.Errorf("a secret is shown: %q", p.shown())
	}
	if !p.echoes() {
		p.w.t.Error("the terminal does not show any more what is typed")
	}
}

func TestPTYPassphrase(t *testing.T) {
	t.Parallel()
	const ask = "credd: passphrase of credd's vault: "
	w, serial := newCoded(t, "passphrase")
	w.serve()
	w.choose()

	w.stopAll()
	p := w.pty()
	p.asks("declined", "acme/admin")
	p.see(ask)
	if p.echoes() {
		t.Error("the passphrase will be shown")
	}
	p.types("can\x03")
	w.ended("declined").want(t, 5, "declined at the terminal: passphrase of credd's vault")
	p.hides()

	// bash puts its own settings back; the helper neither stops nor touches them.
	w.stopAll()
	p = w.pty()
	p.bash()
	p.types("sh job moved acme/admin\n")
	p.see(ask)
	check(t, syscall.Kill(w.pidOf("moved"), syscall.SIGTSTP))
	p.w.eventually("it is stopped", func() bool { return w.state("moved") == "T" })
	check(t, syscall.Kill(w.parent("moved"), syscall.SIGTSTP))
	p.see("Stopped")
	p.types("bg\n")
	p.types("echo $((6*7))\n")
	p.see("42\r\n")
	w.ended("moved").want(t, 5, "the vault needs its passphrase")
	p.hides()

	w.stopAll()
	var all []*pty
	for i := range 3 {
		q := w.pty()
		q.start(w.shell("sh", "-c", fmt.Sprintf("sh job p%d acme/admin & sh job q%d ash/admin & sh job r%d @work & wait", i, i, i)))
		all = append(all, q)
	}
	var asked *pty
	w.within(slow, "a terminal is asked", func() bool {
		for _, q := range all {
			if q.shown() != "" {
				asked = q
			}
		}
		return asked != nil
	})
	asked.see(ask)
	w.wait(3)
	asked.types(pass + "\n")
	var coder *pty
	w.within(slow, "a terminal is asked for the code", func() bool {
		for _, q := range all {
			if strings.Contains(q.shown(), prompt(serial)) {
				coder = q
			}
		}
		return coder != nil
	})
	coder.types(w.aws.Code(serial) + "\n")
	n := 0
	for i, q := range all {
		for _, name := range []string{"p", "q", "r"} {
			w.ended(fmt.Sprint(name, i)).wantDocument(t)
		}
		n += strings.Count(q.shown(), "credd: ")
		q.hides()
	}
	if n != 2 {
		t.Errorf("%d questions, want 2", n)
	}
	w.minted(1)
}

// parent is the process that waits for a job's helper.
func (w *world) parent(name string) (pid int) {
	w.t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", w.pidOf(name)))
	check(w.t, err)
	_, rest, _ := strings.Cut(string(stat), ") ")
	var state string
	_, err = fmt.Sscan(rest, &state, &pid)
	check(w.t, err)
	return pid
}

// A terminal that was asked something that was answered elsewhere is asked the next question as any other.
func TestPTYTheNextQuestionAfterOneAnsweredElsewhere(t *testing.T) {
	t.Parallel()
	w, serial := newCoded(t, "passphrase")
	w.serve()
	w.choose()
	w.stopAll()
	first, second := w.pty(), w.pty()
	first.asks("a", "acme/admin")
	first.see("credd: passphrase of credd's vault: ")
	second.start(w.command("credd", "login", "work"))
	second.see("passphrase of credd's vault: ")
	second.types(pass + "\n")
	second.see(strings.TrimPrefix(prompt(serial), "credd: "))
	first.see(prompt(serial))
	first.types(w.aws.Code(serial) + "\n")
	w.ended("a").wantDocument(t)
	second.types("\x03") // if it still asks
	first.hides()
	second.hides()
	w.minted(1)
}

func TestPTYSourceAddHidesTheSecret(t *testing.T) {
	t.Parallel()
	w := newVaulted(t)
	w.write(".config/credd/credd.toml", strings.Replace(w.read(".config/credd/credd.toml"), "source = \"work\"\n", "", 1))
	p := w.pty()
	p.start(w.command("credd", "source", "add", "work", "--type", "keys"))
	p.see("access key ID: ")
	p.types(w.key.ID + "\n")
	p.see("secret access key (not shown): ")
	if p.echoes() {
		t.Error("the secret will be shown")
	}
	p.types("wrong\x15x\x7f" + w.key.Secret + "\n") // ^U, and a letter taken back
	p.see("is in the vault")
	p.see("it is " + us)
	if !contains(p.shown(), w.key.ID) || contains(p.shown(), w.key.Secret) || contains(p.shown(), "wrong") {
		t.Errorf("shown is %q", p.shown())
	}
	p.hides()

	p = w.pty()
	p.start(w.command("credd", "source", "add", "other", "--type", "keys"))
	p.see("access key ID: ")
	p.types(w.key.ID + "\n")
	p.see("secret access key (not shown): ")
	p.types("canary\x04")
	p.see("nothing was changed")
	p.hides()
}

// init heeds ^C itself, so that it has to end the daemon's question, too.
func TestPTYInitHeedsAnInterruptAtACode(t *testing.T) {
	t.Parallel()
	w := newVaulted(t)
	device, err := w.aws.AddMFADevice(us)
	check(t, err)
	w.write(".config/credd/credd.toml", "version = 1\n\n[vault]\nkey = \"file\"\n\n[network]\nendpoint_url = \""+w.aws.URL()+"\"\n")
	p := w.pty()
	cmd := w.command("credd", "init", "--no-import", "--type", "keys", "--from-env", "--mfa-serial", device.Serial, "--service-name", "nw", "--source", "ops",
		"--role", "globex/admin", "--arn", "arn:aws:iam::112233445566:role/Admin", "--yes")
	cmd.Env = append(cmd.Env, "AWS_ACCESS_KEY_ID="+w.key.ID, "AWS_SECRET_ACCESS_KEY="+w.key.Secret)
	p.start(cmd)
	p.see("MFA code for source ops (" + device.Serial + "): ")
	p.types("\x03")
	p.see("credd: hint: go on with: credd init")
}

// The first is stopped with its question open. The others do not wait for it longer than a person is given to answer.
func TestPTYAStoppedHelperEndsByTheDeadline(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes 45 s")
	}
	w, serial := newCoded(t, "file")
	first, second := w.pty(), w.pty()
	first.asks("stopped", "acme/admin")
	first.see(prompt(serial))
	second.asks("waits", "ash/admin")
	w.wait(2)
	check(t, syscall.Kill(w.pidOf("stopped"), syscall.SIGSTOP))
	start := time.Now()
	w.ended("waits").want(t, 5, "credhelper: error: ash/admin: ")
	if took := time.Since(start); took > 50*time.Second {
		t.Errorf("it took %v", took)
	}
	if second.shown() != "" {
		t.Errorf("asked when it was too late to answer: %q", second.shown())
	}
	check(t, syscall.Kill(w.pidOf("stopped"), syscall.SIGCONT))
	w.ended("stopped").want(t, 5, "credhelper: error: acme/admin: ")
	w.minted(0)
}
