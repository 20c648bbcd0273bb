package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"credd/internal/agent/api"
	"credd/internal/ipc"
)

// fresh is an empty home, with a profile of ~/.aws if it has a text.
func fresh(t *testing.T, config string) string {
	t.Helper()
	dir := home(t)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_CONFIG_FILE", "")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "")
	t.Setenv("SHELL", "/bin/zsh")
	if config != "" {
		put(t, filepath.Join(os.Getenv("HOME"), ".aws", "config"), config)
	}
	return dir
}

func TestInitTellsAllThatIsMissing(t *testing.T) {
	const no = "there is no terminal to ask at, and this is missing: "
	for args, want := range map[string]string{
		"":                                    no + "--type, --role, --arn\n",
		"--type sso":                          no + "--start-url, --sso-region, --sso-account, --sso-role, --role, --arn\n",
		"--type sso --sso-session nw":         no + "--sso-account, --sso-role, --role, --arn\n",
		"--type keys --role acme/x":           no + "--from-stdin, --from-env or --from-profile, --arn\n",
		"--type profile --from-sso":           no + "--profile\n",
		"--import":                            no + "--yes\n",
		"--import --no-import":                "--import and --no-import exclude each other",
		"--from-sso --arn x":                  "--from-sso and --arn exclude each other",
		"--external-id x --external-id-stdin": "exclude each other",
		"--type imds":                         "add it first: credd source add --help",
		"--vault-key systemd":                 "--vault-key is passphrase or file",
		"--role acme":                         "--role acme is not CUSTOMER/ROLE",
		"--external-id-stdin":                 "stdin holds no external ID",
	} {
		dir := fresh(t, "")
		r := run(t, "", append([]string{"init"}, strings.Fields(args)...)...)
		if r.code != 2 || !strings.Contains(r.err, want) || r.out != "" {
			t.Errorf("%s: got %+v, want %q", args, r, want)
		}
		if _, err := os.Stat(dir); err == nil {
			t.Errorf("%s: it made %s", args, dir)
		}
	}
}

func TestInitByFlags(t *testing.T) {
	dir := fresh(t, "[profile work]\nregion = eu-west-1\n")
	asked := daemon(t, func(r api.Request) any {
		switch r.Do {
		case api.DoReload:
			return api.Reload{}
		case api.DoTest:
			return api.Identity{Name: r.Name, ARN: "arn:aws:sts::012345678901:assumed-role/Admin/x\x1b[2J", AccountID: "012345678901"}
		}
		return &ipc.Error{Code: ipc.Internal, Message: "not asked by init: " + r.Do}
	})
	r := run(t, "canary-id\n", strings.Fields("init --type profile --profile work --source own --service-name northwind --role acme/admin "+
		"--arn arn:aws:iam::012345678901:role/Admin --external-id-stdin --region eu-west-1 --environment production --endpoint-url http://127.0.0.1:1")...)
	for _, want := range []string{"added source own", "added acme/admin", "added 1 profile: acme/admin", "✓ acme/admin works: account 012345678901\n  arn:aws:sts::012345678901:assumed-role/Admin/x?[2J\n",
		"aws sts get-caller-identity --profile acme/admin", `eval "$(credd shell-init zsh)"`, "in ~/.zshrc"} {
		if !strings.Contains(r.out, want) {
			t.Errorf("got no %q in\n%s", want, r.out)
		}
	}
	if r.code != 0 || r.err != "" || strings.Contains(r.out, "canary") {
		t.Errorf("got %+v", r)
	}
	text, _ := os.ReadFile(filepath.Join(dir, "credd.toml"))
	for _, want := range []string{"[service]\nname = \"northwind\"", "[source.own]", "endpoint_url = \"http://127.0.0.1:1\"", "source = \"own\""} {
		if !strings.Contains(string(text), want) {
			t.Errorf("got no %s in\n%s", want, text)
		}
	}
	config, _ := os.ReadFile(filepath.Join(os.Getenv("HOME"), ".aws", "config"))
	if !strings.HasPrefix(string(config), "[profile work]\nregion = eu-west-1\n") || !strings.Contains(string(config), "[profile acme/admin]") {
		t.Errorf("got\n%s", config)
	}
	for _, req := range *asked {
		if req.Do == api.DoStoreKey {
			t.Error("a source that is a profile needs no vault")
		}
	}
	again := run(t, "", "init", "--no-profiles")
	if again.code != 0 || !strings.Contains(again.err, "source own is there already") || !strings.Contains(again.err, "1 role is there already") {
		t.Errorf("got %+v", again)
	}
}

// Who has customers only to invite needs no role yet.
func TestInitWithoutRole(t *testing.T) {
	dir := fresh(t, "[profile work]\nregion = eu-west-1\n")
	daemon(t, func(r api.Request) any {
		if r.Do == api.DoReload {
			return api.Reload{}
		}
		return api.Identity{Name: r.Name, ARN: "arn:aws:iam::210987654321:user/work", AccountID: "210987654321"}
	})
	r := run(t, "", strings.Fields("init --type profile --profile work --source own --no-role --no-import")...)
	if r.code != 0 || !strings.Contains(r.out, "added source own") || !strings.Contains(r.out, "--permissions readonly --region eu-west-1 --service-name northwind\n") {
		t.Errorf("got %+v", r)
	}
	if _, err := os.Stat(filepath.Join(dir, "customers")); err == nil {
		t.Error("there is a customer")
	}
	again := run(t, "", strings.Fields("init --no-role --no-import --service-name northwind")...)
	if again.code != 0 || !strings.Contains(again.out, "credd customer invite acme") {
		t.Errorf("got %+v", again)
	}
	if r := run(t, "", strings.Fields("init --no-role --role acme/admin")...); r.code != 2 || !strings.Contains(r.err, "exclude each other") {
		t.Errorf("got %+v", r)
	}
}

// What fails is told with the way on, and leaves what was done.
func TestInitThatFails(t *testing.T) {
	const flags = "init --type profile --profile work --role acme/admin --arn arn:aws:iam::012345678901:role/Admin "
	tests := map[string]struct {
		args   string
		answer func(api.Request) any
		code   int
		want   []string
	}{
		"denied": {flags, func(r api.Request) any {
			if r.Do == api.DoTest && r.Name == "acme/admin" {
				return &ipc.Error{Code: ipc.Denied, Message: "acme/admin: denied by AWS", Hint: "ask"}
			}
			return api.Identity{}
		}, 6, []string{"warning: acme/admin: denied by AWS", "hint: ask", "acme/admin does not work yet", "credd source test acme/admin"}},
		"no source": {flags, func(r api.Request) any {
			if r.Do == api.DoTest {
				return &ipc.Error{Code: ipc.Usage, Message: "no such profile", Hint: "look"}
			}
			return api.Identity{}
		}, 2, []string{"source work was added and does not work yet"}},
		"no vault": {strings.Replace(flags, "--type profile --profile work", "--type keys --from-env", 1), func(r api.Request) any {
			if r.Do == api.DoStoreKey {
				return &ipc.Error{Code: ipc.Usage, Message: "work: there is no keyring here", Hint: "say where"}
			}
			return api.Identity{}
		}, 2, []string{"secrets cannot be kept: there is no keyring here", "--vault-key file"}},
		"an ARN that is none":           {strings.Replace(flags, "arn:aws", "arn", 1), func(api.Request) any { return api.Identity{} }, 2, []string{"arn is not the ARN of an IAM role"}},
		"a source that cannot be named": {flags + "--source a/b", func(api.Request) any { return api.Identity{} }, 2, []string{"cannot be the name of a source"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			fresh(t, "[profile work]\nregion = eu-west-1\n")
			daemon(t, tt.answer)
			r := run(t, "", strings.Fields(tt.args)...)
			if r.code != tt.code {
				t.Errorf("got %+v, want %d", r, tt.code)
			}
			for _, want := range tt.want {
				if !strings.Contains(r.err, want) {
					t.Errorf("got no %q in\n%s", want, r.err)
				}
			}
		})
	}
}

func TestFold(t *testing.T) {
	long := strings.Repeat("word ", 40)
	for _, line := range strings.Split(fold("first\n"+long), "\n") {
		if terminal.StringWidth(line) > 74 || strings.HasSuffix(line, " ") {
			t.Errorf("got %q", line)
		}
	}
	if got := fold("a  b\n\nc"); got != "a b\n\nc" {
		t.Errorf("got %q", got)
	}
}
