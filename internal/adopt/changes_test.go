package adopt

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestChangesAreShownWithoutSecrets(t *testing.T) {
	config := assume("acme", a1, "A", fromAna, "External_ID: canary-id", "region = eu-west-1")
	creds := "[ana]\naws_access_key_id = AKIAANAANAANAANA\nAWS_Secret_Access_Key=canary # canary too\n\n[bob]\nregion = x\naws_session_token\t=\naws_access_key_id = AKIABOBBOBBOBBOB\naws_secret_access_key = canary-bob"
	plan, err := Make(filesOf(config, creds), rosterOf(t), Options{Helper: helper, Keys: true})
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for _, f := range plan.Files {
		for _, c := range f.Changes() {
			fmt.Fprintf(&got, "%s %v %s\n", c.Profile, c.New, c.Text)
		}
	}
	want := "acme false role_arn = arn:aws:iam::012345678901:role/A\nacme false source_profile = ana\nacme false External_ID: (not shown)\n" +
		"acme true credential_process = \"/opt/credd/credhelper\" acme/A\n" +
		"ana true [profile ana]\nana true credential_process = \"/opt/credd/credhelper\" @ana\n" +
		"bob true [profile bob]\nbob true credential_process = \"/opt/credd/credhelper\" @bob\n" +
		"ana false [ana]\nana false aws_access_key_id = AKIAANAANAANAANA\nana false AWS_Secret_Access_Key= (not shown)\n" +
		"bob false aws_session_token\t= (not shown)\nbob false aws_access_key_id = AKIABOBBOBBOBBOB\nbob false aws_secret_access_key = (not shown)\n"
	if diff := cmp.Diff(want, got.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// FuzzChanges holds that the secrets of keys that are taken out are never shown.
func FuzzChanges(f *testing.F) {
	f.Add("[ana]\naws_access_key_id = AKIA\naws_secret_access_key = ", "\n")
	f.Add("[ana]\naws_secret_access_key:", " # x\naws_access_key_id = AKIA")
	f.Add("[ana]\naws_access_key_id = AKIA\naws_secret_access_key\r\n\t= ", "")
	f.Fuzz(func(t *testing.T, before, after string) {
		const canary = "wJalrXUtnFEMI"
		p, err := Make(filesOf("", before+canary+after), rosterOf(t), Options{Helper: helper, Keys: true})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range p.Keys() {
			if s.Key.Secret.Reveal() != canary {
				return // it is another text of the file
			}
		}
		for _, file := range p.Files {
			for _, c := range file.Changes() {
				if strings.Contains(c.Text, canary) {
					t.Errorf("it is shown: %q of %q", c.Text, before+canary+after)
				}
			}
		}
	})
}
