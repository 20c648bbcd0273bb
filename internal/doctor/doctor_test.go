//go:build !windows

package doctor

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"credd/internal/agent/roster"
)

const (
	settings = "version = 1\n[source.work]\ntype = \"profile\"\nprofile = \"work\"\n[defaults]\nsource = \"work\"\nregion = \"eu-west-1\"\n"
	acme     = "version = 1\naccount_id = \"012345678901\"\nexternal_id = \"canary-id\"\n[role.admin]\narn = \"arn:aws:iam::012345678901:role/Admin\"\n"
	keys     = "[work]\naws_access_key_id = AKIAWORKWORKWORK\naws_secret_access_key = canary-secret\n"
	evil     = "x\x1b]0;y\a"
)

// box is a home with a world over it, in which all is well.
type box struct {
	*testing.T
	*World
	home string
	env  map[string]string
}

func newBox(t *testing.T) *box {
	t.Helper()
	home, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	b := &box{T: t, home: home, env: map[string]string{"PATH": filepath.Join(home, "bin"), "SHELL": "/bin/zsh"}}
	b.World = &World{
		Report: &Report{}, Config: b.path(".config/credd"), State: b.path(".local/state/credd"), Data: b.path(".local/share/credd"), AWS: b.path(".aws"),
		Helper: b.path("with blank/credhelper"), Version: "v1.2.3", Dir: b.path("work"), UID: os.Getuid(), Getenv: func(n string) string { return b.env[n] },
		Shadowing: []string{"AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN", "AWS_DEFAULT_PROFILE"},
	}
	b.put(".config/credd/credd.toml", settings)
	b.put(".config/credd/customers/acme.toml", acme)
	b.put(".aws/credentials", keys)
	b.put(".aws/config", "[profile work]\nregion = eu-west-1\n\n[profile acme/admin]\n"+b.line("acme/admin")+"region = eu-west-1\n")
	b.put(".zshrc", "eval \"$(credd shell-init zsh)\"\nsource <(credd completion zsh)\n")
	b.program("with blank/credhelper", "echo credhelper v1.2.3")
	b.program("bin/aws", "echo aws-cli/2.9.1 Python/3.11")
	b.program("bin/python3", "echo boto3 1.43.11; echo botocore 1.43.11")
	b.put("work/go.mod", "module x\n\nrequire (\n\tgithub.com/aws/aws-sdk-go-v2 v1.48.0\n)\n")
	return b
}

func (b *box) path(name string) string { return filepath.Join(b.home, name) }

func (b *box) put(name, text string) {
	b.T.Helper()
	if err := os.MkdirAll(filepath.Dir(b.path(name)), 0o700); err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(b.path(name), []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
}

func (b *box) program(name, script string) {
	b.T.Helper()
	b.put(name, "#!/bin/sh\n"+script+"\n")
	b.mode(name, 0o755)
}

func (b *box) mode(name string, m os.FileMode) {
	b.T.Helper()
	if err := os.Chmod(b.path(name), m); err != nil {
		b.Fatal(err)
	}
}

func (b *box) remove(name string) {
	b.T.Helper()
	if err := os.RemoveAll(b.path(name)); err != nil {
		b.Fatal(err)
	}
}

// line is the credential_process of a role.
func (b *box) line(role string) string {
	return "credential_process = \"" + b.path("with blank/credhelper") + "\" " + role + "\n"
}

// profile replaces the profile acme/admin.
func (b *box) profile(lines string) { b.put(".aws/config", "[profile acme/admin]\n"+lines) }

// examine makes all checks, as cli does, and returns the findings that are not well.
func (b *box) examine() []Finding {
	b.T.Helper()
	b.Roster = roster.Load(b.Config, nil)
	b.Files()
	b.Programs(b.Context())
	var bad []Finding
	for _, f := range b.Findings() {
		if f.Check == DaemonLeftover {
			continue // of other processes of this machine
		}
		if f.State == Warning || f.State == Error {
			bad = append(bad, f)
		}
		if strings.Contains(f.Message+f.Remedy, "canary") {
			b.Errorf("a secret is shown: %+v", f)
		}
		if (f.State == OK) != (f.Remedy == "") && f.State != Untested {
			b.Errorf("a remedy for what is well, or none for what is not: %+v", f)
		}
	}
	return bad
}

// What is unusual and no fault is no alarm.
func TestWhatIsWellRaisesNoAlarm(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(b *box)
		want   map[ID]State // of some checks
	}{
		{"usual", func(*box) {}, map[ID]State{ProfileHelper: OK, ProfileRole: OK, ToolAWS: OK, ToolPython: OK, ToolGo: OK, HelperVersion: OK, ShellUse: OK, ShellCompletion: OK, ConfigPermissions: OK}},
		{"no AWS client", func(b *box) { b.remove("bin"); b.remove("work/go.mod") }, map[ID]State{ToolAWS: Untested, ToolPython: Untested}},
		{"no AWS files", func(b *box) { b.remove(".aws"); b.remove(".config/credd/customers") }, map[ID]State{ProfileFiles: Untested, ConfigSetup: Untested}},
		{"link to the files", func(b *box) {
			os.Rename(b.path(".aws"), b.path("dotfiles"))
			os.Symlink(b.path("dotfiles"), b.path(".aws"))
			b.env["AWS_CONFIG_FILE"] = b.path("dotfiles/config")
		}, map[ID]State{ProfileFiles: OK}},
		{"link to credhelper", func(b *box) {
			os.Symlink(b.path("with blank/credhelper"), b.path("bin/credhelper"))
			b.profile("region = x\ncredential_process = " + b.path("bin/credhelper") + " acme/admin\n")
		}, map[ID]State{ProfileCopy: OK}},
		{"escaped blank", func(b *box) {
			b.profile("region = x\ncredential_process = " + b.path("with\\ blank/credhelper") + " acme/admin\n")
		}, map[ID]State{ProfileQuotes: OK, ProfileHelper: OK}},
		{"own session", func(b *box) { b.profile("region = x\n" + b.line("@work")) }, map[ID]State{ProfileRole: OK}},
		{"run by another", func(b *box) {
			b.profile("region = x\ncredential_process = env A=b " + b.path("x/credhelper") + " acme/admin\n")
		}, map[ID]State{ProfileArguments: Untested}},
		{"another program", func(b *box) {
			b.put(".aws/config", "[profile acme/admin]\nregion = x\n"+b.line("acme/admin")+"[profile p]\ncredential_process = /usr/bin/pass show aws/credhelper\n")
		}, map[ID]State{ProfileArguments: OK}},
		{"region of the environment", func(b *box) {
			b.profile(b.line("acme/admin"))
			b.env["AWS_REGION"], b.env["AWS_DEFAULT_REGION"] = "x", "x"
		}, map[ID]State{ProfileRegion: OK}},
		{"profile of ours", func(b *box) { b.env["AWS_PROFILE"], b.env["AWS_DEFAULT_PROFILE"] = "acme/admin", "acme/admin" }, map[ID]State{EnvProfile: OK, EnvShadowing: OK}},
		{"in credd exec", func(b *box) {
			b.env["AWS_ACCESS_KEY_ID"], b.env["CREDD_ROLE"], b.env["AWS_CREDENTIAL_EXPIRATION"] = "A", "acme/admin", "2026-11-27T12:00:00Z"
		}, map[ID]State{EnvShadowing: OK}},
		{"group of the same number", func(b *box) {
			b.mode(".config/credd", 0o770)
			os.Chown(b.path(".config/credd"), os.Getuid(), os.Getuid())
		}, map[ID]State{ConfigPermissions: OK}},
		{"no version", func(b *box) { b.World.Version = "" }, map[ID]State{HelperVersion: Untested}},
		{"complete import", func(b *box) {
			b.put(".local/state/credd/import.json", `{"version":1,"runs":[{"id":"X","done":true}]}`)
			b.put(".aws/credentials", "[work]\naws_access_key_id = ASIA\naws_secret_access_key = canary\naws_session_token = canary\n")
		}, map[ID]State{ConfigImport: OK, ConfigLeftKeys: OK}},
		{"JavaScript 3", func(b *box) { b.put("work/node_modules/@aws-sdk/client-sts/package.json", `{"version":"3.900.0"}`) }, map[ID]State{ToolNode: OK}},
		{"Terraform that warns", func(b *box) { b.program("bin/terraform", "echo There are some problems; echo Terraform v1.11.4") }, map[ID]State{ToolTerraform: OK}},
		{"nothing in the working directory is run", func(b *box) {
			b.env["PATH"] = "." + string(os.PathListSeparator) + "work"
			b.program("work/aws", "touch "+b.path("ran"))
		}, map[ID]State{ToolAWS: Untested}},
		{"no shell", func(b *box) { delete(b.env, "SHELL") }, map[ID]State{ShellUse: Untested}},
		{"shell without our line", func(b *box) { b.put(".zshrc", "# credd shell-init zsh\n") }, map[ID]State{ShellUse: Untested, ShellCompletion: Untested}},
		{"fish", func(b *box) {
			b.env["SHELL"] = "/usr/bin/fish"
			b.put(".config/fish/config.fish", "credd shell-init fish | source\n")
			b.put(".config/fish/completions/credd.fish", "x")
		}, map[ID]State{ShellUse: OK, ShellCompletion: OK}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBox(t)
			tt.change(b)
			for _, f := range b.examine() {
				t.Errorf("an alarm: %+v", f)
			}
			for check, want := range tt.want {
				if !b.has(check, want) {
					t.Errorf("%s is not %s in\n%+v", check, want, b.Findings())
				}
			}
			if _, err := os.Stat(b.path("ran")); err == nil {
				t.Error("it was run")
			}
		})
	}
}

// Nothing that stands in files stops the report.
func TestHostileFiles(t *testing.T) {
	for name, text := range map[string]string{
		"escapes":    "[profile " + evil + "]\ncredential_process = \"/" + evil + "/credhelper\" " + evil + "\n",
		"zeros":      strings.Repeat("\x00", 1000),
		"long":       "[profile a]\ncredential_process = " + strings.Repeat("credhelper ", 100_000),
		"sections":   strings.Repeat("[", 100_000),
		"backquotes": "[profile a]\ncredential_process = " + strings.Repeat("`", 1000) + "credhelper x",
		"nested":     "[profile a]\ncredential_process = " + strings.Repeat("$(", 500) + "credhelper x",
		"no end":     "[profile a]\ncredential_process = \"credhelper",
		"empty":      "[profile a]\ncredential_process =\n",
		"many":       manyProfiles(10_000),
		"not UTF-8":  "[profile \xff]\ncredential_process = /\xff/credhelper \xff\n",
	} {
		t.Run(name, func(t *testing.T) {
			b := newBox(t)
			b.put(".aws/config", text)
			b.put(".aws/credentials", text)
			b.put(".config/credd/customers/acme.toml", text)
			b.put(".config/credd/credd.toml", text)
			b.put(".local/state/credd/import.json", text)
			b.put(".zshrc", text)
			b.put("work/go.mod", text)
			b.put("work/node_modules/aws-sdk/package.json", text)
			b.program("bin/aws", "cat "+b.path(".aws/config"))
			b.env["AWS_PROFILE"] = evil
			began := time.Now()
			if len(b.examine()) == 0 {
				t.Error("all is well")
			}
			if took := time.Since(began); took > 15*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

// manyProfiles have each a fault or two.
func manyProfiles(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "[profile p%d]\ncredential_process = /nonexistent/credhelper acme/r%d\n", i, i)
	}
	return b.String()
}

func TestUnreadableFiles(t *testing.T) {
	if os.Getuid() == 0 { // root reads everything: a loop of links is what nobody can
		b := newBox(t)
		b.remove(".aws/config")
		os.Symlink("config", b.path(".aws/config"))
		bad := b.examine()
		if len(bad) == 0 || !b.has(ProfileFiles, Error) {
			t.Errorf("got %+v", bad)
		}
		return
	}
	b := newBox(t)
	b.mode(".aws/config", 0)
	b.examine()
	if !b.has(ProfileFiles, Error) {
		t.Errorf("got %+v", b.Findings())
	}
}

func TestFilesOfAnotherUser(t *testing.T) {
	b := newBox(t)
	b.UID = os.Getuid() + 1 // as if we were somebody else
	b.examine()
	found := false
	for _, f := range b.Findings() {
		found = found || f.Check == ConfigPermissions && f.State == Error && strings.Contains(f.Remedy, "sudo chown")
	}
	if found != (os.Getuid() != 0) { // root's files are as good as ours
		t.Errorf("got %+v", b.Findings())
	}
}

// Root in the home of a user, as with sudo -E, is not told to make it root's.
func TestRootIsNotToldToTakeFiles(t *testing.T) {
	if os.Getuid() != 0 {
		t.Log("only root can give files away")
		return
	}
	b := newBox(t)
	if err := os.Chown(b.path(".aws"), 65534, 65534); err != nil {
		t.Fatal(err)
	}
	b.examine()
	for _, f := range b.Findings() {
		if strings.Contains(f.Remedy, "chown") || f.File == b.path(".aws") && !strings.Contains(f.Remedy, "sudo -u '#65534' credd doctor") {
			t.Errorf("got %+v", f)
		}
	}
	if !b.has(ConfigPermissions, Error) {
		t.Errorf("got %+v", b.Findings())
	}
}

// Where nobody tells which roles there are, no profile is called wrong: its remedy would take it away.
func TestProfilesOfAGuest(t *testing.T) {
	for _, untold := range []bool{false, true} {
		b := newBox(t)
		var err error
		if b.Roster, err = roster.Of(roster.Settings{}, nil); err != nil {
			t.Fatal(err)
		}
		b.About, b.Untold = Guest, untold
		b.Files()
		remedy := ""
		for _, f := range b.Findings() {
			if f.Check == ProfileRole {
				remedy += f.Remedy
			}
		}
		if want := "ask who runs this machine's credd, or: credd profiles sync"; untold && remedy != "" || !untold && remedy != want {
			t.Errorf("untold %v: got %q", untold, remedy)
		}
	}
}
