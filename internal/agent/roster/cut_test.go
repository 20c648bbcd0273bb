package roster

import (
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestWithout(t *testing.T) {
	for name, tt := range map[string]struct{ text, want string }{
		"only":               {"[role.b]\nx = 1\n", ""},
		"last":               {"[role.a]\nx = 1\n\n[role.b]\nx = 1\n", "[role.a]\nx = 1\n"},
		"first":              {"v = 1\n\n[role.b]\nx = 1\n\n[role.a]\n", "v = 1\n\n[role.a]\n"},
		"sub-table":          {"[role.b]\n[role.a]\n[role.b.tags]\ny = 1\n", "[role.a]\n"},
		"quoted":             {"[ \"role\" . 'b' ] # note\nx = 1\n[z]\n", "[z]\n"},
		"comment above":      {"v = 1\n# of b\n# too\n[role.b]\n[z]\n", "v = 1\n[z]\n"},
		"comment apart":      {"v = 1\n# apart\n\n[role.b]\n[z]\n", "v = 1\n# apart\n\n[z]\n"},
		"comment of next":    {"[role.b]\nx = 1\n# of z\n[z]\n", "# of z\n[z]\n"},
		"section after":      {"[role.b]\nx = 1\n\n# section\n\n# of z\n[z]\n", "# section\n\n# of z\n[z]\n"},
		"comment within":     {"[role.b]\nx = 1\n\n# of y\ny = 1\n[z]\n", "[z]\n"},
		"comment below":      {"[role.b]\nx = 1\n# y = 1\n\n[z]\n", "[z]\n"},
		"end of the file":    {"v = 1\n[role.b]\nx = 1\n\n# the end\n", "v = 1\n# the end\n"},
		"BOM":                {bom + "v = 1\n[role.b]\nx = 1\n", bom + "v = 1\n"},
		"CRLF":               {"v = 1\r\n\r\n# of b\r\n[role.b]\r\nx = 1\r\n", "v = 1\r\n"},
		"string like a note": {"[role.a]\nx = '''\n# no comment'''\n[role.b]\ny = 1\n", "[role.a]\nx = '''\n# no comment'''\n"},
	} {
		t.Run(name, func(t *testing.T) {
			if got, ok := without([]byte(tt.text), "role", "b"); !ok || string(got) != tt.want {
				t.Errorf("got %q, %v; want %q", got, ok, tt.want)
			}
		})
	}
}

// others are the roles of a file but one, as they are read, less their lines.
func others(d *customerDraft, name string) map[string]Role {
	out := map[string]Role{}
	for _, r := range d.roles {
		if r.name != name {
			role := r.role
			role.Source = r.source
			out[r.name] = role
		}
	}
	return out
}

// inOrder says whether the lines of part are lines of whole, in its order.
func inOrder(part, whole string) bool {
	rest := strings.SplitAfter(whole, "\n")
	for l := range strings.SplitAfterSeq(part, "\n") {
		for len(rest) > 0 && rest[0] != l {
			rest = rest[1:]
		}
		if len(rest) == 0 {
			return l == ""
		}
		rest = rest[1:]
	}
	return true
}

func FuzzRemove(f *testing.F) {
	f.Add([]byte(acmeText), "admin")
	f.Add([]byte(strings.ReplaceAll(acmeText, "\n", "\r\n")), "admin")
	f.Add([]byte("version = 1\n[role.a]\narn = \"arn:aws:iam::012345678901:role/A\"\n\n#x\n[role.a.tags]\n#y\n\n#z\n"), "a")
	f.Fuzz(func(t *testing.T, data []byte, role string) {
		before, bad := readDraft(data)
		if bad != nil {
			return
		}
		cut, ok := without(data, "role", role)
		if !ok {
			return
		}
		if !inOrder(string(cut), string(data)) {
			t.Errorf("%q is not made of the lines of %q", cut, data)
		}
		after, bad := readDraft(cut)
		if bad != nil {
			if before.customer.DefaultRole != role {
				t.Errorf("the rest cannot be read: %v", bad)
			}
			return
		}
		if len(after.roles) != len(before.roles)-1 || !reflect.DeepEqual(others(after, role), others(before, role)) {
			t.Errorf("got %d roles of %d, want all others as they were", len(after.roles), len(before.roles))
		}
	})
}

func FuzzAdd(f *testing.F) {
	f.Add([]byte(acmeText), "new", "arn:aws:iam::012345678901:role/New", "work")
	f.Add([]byte("version = 1"), "a.b/c", "arn:aws:iam::012345678901:role/New", "\"\n[role.evil]\narn = \"x")
	f.Fuzz(func(t *testing.T, data []byte, role, arn, source string) {
		before, bad := readDraft(data)
		if bad != nil || !isRoleName(role) || !utf8.ValidString(source) {
			return
		}
		added := join(data, NewRole{ARN: arn, Source: source}.table(role, true))
		if !strings.HasPrefix(string(added), string(data)) {
			t.Errorf("what was there was changed")
		}
		after, bad := readDraft(added)
		if bad != nil {
			return // AddRole says so, and writes nothing
		}
		now := others(after, "")
		if now[role].ARN != arn || now[role].Source != source {
			t.Errorf("got %q from %q, want %q from %q", now[role].ARN, now[role].Source, arn, source)
		}
		delete(now, role)
		if !reflect.DeepEqual(now, others(before, "")) {
			t.Errorf("got %d roles of %d, want all others as they were", len(now), len(before.roles))
		}
	})
}
