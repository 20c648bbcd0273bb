package roster

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// token is a key, a value, a bracket or an equals sign.
var token = regexp.MustCompile(`"[^"]*"|'[^']*'|[A-Za-z_][\w.-]*|[0-9]+|[][={},]`)

type mutation struct {
	line int
	what string
	text string
}

// mutations deletes, doubles and retypes each token of a text, and doubles each line.
func mutations(text string) []mutation {
	var out []mutation
	for _, at := range token.FindAllStringIndex(text, -1) {
		line := 1 + strings.Count(text[:at[0]], "\n")
		was := text[at[0]:at[1]]
		for _, m := range [][2]string{{"delete", ""}, {"double", was + was}, {"repeat", was + " " + was}, {"retype", retype(was)}} {
			out = append(out, mutation{line, m[0] + " " + was, text[:at[0]] + m[1] + text[at[1]:]})
		}
	}
	lines := strings.SplitAfter(text, "\n")
	for i, l := range lines {
		if strings.TrimSpace(l) != "" {
			out = append(out, mutation{i + 2, "line again", strings.Join(lines[:i+1], "") + l + strings.Join(lines[i+1:], "")})
		}
	}
	return out
}

// retype turns a string into a number, a number into a string, and a name into another.
func retype(token string) string {
	switch token[0] {
	case '"', '\'':
		return "42"
	case '[', ']', '=', '{', '}', ',':
		return "?"
	}
	if token[0] >= '0' && token[0] <= '9' {
		return `"` + token + `"`
	}
	return "x" + token
}

// elsewhere are the mutations whose fault is rightly named in another line, or which are valid.
var elsewhere = map[string]string{
	`customers/acme.toml:23: delete "arn:aws:iam::aws:policy/ReadOnlyAccess"`: "", // an empty list
	`customers/acme.toml:25: delete "Project"`:                                "",
	`customers/allow.toml:3: delete "ana"`:                                    "", // likewise: it lets fewer in
	`customers/allow.toml:3: delete "dev"`:                                    "",
	`customers/allow.toml:7: delete "1001"`:                                   "",
	`customers/acme.toml:24: double Project`:                                  "acme.toml:25: transitive_tags names \"Project\"",
	`customers/acme.toml:24: retype Project`:                                  "acme.toml:25: transitive_tags names \"Project\"",
}

const ownText = `version     = 1
external_id = "canary"

[role.admin]
arn    = "arn:aws:iam::012345678901:role/northwind/Admin"
source = "work"

[role.own]
source      = "work"
own_session = true
`

// Losing a word or a line never makes a role hand out our own session that did not before.
func TestLossesNeverGiveOurOwnSession(t *testing.T) {
	for _, text := range []string{acmeText, globexText, ownText, strings.Replace(ownText, "arn  ", "source = \"work\"\narn  ", 1)} {
		var less []string
		for _, m := range mutations(text) {
			less = append(less, m.text)
		}
		lines := strings.SplitAfter(text, "\n")
		for i := range lines {
			less = append(less, strings.Join(lines[:i], "")+strings.Join(lines[i+1:], ""))
		}
		for _, text := range less {
			draft, _ := readDraft([]byte(text))
			if draft == nil {
				continue
			}
			for _, r := range draft.roles {
				if r.role.ARN == "" && r.name != "own" && r.name != "xown" {
					t.Errorf("role %s gives our own session:\n%s", r.name, text)
				}
			}
		}
	}
}

func TestMutationsNameTheirLine(t *testing.T) {
	tried := 0
	for file, text := range map[string]string{"credd.toml": settingsText, "customers/acme.toml": acmeText, "customers/own.toml": ownText, "customers/allow.toml": allowText} {
		for _, m := range mutations(text) {
			tried++
			name := fmt.Sprintf("%s:%d: %s", file, m.line, m.what)
			d := whole(t)
			put(t, d, file, m.text)
			r := Load(d, nil)
			problems := r.Problems()
			right := slices.ContainsFunc(problems, func(p Problem) bool { return p.File == file && p.Line == m.line })
			if want, ok := elsewhere[name]; !right && !(ok && strings.Contains(fmt.Sprint(problems), want)) {
				t.Errorf("%s: got %v", name, problems)
			}
			if strings.Contains(fmt.Sprint(problems), "canary") {
				t.Errorf("%s: an external ID is quoted: %v", name, problems)
			}
			if _, err := r.Role("globex/admin"); file != "credd.toml" && err != nil {
				t.Errorf("%s: the other customer is not served: %v", name, err)
			}
		}
	}
	if tried < 500 {
		t.Errorf("tried %d mutations, want hundreds", tried)
	}
}
