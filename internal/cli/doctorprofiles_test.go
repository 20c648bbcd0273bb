package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"credd/internal/doctor"
)

func TestDoctorLooksAtTheBlock(t *testing.T) {
	const role = "version = 1\n\n[role.admin]\narn = \"arn:aws:iam::012345678901:role/Admin\"\n"
	tests := map[string]struct {
		change func(text string) string // of the config, after a sync
		roles  map[string]string        // files of customers that come after it
		state  doctor.State
		says   string
		remedy string
	}{
		"as it is to be": {state: doctor.OK, says: "1 profile of credd: as the roles are"},
		"no block":       {change: func(string) string { return "" }, state: ""},
		"a role more": {
			roles: map[string]string{"globex": role}, state: doctor.Warning, says: "1 missing", remedy: "credd profiles sync",
		},
		"a region changed": {
			change: func(text string) string { return strings.Replace(text, "eu-west-1", "us-east-1", 1) },
			state:  doctor.Warning, says: "1 outdated", remedy: "credd profiles sync",
		},
		"a role that is gone": {
			roles: map[string]string{"acme": "version = 1\n"}, state: doctor.Warning, says: "1 of roles that are gone", remedy: "credd profiles sync",
		},
		"no end": {
			change: func(text string) string { return strings.Replace(text, "# credd profiles: end", "# gone", 1) },
			state:  doctor.Error, says: "config:1: credd's block begins here and has no end", remedy: "write this line below its last profile: # credd profiles: end",
		},
		"a name that is taken": {
			change: func(text string) string { return "[profile globex/admin]\nregion = eu-west-1\n" + text },
			roles:  map[string]string{"globex": role}, state: doctor.Warning, says: "profile globex/admin: it was written by hand and leads elsewhere",
			remedy: "rename it there, or choose other names with [profiles] name in credd.toml; then: credd profiles sync",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			config := shellless(t)
			write := func(path, text string) {
				if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			write(filepath.Join(config, "credd.toml"), "version = 1\n[source.work]\ntype = \"imds\"\n[defaults]\nsource = \"work\"\nregion = \"eu-west-1\"\n")
			write(filepath.Join(config, "customers", "acme.toml"), role)
			if r := run(t, "", "profiles", "sync"); r.code != 0 {
				t.Fatalf("sync: %+v", r)
			}
			aws := filepath.Join(os.Getenv("HOME"), ".aws", "config")
			if tt.change != nil {
				text, err := os.ReadFile(aws)
				if err != nil {
					t.Fatal(err)
				}
				write(aws, tt.change(string(text)))
			}
			for customer, text := range tt.roles {
				write(filepath.Join(config, "customers", customer+".toml"), text)
			}
			all, _ := examined(t, "--offline")
			var got []doctor.Finding
			for _, f := range all {
				if f.Check == doctor.ProfileBlock {
					got = append(got, f)
				}
			}
			switch {
			case tt.state == "" && len(got) == 0:
			case len(got) != 1 || got[0].State != tt.state || !strings.Contains(got[0].Message, tt.says) || got[0].Remedy != tt.remedy:
				t.Errorf("got %+v, want %s: …%s… %s", got, tt.state, tt.says, tt.remedy)
			}
		})
	}
}
