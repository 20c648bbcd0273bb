package cli

import (
	"slices"
	"strings"
	"testing"
	"time"

	"credd/internal/agent/api"
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

// One login of thirty accounts that is over is one line of status, not ninety.
func TestStatusTellsOfOneLoginOnce(t *testing.T) {
	ended := func(name string) api.Source {
		return api.Source{Name: name, Type: "sso", State: "login", Message: "source " + name + " needs a login", Hint: "log in with: credd login " + name,
			Notes: []string{"the login to IAM Identity Center has ended: credd login " + name}}
	}
	all := []api.Source{ended("nw"), ended("nw.b"), {Name: "old", Type: "keys", State: "login", Message: "source old needs an MFA code"},
		{Name: "ready", Type: "sso", State: "ready"}, ended("nw.c")}
	var out strings.Builder
	s := &Streams{Out: &out, Err: &out}
	if err := s.sources(all, []api.Failure{{Role: "c/r", Message: "c/r: source nw.c needs a login"}}, time.Now()); err != nil {
		t.Fatal(err)
	}
	want := "source nw needs a login; so it is with 2 other sources: nw.b, nw.c\n  hint: log in with: credd login nw\n  1 waiting role: c/r\nsource old needs an MFA code\n"
	if got := out.String(); !strings.HasSuffix(got, want) || strings.Count(got, "needs a login") != 1 {
		t.Errorf("got %q, want %q at its end", got, want)
	}
}
