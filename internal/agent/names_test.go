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
	admin, readonly, acme := api.Label("acme/admin\t012345678901 production"), api.Label("acme/readonly\t012345678901 production"), api.Label("acme\tAcme Corp 012345678901 production")
	work := api.SourceName{Name: "work", Type: "profile"}
	for text, want := range map[string]api.Names{
		"":        {Roles: []api.Label{"aaron/ops\t012345678901", admin, readonly}, Customers: []api.Label{"aaron\t", acme}, Sources: []api.SourceName{work}},
		"Me/Read": {Roles: []api.Label{readonly}, Customers: []api.Label{}, Sources: []api.SourceName{}},
		"acme":    {Roles: []api.Label{admin, readonly}, Customers: []api.Label{acme}, Sources: []api.SourceName{}},
		"work":    {Roles: []api.Label{}, Customers: []api.Label{}, Sources: []api.SourceName{work}},
	} {
		want.Environments = []string{"production"}
		var got api.Names
		if err := w.call(t, api.Request{Do: api.DoNames, Text: text}, &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q: want -, got +\n%s", text, diff)
		}
	}
	if n := w.aws.count(); n != 0 {
		t.Errorf("got %d calls of AWS, want none", n)
	}
}
