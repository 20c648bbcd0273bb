package cli

import (
	"fmt"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/google/go-cmp/cmp"

	"credd/internal/agent/roster"
)

// thirty are customers with three roles each; every third is in production.
func thirty() []*roster.Role {
	var all []*roster.Role
	for i := range 30 {
		c := &roster.Customer{Key: fmt.Sprintf("customer%02d", i), Name: fmt.Sprintf("Customer %02d of North America", i), Environment: []string{"production", "staging", ""}[i%3]}
		for _, name := range []string{"admin", "deploy", "readonly"} {
			all = append(all, &roster.Role{Name: c.Key + "/" + name, Customer: c, AccountID: fmt.Sprintf("%012d", i)})
		}
	}
	return all
}

func lines(p *picker) []string { return strings.Split(p.View().Content, "\n") }

func TestPickerFitsTheTerminal(t *testing.T) {
	evil := &roster.Role{Name: "evil/admin", AccountID: "012345678901", Customer: &roster.Customer{Key: "evil", Name: "東京\x1b[2J電力\n株式会社", Environment: "\u009blive"}}
	for width := range 130 {
		for _, height := range []int{1, 3, 10, 50} {
			p := newPicker(append(thirty(), evil), []string{"evil/admin"}, "evil/admin")
			p.Update(tea.WindowSizeMsg{Width: width, Height: height})
			p.typed(strings.Repeat("é東", 90))
			empty := lines(p)
			p.typed("")
			for i, line := range append(lines(p), empty...) {
				if w := terminal.StringWidth(line); w > max(width, 12) || strings.ContainsAny(line, "\x1b\u009b") {
					t.Fatalf("%d by %d: line %d is %d wide: %q", width, height, i, w, line)
				}
			}
			if n := len(lines(p)); n > max(height, 3) || n > most+2 {
				t.Errorf("%d by %d: %d lines", width, height, n)
			}
			if c := p.View().Cursor; c.X > max(0, width-1) {
				t.Errorf("%d by %d: the cursor is at %d", width, height, c.X)
			}
		}
	}
}

func TestPickerColumns(t *testing.T) {
	for width, want := range map[int]string{
		120: "> * customer00/readonly  000000000000  production  Customer 00 of North America",
		80:  "> * customer00/readonly  000000000000  production  Customer 00 of North America",
		70:  "> * customer00/readonly  000000000000  production  Customer 00 of No…",
		60:  "> * customer00/readonly  000000000000  production",
		40:  "> * customer00/readonly  production",
		24:  "> * customer00/readonly",
		15:  "> * customer0…",
	} {
		p := newPicker(thirty(), []string{"customer00/readonly"}, "customer00/readonly")
		p.Update(tea.WindowSizeMsg{Width: width, Height: 24})
		if got := lines(p)[1]; got != want {
			t.Errorf("%d columns: got %q, want %q", width, got, want)
		}
	}
}

func TestPickerNarrows(t *testing.T) {
	for query, want := range map[string]string{
		"":                      "customer07/deploy", // the most recent
		"customer12/admin":      "customer12/admin",
		"12 read":               "customer12/readonly",
		"c12ro":                 "customer12/readonly",
		"PRODUCTION 21 ADM":     "customer21/admin",
		"000000000029 dep":      "customer29/deploy",
		"north 03 deploy  prod": "customer03/deploy",
		"staging 00":            "", // is in production
		"x\x1b[31m":             "",
	} {
		p := newPicker(thirty(), []string{"customer07/deploy", "gone/admin", "customer03/admin"}, "")
		p.typed(query)
		p.key(tea.KeyPressMsg{Code: tea.KeyEnter})
		got := ""
		if p.chosen != nil {
			got = p.chosen.Name
		}
		if query == "staging 00" { // 000000000001 is one, too
			if got != "" && p.chosen.Customer.Environment != "staging" {
				t.Errorf("%q: got %s", query, got)
			}
			continue
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", query, got, want)
		}
	}
}

func TestPickerKeys(t *testing.T) {
	press := func(p *picker, keys ...string) {
		for _, k := range keys {
			msg := tea.KeyPressMsg{Text: k}
			switch k {
			case "up":
				msg = tea.KeyPressMsg{Code: tea.KeyUp}
			case "down":
				msg = tea.KeyPressMsg{Code: tea.KeyDown}
			case "end":
				msg = tea.KeyPressMsg{Code: tea.KeyEnd}
			case "pgdown":
				msg = tea.KeyPressMsg{Code: tea.KeyPgDown}
			case "enter":
				msg = tea.KeyPressMsg{Code: tea.KeyEnter}
			case "esc":
				msg = tea.KeyPressMsg{Code: tea.KeyEscape}
			case "back":
				msg = tea.KeyPressMsg{Code: tea.KeyBackspace}
			case "^W", "^U", "^C", "^N":
				msg = tea.KeyPressMsg{Code: rune(strings.ToLower(k)[1]), Mod: tea.ModCtrl}
			}
			p.Update(msg)
		}
	}
	tests := []struct {
		keys string
		want string
	}{
		{"enter", "customer00/admin"},
		{"up up enter", "customer00/admin"},
		{"down ^N enter", "customer00/readonly"},
		{"end down enter", "customer29/readonly"},
		{"pgdown enter", "customer04/admin"},
		{"2 9 back back 0 5 enter", "customer05/admin"},
		{"z z ^U down enter", "customer00/deploy"},
		{"z ^W enter", "customer00/admin"},
		{"z z z z enter ^U enter", "customer00/admin"}, // nothing to take at first
		{"end 0 3 enter", "customer03/admin"},          // the best match is marked
		{"down esc", ""},
		{"down ^C", ""},
	}
	for _, tt := range tests {
		p := newPicker(thirty(), nil, "")
		press(p, strings.Fields(tt.keys)...)
		got := ""
		if p.chosen != nil {
			got = p.chosen.Name
		}
		if got != tt.want || !p.done || p.View().Content != "" {
			t.Errorf("%s: got %q, done %v, want %q", tt.keys, got, p.done, tt.want)
		}
	}
}

func TestPickerColors(t *testing.T) {
	p := newPicker(thirty(), nil, "")
	p.Color = true
	got := lines(p)[1:5]
	for i, want := range []string{"\x1b[1;31m> ", "\x1b[31m  ", "\x1b[31m  ", "    customer01"} {
		if !strings.HasPrefix(got[i], want) {
			t.Errorf("line %d: got %q, want %q first", i, got[i], want)
		}
	}
}

// What a key costs is counted in allocations, which no busy machine changes: some 500 take a third of a millisecond.
func TestPickerIsQuick(t *testing.T) {
	p := newPicker(thirty(), nil, "")
	n := testing.AllocsPerRun(20, func() {
		p.typed("cust prod adm")
		p.View()
		p.typed("")
	})
	if n > 2000 {
		t.Errorf("a key takes %v allocations", n)
	}
}

func TestRecents(t *testing.T) {
	home(t)
	for i := range mostRecents + 5 {
		remember(fmt.Sprintf("acme/r%d", i))
	}
	remember("acme/r50")
	got := recents()
	if want := []string{"acme/r50", "acme/r54", "acme/r53"}; len(got) != mostRecents || !cmp.Equal(got[:3], want) {
		t.Errorf("got %d, %v, want %d, %v first", len(got), got[:3], mostRecents, want)
	}
	t.Setenv("XDG_STATE_HOME", "/dev/null/no")
	remember("acme/admin")
	if got := recents(); got != nil {
		t.Errorf("got %v of a directory that cannot be", got)
	}
}
