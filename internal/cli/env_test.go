package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"credd/internal/agent/cred"
	"credd/internal/ipc"
)

// odd are values that a shell would change if they were not quoted.
var odd = []string{"", "AKIA0/+==", "a b", "  ", "it's", "''", `\`, `\\`, `a\'b`, `\n`, `"`, "$HOME", "${HOME}", "$(id)", "`id`", "!!", "*", "~", "#x", "-n",
	"%s", "a;b", "a&b|c>d<e", "(x)", "[a]", "{a,b}", "^x", "ü東🙂", "’‘‚‛", "=", "a=b"}

// evaluate runs lines in a shell, which are its last argument, and returns X as another program sees it.
func evaluate(t *testing.T, lines string, shell ...string) (string, error) {
	t.Helper()
	cmd := exec.Command(shell[0], append(shell[1:], lines+"\nprintenv X")...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if errs.Len() > 0 {
		t.Errorf("%s says %s", shell[0], &errs)
	}
	return strings.TrimSuffix(string(out), "\n"), err
}

func TestShellsReadWhatIsPrinted(t *testing.T) {
	for _, tt := range []struct {
		format string
		shell  []string
	}{
		{"bash", []string{"bash", "--norc", "-c"}}, {"bash", []string{"sh", "-c"}}, {"bash", []string{"zsh", "-f", "-c"}}, {"fish", []string{"fish", "-N", "-c"}},
	} {
		t.Run(tt.shell[0], func(t *testing.T) {
			sh := shells[tt.format]
			for _, want := range odd {
				got, err := evaluate(t, sh.remove([]string{"X", "Y"})+assign(tt.format, variable{"X", want}), tt.shell...)
				if err != nil || got != want {
					t.Errorf("got %q, %v, want %q", got, err, want)
				}
			}
			if got, err := evaluate(t, assign(tt.format, variable{"X", "x"})+sh.remove([]string{"Y", "X"}), tt.shell...); err == nil {
				t.Errorf("X is %q after it was removed", got)
			}
		})
	}
}

// TestHostileShells evaluates what is printed where the words of it are aliases, and a variable has a function's name.
func TestHostileShells(t *testing.T) {
	lines := shells["bash"].without([]string{"Y"}) + assign("bash", variable{"X", "it's"})
	for _, shell := range [][]string{
		{"bash", "--norc", "-O", "expand_aliases", "-c"}, {"bash", "--norc", "--posix", "-c"}, {"sh", "-c"}, {"zsh", "-f", "-o", "aliases", "-c"}, {"zsh", "--emulate", "csh", "-f", "-c"},
	} {
		got, err := evaluate(t, "Y() { :; }\nalias export=false unset=false X=false\nset -eu\n"+`\eval "$(cat <<'end'`+"\n"+lines+"end\n)\"\nY\n", shell...)
		if err != nil || got != "it's" {
			t.Errorf("%q: got %q, %v", shell, got, err)
		}
	}
}

// TestUniversalVariablesOfFish stay, as all of a person's shells have them, and are hidden in this one.
func TestUniversalVariablesOfFish(t *testing.T) {
	sh, home := shells["fish"], t.TempDir()
	fish := func(lines string) string {
		t.Helper()
		cmd := exec.Command("fish", "-c", lines)
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "AWS_ROLE_ARN=inherited"}
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v", lines, err)
		}
		return string(out)
	}
	fish("set -Ux AWS_PROFILE mine; set -U AWS_REGION there")
	got := fish(sh.without([]string{"AWS_PROFILE", "AWS_ROLE_ARN"}) + `printenv AWS_PROFILE AWS_ROLE_ARN; set -gx AWS_REGION here; ` + sh.remove([]string{"AWS_REGION"}) + `echo $AWS_REGION`)
	if want := "set -eU AWS_PROFILE\n\nthere\n"; !strings.HasPrefix(got, "credd: warning: AWS_PROFILE is a universal variable") || !strings.HasSuffix(got, want) {
		t.Errorf("got %q, want a warning, and at its end %q", got, want)
	}
	if got := fish("echo $AWS_PROFILE"); got != "mine\n" {
		t.Errorf("it is %q then", got)
	}
}

func TestDotenvInAShell(t *testing.T) {
	file := filepath.Join(t.TempDir(), ".env")
	for _, want := range odd {
		put(t, file, assign("dotenv", variable{"X", want}))
		if got, err := evaluate(t, "set -a; . "+file, "sh", "-c"); err != nil || got != want {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	}
	if got, want := assign("dotenv", variable{"X", "aZ09/+="}), "X=aZ09/+=\n"; got != want {
		t.Errorf("got %q, want %q: some readers keep quotes", got, want)
	}
}

func TestPowerShellText(t *testing.T) {
	for value, want := range map[string]string{
		"aZ09/+=": "$env:X = 'aZ09/+='\n", "it's": "$env:X = 'it''s'\n", "it’s $x `n": "$env:X = 'it’’s $x `n'\n", "a\nb": "$env:X = 'a?b'\n",
	} {
		if got := assign("powershell", variable{"X", value}); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if got, want := shells["powershell"].remove([]string{"X", "Y"}), "Remove-Item -ErrorAction SilentlyContinue -Path Env:X,Env:Y\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestEnvAsked(t *testing.T) {
	for args, want := range map[string]result{
		"env":                               {2, "", "credd: error: name a role, or give --unset\n"},
		"env acme/admin --format x":         {2, "", "unknown format: x\ncredd: hint: one of: bash, fish, "},
		"env --unset --format json":         {2, "", "--unset has no meaning for format json"},
		"env acme/admin --format github":    {2, "", "GITHUB_ENV is not set"},
		"env acme/admin":                    {3, "", "credd is not running"},
		"env acme/amdin":                    {4, "", "did you mean acme/admin?"},
		"env --unset":                       {0, `\unset -v ` + strings.Join(granted, " ") + "\n", ""},
		"env --unset acme":                  {0, `\unset -v ` + strings.Join(granted, " ") + "\n", ""},
		"exec":                              {2, "", "with -- between them"},
		"exec acme/admin true":              {2, "", "hint: such as: credd exec acme/admin -- aws s3 ls"},
		"exec acme/admin --":                {2, "", "with -- between them"},
		"exec -- true":                      {2, "", "with -- between them"},
		"exec acme x -- true":               {2, "", "with -- between them"},
		"exec acme/admin ls -l":             {2, "", "a command's own flags come after --"},
		"exec acme/admin -- no-such-thing":  {127, "", "no such command: no-such-thing"},
		"exec acme/admin -- /no/such/thing": {127, "", "no such command: /no/such/thing"},
		"exec acme/admin -- /":              {126, "", "/ cannot be run: is a directory"},
		"exec acme/amdin -- true":           {4, "", "did you mean acme/admin?"},
		"exec acme/admin -- true":           {3, "", "credd is not running"},
	} {
		home(t)
		t.Setenv("GITHUB_ENV", "")
		if got := run(t, "", strings.Fields(args)...); got.code != want.code || got.out != want.out || !strings.Contains(got.err, want.err) {
			t.Errorf("credd %s: got %+v, want %+v", args, got, want)
		}
	}
}

func TestEnvironmentOfACommand(t *testing.T) {
	set := []variable{{"AWS_ACCESS_KEY_ID", "new"}, {"AWS_SESSION_TOKEN", "a=b"}, {"CREDD_ROLE", "acme/admin"}}
	env := []string{"PATH=/bin", "aws_profile=mine", "AWS_ACCESS_KEY_ID=old", "AWS_ACCESS_KEY_ID=older", "AWS_REGION=eu-west-1", "CREDD_ENVIRONMENT=production", "AWS_CA_BUNDLE=x"}
	for _, name := range append(shadowing, misleading...) {
		env = append(env, name+"=canary")
	}
	want := []string{"PATH=/bin", "aws_profile=mine", "AWS_REGION=eu-west-1", "AWS_CA_BUNDLE=x", "AWS_ACCESS_KEY_ID=new", "AWS_SESSION_TOKEN=a=b", "CREDD_ROLE=acme/admin"}
	if got := environment(env, set); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestShadows(t *testing.T) {
	for _, name := range shadowing {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_ROLE_ARN", "x")
	t.Setenv("AWS_ACCESS_KEY_ID", "x")
	if got, want := shadows(), []string{"AWS_ACCESS_KEY_ID", "AWS_ROLE_ARN"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestReadDocument(t *testing.T) {
	const canary = "wJalrXUtnFEMI-canary"
	whole := map[string]any{"Version": 1, "AccessKeyId": "ASIAEXAMPLE", "SecretAccessKey": canary, "SessionToken": canary + "+/=", "Expiration": "2026-11-01T11:00:00Z"}
	text, err := json.Marshal(whole)
	if err != nil {
		t.Fatal(err)
	}
	c, err := readDocument(text)
	want := credentials{"ASIAEXAMPLE", cred.NewSecret(canary), cred.NewSecret(canary + "+/="), time.Date(2026, 11, 1, 11, 0, 0, 0, time.UTC), ""}
	if err != nil || c.AccessKeyID != want.AccessKeyID || !c.SecretAccessKey.Equal(want.SecretAccessKey) || !c.SessionToken.Equal(want.SessionToken) || !c.Expires.Equal(want.Expires) {
		t.Errorf("got %v, %v, want %v", c, err, want)
	}
	held := struct{ hidden *credentials }{&c}
	for _, verb := range "vTtbcdoOqxXUeEfFgGsp" {
		for _, v := range []any{c, &c, held, []credentials{c}} {
			for _, flag := range []string{"", "+", "#"} {
				if text := fmt.Sprintf("%"+flag+string(verb), v); strings.Contains(text, canary) || strings.Contains(strings.ToLower(text), fmt.Sprintf("%x", canary)) {
					t.Errorf("%%%s%c prints a secret: %s", flag, verb, text)
				}
			}
		}
	}
	for name := range whole {
		if name == "Version" {
			continue
		}
		part := map[string]any{}
		for k, v := range whole {
			if k != name {
				part[k] = v
			}
		}
		text, _ := json.Marshal(part)
		if _, err := readDocument(text); err != errOtherVersion {
			t.Errorf("without %s: got %v, want %v", name, err, errOtherVersion)
		}
	}
	for _, text := range []string{"", "{", `"` + canary, `{"SecretAccessKey":["` + canary + `"]}`} {
		if _, err := readDocument([]byte(text)); err != errOtherVersion {
			t.Errorf("%s: got %v, want %v", text, err, errOtherVersion)
		}
	}
}

func TestAFileThatCannotBeWritten(t *testing.T) {
	s := &Streams{Out: &bytes.Buffer{}}
	err := s.envGitHub(filepath.Join(t.TempDir(), "none"), []variable{{"A", "b"}})
	if e := sorted(err); e.code != ipc.Usage || !strings.Contains(e.message, "GITHUB_ENV: open ") {
		t.Errorf("got %v", err)
	}
}
