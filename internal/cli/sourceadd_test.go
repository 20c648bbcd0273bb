package cli

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"credd/internal/agent/api"
	"credd/internal/ipc"
)

const keyLines = "AKIAEXAMPLEEXAMPLE00\ncanary-secret\n"

const device = "arn:aws:iam::210987654321:mfa/ana"

// What cannot be added is refused before a key is read or a login begun.
func TestSourceAddChecksFirst(t *testing.T) {
	for args, want := range map[string]string{
		"a/b --type keys --from-stdin":                                                             "cannot be the name of a source",
		"acct --type keys --from-stdin --mfa totp":                                                 "mfa is only read with mfa_serial",
		"acct --type keys --from-stdin --mfa-serial " + device + " --mfa sms":                      "unknown mfa",
		"acct --type keys --from-stdin --region nowhere":                                           "region is not a region",
		"acct --type keys --from-stdin --profile x":                                                "profile is no key of a source of type keys",
		"work --type keys --from-stdin":                                                            "exists already: credd.toml:2",
		"work --type keys --from-stdin --replace":                                                  "exists already: credd.toml:2", // a profile
		"a/b --type sso --start-url https://nw.awsapps.com/start --sso-region x-1":                 "cannot be the name of a source",
		"nw --type sso --start-url https://nw.awsapps.com/start --sso-region nowhere":              "sso_region is not a region",
		"nw --type sso --start-url https://nw.awsapps.com/start --sso-region eu-west-1 --mfa totp": "mfa is no key of a source of type sso",
	} {
		t.Run(args, func(t *testing.T) {
			config := home(t)
			asked := daemon(t, func(api.Request) any { return api.Identity{} })
			in := strings.NewReader(keyLines)
			var errs strings.Builder
			code := Run(t.Context(), append([]string{"source", "add"}, strings.Fields(args)...), &Streams{In: in, Out: &errs, Err: &errs})
			if code != 2 || !strings.Contains(errs.String(), want) {
				t.Errorf("got %d %s, want %s", code, errs.String(), want)
			}
			if len(*asked) > 0 || in.Len() != len(keyLines) {
				t.Errorf("the daemon was asked %v, or the key was read", *asked)
			}
			if text, err := os.ReadFile(filepath.Join(config, "credd.toml")); err != nil || string(text) != settingsText {
				t.Errorf("got %s, %v", text, err)
			}
		})
	}
}

func TestSourceAddStoresAndAdds(t *testing.T) {
	config := home(t)
	asked := daemon(t, func(api.Request) any { return api.Identity{ARN: "arn:aws:iam::210987654321:user/ana"} })
	r := run(t, keyLines, "source", "add", "acct", "--type", "keys", "--from-stdin", "--mfa-serial", device, "--mfa", "command", "--mfa-command", "ykman", "--mfa-command", "code")
	if r.code != 0 || strings.Contains(r.out+r.err, "canary") || !strings.Contains(r.out, "it is arn:aws:iam::210987654321:user/ana") {
		t.Fatalf("got %+v", r)
	}
	if len(*asked) != 4 || (*asked)[0].Key.ID != "" || (*asked)[1].Do != api.DoStoreKey || (*asked)[1].Key.Secret != "canary-secret" || (*asked)[2].Do != api.DoReload || (*asked)[3].Do != api.DoTest {
		t.Errorf("asked %+v", *asked)
	}
	if r := run(t, "", "source", "show", "acct"); !strings.Contains(r.out, "mfa command  ykman code\n") {
		t.Errorf("got %s", r.out)
	}
	if r := run(t, "", "source", "show", "acct", "--json"); !strings.Contains(strings.Join(strings.Fields(r.out), " "), `"mfa_command": [ "ykman", "code" ]`) {
		t.Errorf("got %s", r.out)
	}
	before, err := os.ReadFile(filepath.Join(config, "credd.toml"))
	if err != nil {
		t.Fatal(err)
	}

	*asked = nil
	for args, want := range map[string]string{
		"--region eu-west-1":                     "source acct is there already, and --replace changes nothing but its key: --region would be ignored",
		"--mfa totp --mfa-serial " + device:      "--mfa-serial, --mfa would be ignored",
		"--mfa-command x --endpoint-url http://": "--mfa-command, --endpoint-url would be ignored",
		"-- program":                             "-- program would be ignored",
	} {
		args := append([]string{"source", "add", "acct", "--type", "keys", "--from-stdin", "--replace"}, strings.Fields(args)...)
		if r := run(t, keyLines, args...); r.code != 2 || !strings.Contains(r.err, want) || len(*asked) > 0 {
			t.Errorf("%s: got %+v, asked %v", args, r, *asked)
		}
	}
	if r := run(t, keyLines, "source", "add", "acct", "--type", "keys", "--from-stdin", "--replace", "--no-test"); r.code != 0 || len(*asked) < 2 || !(*asked)[1].Key.Replace {
		t.Errorf("got %+v, asked %v", r, *asked)
	}
	if after, err := os.ReadFile(filepath.Join(config, "credd.toml")); err != nil || string(after) != string(before) {
		t.Errorf("the file was changed: %s, %v", after, err)
	}
}

// Each flag is either about the key, or refused with --replace.
func TestReplaceKnowsAllFlags(t *testing.T) {
	home(t)
	help := run(t, "", "source", "add", "--help").out
	_, flags, _ := strings.Cut(help, "\nFlags:\n")
	n := 0
	for _, l := range strings.Split(strings.TrimSpace(flags), "\n") {
		_, name, isFlag := strings.Cut(strings.Fields(strings.Replace(l, "-h, ", "", 1))[0], "--")
		if !isFlag {
			continue // the rest of a long line
		}
		n++
		ofKey := slices.Contains([]string{"type", "from-stdin", "from-env", "from-profile", "replace", "no-test", "help", "system"}, name)
		if ofKey == slices.Contains(sourceFlags, name) {
			t.Errorf("--%s is in both lists, or in none", name)
		}
	}
	if n < 20 {
		t.Errorf("found %d flags", n)
	}
}

func TestSourceRemove(t *testing.T) {
	const keys = "[source.acct]\ntype = \"keys\"\n"
	config := home(t)
	put(t, filepath.Join(config, "credd.toml"), settingsText+keys)
	var answer any = &ipc.Error{Code: ipc.Login, Message: "the vault is locked", Hint: "unlock it"}
	asked := daemon(t, func(r api.Request) any {
		if r.Do == api.DoReload {
			return api.Reload{}
		}
		return answer
	})
	r := run(t, "", "source", "remove", "acct", "--yes")
	if r.code != 5 || !strings.Contains(r.out, "removed source acct from ") ||
		r.err != "credd: warning: the vault is locked\ncredd: hint: unlock it\ncredd: error: the key of acct is still in the vault, if it had one\ncredd: hint: when that is mended: credd source remove acct\n" {
		t.Errorf("got %+v", r)
	}
	answer, *asked = api.Dropped{Had: true}, nil
	r = run(t, "", "source", "remove", "acct", "--yes")
	if r.code != 0 || !strings.HasPrefix(r.out, "the vault has no key of acct any more") || len(*asked) != 2 || (*asked)[0].Do != api.DoDropKey || (*asked)[0].Name != "acct" {
		t.Errorf("once more: got %+v, asked %v", r, *asked)
	}

	answer = api.Dropped{}
	if r := run(t, "", "source", "remove", "acct", "--yes"); r.code != 4 || !strings.Contains(r.err, "no such source: acct, and no key of it in the vault") {
		t.Errorf("a third time: got %+v", r)
	}
	*asked = nil
	r = run(t, "", "source", "remove", "work", "--yes")
	if r.code != 2 || !strings.Contains(r.err, "credd.toml:6: source work is needed by [defaults]") || len(*asked) > 0 {
		t.Errorf("a source that is needed: got %+v, asked %v", r, *asked)
	}
	put(t, filepath.Join(config, "credd.toml"), "version = 1\nnonsense\n")
	if r := run(t, "", "source", "remove", "acct", "--yes"); r.code != 2 || !strings.Contains(r.err, "credd.toml:2") || len(*asked) > 0 {
		t.Errorf("a broken file: got %+v, asked %v", r, *asked)
	}
}

func TestSourceRemoveOfNothingAsksFirst(t *testing.T) {
	if f, err := os.OpenFile("/dev/tty", os.O_RDWR, 0); err == nil {
		f.Close()
		t.Skip("there is a terminal, and a person who would be asked")
	}
	home(t)
	r := run(t, "", "source", "remove", "none")
	if r.code != 4 || !strings.Contains(r.err, "no such source: \"none\"\ncredd: hint: if its key is still in the vault: credd source remove none --yes\n") {
		t.Errorf("got %+v", r)
	}
}

// Only a login that is missing is made up for: a vault that is locked has the same code.
func TestAccountsLogInOnlyWhereThatIsAsked(t *testing.T) {
	t.Setenv("SSH_TTY", "/dev/pts/0") // no browser
	for hint, logins := range map[string]int{"log in with: credd login nw": 1, "open it from a terminal: credd login SOURCE": 0, "": 0} {
		home(t)
		n := 0
		daemon(t, func(r api.Request) any {
			switch {
			case r.Do == api.DoLogin:
				n++
				return api.Login{Name: "nw"}
			case r.Do == api.DoAccounts && n == 0:
				return &ipc.Error{Code: ipc.Login, Message: "not now", Hint: hint}
			case r.Do == api.DoAccounts:
				return api.Accounts{Accounts: []api.Account{{ID: "210987654321", Roles: []string{"Ops"}}}}
			}
			return api.Reload{}
		})
		r := run(t, "", "source", "add", "nw", "--type", "sso", "--start-url", "https://nw.awsapps.com/start", "--sso-region", "eu-west-1", "--no-test")
		if n != logins || (r.code == 0) != (logins == 1) || logins == 0 && (r.code != 5 || !strings.Contains(r.err, "not now")) {
			t.Errorf("%q: %d logins, got %+v", hint, n, r)
		}
	}
}
