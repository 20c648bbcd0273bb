package cli

import (
	"slices"
	"testing"

	"credd/internal/agent/roster"
	"credd/internal/doctor"
	"credd/internal/ipc"
)

func TestWhatIsAlikeIsToldOnce(t *testing.T) {
	sso := func(name, url string) *roster.Source { return &roster.Source{Name: name, Type: "sso", StartURL: url} }
	keys := func(name string) *roster.Source { return &roster.Source{Name: name, Type: "keys"} }
	bad := func(name, message, remedy string) doctor.Finding {
		return doctor.Finding{Check: doctor.SourceWorks, State: doctor.Error, Code: ipc.Login, Message: "source " + name + message, Remedy: remedy}
	}
	login := func(name string) doctor.Finding { return bad(name, " needs a login", "credd login "+name) }
	network := func(name string) doctor.Finding { return bad(name, ": cannot reach AWS", "check the network") }
	well := func(name string) doctor.Finding {
		return doctor.Finding{Check: doctor.SourceWorks, State: doctor.OK, Message: "source " + name + " is arn"}
	}
	for _, c := range []struct {
		name  string
		all   []*roster.Source
		found []doctor.Finding
		want  []string
	}{
		{"one login", []*roster.Source{sso("a", "https://x"), keys("k"), sso("b", "https://x"), sso("c", "https://x")},
			[]doctor.Finding{login("a"), well("k"), login("b"), login("c")},
			[]string{"source a needs a login; so it is with 2 other sources: b, c", "source k is arn"}},
		{"two logins", []*roster.Source{sso("a", "https://x"), sso("b", "https://y")}, []doctor.Finding{login("a"), login("b")},
			[]string{"source a needs a login", "source b needs a login"}},
		{"keys", []*roster.Source{keys("a"), keys("b")}, []doctor.Finding{login("a"), login("b")},
			[]string{"source a needs a login", "source b needs a login"}},
		{"one network", []*roster.Source{keys("a"), sso("b", "https://y")}, []doctor.Finding{network("a"), network("b")},
			[]string{"source a: cannot reach AWS; so it is with 1 other source: b"}},
		{"well", []*roster.Source{keys("a"), keys("b")}, []doctor.Finding{well("a"), well("b")}, []string{"source a is arn", "source b is arn"}},
		{"none", nil, nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, f := range alike(c.all, c.found) {
				got = append(got, f.Message)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
