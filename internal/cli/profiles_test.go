package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"credd/internal/agent/roster"
	"credd/internal/awsconfig"
)

const opsText = "\n[role.ops]\narn = \"arn:aws:iam::012345678901:role/Ops\"\nregion = \"us-east-1\"\n"

// awsHome is home with a ~/.aws/config, whose path it returns too.
func awsHome(t *testing.T, text string) (config, file string) {
	t.Helper()
	t.Setenv("AWS_CONFIG_FILE", "")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "")
	config = home(t)
	file = filepath.Join(os.Getenv("HOME"), ".aws", "config")
	put(t, file, text)
	return config, file
}

func wantText(t *testing.T, path, want string) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil || string(got) != want {
		t.Errorf("%s: got\n%s\n%v, want\n%s", path, got, err, want)
	}
}

func TestProfiles(t *testing.T) {
	const mine = "[profile work]\nregion = eu-west-1"
	config, file := awsHome(t, mine)
	helper, err := helperPath()
	if err != nil {
		t.Fatal(err)
	}
	acme := filepath.Join(config, "customers", "acme.toml")
	put(t, acme, acmeText+opsText)

	r := run(t, "", "profiles", "diff", "--exit-code")
	if r.code != 1 || !strings.HasPrefix(r.out, "--- "+file+"\n+++ "+file+"\n@@ -2,1 +2,10 @@\n-region = eu-west-1\n\\ No newline at end of file\n+region = eu-west-1\n+# credd profiles: begin (") ||
		!strings.Contains(r.out, "+[profile acme/ops]\n+credential_process = \""+helper+"\" acme/ops\n+region = us-east-1\n+# credd profiles: end") {
		t.Errorf("diff: got %+v", r)
	}
	r = run(t, "", "profiles", "sync", "--dry-run")
	if r.code != 0 || !strings.HasPrefix(r.out, "added 2 profiles: acme/admin, acme/ops\n") || !strings.Contains(r.err, "nothing is written") {
		t.Errorf("dry run: got %+v", r)
	}
	wantText(t, file, mine)

	r = run(t, "", "profiles", "sync")
	if r.code != 0 || r.out != "added 2 profiles: acme/admin, acme/ops\n"+file+": 2 profiles of credd\n" || r.err != "" {
		t.Errorf("sync: got %+v", r)
	}
	r = run(t, "", "profiles", "sync")
	if r.code != 0 || r.out != file+": nothing changed; 2 profiles of credd\n" || r.err != "" {
		t.Errorf("again: got %+v", r)
	}
	if r = run(t, "", "profiles", "diff", "--exit-code"); r.code != 0 || r.out != "" {
		t.Errorf("no difference: got %+v", r)
	}

	put(t, acme, strings.Replace(acmeText, "role.admin", "role.admin2", 1)+strings.Replace(opsText, "us-east-1", "us-west-2", 1))
	r = run(t, "", "profiles", "sync")
	if r.code != 0 || r.out != "added 1 profile: acme/admin2\nchanged 1 profile: acme/ops\nremoved 1 profile: acme/admin\n"+file+": 2 profiles of credd\n" {
		t.Errorf("other roles: got %+v", r)
	}

	put(t, acme, "version = 1\nnonsense\n") // takes no profile away
	r = run(t, "", "profiles", "sync")
	if r.code != 0 || r.out != file+": nothing changed; 2 profiles of credd\n" || !strings.Contains(r.err, "acme.toml:2") {
		t.Errorf("a broken file: got %+v", r)
	}
	put(t, filepath.Join(config, "credd.toml"), "nonsense")
	if r = run(t, "", "profiles", "sync"); r.code != 2 || !strings.Contains(r.err, "credd.toml:1") || r.out != "" {
		t.Errorf("broken settings: got %+v", r)
	}
	if r = run(t, "", "profiles", "remove"); r.code != 0 || r.out != file+": removed 2 profiles\n" {
		t.Errorf("remove: got %+v", r)
	}
	wantText(t, file, mine)
	if r = run(t, "", "profiles", "remove"); r.code != 0 || r.out != file+": no profiles of credd\n" {
		t.Errorf("remove again: got %+v", r)
	}
}

func TestProfilesList(t *testing.T) {
	config, file := awsHome(t, "[profile acme/ops]\nregion = x\n\n[profile mine]\ncredential_process = credhelper acme/admin\n[profile own]\ncredential_process = credhelper @work\n")
	put(t, filepath.Join(config, "customers", "acme.toml"), acmeText+opsText)
	list := func() (all []profileJSON) {
		t.Helper()
		r := run(t, "", "profiles", "list", "--json")
		if err := json.Unmarshal([]byte(r.out), &all); err != nil {
			t.Fatalf("%v of %+v", err, r)
		}
		return all
	}
	want := func(all []profileJSON, lines ...string) {
		t.Helper()
		var got []string
		for _, p := range all {
			got = append(got, strings.Join([]string{p.Profile, p.Role, p.State}, " "))
			if p.State != "missing" && (p.File != file || p.Line == 0) {
				t.Errorf("got %+v", p)
			}
		}
		if strings.Join(got, "\n") != strings.Join(lines, "\n") {
			t.Errorf("got %q, want %q", got, lines)
		}
	}
	want(list(), "own @work yours", "acme/admin acme/admin missing", "mine acme/admin yours", "acme/ops acme/ops clash")
	if r := run(t, "", "profiles", "sync"); r.code != 0 || !strings.Contains(r.err, file+":1: profile acme/ops: ") || !strings.Contains(r.err, "hint: rename it there") {
		t.Errorf("got %+v", r)
	}
	want(list(), "own @work yours", "acme/admin acme/admin managed", "mine acme/admin yours", "acme/ops acme/ops clash")
	put(t, filepath.Join(config, "customers", "acme.toml"), acmeText+"region = \"us-east-1\"\n")
	want(list(), "own @work yours", "acme/admin acme/admin outdated", "mine acme/admin yours")
	put(t, filepath.Join(config, "customers", "acme.toml"), strings.Replace(acmeText, "admin", "x", 1))
	want(list(), "own @work yours", "acme/admin acme/admin leftover", "mine acme/admin yours", "acme/x acme/x missing")
	if r := run(t, "", "profiles", "list"); r.code != 0 || !strings.Contains(r.out, "acme/x      acme/x      missing   -\n") {
		t.Errorf("got %+v", r)
	}
}

// The names, the place and the endpoint are as they are set.
func TestProfilesAsSet(t *testing.T) {
	config, file := awsHome(t, "[profile acme-ops]\nregion = x\n")
	put(t, filepath.Join(config, "customers", "acme.toml"), acmeText+opsText)
	put(t, filepath.Join(config, "credd.toml"), settingsText+"[profiles]\nname = \"{customer}-{role}\"\n[network]\nendpoint_url = \"http://127.0.0.1:5000\"\n")
	other := filepath.Join(t.TempDir(), "deep", "aws")
	t.Setenv("AWS_CONFIG_FILE", other)
	if r := run(t, "", "profiles", "sync"); r.code != 0 || !strings.HasPrefix(r.out, "added 2 profiles: acme-admin, acme-ops\n"+other) {
		t.Errorf("got %+v", r)
	}
	wantText(t, file, "[profile acme-ops]\nregion = x\n")
	text, err := os.ReadFile(other)
	if err != nil || !strings.Contains(string(text), "acme/ops\nregion = us-east-1\nendpoint_url = http://127.0.0.1:5000\n") {
		t.Errorf("got %s, %v", text, err)
	}
	r := run(t, "", "profiles", "sync", "--stdout")
	if r.code != 0 || !strings.HasPrefix(r.out, "[profile acme-admin]\ncredential_process = ") || strings.Contains(r.out, "#") || !strings.Contains(string(text), r.out) {
		t.Errorf("got %+v", r)
	}
	put(t, filepath.Join(config, "credd.toml"), settingsText+"[profiles]\nname = \"{customer}\"\n")
	if r := run(t, "", "profiles", "sync"); r.code != 0 || !strings.Contains(r.err, "profile acme: it would be that of acme/admin and acme/ops\ncredd: hint: choose other names") {
		t.Errorf("got %+v", r)
	}
}

func TestProfilesFollowAChange(t *testing.T) {
	config, file := awsHome(t, "")
	put(t, filepath.Join(config, "credd.toml"), settingsText+"[profiles]\nsync = true\n")
	r := run(t, "", "role", "add", "globex/admin", "--arn", "arn:aws:iam::112233445566:role/Admin")
	if r.code != 0 || !strings.Contains(r.out, "added 2 profiles: acme/admin, globex/admin\n"+file) {
		t.Errorf("add: got %+v", r)
	}
	if r = run(t, "", "role", "remove", "globex/admin"); r.code != 0 || !strings.Contains(r.out, "removed 1 profile: globex/admin\n") {
		t.Errorf("remove: got %+v", r)
	}
	if r = run(t, "", "profiles", "remove"); r.code != 2 || !strings.Contains(r.err, "hint: set sync = false") {
		t.Errorf("the daemon would write them again: got %+v", r)
	}
	put(t, file, "# credd profiles: begin\n")
	r = run(t, "", "role", "add", "globex/admin", "--arn", "arn:aws:iam::112233445566:role/Admin")
	if r.code != 0 || !strings.Contains(r.err, "warning: the profiles did not follow: "+file+":1: credd's block begins here and has no end\ncredd: hint: write this line") {
		t.Errorf("damaged: got %+v", r)
	}
}

// Many clashes are told in few lines.
func TestProfilesManyClashes(t *testing.T) {
	config, file := awsHome(t, "")
	text, hand := "version = 1\n", ""
	for i := range 20 {
		text += fmt.Sprintf("[role.r%02d]\narn = \"arn:aws:iam::112233445566:role/R\"\n", i)
		hand += fmt.Sprintf("[profile acme/r%02d]\n", i)
	}
	put(t, filepath.Join(config, "customers", "acme.toml"), text)
	put(t, file, hand)
	r := run(t, "", "profiles", "sync")
	if r.code != 0 || strings.Count(r.err, "\n") != 10 || strings.Count(r.err, "hint: ") != 1 || !strings.HasSuffix(r.err, "then: credd profiles sync\nand 12 more: credd profiles list\n") {
		t.Errorf("got %+v", r)
	}
}

func TestProfilesDamaged(t *testing.T) {
	_, file := awsHome(t, "# credd profiles: end\n")
	for _, command := range []string{"sync", "diff", "list", "remove"} {
		if r := run(t, "", "profiles", command); r.code != 2 || r.out != "" || !strings.Contains(r.err, "error: "+file+":1: ") || !strings.Contains(r.err, "hint: ") {
			t.Errorf("%s: got %+v", command, r)
		}
	}
}

// The daemon takes no AWS_CONFIG_FILE, and writes only if something changes.
func TestFollower(t *testing.T) {
	config, file := awsHome(t, "[profile acme/ops]\n")
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(t.TempDir(), "other"))
	put(t, filepath.Join(config, "customers", "acme.toml"), acmeText+opsText)
	o := follower{awsconfig.In(filepath.Dir(file)), slog.New(slog.NewTextHandler(io.Discard, nil))}
	follow := func() string {
		t.Helper()
		warning, err := o.Follow(roster.Load(config, nil))
		if err != nil {
			t.Error(err)
		}
		return warning
	}
	want := "not every role has a profile: " + file + ":1: profile acme/ops: it was written by hand and leads elsewhere, so it is left; see: credd profiles list"
	if got := follow(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	before, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	follow()
	if after, err := os.Stat(file); err != nil || !os.SameFile(before, after) {
		t.Errorf("it was written again: %v", err)
	}
	put(t, file, "# credd profiles: begin\n")
	if _, err := o.Follow(roster.Load(config, nil)); err == nil || !strings.Contains(err.Error(), file+":1: ") || !strings.Contains(err.Error(), "; write this line") {
		t.Errorf("got %v", err)
	}
}
