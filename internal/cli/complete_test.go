package cli

import (
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"credd/internal/agent/api"
	"credd/internal/ipc"
)

// completed are the words that a line can become, and the directive.
func completed(t *testing.T, line ...string) (words []string, directive string) {
	t.Helper()
	r := run(t, "", append([]string{"__complete"}, line...)...)
	lines := strings.Split(strings.TrimSpace(r.out), "\n")
	if r.code != 0 {
		t.Errorf("%q: got %+v", line, r)
	}
	for _, l := range lines[:len(lines)-1] {
		word, _, _ := strings.Cut(l, "\t")
		words = append(words, word)
	}
	return words, lines[len(lines)-1]
}

const globexText = "version = 1\nenvironment = \"Test\"\n\n[role.readonly]\narn = \"arn:aws:iam::112233445566:role/ReadOnly\"\n"

func TestCompletion(t *testing.T) {
	config := home(t)
	put(t, config+"/customers/globex.toml", globexText)
	t.Setenv("AWS_CONFIG_FILE", config+"/aws")
	put(t, config+"/aws", "[default]\n[profile team]\n")
	put(t, config+"/credd.toml", settingsText+"[source.keys]\ntype = \"keys\"\n")
	const none, fine, space, ordered = ":0", ":4", ":6", ":36"
	tests := []struct {
		line, want, directive string
	}{
		{"sta", "status", fine},
		{"role ", "add list remove show", fine},
		{"role show ", "acme/admin globex/readonly", fine},
		{"role show acme/", "acme/admin", fine},
		{"role show ACME/", "acme/admin", fine},
		{"role show readonly", "globex/readonly", fine}, // fish finds it by its middle
		{"role show acme/admin ", "", fine},
		{"role add ", "acme/ globex/", space},
		{"role add acme/", "acme/", space},
		{"forget g", "globex/readonly globex", fine},
		{"use ", "acme/admin globex/readonly acme globex -", fine},
		{"use -", "-h --help --no-warm --off", fine},
		{"exec ", "acme/admin globex/readonly @keys @work", fine},
		{"exec @w", "@work", fine},
		{"exec acme/admin ", "", fine},
		{"exec acme/admin -- l", "", none}, // the shell's own
		{"exec acme/admin -- ls --r", "", none},
		{"exec --region ", "", fine},
		{"env acme/admin --format ", "bash fish powershell dotenv json github", fine},
		{"env acme/admin --format=j", "json", fine},
		{"source rotate ", "keys", fine},
		{"source show ", "keys work", fine},
		{"source add ", "", fine},
		{"source add new --type ss", "sso process", fine},
		{"source add new --token-file ", "", none},
		{"source add new --from-profile ", "default team", fine},
		{"import --only t", "default team", fine},
		{"source test ", "keys work acme/admin globex/readonly", fine},
		{"customer show g", "globex", fine},
		{"customer add --from-sso ", "", fine},
		{"customer verify ", "acme globex acme/admin globex/readonly", fine},
		{"customer verify acme --role ", "admin", fine},
		{"customer verify acme/admin --role ", "", fine},
		{"role add acme/new --source ", "keys work acme/admin globex/readonly", fine},
		{"role add acme/new --duration 1", "15m 1h 12h", ordered},
		{"role add acme/new --environment ", "Test production", fine},
		{"customer invite gl", "globex", fine},
		{"customer invite globex --role ", "readonly", fine},
		{"customer invite globex --permissions ", "readonly support billing data compute monitoring", ordered},
		{"customer invite globex --setup dat", "data", none},
		{"customer invite globex --max-session 1", "1h 12h", ordered},
		{"customer invite globex --source ", "keys work acme/admin globex/readonly", fine},
		{"customer retire ", "acme globex", fine},
		{"customer export acme --output ", "", none},
		{"audit --role ac", "acme acme/admin", fine},
		{"audit --outcome de", "denied", fine},
		{"report --by ", "role customer", fine},
		{"report --role ", "acme/admin globex/readonly @keys @work", fine},
		{"report --customer g", "globex", fine},
		{"report --days ", "7 30 90", ordered},
		{"help role ", "add list remove show", fine},
		{"completion z", "zsh", fine},
		{"shell-init ", "bash zsh fish powershell", fine},
		{"nonsense ", "", fine},
		{"use $(touch x)", "", fine},
	}
	for _, daemonRuns := range []bool{false, true} {
		if daemonRuns {
			answerNames(t)
		}
		for _, tt := range tests {
			got, directive := completed(t, strings.Split(tt.line, " ")...)
			slices.Sort(got)
			want := strings.Fields(tt.want)
			slices.Sort(want)
			if !slices.Equal(got, want) || directive != tt.directive {
				t.Errorf("%q, daemon %v: got %q %s, want %q %s", tt.line, daemonRuns, got, directive, want, tt.directive)
			}
		}
	}
}

// answerNames is a daemon that knows the names of TestCompletion, and does not leave out what was not asked for.
func answerNames(t *testing.T) {
	daemon(t, func(req api.Request) any {
		if req.Do != api.DoNames {
			return &ipc.Error{Code: ipc.Usage, Message: "not asked by a completion"}
		}
		return api.Names{
			Roles:        []api.Label{"acme/admin\t012345678901", "globex/readonly"},
			Customers:    []api.Label{"acme\tAcme", "globex\t"},
			Sources:      []api.SourceName{{Name: "keys", Type: "keys"}, {Name: "work", Type: "profile"}},
			Environments: []string{"Test", "production"},
		}
	})
}

// What a hostile daemon calls things cannot end a line, move the cursor or become another directive.
func TestCompletionIsInert(t *testing.T) {
	home(t)
	const evil = "x\x1b]0;y\a\n:1\t$(id)`id`\u009b"
	daemon(t, func(api.Request) any {
		return api.Names{Roles: []api.Label{evil, "acme/" + evil, "acme/admin\t" + evil}, Sources: []api.SourceName{{Name: evil, Type: evil}}, Environments: []string{evil}}
	})
	for _, line := range [][]string{{"role", "show", ""}, {"exec", ""}, {"role", "add", "x/y", "--environment", ""}, {"source", "show", ""}} {
		r := run(t, "", append([]string{"__complete"}, line...)...)
		if strings.ContainsAny(r.out, "\x1b\a\u009b") || strings.Count(r.out, "\n:") != 1 && !strings.HasPrefix(r.out, ":") || !strings.HasSuffix(r.out, "\n:4\n") && r.out != ":4\n" {
			t.Errorf("%q: got %q", line, r.out)
		}
	}
}

// free are flags that take a text which nobody can guess.
var free = []string{
	"--access-key", "--account", "--account-id", "--arn", "--customer-name", "--external-id", "--mfa-command",
	"--mfa-serial", "--region", "--role-arn", "--role-name", "--since", "--sso-region", "--sso-session", "--start-url",
	"--sts-region", "--until", "--endpoint-url", "--shell", "import --customer",
	"--service-name", "--sso-account", "--sso-role",
	"--resource", "--path", "--name", "--principal", "--source-ip", "--boundary", "--tag", "--stack", "--template-url", "--lines",
}

func TestEveryArgumentHasAnOffer(t *testing.T) {
	root := newRootCmd(&Streams{Out: io.Discard, Err: io.Discard})
	root.InitDefaultHelpCmd()
	var walk func(*cobra.Command)
	walk = func(cmd *cobra.Command) {
		_, path, _ := strings.Cut(cmd.CommandPath(), " ")
		for _, p := range parameters(cmd) {
			for _, word := range p.either {
				if _, ok := offerOf(cmd, word); !ok && isPlaceholder(word) {
					t.Errorf("%s takes a %s: say in choices.go what that can be", path, word)
				}
			}
		}
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			name := "--" + f.Name
			_, ok := offerOf(cmd, name)
			if f.NoOptDefVal == "" && !ok && !slices.Contains(free, name) && !slices.Contains(free, path+" "+name) {
				t.Errorf("%s takes a value for %s: say in choices.go what that can be, or here that nobody knows", path, name)
			}
		})
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
	}
	walk(root)
}

func TestParameters(t *testing.T) {
	for use, want := range map[string][]parameter{
		"x":                               nil,
		"x ROLE":                          {{[]string{"ROLE"}, false}},
		"x ROLE|CUSTOMER [SOURCE…]":       {{[]string{"ROLE", "CUSTOMER"}, false}, {[]string{"SOURCE"}, true}},
		"x [ROLE|CUSTOMER|-]":             {{[]string{"ROLE", "CUSTOMER", "-"}, false}},
		"x ROLE ...":                      {{[]string{"ROLE"}, true}},
		"x bash|zsh":                      {{[]string{"bash", "zsh"}, false}},
		"x [--text TEXT] ROLE -- COMMAND": {{[]string{"ROLE"}, false}},
		"x ROLE --text TEXT":              {{[]string{"ROLE"}, false}},
		"x --set ROLE":                    {{[]string{"ROLE"}, false}},
		"x [--set] ROLE [-- COMMAND]":     {{[]string{"ROLE"}, false}},
	} {
		cmd := &cobra.Command{Use: use}
		cmd.Flags().String("text", "", "")
		cmd.Flags().Bool("set", false, "")
		if got := parameters(cmd); !slices.EqualFunc(got, want, func(a, b parameter) bool { return slices.Equal(a.either, b.either) && a.again == b.again }) {
			t.Errorf("%s: got %v, want %v", use, got, want)
		}
	}
}

func TestCompletionScripts(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		r := run(t, "", "completion", shell)
		if r.code != 0 || r.err != "" || !strings.Contains(r.out, "__complete") {
			t.Errorf("%s: got %d, %d bytes, %s", shell, r.code, len(r.out), r.err)
		}
	}
	if r := run(t, "", "completion", "tcsh"); r.code != 2 || r.out != "" || !strings.Contains(r.err, "no completion for tcsh") {
		t.Errorf("got %+v", r)
	}
}
