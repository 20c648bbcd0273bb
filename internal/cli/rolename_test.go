package cli

import (
	"path/filepath"
	"testing"

	"credd/internal/agent/roster"
	"credd/internal/ipc"
)

func TestRoleNamed(t *testing.T) {
	config := home(t)
	two := "version = 1\naccount_id = \"012345678901\"\n[role.admin]\narn = \"arn:aws:iam::012345678901:role/A\"\n[role.readonly]\narn = \"arn:aws:iam::012345678901:role/R\"\n"
	for name, text := range map[string]string{
		"two": two, "ready": "default_role = \"readonly\"\n" + two, "none": "version = 1\n", "broken": "version = 1\nacount_id = \"1\"\n",
	} {
		put(t, filepath.Join(config, "customers", name+".toml"), text)
	}
	r := roster.Load(config, nil)
	for name, want := range map[string]string{"acme/admin": "acme/admin", "acme": "acme/admin", "ready": "ready/readonly", "ready/admin": "ready/admin", "two/admin": "two/admin"} {
		if got, err := roleNamed(r, name); err != nil || got.Name != want {
			t.Errorf("%s: got %v, %v, want %s", name, got, err, want)
		}
	}
	for name, want := range map[string]userError{
		"two":      {ipc.UnknownRole, "two has 2 roles and no default_role", "name one: two/admin, two/readonly; or set default_role in customers/two.toml"},
		"none":     {ipc.UnknownRole, "none has no role", "see: credd role add --help"},
		"acme/x":   {ipc.UnknownRole, `no such role: "acme/x"`, "see: credd role list"},
		"initech":  {ipc.UnknownRole, `no such role: "initech"`, "see: credd role list"},
		"":         {ipc.UnknownRole, `no such role: ""`, "see: credd role list"},
		"broken":   {ipc.Usage, "customers/broken.toml:2: unknown key \"acount_id\"", "did you mean account_id?"},
		"broken/a": {ipc.Usage, "customers/broken.toml:2: unknown key \"acount_id\"", "did you mean account_id?"},
	} {
		got, err := roleNamed(r, name)
		if err == nil {
			t.Errorf("%s: got %s, want an error", name, got.Name)
		} else if e := sorted(err); *e != want {
			t.Errorf("%s: got %q, want %q", name, *e, want)
		}
	}
}
