package agent_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"credd/internal/agent/api"
)

func TestNames(t *testing.T) {
	w := newWorld(t, map[string]string{
		"credd.toml":           settings,
		"customers/acme.toml":  "name = \"Acme Corp\"\naccount_id = \"012345678901\"\nenvironment = \"production\"\n" + customerText("readonly", "admin"),
		"customers/bad.toml":   "version = 9\n",
		"customers/aaron.toml": customerText("ops"),
	})
	want := api.Names{
		Roles: []api.RoleName{
			{Name: "aaron/ops", AccountID: "012345678901"},
			{Name: "acme/admin", AccountID: "012345678901", Environment: "production"},
			{Name: "acme/readonly", AccountID: "012345678901", Environment: "production"},
		},
		Customers: []api.CustomerName{{Name: "aaron", Title: "aaron"}, {Name: "acme", Title: "Acme Corp", AccountID: "012345678901", Environment: "production"}},
		Sources:   []api.SourceName{{Name: "work", Type: "profile"}},
	}
	var got api.Names
	if err := w.call(t, api.Request{Do: api.DoNames}, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want -, got +\n%s", diff)
	}
	if n := w.aws.count(); n != 0 {
		t.Errorf("got %d calls of AWS, want none", n)
	}
}
