package source

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSSOSessionBlock(t *testing.T) {
	const good = "[sso-session nw]\nsso_start_url = https://nw.awsapps.com/start\nsso_region = eu-west-1\n"
	want := map[string]string{"sso_start_url": "https://nw.awsapps.com/start", "sso_region": "eu-west-1"}
	for name, tt := range map[string]struct {
		text string
		want map[string]string
	}{
		"plain":           {good, want},
		"Windows":         {"\ufeff[sso-session nw]\r\nsso_start_url=https://nw.awsapps.com/start\r\nsso_region=eu-west-1\r\n", want},
		"spaces, quotes":  {"[ sso-session\t\"nw\" ] # ours\n  SSO_Start_URL = https://nw.awsapps.com/start ; here\n  sso_region = eu-west-1 # there\n", want},
		"among others":    {"[default]\nsso_region = x\n[sso-session nwx]\nsso_region = y\n" + good + "[profile nw]\nsso_region = z\n", want},
		"twice":           {"[sso-session nw]\nsso_region = us-east-1\nsso_start_url = https://nw.awsapps.com/start\n[sso-session nw]\nsso_region = eu-west-1\n", want},
		"nested":          {good + "x =\n  sso_region = nested\n# no setting\n;\nno setting\n", map[string]string{"sso_start_url": want["sso_start_url"], "sso_region": "eu-west-1", "x": ""}},
		"URL of browsers": {"[sso-session nw]\nsso_start_url = https://nw.awsapps.com/start/#/", map[string]string{"sso_start_url": "https://nw.awsapps.com/start/#/"}},
		"empty block":     {"[sso-session nw]", map[string]string{}},
		"not closed":      {"[sso-session nw\nsso_region = x", nil},
		"a profile":       {"[profile nw]\nsso_region = x\n[nw]\nsso_region = x\n[sso-session]\nsso_region = x\n", nil},
		"nothing":         {"", nil},
	} {
		if diff := cmp.Diff(tt.want, ssoSession(tt.text, "nw")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func FuzzSSOSession(f *testing.F) {
	f.Add("[sso-session nw]\na = b\n", "nw")
	f.Add("[", "")
	f.Add("[]\n = \n  x\n]", "]")
	f.Fuzz(func(t *testing.T, text, name string) {
		if got := ssoSession(text, name); got != nil && !strings.Contains(text, name) {
			t.Errorf("got %q, of a block that is not there", got)
		}
	})
}

func TestSSOSessionOfTheFile(t *testing.T) {
	c := openCenter(t)
	c.logIn()
	s := c.source(func(spec *Spec) { spec.StartURL, spec.SSORegion, spec.SSOSession = "", "", "nw" })
	file := filepath.Join(c.deps.AWSDir, "config")
	_, err := s.Credentials(t.Context())
	ssoError(t, err, Config, "there is no [sso-session nw] in "+file)

	steps := []struct{ text, want string }{
		{"[sso-session other]\n", "there is no [sso-session nw] in " + file},
		{"[sso-session nw]\nsso_start_url = " + portalURL + "\n", "[sso-session nw] in " + file + " has no sso_region"},
		{"[sso-session nw]\nsso_start_url = " + portalURL + "/#/\nsso_region = eu-west-1\n", ""},
		{"[sso-session nw]\nsso_start_url = https://other.example/start\nsso_region = eu-west-1\n", "needs a login"},
	}
	before := s.Fingerprint()
	for i, step := range steps {
		write(t, c.deps.AWSDir, "config", step.text)
		at := time.Now().Add(time.Duration(i) * time.Minute)
		if err := os.Chtimes(file, at, at); err != nil {
			t.Fatal(err)
		}
		switch _, err := s.Credentials(t.Context()); {
		case step.want == "" && err != nil:
			t.Error(err)
		case step.want == "":
			if s.Fingerprint() == before {
				t.Error("the fingerprint is not of the block")
			}
		default:
			kind := Config
			if step.want == "needs a login" {
				kind = Login
			}
			ssoError(t, err, kind, step.want)
		}
	}
}
