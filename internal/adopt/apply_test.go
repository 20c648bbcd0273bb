package adopt

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"credd/internal/agent/roster"
	"credd/internal/awsconfig"
)

// checkApplied holds a plan's promises.
func checkApplied(t *testing.T, d *desk, p *Plan) {
	t.Helper()
	for name, text := range d.tree() {
		for _, s := range p.Keys() {
			if strings.Contains(text, s.Key.Secret.Reveal()) && !strings.HasPrefix(name, "import.") {
				t.Errorf("the secret of %s is in %s:\n%s", s.Name, name, text)
			}
		}
	}
	now := roster.Load(d.world().Config, nil)
	for _, problem := range now.Problems() {
		t.Error(problem)
	}
	files, err := awsconfig.Read(awsconfig.In(filepath.Join(d.home, ".aws")))
	if err != nil {
		t.Fatal(err)
	}
	profiles := files.Profiles()
	for _, v := range p.Verdicts {
		pr := profiles[v.Profile]
		if v.Asks == "" {
			continue
		}
		if got, ok := awsconfig.Asks(pr.Get("credential_process")); !ok || got != v.Asks {
			t.Errorf("profile %s asks for %q, want %q", v.Profile, got, v.Asks)
		}
		if got := read(pr, files.Config).what; got != ours {
			t.Errorf("profile %s still is of kind %d", v.Profile, got)
		}
		if own, ok := strings.CutPrefix(v.Asks, "@"); ok {
			if _, err := now.FindSource(own); err != nil {
				t.Error(err)
			}
		} else if _, err := now.Role(v.Asks); err != nil {
			t.Error(err)
		}
	}
}

func TestThereAndBack(t *testing.T) {
	for name, pair := range corpus(t) {
		for _, keys := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, keys %v", name, keys), func(t *testing.T) {
				d := newDesk(t, pair[0], pair[1])
				before := d.tree()
				p := d.plan(Options{Keys: keys})
				want, err := os.ReadFile(filepath.Join("testdata", name+".plan")) // with keys
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(want), summary(p)); keys && diff != "" {
					t.Errorf("plan (-want +got):\n%s", diff)
				}
				if err := Apply(t.Context(), d.world(), p); err != nil {
					t.Fatal(err)
				}
				checkApplied(t, d, p)
				if again := d.plan(Options{Keys: keys}); !again.Empty() {
					t.Errorf("a second import would do: %s", summary(again))
				}
				u, err := d.undo()
				if err != nil || len(u.Lost)+len(u.Stays)+len(u.Keys) > 0 {
					t.Errorf("got %+v, %v", u, err)
				}
				if diff := cmp.Diff(before, d.tree()); diff != "" {
					t.Errorf("(-before +after undo):\n%s", diff)
				}
				if u, err := d.undo(); u != nil || err != nil {
					t.Errorf("a second undo: %+v, %v", u, err)
				}
			})
		}
	}
}

// TestKilledAnywhere ends an import before and after each of its steps, and then the undo too.
func TestKilledAnywhere(t *testing.T) {
	pair := corpus(t)["ten"]
	const settings = "version = 1\n\n[source.mine]\ntype = \"imds\"\n"
	for _, undoToo := range []bool{false, true} {
		for n := 1; ; n++ {
			d := newDesk(t, pair[0], pair[1])
			d.write("credd/credd.toml", []byte(settings))
			d.write("credd/customers/acme.toml", []byte("version = 1\naccount_id = \"012345678901\"\nsource = \"mine\"\n# ours\n"))
			before := d.tree()
			p := d.plan(Options{Keys: true})
			if !undoToo {
				d.killAt = n
			}
			wasKilled, err := d.mortal(func() error { return Apply(t.Context(), d.world(), p) })
			if err != nil {
				t.Fatal(err)
			}
			if undoToo {
				d.steps, d.killAt = 0, n
				if wasKilled, err = d.mortal(func() error { _, err := d.undo(); return err }); err != nil {
					t.Fatal(err)
				}
			}
			d.killAt = 0
			u, err := d.undo()
			if err != nil || u != nil && len(u.Lost)+len(u.Stays)+len(u.Keys) > 0 {
				t.Fatalf("killed at step %d: got %+v, %v", n, u, err)
			}
			if diff := cmp.Diff(before, d.tree()); diff != "" {
				t.Fatalf("killed at step %d (-before +after undo):\n%s", n, diff)
			}
			if !wasKilled {
				if n < 6 {
					t.Errorf("only %d steps", n)
				}
				break
			}
		}
	}
}

func TestARefusedKeyChangesNothing(t *testing.T) {
	pair := corpus(t)["ten"]
	d := newDesk(t, pair[0], pair[1])
	before := d.tree()
	d.fails = "work"
	if err := Apply(t.Context(), d.world(), d.plan(Options{Keys: true})); err == nil || !strings.Contains(err.Error(), "does not accept") {
		t.Errorf("got %v", err)
	}
	if diff := cmp.Diff(before, d.tree()); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
}

func TestAFileThatChangedMeanwhile(t *testing.T) {
	pair := corpus(t)["ten"]
	for _, file := range []string{".aws/config", ".aws/credentials"} {
		d := newDesk(t, pair[0], pair[1])
		p := d.plan(Options{Keys: true})
		data, _ := os.ReadFile(filepath.Join(d.home, file))
		d.write(file, bytes.Replace(data, []byte("region"), []byte("# hand\nregion"), 1))
		before := d.tree()
		if err := Apply(t.Context(), d.world(), p); !errors.Is(err, ErrChanged) {
			t.Errorf("%s: got %v", file, err)
		}
		if diff := cmp.Diff(before, d.tree()); diff != "" {
			t.Errorf("%s (-before +after):\n%s", file, diff)
		}
	}
}

func TestAnUnfinishedImportIsNotBuiltUpon(t *testing.T) {
	pair := corpus(t)["ten"]
	d := newDesk(t, pair[0], pair[1])
	d.killAt = 9
	d.mortal(func() error { return Apply(t.Context(), d.world(), d.plan(Options{Keys: true})) })
	d.killAt = 0
	if err := Apply(t.Context(), d.world(), d.plan(Options{})); !errors.Is(err, ErrUnfinished) {
		t.Errorf("got %v", err)
	}
}

// TestALinkToNothing makes a config where a link leads, and leaves the link.
func TestALinkToNothing(t *testing.T) {
	d := newDesk(t, nil, corpus(t)["keysonly"][1])
	link := filepath.Join(d.home, ".aws/config")
	if err := os.Symlink("config.mine", link); err != nil {
		t.Fatal(err)
	}
	if err := Apply(t.Context(), d.world(), d.plan(Options{Keys: true})); err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(filepath.Join(d.home, ".aws/config.mine")); err != nil || !bytes.Contains(data, []byte("@default")) {
		t.Errorf("got %s, %v", data, err)
	}
	if _, err := d.undo(); err != nil {
		t.Fatal(err)
	}
	if to, err := os.Readlink(link); err != nil || to != "config.mine" {
		t.Errorf("got a link to %q, %v", to, err)
	}
	if _, err := os.Stat(link); err == nil {
		t.Error("the file is still there")
	}
}

func TestARotatedKeyIsNotBroughtBack(t *testing.T) {
	pair := corpus(t)["ten"]
	d := newDesk(t, pair[0], pair[1])
	if err := Apply(t.Context(), d.world(), d.plan(Options{Keys: true})); err != nil {
		t.Fatal(err)
	}
	d.keys["work"] = "AKIANEW"
	before := d.tree()
	_, err := d.undo()
	var rotated *RotatedError
	if !errors.As(err, &rotated) || rotated.Source != "work" {
		t.Errorf("got %v", err)
	}
	if diff := cmp.Diff(before, d.tree()); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
}

// TestManyKeys needs more than one item of the vault.
func TestManyKeys(t *testing.T) {
	var creds strings.Builder
	for i := range 400 {
		fmt.Fprintf(&creds, "[p%d]\naws_access_key_id = AKIAPPPPPPPPPPPP\naws_secret_access_key = %s%d\n\n", i, strings.Repeat("s", 100), i)
	}
	d := newDesk(t, nil, []byte(creds.String()))
	before := d.tree()
	p := d.plan(Options{Keys: true})
	if err := Apply(t.Context(), d.world(), p); err != nil {
		t.Fatal(err)
	}
	checkApplied(t, d, p)
	if len(d.kept) < 2 {
		t.Errorf("%d items", len(d.kept))
	}
	for name, text := range d.kept {
		if len(text) > 60<<10 {
			t.Errorf("%s has %d bytes", name, len(text))
		}
	}
	if _, err := d.undo(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, d.tree()); diff != "" {
		t.Errorf("(-before +after undo):\n%s", diff)
	}
}
