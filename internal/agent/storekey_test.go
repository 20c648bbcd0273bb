package agent_test

import (
	"context"
	"testing"
	"time"

	"credd/internal/agent/api"
	"credd/internal/agent/source"
	"credd/internal/agent/sts"
)

// Replaced makes the source one that has to be logged in to.
func (s *codedSource) Replaced() { s.Logout(context.Background()) }

// anyKeys has a key of each source, and AWS knows all but one.
type anyKeys struct{}

// AddKey accepts any key that takes the place of another.
func (anyKeys) AddKey(_ context.Context, spec source.Spec, n source.NewKey) (sts.Identity, error) {
	if !n.Replace {
		return sts.Identity{}, &source.Error{Kind: source.Config, Message: "there is a key already"}
	}
	return sts.Identity{ARN: "arn:of:" + spec.Name, AccountID: "210987654321"}, nil
}

func (anyKeys) TryKey(_ context.Context, _ source.Spec, n source.NewKey) (source.Tried, error) {
	if n.ID == "AKIAOFF" {
		return source.Tried{}, nil
	}
	return source.Tried{Accepted: true, Created: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}, nil
}

func (anyKeys) DropKey(context.Context, string) (had bool, err error) { return true, nil }

// What came from the key before is not handed out after another took its place; what came from elsewhere is.
func TestAReplacedKey(t *testing.T) {
	w := newWorldWith(t, &codedSource{open: true}, map[string]string{
		"credd.toml":           codedSettings + "\n[source.other]\ntype = \"profile\"\nprofile = \"other\"\n",
		"customers/acme.toml":  customerText("a"),
		"customers/other.toml": "source = \"other\"\n" + customerText("b"),
	})
	kept := map[string]string{}
	for _, role := range []string{"acme/a", "other/b"} {
		id, refusal := w.get(t, role)
		if refusal != nil {
			t.Fatal(role, refusal)
		}
		kept[role] = id
	}
	var out api.Identity
	req := api.Request{Do: api.DoStoreKey, Name: "work", Key: &api.NewKey{ID: "AKIANEW", Secret: "canary", Replace: true}}
	if err := w.call(t, req, &out); err != nil || out.ARN != "arn:of:work" || out.AccountID != "210987654321" {
		t.Fatalf("got %+v, %v", out, err)
	}
	if id, refusal := w.get(t, "other/b"); refusal != nil || id != kept["other/b"] {
		t.Errorf("another source: got %s, %v; want %s", id, refusal, kept["other/b"])
	}
	kind, answer := w.with(t, "acme/a", nobody)
	refused(t, kind, answer, "5 acme/a", "needs an MFA code")
}
