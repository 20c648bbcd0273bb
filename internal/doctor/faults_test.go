//go:build !windows

package doctor

import (
	"os"
	"strings"
	"testing"
)

// Each fault is injected in a home where all is well, and nothing else is found.
func TestFaults(t *testing.T) {
	other := func(mode os.FileMode, name string) func(*box) { return func(b *box) { b.mode(name, mode) } }
	env := func(pairs ...string) func(*box) {
		return func(b *box) {
			for i := 0; i < len(pairs); i += 2 {
				b.env[pairs[i]] = strings.ReplaceAll(pairs[i+1], "~", b.home)
			}
		}
	}
	for _, tt := range []struct {
		name   string
		inject func(b *box)
		check  ID
		state  State
		remedy string // a part of it, with ~ for the home
		line   int
		also   ID // found too
	}{
		{name: "unknown key", inject: func(b *box) { b.put(".config/credd/customers/acme.toml", acme+"role_arm = \"x\"\n") }, check: ConfigFiles, state: Error, remedy: "arn", line: 6, also: ProfileRole},
		{name: "broken credd.toml", inject: func(b *box) { b.put(".config/credd/credd.toml", "version = \n") }, check: ConfigFiles, state: Error, remedy: "", line: 1, also: ProfileRole},
		{name: "no source", inject: func(b *box) {
			b.put(".config/credd/credd.toml", "version = 1\n")
			b.remove(".config/credd/customers")
			b.profile("")
		}, check: ConfigSetup, state: Warning, remedy: "credd init"},
		{name: "writable customer", inject: other(0o666, ".config/credd/customers/acme.toml"), check: ConfigFiles, state: Error, remedy: "chmod go-w", also: ProfileRole},
		{name: "writable customers", inject: other(0o777, ".config/credd/customers"), check: ConfigPermissions, state: Error, remedy: "chmod go-w ~/.config/credd/customers"},
		{name: "writable config", inject: other(0o733, ".config/credd"), check: ConfigPermissions, state: Error, remedy: "chmod go-w ~/.config/credd"},
		{name: "vault for all", inject: func(b *box) {
			b.put(".local/share/credd/vault.age", "x")
			b.mode(".local/share/credd/vault.age", 0o644)
		}, check: ConfigPermissions, state: Error, remedy: "chmod go-rwx ~/.local/share/credd/vault.age"},
		{name: "vault key for all", inject: func(b *box) {
			b.put(".local/share/credd/vault.key", "x")
			b.mode(".local/share/credd/vault.key", 0o640)
		}, check: ConfigPermissions, state: Error, remedy: "chmod go-rwx"},
		{name: "audit log for all", inject: func(b *box) {
			b.put(".local/state/credd/audit.log", "x")
			b.mode(".local/state/credd/audit.log", 0o664)
		}, check: ConfigPermissions, state: Error, remedy: "chmod go-rwx ~/.local/state"},
		{name: "AWS config for all", inject: other(0o666, ".aws/config"), check: ConfigPermissions, state: Error, remedy: "chmod go-w ~/.aws/config"},
		{name: "readable keys", inject: other(0o644, ".aws/credentials"), check: ConfigPermissions, state: Warning, remedy: "chmod go-rwx ~/.aws/credentials"},
		{name: "half an import", inject: func(b *box) {
			b.put(".local/state/credd/import.json", `{"version":1,"runs":[{"id":"X","done":false}]}`)
		}, check: ConfigImport, state: Error, remedy: "credd import --undo", also: ConfigLeftKeys},
		{name: "no journal", inject: func(b *box) { b.put(".local/state/credd/import.json", "{") }, check: ConfigImport, state: Error, remedy: "mv ~/.local/state/credd/import.json"},
		{name: "key left", inject: func(b *box) { b.put(".local/state/credd/import.json", `{"version":1,"runs":[{"id":"X","done":true}]}`) }, check: ConfigLeftKeys, state: Warning, remedy: "credd import --keys --only work", line: 1},
		{name: "moved key left", inject: func(b *box) {
			b.put(".local/state/credd/import.json", `{"version":1,"runs":[{"id":"X","done":true,"keys":[{"source":"base","id":"AKIAWORKWORKWORK"}]}]}`)
		}, check: ConfigLeftKeys, state: Warning, remedy: "credd source rotate base", line: 1},

		{name: "directory for a file", inject: func(b *box) { b.remove(".aws/config"); os.Mkdir(b.path(".aws/config"), 0o700) }, check: ProfileFiles, state: Error, remedy: "mv ~/.aws/config"},
		{name: "huge", inject: func(b *box) { os.Truncate(b.path(".aws/config"), 17<<20) }, check: ProfileFiles, state: Error, remedy: "less ~/.aws/config"},
		{name: "duplicate section", inject: func(b *box) { b.profile(b.line("acme/admin") + "region = x\n[profile acme/admin]\noutput = json\n") }, check: ProfileFiles, state: Error, remedy: "into the section of line 1", line: 4},
		{name: "duplicate in quotes", inject: func(b *box) {
			b.profile(b.line("acme/admin") + "region = x\n[profile \"acme/admin\"]\noutput = json\n")
		}, check: ProfileTwice, state: Warning, remedy: "lines 1 and 4", line: 4},
		{name: "broken section", inject: func(b *box) { b.profile(b.line("acme/admin") + "region = x\n[profile b\n") }, check: ProfileFiles, state: Error, remedy: "end it with ]", line: 4},
		{name: "no profile", inject: func(b *box) { b.profile("region = x\n") }, check: ProfileNone, state: Warning, remedy: "credd profiles sync"},
		{name: "no helper", inject: func(b *box) { b.profile("region = x\ncredential_process = /nonexistent/credhelper acme/admin\n") }, check: ProfileHelper, state: Error, remedy: "line 3 of ~/.aws/config: credential_process = \"~/with blank/credhelper\" acme/admin", line: 3},
		{name: "helper is a directory", inject: func(b *box) {
			os.MkdirAll(b.path("d/credhelper"), 0o700)
			b.profile("region = x\ncredential_process = " + b.path("d/credhelper") + " acme/admin\n")
		}, check: ProfileHelper, state: Error, remedy: "\"~/with blank/credhelper\" acme/admin", line: 3},
		{name: "helper not executable", inject: func(b *box) {
			b.put("old/credhelper", "x")
			b.profile("region = x\ncredential_process = " + b.path("old/credhelper") + " acme/admin\n")
		}, check: ProfileHelper, state: Error, remedy: "chmod a+x ~/old/credhelper", line: 3},
		{name: "old copy", inject: func(b *box) {
			b.program("old/credhelper", "")
			b.profile("region = x\ncredential_process = " + b.path("old/credhelper") + " acme/admin\n")
		}, check: ProfileCopy, state: Warning, remedy: "\"~/with blank/credhelper\" acme/admin", line: 3},
		{name: "of PATH", inject: func(b *box) { b.profile("region = x\ncredential_process = credhelper acme/admin\n") }, check: ProfileHelper, state: Warning, remedy: "\"~/with blank/credhelper\" acme/admin", line: 3},
		{name: "of HOME", inject: func(b *box) { b.profile("region = x\ncredential_process = ~/bin/credhelper acme/admin\n") }, check: ProfileHelper, state: Error, remedy: "\"~/with blank/credhelper\" acme/admin", line: 3},
		{name: "of a variable", inject: func(b *box) { b.profile("region = x\ncredential_process = $HOME/bin/credhelper acme/admin\n") }, check: ProfileHelper, state: Error, remedy: "\"~/with blank/credhelper\" acme/admin", line: 3},
		{name: "blank without quotes", inject: func(b *box) {
			b.profile("region = x\ncredential_process = " + b.path("with blank/credhelper") + " acme/admin\n")
		}, check: ProfileQuotes, state: Error, remedy: "credential_process = \"~/with blank/credhelper\" acme/admin", line: 3},
		{name: "Windows path without quotes", inject: func(b *box) {
			b.profile("region = x\ncredential_process = C:\\Program Files\\credd\\credhelper.exe acme/admin\n")
		}, check: ProfileQuotes, state: Error, remedy: "\"~/with blank/credhelper\" acme/admin", line: 3},
		{name: "no role", inject: func(b *box) { b.profile("region = x\n" + b.line("")) }, check: ProfileArguments, state: Error, remedy: "credhelper\" ROLE", line: 3},
		{name: "two arguments", inject: func(b *box) { b.profile("region = x\n" + b.line("acme/admin --json")) }, check: ProfileArguments, state: Error, remedy: "credhelper\" ROLE", line: 3},
		{name: "credd itself", inject: func(b *box) {
			b.profile("region = x\ncredential_process = /usr/bin/credd env acme/admin --format json\n")
		}, check: ProfileArguments, state: Warning, remedy: "credhelper\" ROLE", line: 3},
		{name: "typo in the role", inject: func(b *box) { b.profile("region = x\n" + b.line("acme/admim")) }, check: ProfileRole, state: Error, remedy: "credhelper\" acme/admin", line: 3},
		{name: "other role", inject: func(b *box) { b.profile("region = x\n" + b.line("globex/ops")) }, check: ProfileRole, state: Error, remedy: "credd role add globex/ops --help", line: 3},
		{name: "no role's name", inject: func(b *box) { b.profile("region = x\n" + b.line("globex")) }, check: ProfileRole, state: Error, remedy: "credd role list", line: 3},
		{name: "typo in the source", inject: func(b *box) { b.profile("region = x\n" + b.line("@wrk")) }, check: ProfileRole, state: Error, remedy: "credhelper\" @work", line: 3},
		{name: "no such source", inject: func(b *box) { b.profile("region = x\n" + b.line("@production")) }, check: ProfileRole, state: Error, remedy: "credd source list", line: 3},
		{name: "no region", inject: func(b *box) { b.profile(b.line("acme/admin")) }, check: ProfileRegion, state: Warning, remedy: "add below line 2 of ~/.aws/config: region = eu-west-1", line: 2},
		{name: "no region in the block", inject: func(b *box) {
			b.put(".aws/config", "# credd profiles: begin\n[profile acme/admin]\n"+b.line("acme/admin")+"# credd profiles: end\n")
		}, check: ProfileRegion, state: Warning, remedy: "set region below [defaults] in ~/.config/credd/credd.toml"},
		{name: "key goes before", inject: func(b *box) {
			b.put(".aws/credentials", keys+"\n[acme/admin]\naws_access_key_id = AKIA2\naws_secret_access_key = canary-2\n")
		}, check: ProfileShadowed, state: Error, remedy: "below line 5 of ~/.aws/credentials", line: 5},
		{name: "key beside", inject: func(b *box) {
			b.profile("region = x\naws_access_key_id = AKIA2\naws_secret_access_key = canary-2\n" + b.line("acme/admin"))
		}, check: ProfileShadowed, state: Error, remedy: "below line 1 of ~/.aws/config", line: 1},
		{name: "role_arn beside", inject: func(b *box) {
			b.profile("region = x\nrole_arn = arn:aws:iam::012345678901:role/Admin\nsource_profile = work\n" + b.line("acme/admin"))
		}, check: ProfileMixed, state: Error, remedy: "remove line 3 of ~/.aws/config", line: 3},
		{name: "sso_session beside", inject: func(b *box) { b.profile("region = x\nsso_session = nw\n" + b.line("acme/admin")) }, check: ProfileMixed, state: Error, remedy: "credd import --only acme/admin", line: 3},
		{name: "source_profile beside", inject: func(b *box) { b.profile("region = x\nsource_profile = work\n" + b.line("acme/admin")) }, check: ProfileMixed, state: Warning, remedy: "remove line 3", line: 3},

		{name: "key in the environment", inject: env("AWS_ACCESS_KEY_ID", "canary", "AWS_SESSION_TOKEN", "canary"), check: EnvShadowing, state: Warning, remedy: "unset AWS_ACCESS_KEY_ID AWS_SESSION_TOKEN"},
		{name: "no such profile", inject: env("AWS_PROFILE", "acme/Admin"), check: EnvProfile, state: Error, remedy: "export AWS_PROFILE=acme/admin"},
		{name: "nothing like that profile", inject: env("AWS_PROFILE", "'; rm -rf /"), check: EnvProfile, state: Error, remedy: "unset AWS_PROFILE"},
		{name: "profile of another", inject: env("AWS_PROFILE", "work"), check: EnvProfile, state: Warning, remedy: "credd use ROLE"},
		{name: "config elsewhere", inject: func(b *box) {
			b.put("else/config", "[profile acme/admin]\nregion = x\n"+b.line("acme/admin"))
			b.env["AWS_CONFIG_FILE"] = b.path("else/config")
		}, check: EnvFiles, state: Warning, remedy: "unset AWS_CONFIG_FILE"},
		{name: "config of /dev/null", inject: env("AWS_CONFIG_FILE", os.DevNull), check: EnvFiles, state: Warning, remedy: "unset AWS_CONFIG_FILE", also: ProfileNone},
		{name: "credentials elsewhere", inject: env("AWS_SHARED_CREDENTIALS_FILE", "~/none"), check: EnvFiles, state: Warning, remedy: "unset AWS_SHARED_CREDENTIALS_FILE"},
		{name: "load config off", inject: env("AWS_SDK_LOAD_CONFIG", "0"), check: EnvLoadConfig, state: Warning, remedy: "unset AWS_SDK_LOAD_CONFIG"},
		{name: "no bundle", inject: env("AWS_CA_BUNDLE", "~/none.pem"), check: EnvCABundle, state: Error, remedy: "unset AWS_CA_BUNDLE"},
		{name: "empty bundle", inject: env("AWS_CA_BUNDLE", "~/.zshrc"), check: EnvCABundle, state: Error, remedy: "unset AWS_CA_BUNDLE"},

		{name: "credhelper is gone", inject: func(b *box) { b.remove("with blank/credhelper") }, check: HelperRuns, state: Error, remedy: "install bin/credd bin/credhelper '~/with blank/'", also: ProfileHelper},
		{name: "credhelper cannot be run", inject: other(0o600, "with blank/credhelper"), check: HelperRuns, state: Error, remedy: "chmod a+x '~/with blank/credhelper'", also: ProfileHelper},
		{name: "credhelper fails", inject: func(b *box) { b.program("with blank/credhelper", "exit 3") }, check: HelperRuns, state: Error, remedy: "install bin/credd"},
		{name: "credhelper is something else", inject: func(b *box) { b.program("with blank/credhelper", "echo hello") }, check: HelperRuns, state: Error, remedy: "install bin/credd"},
		{name: "another version", inject: func(b *box) { b.program("with blank/credhelper", "echo credhelper v0.9") }, check: HelperVersion, state: Warning, remedy: "install bin/credd"},

		{name: "old AWS CLI", inject: func(b *box) { b.program("bin/aws", "echo aws-cli/1.11.13 Python/2.7 >&2") }, check: ToolAWS, state: Warning, remedy: "pip install --upgrade awscli"},
		{name: "AWS CLI fails", inject: func(b *box) { b.program("bin/aws", "exit 1") }, check: ToolAWS, state: Warning, remedy: "~/bin/aws --version"},
		{name: "AWS CLI hangs", inject: func(b *box) { b.program("bin/aws", "sleep 1000") }, check: ToolAWS, state: Warning, remedy: "~/bin/aws --version"},
		{name: "old botocore", inject: func(b *box) { b.program("bin/python3", "echo botocore 1.7.48") }, check: ToolPython, state: Warning, remedy: "~/bin/python3 -m pip install --upgrade botocore"},
		{name: "old Go SDK", inject: func(b *box) { b.put("work/go.mod", "require github.com/aws/aws-sdk-go v1.15.90\n") }, check: ToolGo, state: Warning, remedy: "go get github.com/aws/aws-sdk-go@latest"},
		{name: "old JavaScript SDK", inject: func(b *box) { b.put("work/node_modules/aws-sdk/package.json", `{"version":"2.1000.0"}`) }, check: ToolNode, state: Warning, remedy: "export AWS_SDK_LOAD_CONFIG=1"},
		{name: "old Terraform", inject: func(b *box) { b.program("bin/terraform", "echo Terraform v0.11.13") }, check: ToolTerraform, state: Warning, remedy: "credd exec ROLE -- terraform plan"},

		{name: "another shell", inject: env("SHELL", "/bin/tcsh"), check: ShellUse, state: Warning, remedy: "credd exec ROLE -- tcsh"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBox(t)
			tt.inject(b)
			found := false
			for _, f := range b.examine() {
				remedy := strings.ReplaceAll(f.Remedy, b.home, "~")
				switch {
				case f.Check == tt.check && f.State == tt.state && strings.Contains(remedy, tt.remedy) && (tt.line == 0 || f.Line == tt.line && f.File != ""):
					found = true
				case f.Check == tt.also && tt.also != "":
				default:
					t.Errorf("found too: %+v", f)
				}
			}
			if !found {
				t.Errorf("not found, of\n%+v", b.Findings())
			}
		})
	}
}
