package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"credd/internal/agent/roster"
)

func TestEnter(t *testing.T) {
	role := func(region, environment string) *roster.Role {
		return &roster.Role{Name: "acme/admin", Region: region, Customer: &roster.Customer{Key: "acme", Environment: environment}}
	}
	tests := []struct {
		name  string
		role  *roster.Role
		clear []string
		env   map[string]string
		want  string
	}{
		{"first", role("eu-west-1", "Live"), nil, nil,
			"AWS_PROFILE=p AWS_REGION=eu-west-1 AWS_DEFAULT_REGION=eu-west-1 CREDD_REGION=eu-west-1 CREDD_ROLE=acme/admin CREDD_ENVIRONMENT=Live CREDD_PRODUCTION=acme/admin"},
		{"from another", role("eu-west-1", "staging"), nil, map[string]string{"CREDD_ROLE": "a/b"},
			"AWS_PROFILE=p AWS_REGION=eu-west-1 AWS_DEFAULT_REGION=eu-west-1 CREDD_REGION=eu-west-1 CREDD_ROLE=acme/admin CREDD_ENVIRONMENT=staging -CREDD_PRODUCTION CREDD_PREVIOUS=a/b"},
		{"again", role("", ""), []string{"AWS_ACCESS_KEY_ID", "AWS_DEFAULT_PROFILE"}, map[string]string{"CREDD_ROLE": "acme/admin", "CREDD_PREVIOUS": "a/b"},
			"-AWS_ACCESS_KEY_ID -AWS_DEFAULT_PROFILE(p) AWS_PROFILE=p CREDD_ROLE=acme/admin -CREDD_ENVIRONMENT -CREDD_PRODUCTION"},
		{"no region after one", role("", ""), nil, map[string]string{"CREDD_REGION": "eu-west-1", "AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "us-east-1"},
			"AWS_PROFILE=p -AWS_REGION -CREDD_REGION CREDD_ROLE=acme/admin -CREDD_ENVIRONMENT -CREDD_PRODUCTION"},
		{"the user's region", role("", ""), nil, map[string]string{"AWS_REGION": "eu-west-1"},
			"AWS_PROFILE=p CREDD_ROLE=acme/admin -CREDD_ENVIRONMENT -CREDD_PRODUCTION"},
		{"no role's name before", role("", ""), nil, map[string]string{"CREDD_ROLE": "a/b\n$(x)"},
			"AWS_PROFILE=p CREDD_ROLE=acme/admin -CREDD_ENVIRONMENT -CREDD_PRODUCTION"},
	}
	for _, tt := range tests {
		var got []string
		for _, c := range enter(tt.role, "p", tt.clear, func(name string) string { return tt.env[name] }) {
			switch {
			case !c.unset:
				got = append(got, c.name+"="+c.value)
			case c.value != "":
				got = append(got, "-"+c.name+"("+c.value+")")
			default:
				got = append(got, "-"+c.name)
			}
		}
		if diff := cmp.Diff(strings.Fields(tt.want), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestUseErrors(t *testing.T) {
	config := home(t)
	os.Unsetenv("CREDD_ROLE")
	t.Setenv("CREDD_PREVIOUS", "")
	t.Setenv("SHELL", "/usr/bin/zsh")
	aws := filepath.Join(filepath.Dir(config), "..", ".aws")
	put(t, filepath.Join(config, "customers", "keyed.toml"), strings.ReplaceAll(acmeText, "canary-id", "canary-2"))
	put(t, filepath.Join(aws, "config"), "[profile old]\ncredential_process = credhelper gone/admin\n[profile lost]\ncredential_process = credhelper @gone\n[profile plain]\nregion = x\n[profile acme]\nregion = x\n")
	put(t, filepath.Join(aws, "credentials"), "[keyed/admin]\naws_access_key_id = AKIA\n")
	tests := []struct {
		args, want string
		code       int
	}{
		{"use acme/admin", `run: eval "$(credd shell-init zsh)"`, 2},
		{"use --shell tcsh acme/admin", "no such shell here: tcsh", 2},
		{"use --shell zsh acme/admin x", "does not take 2 arguments", 2},
		{"use --shell zsh --off acme", "--off takes no role", 2},
		{"use --shell zsh --of", "unknown flag", 2},
		{"use --shell zsh acme/admin", "no profile in", 2},
		{"use --shell zsh acme", "credd profiles sync", 2},
		{"use --shell zsh keyed", "profile keyed/admin has an access key of its own", 2},
		{"use --shell zsh old", "no such role", 4},
		{"use --shell zsh lost", "no such source", 4},
		{"use --shell zsh @gone", "no such source", 4},
		{"use --shell zsh @work", `credhelper" @work; or: credd exec @work -- COMMAND`, 2},
		{"use --shell zsh plain", "profile plain does not get its credentials from credd", 4},
		{"use --shell zsh acme/admni", "did you mean acme/admin?", 4},
		{"use --shell zsh -", "there is no role before this one", 2},
		{"use --shell zsh --help", "credd use --off", 0},
		{"use --shell zsh --off", "no role is in use", 0},
		{"shell-init tcsh", "there are: bash, zsh, fish, powershell", 2},
	}
	for _, tt := range tests {
		r := run(t, "", strings.Fields(tt.args)...)
		if r.code != tt.code || r.out != "" || !strings.Contains(r.err, tt.want) {
			t.Errorf("%s: got %d, %q, %q, want %d, nothing to evaluate, and %q", tt.args, r.code, r.out, r.err, tt.code, tt.want)
		}
	}
	if got := recents(); got != nil {
		t.Errorf("got recents %v, but nothing was used", got)
	}
}

// TestUseASource switches to a source's own session, by its name, by a profile, and back.
func TestUseASource(t *testing.T) {
	config := home(t)
	t.Setenv("CREDD_ROLE", "acme/admin")
	t.Setenv("CREDD_PREVIOUS", "@work")
	put(t, filepath.Join(config, "credd.toml"), "version = 1\n[source.work]\ntype = \"keys\"\nregion = \"eu-west-3\"\n")
	put(t, filepath.Join(os.Getenv("HOME"), ".aws", "config"), "[profile base]\ncredential_process = /opt/credhelper @work\n")
	for _, name := range []string{"@work", "base", "-"} {
		r := run(t, "", "use", "--shell", "bash", "--no-warm", name)
		for _, want := range []string{"'AWS_PROFILE=base'", "'AWS_REGION=eu-west-3'", "'CREDD_ROLE=@work'", "'CREDD_PREVIOUS=acme/admin'", "'-v' 'CREDD_PRODUCTION'"} {
			if r.code != 0 || !strings.Contains(r.out, want) {
				t.Errorf("%s: got %+v, want %s", name, r, want)
			}
		}
		if !strings.HasPrefix(r.err, "@work\n") {
			t.Errorf("%s: got %q", name, r.err)
		}
	}
	t.Setenv("CREDD_ROLE", "@work")
	if r := run(t, "", "use", "--shell", "bash", "--off"); !strings.Contains(r.out, "'CREDD_PREVIOUS=@work'") {
		t.Errorf("got %+v", r)
	}
}

func TestUsePowerShell(t *testing.T) {
	d := dialects["powershell"]
	got := d.commands([]change{export("AWS_PROFILE", "o'neil’s $x/`a"), {name: "AWS_ACCESS_KEY_ID", unset: true, hide: true}})
	want := "Set-Item -LiteralPath 'Env:AWS_PROFILE' -Value 'o''neil’’s $x/`a'\nRemove-Item -LiteralPath 'Env:AWS_ACCESS_KEY_ID' -ErrorAction Ignore\n"
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	text, err := d.init(`C:\Program Files\o'neil\credd.exe`, true)
	if err != nil || strings.Count(text, `& 'C:\Program Files\o''neil\credd.exe' `) != 3 || !strings.Contains(text, "function global:prompt") {
		t.Errorf("got %v, %s", err, text)
	}
}

func TestInitNamesTheProgramEverywhere(t *testing.T) {
	for name, d := range dialects {
		for _, prompt := range []bool{false, true} {
			text, err := d.init("/opt/credd", prompt)
			if err != nil || strings.Contains(text, "@credd@") || !strings.Contains(text, "'/opt/credd' use --shell "+name) || strings.Contains(text, "NO_COLOR") != prompt {
				t.Errorf("%s: got %v, %s", name, err, text)
			}
		}
	}
	if len(dialects) != len(shellNames) {
		t.Errorf("got %d shells, want %v", len(dialects), shellNames)
	}
}

func TestLoading(t *testing.T) {
	for shell, want := range map[string]string{
		"/bin/bash": "~/.bashrc", "/usr/bin/zsh": "~/.zshrc", "fish": "config.fish", "/opt/pwsh": "$PROFILE", "": "credd shell-init --help", "/bin/tcsh": "credd shell-init --help",
	} {
		t.Setenv("SHELL", shell)
		if got := loading(); !strings.Contains(got, want) {
			t.Errorf("%s: got %s, want %s in it", shell, got, want)
		}
	}
}
