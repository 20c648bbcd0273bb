package cli

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"credd/internal/agent/api"
)

// Environments are free texts, of a team's files too.
func TestEnvironmentsAreWords(t *testing.T) {
	var names api.Names
	names.Environments = []string{"production", "pre production", "$(touch x)1", "$(touch x)2", "`id`", "a;b", "a|b", "größe", "it's", `a\b`, "!!"}
	got := environments(lookup{names: func() api.Names { return names }})
	want := []choice{{"production", ""}, {"pre production", ""}, {"größe", ""}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(choice{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
