package awsconfig

import (
	"strings"
	"testing"

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
		if diff := cmp.Diff(tt.want, SSOSessionOf(Parse([]byte(tt.text), Config), "nw")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func FuzzSSOSession(f *testing.F) {
	f.Add("[sso-session nw]\na = b\n", "nw")
	f.Add("[", "")
	f.Add("[]\n = \n  x\n]", "]")
	f.Fuzz(func(t *testing.T, text, name string) {
		if got := SSOSessionOf(Parse([]byte(text), Config), name); got != nil && !strings.Contains(text, name) {
			t.Errorf("got %q, of a block that is not there", got)
		}
	})
}
