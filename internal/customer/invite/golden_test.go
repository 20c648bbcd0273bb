package invite

import (
	"os"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"credd/internal/agent/cred"
)

// TestWhatACustomerGets compares a plain invitation with testdata/plain, which is there to be read. CREDD_UPDATE=1 writes it anew.
func TestWhatACustomerGets(t *testing.T) {
	x := plain(t)
	setup, err := Of([]string{"compute"}, []string{"arn:aws:ec2:eu-west-1:012345678901:instance/i-0123456789abcdef0"})
	check(t, err)
	x.Setup = &setup
	x.Tags = map[string]string{"Owner": "platform team"}
	files, err := x.Folder(externalIDOf(testID))
	check(t, err)
	var names []string
	for _, f := range files {
		if f.Path == PageFile {
			continue // it has tests of its own
		}
		names = append(names, f.Path)
		golden := filepath.Join("testdata", "plain", filepath.FromSlash(f.Path))
		if os.Getenv("CREDD_UPDATE") != "" {
			check(t, os.MkdirAll(filepath.Dir(golden), 0o755))
			check(t, os.WriteFile(golden, f.Data, 0o644))
		}
		want, err := os.ReadFile(golden)
		check(t, err)
		if d := cmp.Diff(string(want), string(f.Data)); d != "" {
			t.Errorf("%s is another than in testdata:\n%s", f.Path, d)
		}
	}
	want := []string{"cli/access.json", "cli/create.sh", "cli/delete.sh", "cli/finish-setup.sh", "cli/self-check.json", "cli/setup.json", "cli/tags.json", "cli/trust.json",
		"parameters.json", "template.yaml", "terraform/main.tf", "terraform/terraform.tfvars"}
	slices.Sort(names)
	if !slices.Equal(names, want) {
		t.Errorf("got the files %q\nwant %q", names, want)
	}
}

// TestTheSameTermsTheSameFiles holds for terms of which maps are a part.
func TestTheSameTermsTheSameFiles(t *testing.T) {
	g := seeded(t)
	for range 20 {
		x := g.terms(t)
		a, err := x.Folder(externalIDOf(testID))
		check(t, err)
		b, err := x.Folder(externalIDOf(testID))
		check(t, err)
		if !reflect.DeepEqual(a, b) {
			t.Fatal(cmp.Diff(a, b)) // slow, for files of 100 KB
		}
	}
}

// TestTheExternalIDIsWhereItMustBe and nowhere else: files with it are for the owner alone.
func TestTheExternalIDIsWhereItMustBe(t *testing.T) {
	g := seeded(t)
	secret := map[string]bool{"parameters.json": true, "terraform/terraform.tfvars": true, "cli/trust.json": true, PageFile: true}
	holds := func(text string) bool { return strings.Contains(text, "Canary") }
	for range 50 {
		x := g.terms(t)
		x.TemplateURL = "https://bucket.s3.amazonaws.com/template.yaml"
		files, err := x.Folder(externalIDOf(testID))
		check(t, err)
		for _, f := range files {
			if secret[f.Path] != holds(string(f.Data)) {
				t.Errorf("%s: got the external ID in it: %v", f.Path, holds(string(f.Data)))
			}
			if f.Mode != map[bool]uint32{true: 0o600, false: 0o644}[secret[f.Path]] {
				t.Errorf("%s: got mode %o", f.Path, f.Mode)
			}
			if path.IsAbs(f.Path) || path.Clean(f.Path) != f.Path || strings.Contains(f.Path, "..") {
				t.Errorf("got the path %q", f.Path)
			}
		}
		for _, c := range slices.Concat(x.Deploy(), x.FinishSetup(), x.End(), x.RevokeSessions()) {
			if holds(c.Text) {
				t.Errorf("a command line has the external ID: %s", c.Text)
			}
		}
	}
}

func TestFolderRefuses(t *testing.T) {
	x := plain(t)
	for name, id := range map[string]string{"none": "", "short": "C", "long": strings.Repeat("C", 65), "a blank": "Canary x", "a line": "Canary\n"} {
		_, err := x.Folder(cred.NewSecret(id))
		if err == nil || id != "" && strings.Contains(err.Error(), "Canary") {
			t.Errorf("%s: got %v, want an error without the ID", name, err)
		}
	}
	x.Stack = "-"
	if _, err := x.Folder(externalIDOf(testID)); err == nil {
		t.Error("terms that Check refuses: got no error")
	}
}
