package adopt

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"credd/internal/agent/roster"
)

// TestHandsInBetween changes the files between import and undo.
func TestHandsInBetween(t *testing.T) {
	const config = "# ours\n[profile acme-admin]\nregion = eu-west-1\nrole_arn = arn:aws:iam::012345678901:role/Admin\noutput = json\nsource_profile = work\n\n[profile b]\nrole_arn = arn:aws:iam::112233445566:role/B\nsource_profile = work\n"
	const creds = "[work]\naws_access_key_id = AKIAWORKWORKWORK\naws_secret_access_key = canary\n\n[x]\nregion = y\n"
	const line = "credential_process = \"/opt/credd/credhelper\" acme/admin\n"
	for _, tt := range []struct {
		name   string
		file   string
		change func(string) string
		want   func(string) string // of the file before; nil: the same change
		lost   []string            // profiles
	}{
		{name: "a comment at the top", file: "config", change: func(s string) string { return "# mine\n" + s }},
		{name: "a profile at the end", file: "config", change: func(s string) string { return s + "\n[profile c]\nregion = x\n" }},
		{name: "a setting of the profile", file: "config", change: func(s string) string { return strings.Replace(s, "output = json", "output = text", 1) }},
		{name: "a setting more", file: "config", change: func(s string) string {
			return strings.Replace(s, "[profile acme-admin]\n", "[profile acme-admin]\ncli_pager =\n", 1)
		}},
		{name: "another profile goes", file: "config", change: func(s string) string {
			return s[:strings.Index(s, "[profile b]")] + s[strings.Index(s, "[profile work]"):]
		},
			want: func(s string) string { return s[:strings.Index(s, "\n[profile b]")] }, lost: []string{"b"}},
		{name: "our line goes", file: "config", change: func(s string) string { return strings.Replace(s, line, "", 1) },
			want: func(s string) string {
				return strings.Replace(strings.Replace(s, "source_profile = work\n", "", 1), "role_arn = arn:aws:iam::012345678901:role/Admin\n", "", 1)
			}, lost: []string{"acme-admin", "acme-admin"}},
		{name: "a role of its own again", file: "config", change: func(s string) string {
			return strings.Replace(s, line, line+"role_arn = arn:aws:iam::999999999999:role/Mine\n", 1)
		},
			want: func(s string) string {
				s = strings.Replace(s, "source_profile = work\n", "", 1)
				return strings.Replace(s, "role_arn = arn:aws:iam::012345678901:role/Admin\n", line+"role_arn = arn:aws:iam::999999999999:role/Mine\n", 1)
			}, lost: []string{"acme-admin", "acme-admin"}},
		{name: "the file that was made gets more", file: "config", change: func(s string) string { return s + "region = z\n" },
			want: func(s string) string { return s + "\n[profile work]\nregion = z\n" }},
		{name: "no final newline", file: "config", change: func(s string) string { return strings.TrimSuffix(s, "\n") }, want: func(s string) string { return s }},
		{name: "another key", file: "credentials", change: func(s string) string { return s + "\n[y]\naws_access_key_id = AKIAY\n" }},
		{name: "its next section goes", file: "credentials", change: func(string) string { return "[y]\nregion = z\n" },
			want: func(s string) string { return "[y]\nregion = z\n" + s[:strings.Index(s, "[x]")] }},
		{name: "a new key of the same profile", file: "credentials", change: func(s string) string { return s + "[work]\naws_access_key_id = AKIANEW\n" },
			want: func(s string) string { return s[strings.Index(s, "[x]"):] + "[work]\naws_access_key_id = AKIANEW\n" }, lost: []string{"work"}},
		{name: "the key is back", file: "credentials", change: func(string) string { return "# back\n" + creds }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t, []byte(config), []byte(creds))
			before := d.tree()
			if err := Apply(t.Context(), d.world(), d.plan(Options{Keys: true})); err != nil {
				t.Fatal(err)
			}
			name := filepath.Join(d.home, ".aws", tt.file)
			after, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			changed := tt.change(string(after))
			if changed == string(after) {
				t.Fatal("nothing was changed")
			}
			d.write(".aws/"+tt.file, []byte(changed))
			u, err := d.undo()
			if err != nil {
				t.Fatal(err)
			}
			var lost []string
			for _, l := range u.Lost {
				lost = append(lost, l.Profile)
				if strings.Contains(l.Text, "canary") {
					t.Errorf("a secret is told: %+v", l)
				}
			}
			if diff := cmp.Diff(tt.lost, lost); diff != "" {
				t.Errorf("lost (-want +got):\n%s", diff)
			}
			if tt.want == nil {
				tt.want = tt.change
			}
			want := tt.want(map[string]string{"config": config, "credentials": creds}[tt.file])
			got, _ := os.ReadFile(name)
			if diff := cmp.Diff(want, string(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			for other, text := range before {
				if now, _ := os.ReadFile(filepath.Join(d.home, other)); other != ".aws/"+tt.file && string(now) != text {
					t.Errorf("%s is %q, want %q", other, now, text)
				}
			}
			if keeps := len(d.kept) > 0; keeps != (tt.name == "a new key of the same profile") {
				t.Errorf("kept: %v", d.kept)
			}
		})
	}
}

// TestConfigurationChangedInBetween undoes an import after credd's own files were edited.
func TestConfigurationChangedInBetween(t *testing.T) {
	pair := corpus(t)["ten"]
	d := newDesk(t, pair[0], pair[1])
	if err := Apply(t.Context(), d.world(), d.plan(Options{Keys: true})); err != nil {
		t.Fatal(err)
	}
	for name, more := range map[string]string{
		"credd/credd.toml": "\n[source.more]\ntype = \"imds\"\n", "credd/customers/acme.toml": "\n[role.more]\narn = \"arn:aws:iam::012345678901:role/More\"\nsource = \"ci\"\n",
	} {
		data, err := os.ReadFile(filepath.Join(d.home, name))
		if err != nil {
			t.Fatal(err)
		}
		d.write(name, append(data, more...))
	}
	u, err := d.undo()
	if err != nil || len(u.Lost) > 0 {
		t.Fatalf("got %+v, %v", u, err)
	}
	if len(u.Stays) != 1 || !strings.Contains(u.Stays[0], "source ci: ") || strings.Join(u.Keys, "") != "ci" || d.keys["ci"] == "" || d.keys["work"] != "" {
		t.Errorf("got %+v, keys %v", u, d.keys)
	}
	for _, want := range []string{"role.more", "source.more"} {
		found := false
		for _, text := range d.tree() {
			found = found || strings.Contains(text, want)
		}
		if !found {
			t.Errorf("%s is gone", want)
		}
	}
	for file, want := range map[string][]byte{".aws/config": pair[0], ".aws/credentials": pair[1]} {
		if got, _ := os.ReadFile(filepath.Join(d.home, file)); string(got) != string(want) {
			t.Errorf("%s: %s", file, cmp.Diff(string(want), string(got)))
		}
	}
}

// TestARoleThatOthersNeedStays undoes an import after a role in another file has come to be assumed from one of its roles.
func TestARoleThatOthersNeedStays(t *testing.T) {
	pair := corpus(t)["ten"]
	d := newDesk(t, pair[0], pair[1])
	if err := Apply(t.Context(), d.world(), d.plan(Options{})); err != nil {
		t.Fatal(err)
	}
	d.write("credd/customers/mine.toml", []byte("version = 1\n[role.x]\narn = \"arn:aws:iam::012345678901:role/X\"\nsource = \"acme/readonly\"\n"))
	u, err := d.undo()
	if err != nil || len(u.Stays) != 2 || !strings.HasPrefix(u.Stays[0], "role acme/readonly: ") || !strings.HasPrefix(u.Stays[1], "source work: ") {
		t.Fatalf("got %+v, %v", u, err)
	}
	now := roster.Load(d.world().Config, nil)
	for _, p := range now.Problems() {
		t.Error(p)
	}
	if _, roles := now.Count(); roles != 2 {
		t.Errorf("%d roles", roles)
	}
}
