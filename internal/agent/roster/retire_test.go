package roster

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRetireAndReinstate(t *testing.T) {
	text := "\ufeffversion = 1 # of Ana\r\nexternal_id = \"id\"\r\n[role.admin]\r\narn = \"arn:aws:iam::012345678901:role/Admin\"" // no end of line
	d := dir(t, map[string]string{"credd.toml": settingsText, "customers/acme.toml": text})
	check(t, os.Chmod(filepath.Join(d, "customers/acme.toml"), 0o640))
	away := filepath.Join(d, "retired.toml")
	check(t, CheckRetirement(d, "acme"))
	check(t, Retire(d, "acme", away))
	if got := contentOf(t, away); got != text {
		t.Errorf("got %q, want %q", got, text)
	}
	if n := len(Load(d, nil).Customers()); n != 0 {
		t.Errorf("got %d customers", n)
	}
	arns, err := RolesIn(away)
	if err != nil || len(arns) != 1 || arns["admin"] != "arn:aws:iam::012345678901:role/Admin" {
		t.Errorf("got %v, %v", arns, err)
	}
	if err := Retire(d, "acme", away); !errors.Is(err, ErrUnknownCustomer) {
		t.Errorf("got %v", err)
	}
	check(t, CheckReturn(d, "acme"))
	path, err := Reinstate(d, "acme", away)
	check(t, err)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o640 || contentOf(t, path) != text {
		t.Errorf("got %v, %v", info, err)
	}
	put(t, d, "other.toml", text)
	if _, err := Reinstate(d, "acme", filepath.Join(d, "other.toml")); !errors.Is(err, ErrCustomerExists) || contentOf(t, path) != text {
		t.Errorf("got %v", err)
	}
	if err := Retire(d, "acme", filepath.Join(d, "other.toml")); !errors.Is(err, os.ErrExist) {
		t.Errorf("got %v", err)
	}
}

func TestRetireRefuses(t *testing.T) {
	const beta = "version = 1\n[role.deploy]\narn = \"arn:aws:iam::112233445566:role/D\"\n"
	include := strings.Replace(settingsText, "include = []", "include = [\"team\"]", 1)
	for name, tt := range map[string]struct {
		files map[string]string
		want  string
	}{
		"a source of others":   {map[string]string{"customers/beta.toml": beta + "source = \"acme/admin\"\n"}, "customers/beta.toml:4: role acme/admin is needed by role beta/deploy"},
		"a customer's source":  {map[string]string{"customers/beta.toml": strings.Replace(beta, "[", "source = \"acme/admin\"\n[", 1)}, "customers/beta.toml:2: role acme/admin is needed by role beta/deploy"},
		"the usual source":     {map[string]string{"credd.toml": strings.Replace(settingsText, "= \"work\"\nduration", "= \"acme/admin\"\nduration", 1), "customers/acme.toml": "version = 1\n[role.admin]\narn = \"arn:aws:iam::012345678901:role/Admin\"\nsource = \"work\"\n"}, "is needed by [defaults]"},
		"a file beneath":       {map[string]string{"credd.toml": include, "team/acme.toml": beta}, "has a file here too"},
		"an included file":     {map[string]string{"credd.toml": include, "team/acme.toml": beta, "customers/acme.toml": ""}, "included directory"},
		"a broken file":        {map[string]string{"customers/acme.toml": "version = 1\nnonsense = 1\n"}, "customers/acme.toml:2: unknown key"},
		"an unknown customer":  {map[string]string{"customers/acme.toml": ""}, "no such customer: \"acme\""},
		"a typo":               {map[string]string{"customers/acme.toml": "", "customers/acmee.toml": beta}, "did you mean acmee?"},
		"its own chain is not": {map[string]string{"customers/acme.toml": acmeText + "\n[role.last]\narn = \"arn:aws:iam::012345678901:role/L\"\nsource = \"acme/readonly\"\n"}, ""},
	} {
		files := map[string]string{"credd.toml": settingsText, "customers/acme.toml": acmeText}
		for k, v := range tt.files {
			if files[k] = v; v == "" {
				delete(files, k)
			}
		}
		d := dir(t, files)
		err := CheckRetirement(d, "acme")
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: got %v, want %s", name, err, tt.want)
		}
		if tt.want == "" {
			continue
		}
		if again := Retire(d, "acme", filepath.Join(d, "away")); again == nil || again.Error() != err.Error() {
			t.Errorf("%s: got %v, want %v", name, again, err)
		}
	}
	d := dir(t, map[string]string{"credd.toml": settingsText, "real.toml": acmeText})
	check(t, os.MkdirAll(filepath.Join(d, "customers"), 0o700))
	check(t, os.Symlink("../real.toml", filepath.Join(d, "customers/acme.toml")))
	if err := CheckRetirement(d, "acme"); err == nil || !strings.Contains(err.Error(), "is a link") {
		t.Errorf("got %v", err)
	}
	if err := CheckRetirement(filepath.Join(d, "none"), "acme"); !errors.Is(err, ErrUnknownCustomer) {
		t.Errorf("got %v", err)
	}
	if err := CheckRetirement(d, "../real"); !errors.Is(err, ErrUnknownCustomer) {
		t.Errorf("got %v", err)
	}
}
