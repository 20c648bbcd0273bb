//go:build linux

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// tmux is a real terminal, whose screens can be looked at: with CREDD_SCREENS they are kept in that directory.
type tmux struct {
	w       *world
	columns int
	dir     string
	n       int
}

// tmux starts bash in a terminal.
func (w *world) tmux(name string, columns int, env ...string) *tmux {
	w.t.Helper()
	m := &tmux{w: w, columns: columns, dir: filepath.Join(w.t.TempDir(), name)}
	if keep := os.Getenv("CREDD_SCREENS"); keep != "" {
		m.dir = filepath.Join(keep, name)
	}
	check(w.t, os.MkdirAll(m.dir, 0o755))
	w.t.Cleanup(func() {
		if w.t.Failed() {
			screen, _ := m.command("capture-pane", "-p", "-S", "-").Output()
			w.t.Logf("the screen was\n%s", screen)
		}
		m.command("kill-server").Run()
	})
	start := m.command("-f", "/dev/null", "new-session", "-d", "-x", strconv.Itoa(columns), "-y", "30", "bash", "--norc", "--noprofile")
	start.Env = slices.Concat(w.env, []string{"PATH=" + bin + ":" + os.Getenv("PATH"), "TERM=xterm-256color", "LANG=C.UTF-8", "SHELL=/bin/bash", "PS1=$ ", "HISTFILE=", w.atATerminal()}, env)
	if out, err := start.CombinedOutput(); err != nil {
		w.t.Fatalf("tmux: %v, %s", err, out)
	}
	w.within(slow, "bash is ready", func() bool { return strings.HasPrefix(m.screen(), "$") })
	return m
}

func (m *tmux) command(args ...string) *exec.Cmd {
	cmd := exec.Command("tmux", append([]string{"-S", m.w.path("tmux.sock")}, args...)...)
	cmd.Env = append(slices.Clone(m.w.env), "LANG=C.UTF-8")
	return cmd
}

func (m *tmux) run(args ...string) string {
	m.w.t.Helper()
	out, err := m.command(args...).CombinedOutput()
	if err != nil {
		m.w.t.Fatalf("tmux %q: %v, %s", args, err, out)
	}
	return string(out)
}

// screen is what is seen now.
func (m *tmux) screen() string { m.w.t.Helper(); return m.run("capture-pane", "-p") }

// see waits until a text is on the screen, keeps that screen, and checks that it is whole.
func (m *tmux) see(texts ...string) {
	m.w.t.Helper()
	seen := func() bool { return contains(m.screen(), texts...) }
	m.w.within(slow, "the screen shows "+strings.Join(texts, ", "), func() bool {
		return seen()
	})
	m.keep()
	for _, line := range strings.Split(m.run("capture-pane", "-p", "-J"), "\n") {
		// Sentences, and ARNs, may go on in the next line; pages and tables have to fit.
		if n := utf8.RuneCountInString(strings.TrimRight(line, " ")); n > m.columns && !strings.Contains(line, "arn:") && (strings.Contains(line, "┃") || strings.Contains(strings.TrimSpace(line), "  ")) {
			m.w.t.Errorf("broken at %d columns: %s", m.columns, line)
		}
	}
}

// keep writes the screen with its colours, and without.
func (m *tmux) keep() {
	m.w.t.Helper()
	m.n++
	name := filepath.Join(m.dir, strconv.Itoa(100 + m.n)[1:])
	check(m.w.t, os.WriteFile(name+".ansi", []byte(m.run("capture-pane", "-p", "-e")), 0o644))
	check(m.w.t, os.WriteFile(name+".txt", []byte(m.screen()), 0o644))
}

// types sends a text, and keys such as Enter, Down or C-c.
func (m *tmux) types(text string, keys ...string) {
	m.w.t.Helper()
	if text != "" {
		m.run("send-keys", "-l", "--", text)
	}
	if len(keys) > 0 {
		m.run(append([]string{"send-keys"}, keys...)...)
	}
}

// fill types the answer to a question once that has the focus.
func (m *tmux) fill(title, answer string) {
	m.w.t.Helper()
	m.see("┃ " + title)
	m.types(answer, "Enter")
}

// looks are the terminals that people have.
var looks = []struct {
	name    string
	columns int
	env     []string
}{
	{"80", 80, nil}, {"120", 120, nil}, {"80-no-color", 80, []string{"NO_COLOR=1"}},
}

// colored says whether a screen of before had a colour.
func (m *tmux) colored() bool {
	m.w.t.Helper()
	all, err := filepath.Glob(filepath.Join(m.dir, "*.ansi"))
	check(m.w.t, err)
	for _, name := range all {
		text, err := os.ReadFile(name)
		check(m.w.t, err)
		for _, code := range []string{"[3", ";3", "[4", "[9"} { // foregrounds and backgrounds; bold, faint and reverse are no colours
			for _, part := range strings.Split(string(text), "\x1b")[1:] {
				if strings.Contains(part[:strings.IndexByte(part+"m", 'm')], code) && !strings.HasPrefix(part, "[39") && !strings.HasPrefix(part, "[49") {
					return true
				}
			}
		}
	}
	return false
}

// nothing takes all files of a user away.
func (w *world) nothing() {
	w.t.Helper()
	for _, name := range []string{".aws", ".config"} {
		check(w.t, os.RemoveAll(w.path(name)))
	}
}

// From an empty home to a working profile, by the questions of credd init.
func TestTmuxInit(t *testing.T) {
	t.Parallel()
	for _, look := range looks {
		t.Run(look.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			arn := w.customer("acme", "admin")
			w.nothing()
			m := w.tmux("init-"+look.name, look.columns, look.env...)
			m.types("credd init --endpoint-url "+w.aws.URL(), "Enter")
			m.see("This sets credd up", "How do you log in to AWS?", "access key")
			m.types("", "Down")
			m.see("> access key")
			m.types("", "Enter")
			m.fill("Access key ID", w.key.ID)
			secret := w.key.Secret
			if look.columns == 120 {
				secret = "mistyped" + secret
			}
			m.fill("Secret access key", secret)
			m.fill("MFA device", "")
			m.fill("Your name to customers", "northwind")
			m.fill("Name of this source", "")
			m.see("What opens the vault of your secrets?", "there is no keyring here", "> passphrase")
			if look.columns == 120 {
				m.types("", "Enter")
				m.see("AWS does not accept", "┃ Access key ID") // the page comes again
				m.fill("Access key ID", w.key.ID)
				m.fill("Secret access key", w.key.Secret)
				m.fill("MFA device", "")
				m.fill("Name of this source", "")
				m.see("choose a passphrase for credd's vault:")
				m.types("correct horse", "Enter")
				m.see("the same passphrase again")
				m.types("correct horse", "Enter")
			} else {
				m.types("", "Down")
				m.see("> file")
				m.types("", "Enter")
			}
			m.see("it is "+us, "CUSTOMER/ROLE", "External ID")
			m.fill("Role", "acme")
			m.see("two names with a / between them")
			m.fill("Role", "/admin")
			m.fill("ARN", arn)
			m.fill("External ID", "canary-external-id-acme")
			m.fill("Region", region)
			m.fill("Environment", "production")
			m.see("Write 1 profile into", "nothing else in the file changes")
			m.types("", "Enter")
			m.see("acme/admin works", "aws sts get-caller-identity --profile acme/admin", "credd shell-init bash", "\n$")
			m.types("clear; aws sts get-caller-identity --profile acme/admin", "Enter")
			m.see("assumed-role/acme-admin/northwind-acme")
			m.types("clear; credd init", "Enter")
			m.see("source work is there already", "1 role is there already", "acme/admin works", "\n$")
			if got, want := m.colored(), look.env == nil; got != want {
				t.Errorf("colours: %v, want %v", got, want)
			}
			m.types("clear; stty -a", "Enter")
			m.see(" icanon", " echo ")
			if log := w.read(".local/state/credd/credd.log") + w.read(".config/credd/credd.toml"); strings.Contains(log, w.key.Secret) {
				t.Error("the secret is in clear")
			}
		})
	}
}

// Who stops init goes on where it was; IAM Identity Center is logged in to on the way, and its accounts become customers.
func TestTmuxInitGoesOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const start = "https://nw.awsapps.com/start"
	w.aws.AddSSO(start)
	w.aws.AssignSSO(start, "210987654321", "Northwind", "ops@example.com", "CustomerAccess")
	w.aws.AssignSSO(start, account, "Acme \x1b[31mCorp\n", "aws@acme.example", "Admin")
	w.aws.SetDeviceInterval(1)
	w.nothing()
	m := w.tmux("init-sso", 80, "SSH_TTY=/dev/pts/0") // no browser
	m.types("credd init", "Enter")
	m.see("How do you log in to AWS?")
	m.types("", "Up")
	m.see("> something else")
	m.types("", "Enter")
	m.see("init knows the three usual sources", "credd source add")
	m.types("clear; credd init", "Enter")
	m.see("How do you log in to AWS?", "> login page")
	m.types("", "C-c")
	m.see("credd: error: stopped; what was done before stays", "credd: hint: go on with: credd init")
	m.types("clear; stty -a", "Enter")
	m.see(" icanon", " echo ")

	m.types("clear; credd init --type sso --vault-key file --source work --service-name northwind --endpoint-url "+w.aws.URL(), "Enter")
	m.fill("Start URL", "nw.awsapps.com/start")
	m.see("it begins with https://")
	m.types("", "C-u")
	m.fill("Start URL", start)
	m.fill("Region of the login page", region)
	m.see("open in any browser", "see that it shows the code")
	m.types("", "C-c")
	m.see("credd: error: stopped", "go on with: credd init")
	m.types("clear; credd init --type sso --vault-key file --source work --start-url "+start, "Enter")
	m.fill("Region of the login page", region)
	m.see("open in any browser", "see that it shows the code")
	w.eventually("both devices ask", func() bool { return len(w.aws.PendingDevices()) == 2 })
	for _, device := range w.aws.PendingDevices() {
		check(t, w.aws.ApproveDevice(device))
	}
	m.see("which one assumes your customers' roles (number):", "CustomerAccess", "Admin")
	m.types("2", "Enter")
	m.see("What do you want to reach?", "> accounts")
	m.types("", "C-c")
	m.see("credd: error: stopped")
	m.types("clear; credd init --vault-key file", "Enter")
	m.see("source work is there already", "What do you want to reach?")
	m.types("", "Enter")
	m.fill("Region", region)
	m.see("add the 2 new roles (yes/no):", "northwind/CustomerAccess")
	m.types("yes", "Enter")
	m.see("added 2 roles", "Write 2 profiles into")
	m.types("", "Enter")
	m.see("Admin works: account "+account, "\n$")
}

// From ten profiles to the same ones by credd, and back.
func TestTmuxImport(t *testing.T) {
	t.Parallel()
	for _, look := range looks {
		t.Run(look.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			who := tenProfiles(w)
			w.areTheyStill(who)
			config, credentials := w.read(".aws/config"), w.read(".aws/credentials")
			m := w.tmux("import-"+look.name, look.columns, look.env...)
			m.types("credd import", "Enter")
			m.see("move the access keys of ci, work into the vault (yes/no):")
			m.types("yes", "Enter")
			m.see("acme-admin", "role acme/admin", "do that (yes/no):")
			m.types("yes", "Enter")
			m.see("imported: ", "take it back: credd import --undo", "\n$")
			w.areTheyStill(who)
			m.types("clear; aws sts get-caller-identity --profile 'my team'", "Enter")
			m.see("assumed-role/Team/")
			m.types("clear; credd role list", "Enter")
			m.see("acme/readonly", "my/team", "\n$")
			m.types("clear; credd import --undo", "Enter")
			m.see("takes back the import of", "do that (yes/no):")
			m.types("yes", "Enter")
			m.see("the import is taken back", "\n$")
			if w.read(".aws/config") != config || w.read(".aws/credentials") != credentials {
				t.Error("the files are not as they were")
			}
			w.areTheyStill(who)
			if got := m.colored(); got && look.env != nil {
				t.Error("there are colours")
			}
		})
	}
}

// Who has profiles is offered to take them over first.
func TestTmuxInitImports(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	who := tenProfiles(w)
	w.write(".config/credd/credd.toml", "version = 1\n\n[network]\nendpoint_url = \""+w.aws.URL()+"\"\n")
	w.write(".aws/config", w.read(".aws/config")+"\n[profile z\x1b[31m\x1b]0;title\a]\nrole_arn = arn:aws:iam::012345678901:role/Admin\nsource_profile = work\nexternal_id = canary-id\n")
	m := w.tmux("init-import", 80)
	m.types("credd init", "Enter")
	m.see("that you have in ~/.aws?", "credd import --undo")
	m.types("", "Enter")
	m.see("What opens the vault of your secrets?")
	m.types("", "Down")
	m.see("> file")
	m.types("", "Enter")
	m.see("(yes/no):")
	m.types("yes", "Enter")
	m.see("do that (yes/no):")
	m.types("yes", "Enter")
	m.see("imported:", "is there already", "6 roles are there already", "acme/admin works", "--profile acme-admin", "\n$")
	w.areTheyStill(who)
	if text, err := os.ReadFile(filepath.Join(m.dir, "01.ansi")); err != nil || strings.Contains(string(text), "title\a") {
		t.Errorf("a name acts on the terminal: %q, %v", text, err)
	}
}

// A terminal that is dumb is asked line by line, without a single escape.
func TestPTYInitOnADumbTerminal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	arn := w.customer("acme", "admin")
	check(t, os.RemoveAll(w.path(".config")))
	w.env = append(slices.Clone(w.env), "TERM=dumb")
	for _, end := range []string{"\x04", "\x03"} { // ^D and ^C
		p := w.pty()
		p.start(w.command("credd", "init"))
		p.see("How do you log in to AWS? ")
		p.types(end)
		p.see("credd: hint: go on with: credd init")
	}

	p := w.pty()
	p.start(w.command("credd", "init", "--service-name", "northwind"))
	p.see("  3  profile")
	p.see("How do you log in to AWS? ")
	p.types("7\n")
	p.see("that is not one of the numbers")
	p.types("3\n")
	p.see("  1  work")
	p.types("1\n")
	p.see("Name of this source [work]: ")
	p.types("\n")
	p.see("it is " + us)
	for _, answer := range []string{"acme/admin", arn, "canary-external-id-acme", region, ""} {
		p.see(": ")
		p.types(answer + "\n")
	}
	p.see("into " + w.path(".aws/config") + "? (yes/no): ")
	p.types("yes\n")
	p.see("acme/admin works: account " + account)
	p.see("more roles")
	if strings.Contains(p.shown(), "\x1b") {
		t.Errorf("escapes on a dumb terminal: %q", p.shown())
	}
	w.helper("acme/admin").want(t, 0, "ASIA")

	p = w.pty() // with --yes and all that is needed nothing is asked
	p.start(w.command("credd", "init", "--yes", "--role", "acme/more", "--arn", arn))
	p.see("acme/more works")
	p.see("more roles")
	if strings.Contains(p.shown(), "Region") {
		t.Errorf("it asks: %q", p.shown())
	}
}
