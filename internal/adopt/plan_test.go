package adopt

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestPlans(t *testing.T) {
	for _, tt := range plans {
		for ends, crlf := range map[string]bool{"LF": false, "CRLF": true} {
			t.Run(tt.name+", "+ends, func(t *testing.T) {
				config, creds := tt.config, tt.creds
				if crlf {
					config, creds = strings.ReplaceAll(config, "\n", "\r\n"), strings.ReplaceAll(creds, "\n", "\r\n")
				}
				o := tt.options
				o.Helper = helper
				plan, err := Make(filesOf(config, creds), rosterOf(t, tt.roster...), o)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(tt.want, summary(plan)); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				for _, f := range plan.Files {
					if crlf && f.Before != nil && strings.Count(string(f.After), "\n") != strings.Count(string(f.After), "\r\n") {
						t.Errorf("mixed line ends: %q", f.After)
					}
				}
			})
		}
	}
}

func TestOnlyWhatIsThere(t *testing.T) {
	if _, err := Make(filesOf("", ana), rosterOf(t), Options{Only: []string{"x"}}); !errors.Is(err, ErrNoProfile) {
		t.Errorf("got %v", err)
	}
}

func TestWarnings(t *testing.T) {
	config := assume("a", a1, "A", fromAna, "ca_bundle = /etc/proxy.pem", "mfa_process = x") + assume("b", a2, "B", fromAna, "ca_bundle = /etc/proxy.pem")
	for settings, want := range map[string]string{"": "profile a: its ca_bundle", "[network]\nca_bundle = \"/etc/proxy.pem\"\n": ""} {
		plan, err := Make(filesOf(config, ana), rosterOf(t, "credd.toml", "version = 1\n"+settings), Options{Helper: helper, Except: []string{"b"}})
		if err != nil {
			t.Fatal(err)
		}
		got := strings.Join(plan.Warnings, "\n")
		if !strings.Contains(got, "profile a: mfa_process") || strings.Contains(got, "ca_bundle") != (want != "") || !strings.Contains(got, want) || strings.Contains(got, "profile b") {
			t.Errorf("%s: got %s", settings, got)
		}
	}
}

// A team's directory is not changed: what it has is used, and what is new goes into a customer of one's own.
func TestCustomersOfATeam(t *testing.T) {
	team := t.TempDir()
	if err := os.WriteFile(filepath.Join(team, "acme.toml"), []byte("version = 1\naccount_id = \"012345678901\"\nsource = \"ana\"\n[role.x]\narn = \"arn:aws:iam::012345678901:role/X\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	d := newDesk(t, []byte(assume("acme-x", a1, "X", fromAna)+assume("acme-y", a1, "Y", fromAna)), []byte(ana))
	d.write("credd/credd.toml", []byte("version = 1\n[roster]\ninclude = [\""+team+"\"]\n[source.ana]\ntype = \"profile\"\nprofile = \"ana\"\n"))
	p := d.plan(Options{})
	want := "acme-x -> role acme/x: which credd has, from ana\nacme-y -> role acme-012345678901/y\nana -> source ana (lines stay)\n+ acme-012345678901/y = arn:aws:iam::012345678901:role/Y from ana\n"
	if diff := cmp.Diff(want, summary(p)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if err := Apply(t.Context(), d.world(), p); err != nil {
		t.Fatal(err)
	}
	checkApplied(t, d, p)
}

// A chain of any length is judged at once: the end that is near enough to its keys is taken over.
func TestLongChain(t *testing.T) {
	const n = 3000
	var config strings.Builder
	for i := range n {
		config.WriteString(assume(fmt.Sprint("p", i), a1, fmt.Sprint("R", i), fmt.Sprint("source_profile = p", i+1)))
	}
	began := time.Now()
	plan, err := Make(filesOf(config.String(), fmt.Sprintf("[p%d]\naws_access_key_id = AKIA\naws_secret_access_key = x\n", n)), rosterOf(t), Options{Helper: helper})
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("took %v", took)
	}
	if len(plan.Roles) != mostLinks {
		t.Errorf("got %d roles", len(plan.Roles))
	}
	for _, v := range plan.Verdicts {
		if v.Profile == "p0" && (v.Kind != Left || v.Reason != endless) {
			t.Errorf("got %+v", v)
		}
	}
}
