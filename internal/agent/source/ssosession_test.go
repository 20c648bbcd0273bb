package source

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

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
