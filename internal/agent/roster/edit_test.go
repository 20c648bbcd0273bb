package roster

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"credd/internal/agent/cred"
)

func contentOf(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	check(t, err)
	return string(b)
}

func TestAddRole(t *testing.T) {
	d := dir(t, map[string]string{"credd.toml": settingsText})
	spec := NewRole{Name: "acme/admin", ARN: "arn:aws:iam::012345678901:role/Admin", ExternalID: cred.NewSecret("id-1"), CustomerName: `A "quoted" name`}
	path, err := AddRole(d, spec)
	check(t, err)
	if want := filepath.Join(d, "customers", "acme.toml"); path != want {
		t.Errorf("got %s, want %s", path, want)
	}
	spec.Name, spec.ARN = "acme/read.only", "arn:aws:iam::012345678901:role/ReadOnly"
	_, err = AddRole(d, spec)
	check(t, err)
	spec.Name, spec.ExternalID, spec.Source = "acme/other", cred.NewSecret("id-2"), "acme/admin"
	_, err = AddRole(d, spec)
	check(t, err)
	r := Load(d, nil)
	if len(r.Problems()) > 0 || len(r.Roles()) != 3 {
		t.Fatalf("got %v\n%s", r.Problems(), contentOf(t, path))
	}
	other, _ := r.Role("acme/other")
	second, _ := r.Role("acme/read.only")
	if other.ExternalID.Reveal() != "id-2" || second.ExternalID.Reveal() != "id-1" || other.Customer.Name != `A "quoted" name` {
		t.Errorf("got %s", contentOf(t, path))
	}
	if i, _ := os.Stat(path); i.Mode().Perm() != 0o600 {
		t.Errorf("got mode %v, want 0600", i.Mode())
	}
}

func TestAddRoleWithoutARN(t *testing.T) {
	d := dir(t, map[string]string{"credd.toml": settingsText})
	path, err := AddRole(d, NewRole{Name: "acme/own", Source: "work", AccountID: "012345678901"})
	check(t, err)
	if got, want := contentOf(t, path), "version     = 1\naccount_id  = \"012345678901\"\n\n[role.own]\nown_session = true\nsource = \"work\"\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if r, err := Load(d, nil).Role("acme/own"); err != nil || r.ARN != "" {
		t.Errorf("got %+v, %v", r, err)
	}
	if _, err := AddRole(d, NewRole{Name: "acme/none"}); err == nil || !strings.Contains(err.Error(), "does not name that source itself") {
		t.Errorf("got %v", err)
	}
	if _, err := AddRole(d, NewRole{Name: "acme/id", Source: "work", ExternalID: cred.NewSecret("id-1")}); err == nil || !strings.Contains(err.Error(), "external_id cannot be set") {
		t.Errorf("got %v", err)
	}
}

func TestAddRoleRefuses(t *testing.T) {
	good := NewRole{Name: "acme/new", ARN: "arn:aws:iam::012345678901:role/New"}
	for name, tt := range map[string]struct {
		change func(*NewRole)
		want   string
	}{
		"exists":          {func(n *NewRole) { n.Name = "acme/admin" }, "exists already"},
		"other account":   {func(n *NewRole) { n.ARN = "arn:aws:iam::112233445566:role/New" }, "is of account 112233445566"},
		"bad ARN":         {func(n *NewRole) { n.ARN = "arn:aws:iam::1:role/New" }, "arn is not the ARN"},
		"line break":      {func(n *NewRole) { n.ARN = "x\"\n[role.evil]\narn = \"y" }, "control characters"},
		"no such source":  {func(n *NewRole) { n.Source = "none" }, `source "none"`},
		"own source":      {func(n *NewRole) { n.Source = "acme/new" }, "each other's source"},
		"bad duration":    {func(n *NewRole) { n.Duration = "13h" }, "outside 15m to 12h"},
		"bad external ID": {func(n *NewRole) { n.ExternalID = cred.NewSecret("canary canary") }, "external_id is not"},
		"bad name":        {func(n *NewRole) { n.Name = "../x/y" }, "is not a role's name"},
		"no role":         {func(n *NewRole) { n.Name = "acme" }, "is not a role's name"},
	} {
		t.Run(name, func(t *testing.T) {
			d := whole(t)
			spec := good
			tt.change(&spec)
			_, err := AddRole(d, spec)
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "canary") {
				t.Errorf("got %v, want %s", err, tt.want)
			}
			if got := contentOf(t, filepath.Join(d, "customers/acme.toml")); got != acmeText {
				t.Errorf("the file was changed:\n%s", got)
			}
		})
	}
}

func TestEditsKeepTheRest(t *testing.T) {
	const comment = "# about admin\n"
	for name, text := range map[string]string{
		"usual":            "version = 1\n\n[role.a]\narn = \"arn:aws:iam::012345678901:role/A\"\nsource = \"work\"\n\n" + comment + "[role.b]\narn = \"arn:aws:iam::012345678901:role/B\" # note\n[role.b.tags]\nx = \"y\"\n\n# about c\n[role.c]\narn = \"arn:aws:iam::012345678901:role/C\"\n",
		"no final newline": "version = 1\n[role.b]\narn = \"arn:aws:iam::012345678901:role/B\"",
	} {
		for _, crlf := range []bool{false, true} {
			if crlf {
				text = strings.ReplaceAll(text, "\n", "\r\n")
			}
			t.Run(name, func(t *testing.T) {
				d := dir(t, map[string]string{"credd.toml": settingsText, "customers/x.toml": text})
				path := filepath.Join(d, "customers/x.toml")
				check(t, os.Chmod(path, 0o640))
				_, err := AddRole(d, NewRole{Name: "x/new", ARN: "arn:aws:iam::012345678901:role/New"})
				check(t, err)
				if got := contentOf(t, path); !strings.HasPrefix(got, text) {
					t.Errorf("adding changed what was there:\n%q", got)
				}
				_, err = RemoveRole(d, "x/new")
				check(t, err)
				if got := contentOf(t, path); strings.TrimRight(got, "\r\n") != strings.TrimRight(text, "\r\n") {
					t.Errorf("got %q, want %q", got, text)
				}
				_, err = RemoveRole(d, "x/b")
				check(t, err)
				got := contentOf(t, path)
				if strings.Contains(got, "role/B") || strings.Contains(got, "about admin") || name == "usual" && !strings.Contains(got, "# about c") {
					t.Errorf("after removing b:\n%s", got)
				}
				if i, _ := os.Stat(path); i.Mode().Perm() != 0o640 {
					t.Errorf("got mode %v, want it kept", i.Mode())
				}
			})
		}
	}
}

func TestRemoveRefuses(t *testing.T) {
	d := whole(t)
	put(t, d, "customers/dotted.toml", "version = 1\n[role]\na.arn = \"arn:aws:iam::012345678901:role/A\"\n")
	put(t, d, "customers/free.toml", "version = 1\n[role.a]\narn = \"arn:aws:iam::012345678901:role/A\"\n[role.b]\narn = \"arn:aws:iam::012345678901:role/B\"\nsource = \"free/a\"\n")
	put(t, d, "customers/broken.toml", "version = 1\nnonsense\n")
	for name, want := range map[string]string{
		"acme/readonly": "default_role \"readonly\" is not a role of this file",
		"dotted/a":      "customers/dotted.toml:3: the role is not in a table of its own",
		"free/a":        "customers/free.toml:6: source \"free/a\" of role free/b",
		"broken/a":      "customers/broken.toml:2: this is not valid TOML",
		"acme/none":     "no such role", "none/none": "no such role", "": "no such role", "../x/y": "no such role",
	} {
		if _, err := RemoveRole(d, name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", name, err, want)
		}
	}
	if got := contentOf(t, filepath.Join(d, "customers/acme.toml")); got != acmeText {
		t.Error("the file was changed")
	}
	if _, err := RemoveRole(filepath.Join(d, "nowhere"), "acme/admin"); !errors.Is(err, ErrUnknownRole) {
		t.Errorf("got %v, want %v", err, ErrUnknownRole)
	}
}

func TestBrokenSettingsAreTheReason(t *testing.T) {
	d := whole(t)
	put(t, d, "credd.toml", "version = 1\nnonsense\n")
	if _, err := AddRole(d, NewRole{Name: "new/admin", ARN: "arn:aws:iam::012345678901:role/New"}); err == nil || !strings.Contains(err.Error(), "credd.toml:2") {
		t.Errorf("got %v, want credd.toml:2", err)
	}
}

func TestEditsFollowLinks(t *testing.T) {
	d := dir(t, map[string]string{"credd.toml": settingsText, "elsewhere/acme": acmeText})
	check(t, os.Mkdir(filepath.Join(d, "customers"), 0o700))
	path := filepath.Join(d, "customers/acme.toml")
	check(t, os.Symlink(filepath.Join(d, "elsewhere/acme"), path))
	_, err := AddRole(d, NewRole{Name: "acme/new", ARN: "arn:aws:iam::012345678901:role/New"})
	check(t, err)
	if i, _ := os.Lstat(path); i.Mode()&os.ModeSymlink == 0 {
		t.Error("the link became a file")
	}
	if _, err := Load(d, nil).Role("acme/new"); err != nil {
		t.Error(err)
	}
}

func TestEditsInIncludedDirectories(t *testing.T) {
	team := dir(t, map[string]string{"umbrella.toml": globexText})
	check(t, os.WriteFile(filepath.Join(team, "acme.toml"), []byte(globexText), 0o600))
	d := whole(t)
	put(t, d, "credd.toml", strings.Replace(settingsText, "include = []", "include = [\""+team+"\"]", 1))
	if _, err := AddRole(d, NewRole{Name: "umbrella/x", ARN: "arn:aws:iam::112233445566:role/X"}); err == nil || !strings.Contains(err.Error(), "included directory") {
		t.Errorf("got %v, want a refusal", err)
	}
	if _, err := RemoveRole(d, "umbrella/admin"); err == nil || errors.Is(err, ErrUnknownRole) {
		t.Errorf("got %v, want a refusal", err)
	}
	_, err := AddRole(d, NewRole{Name: "acme/x", ARN: "arn:aws:iam::012345678901:role/X"})
	check(t, err) // our file is the one that counts
}
