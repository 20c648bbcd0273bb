package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Lines that a person wrote into the block move out of it, and so are among those that change.
func TestProfilesDiffShowsNoSecret(t *testing.T) {
	config, file := awsHome(t, "")
	put(t, filepath.Join(config, "customers", "acme.toml"), acmeText+opsText)
	if r := run(t, "", "profiles", "sync"); r.code != 0 {
		t.Fatalf("got %+v", r)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	const mine = "[profile mine]\n# aws_secret_access_key = canary-old\nAWS_Secret_Access_Key=canary\nexternal_id: canary-id\n"
	put(t, file, strings.Replace(string(text), "# credd profiles: end", mine+"# credd profiles: end", 1))
	r := run(t, "", "profiles", "diff")
	if r.code != 0 || !strings.Contains(r.out, "[profile mine]") || !strings.Contains(r.out, "AWS_Secret_Access_Key= (not shown)\n") {
		t.Errorf("got %+v", r)
	}
	if strings.Contains(r.out+r.err, "canary") {
		t.Errorf("a secret is shown: %+v", r)
	}
	if r := run(t, "", "profiles", "diff", "--json"); strings.Contains(r.out+r.err, "canary") {
		t.Errorf("a secret is shown: %+v", r)
	}
}
