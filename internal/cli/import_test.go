package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"credd/internal/agent/api"
	"credd/internal/ipc"
)

const (
	importConfig = "[profile globex-ops]\nrole_arn = arn:aws:iam::112233445566:role/Ops\nsource_profile = base\nexternal_id = canary-globex\n"
	importKeys   = "[base]\naws_access_key_id = AKIABASEBASEBASE\naws_secret_access_key = canary/secret\n"
)

// profiles are in ~/.aws of a home with a configuration.
func profiles(t *testing.T) (config, aws string) {
	config = home(t)
	t.Setenv("AWS_CONFIG_FILE", "")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "")
	aws = filepath.Join(os.Getenv("HOME"), ".aws")
	put(t, filepath.Join(aws, "config"), importConfig)
	put(t, filepath.Join(aws, "credentials"), importKeys)
	return config, aws
}

func TestImportIsRefused(t *testing.T) {
	config, aws := profiles(t)
	for _, tt := range []struct {
		args []string
		code int
		want string
	}{
		{nil, 2, "say --yes"},
		{[]string{"--yes", "--only", "nobody"}, 2, `the files have no such profile: "nobody"`},
		{[]string{"--yes", "--customer", "globex"}, 2, "is not ACCOUNT=NAME"},
		{[]string{"--yes", "--customer", "112233445566=a/b c"}, 2, "is not ACCOUNT=NAME"},
		{[]string{"--yes", "--customer", "1122=globex"}, 2, "is not ACCOUNT=NAME"},
		{[]string{"--undo", "--finish"}, 2, "exclude each other"},
		{[]string{"--keys", "--yes"}, 3, "credd is not running"},
		{[]string{"--undo"}, 0, "there is no import to take back"},
		{[]string{"--finish"}, 0, "there is no import to finish"},
		{[]string{"argument"}, 2, "does not take 1 argument"},
	} {
		r := run(t, "", append([]string{"import"}, tt.args...)...)
		if r.code != tt.code || !strings.Contains(r.out+r.err, tt.want) {
			t.Errorf("%q: got %+v, want %d, %s", tt.args, r, tt.code, tt.want)
		}
	}
	if text, _ := os.ReadFile(filepath.Join(aws, "config")); string(text) != importConfig {
		t.Errorf("config changed: %s", text)
	}
	if text, _ := os.ReadFile(filepath.Join(config, "credd.toml")); string(text) != settingsText {
		t.Errorf("credd.toml changed: %s", text)
	}
}

func TestImportOfBrokenConfiguration(t *testing.T) {
	config, _ := profiles(t)
	put(t, filepath.Join(config, "credd.toml"), "version = 1\nnonsense = 1\n")
	if r := run(t, "", "import", "--yes"); r.code != 2 || !strings.Contains(r.err, "credd.toml:2: unknown key") {
		t.Errorf("got %+v", r)
	}
}

func TestImportWithABrokenJournal(t *testing.T) {
	profiles(t)
	journal := filepath.Join(os.Getenv("HOME"), ".local", "state", "credd", "import.json")
	for text, want := range map[string]string{"{\"runs\": canary": "is not a journal of imports", "{\"version\": 9}": "is of another version of credd"} {
		put(t, journal, text)
		for _, flag := range []string{"--yes", "--undo", "--finish"} {
			if r := run(t, "", "import", flag); r.code != 2 || !strings.Contains(r.err, want) || !strings.Contains(r.err, "mv "+journal) || strings.Contains(r.err, "canary") {
				t.Errorf("%s %s: got %+v", text, flag, r)
			}
		}
	}
}

func TestImportOfFilesElsewhere(t *testing.T) {
	_, aws := profiles(t)
	other := filepath.Join(filepath.Dir(aws), "elsewhere")
	put(t, other, importConfig)
	t.Setenv("AWS_CONFIG_FILE", other)
	if r := run(t, "", "import", "--dry-run"); r.code != 0 || !strings.Contains(r.out, "the daemon reads source profiles in ~/.aws only") {
		t.Errorf("got %+v", r)
	}
}

func TestARefusedKeyStopsTheImport(t *testing.T) {
	config, aws := profiles(t)
	asked := daemon(t, func(r api.Request) any {
		if r.Do == api.DoStoreKey && r.Key.ID != "" {
			return &ipc.Error{Code: ipc.Usage, Message: "AWS does not accept access key AKIABASEBASEBASE", Hint: "see that it is active"}
		}
		return struct{}{}
	})
	r := run(t, "", "import", "--keys", "--yes", "--customer", "112233445566=gx")
	for _, want := range []string{
		"the key of profile base was not taken: AWS does not accept access key AKIABASEBASEBASE; nothing was changed\n", "hint: see that it is active; or leave the profile as it is: --except base\n",
	} {
		if r.code != 2 || !strings.Contains(r.err, want) {
			t.Errorf("got %+v, want %s", r, want)
		}
	}
	if !strings.Contains(r.out, "globex-ops  role gx/ops") || strings.Contains(r.out+r.err, "canary") {
		t.Errorf("got %s", r.out)
	}
	var kept, dropped bool
	for _, req := range *asked {
		if req.Do == api.DoKeep && strings.HasPrefix(req.Name, "import.") {
			kept, dropped = kept || req.Text != "", req.Text == ""
		}
	}
	if !kept || !dropped {
		t.Errorf("asked for %+v", *asked)
	}
	if text, _ := os.ReadFile(filepath.Join(aws, "credentials")); string(text) != importKeys {
		t.Errorf("credentials changed: %s", text)
	}
	if text, _ := os.ReadFile(filepath.Join(config, "credd.toml")); string(text) != settingsText {
		t.Errorf("credd.toml changed: %s", text)
	}
}

func TestImportIntoATeamsCustomer(t *testing.T) {
	config, _ := profiles(t)
	team := t.TempDir()
	put(t, filepath.Join(team, "gx.toml"), "version = 1\n[role.x]\narn = \"arn:aws:iam::112233445566:role/X\"\n")
	put(t, filepath.Join(config, "credd.toml"), settingsText+"[roster]\ninclude = [\""+team+"\"]\n")
	r := run(t, "", "import", "--dry-run", "--customer", "112233445566=gx")
	if r.code != 2 || !strings.Contains(r.err, "customer gx is in an included directory") || !strings.Contains(r.err, "--customer 112233445566=NAME") {
		t.Errorf("got %+v", r)
	}
}

// What is to be pasted into a shell holds names of profiles, which may be anything.
func TestImportQuotesWhatIsPasted(t *testing.T) {
	_, aws := profiles(t)
	put(t, filepath.Join(aws, "config"), "[profile x]\nrole_arn = arn:aws:iam::112233445566:role/X\nsource_profile = a;$(id)\n[profile a;$(id)]\nregion = eu-west-1\n")
	put(t, filepath.Join(aws, "credentials"), "[$(id)]\naws_access_key_id = AKIABASEBASEBASE\naws_secret_access_key = canary/secret\n")
	daemon(t, func(r api.Request) any {
		if r.Do == api.DoStoreKey && r.Key.ID != "" {
			return &ipc.Error{Code: ipc.Usage, Message: "AWS does not accept it"}
		}
		return struct{}{}
	})
	if r := run(t, "", "import", "--keys", "--yes"); r.code != 2 || !strings.Contains(r.err, "--except '$(id)'\n") {
		t.Errorf("got %+v", r)
	}
	if r := run(t, "", "import", "--yes"); r.code != 0 || !strings.Contains(r.out, "aws-vault exec --no-session 'a;$(id)' -- ") {
		t.Errorf("got %+v", r)
	}
}
