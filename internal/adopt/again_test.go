package adopt

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"credd/internal/agent/roster"
)

func TestTwoImportsComeBackInTurn(t *testing.T) {
	pair := corpus(t)["ten"]
	d := newDesk(t, pair[0], pair[1])
	var states []map[string]string
	for _, o := range []Options{{Only: []string{"acme-readonly"}}, {Only: []string{"with space"}}, {Keys: true}} {
		states = append(states, d.tree())
		if err := Apply(t.Context(), d.world(), d.plan(o)); err != nil {
			t.Fatal(err)
		}
	}
	for i := len(states) - 1; i >= 0; i-- {
		if _, err := d.undo(); err != nil {
			t.Fatal(err)
		}
		got, want := d.tree(), states[i]
		delete(got, "state/import.json")
		delete(want, "state/import.json")
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("import %d (-before +after undo):\n%s", i, diff)
		}
	}
}

// TestASourceThatReadsTheProfile gets the key itself, as it would else ask itself; killed anywhere, and edited in between.
func TestASourceThatReadsTheProfile(t *testing.T) {
	const settings = "version = 1\n\n# our key\n[source.own]\ntype = \"profile\"\nprofile = \"work\"\n\n[defaults]\nsource = \"own\" # all\n"
	const role = "version = 1\n[role.x]\narn = \"arn:aws:iam::999988887777:role/X\"\n"
	pair := corpus(t)["ten"]
	for n := 0; ; n++ {
		d := newDesk(t, pair[0], pair[1])
		d.write("credd/credd.toml", []byte(settings))
		d.write("credd/customers/mine.toml", []byte(role))
		before := d.tree()
		p := d.plan(Options{Keys: true})
		d.killAt = n
		wasKilled, err := d.mortal(func() error { return Apply(t.Context(), d.world(), p) })
		if err != nil {
			t.Fatal(err)
		}
		d.steps, d.killAt = 0, 0
		if !wasKilled {
			checkApplied(t, d, p)
			now := roster.Load(d.world().Config, nil)
			if src, ok := now.Source("own"); !ok || src.Type != "keys" || d.keys["own"] != "AKIAWORKWORKWORK" || now.Settings.Defaults.Source != "own" {
				t.Errorf("got source %+v, keys %v", src, d.keys)
			}
			if again := d.plan(Options{Keys: true}); !again.Empty() {
				t.Errorf("a second import would do: %s", summary(again))
			}
		}
		if n == 0 { // an edit in between
			data, _ := os.ReadFile(filepath.Join(d.home, "credd/credd.toml"))
			d.write("credd/credd.toml", append(data, "\n# mine\n"...))
		}
		u, err := d.undo()
		if err != nil || u != nil && len(u.Lost)+len(u.Stays)+len(u.Keys) > 0 {
			t.Fatalf("step %d: got %+v, %v", n, u, err)
		}
		after := d.tree()
		if n == 0 {
			now := roster.Load(d.world().Config, nil)
			if src, ok := now.Source("own"); !ok || src.Type != "profile" || src.Profile != "work" || !strings.Contains(after["credd/credd.toml"], "# mine\n") {
				t.Errorf("got source %+v in\n%s", src, after["credd/credd.toml"])
			}
			after["credd/credd.toml"] = settings
		}
		if diff := cmp.Diff(before, after); diff != "" {
			t.Fatalf("step %d (-before +after undo):\n%s", n, diff)
		}
		if !wasKilled && n > 0 {
			break
		}
	}
}

// TestWhatTheVaultKeepsComesBackLater undoes an import twice, as the place of a key was taken the first time.
func TestWhatTheVaultKeepsComesBackLater(t *testing.T) {
	pair := corpus(t)["ten"]
	d := newDesk(t, pair[0], pair[1])
	before := d.tree()
	if err := Apply(t.Context(), d.world(), d.plan(Options{Keys: true})); err != nil {
		t.Fatal(err)
	}
	const mine = "\n[work]\naws_access_key_id = AKIAMINE\n"
	creds := filepath.Join(d.home, ".aws/credentials")
	data, err := os.ReadFile(creds)
	if err != nil {
		t.Fatal(err)
	}
	d.write(".aws/credentials", append(data, mine...))
	u, err := d.undo()
	if err != nil || len(u.Lost) != 1 || u.Lost[0].Text != "" || d.keys["work"] == "" {
		t.Fatalf("got %+v, %v", u, err)
	}
	if data, err = os.ReadFile(creds); err != nil || !strings.Contains(string(data), mine) {
		t.Fatalf("got %s, %v", data, err)
	}
	d.write(".aws/credentials", []byte(strings.Replace(string(data), mine, "", 1)))
	if u, err := d.undo(); err != nil || len(u.Lost)+len(u.Stays)+len(u.Keys) > 0 {
		t.Errorf("got %+v, %v", u, err)
	}
	if diff := cmp.Diff(before, d.tree()); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
}
