package cli

import (
	"context"
	"os"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"credd/internal/agent/roster"
	"credd/internal/ipc"
)

// most is how many roles are shown at once: the shell's last lines stay in view.
const most = 12

var errNoTerminal = &userError{ipc.Usage, "there is no terminal to choose a role at", "name one: credd use ROLE; see: credd role list"}

// choose has the person choose one of the roles, at the terminal: stdout and stdin are not touched.
func choose(ctx context.Context, roles []*roster.Role, customer string, where locations) (*roster.Role, error) {
	if len(roles) == 0 {
		return nil, &userError{ipc.UnknownRole, "there is no role yet", "add one: credd role add --help"}
	}
	if os.Getenv("TERM") == "dumb" { // which cannot move its cursor
		return nil, &userError{ipc.Usage, "this terminal is a dumb one, and shows no list to choose from", errNoTerminal.hint}
	}
	in, out, err := tea.OpenTTY()
	if err != nil {
		return nil, errNoTerminal
	}
	defer in.Close()
	defer out.Close()
	p := newPicker(roles, recents(), os.Getenv("CREDD_ROLE"))
	p.mark(recordsOf(where, func(string, string) {}))
	p.Color = ShowsColor(out)
	if customer != "" {
		p.title = "role of " + customer
	}
	// Only a whole run with an enter has chosen; interrupted by a signal, or by the end of the terminal, it has not.
	_, err = tea.NewProgram(p, tea.WithContext(ctx), tea.WithInput(in), tea.WithOutput(out)).Run()
	if err != nil || p.chosen == nil {
		return nil, errUnchanged
	}
	return p.chosen, nil
}

// picker is a list of roles that what is typed narrows down.
type picker struct {
	Streams
	rows          []row
	title         string
	query         string
	shown         []int // rows that match, best first
	at, top       int   // of shown: where the mark is, and what the first line holds
	width, height int
	chosen        *roster.Role
	done          bool
}

// row is a role as it is shown and searched.
type row struct {
	role                             *roster.Role
	name, account, environment, over string
	current                          bool
}

// newPicker puts the roles that were used before the others, the last one first.
func newPicker(roles []*roster.Role, recent []string, current string) *picker {
	rank := func(r *roster.Role) int {
		if i := slices.Index(recent, r.Name); i >= 0 {
			return i
		}
		return len(recent)
	}
	roles = slices.Clone(roles)
	slices.SortStableFunc(roles, func(a, b *roster.Role) int { return rank(a) - rank(b) })
	p := &picker{title: "role", width: 80, height: 24}
	for _, r := range roles {
		over := printable(r.Customer.Name)
		if over == r.Customer.Key {
			over = ""
		}
		p.rows = append(p.rows, row{r, printable(r.Name), printable(r.AccountID), printable(r.Customer.Environment), over, r.Name == current})
	}
	p.narrow()
	return p
}

// mark says of the roles that are known to fail how they stand.
func (p *picker) mark(known *records) {
	for i := range p.rows {
		r := &p.rows[i]
		if s := known.standing(r.role); fails(s) {
			r.over = strings.TrimSuffix(printable(cell(s))+": "+r.over, ": ")
		}
	}
}

func (p *picker) Init() tea.Cmd { return nil }

func (p *picker) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		p.width, p.height = msg.Width, msg.Height
	case tea.PasteMsg:
		p.typed(p.query + msg.Content)
	case tea.KeyPressMsg:
		return p, p.key(msg)
	}
	p.scroll()
	return p, nil
}

// key does what a key says, as in a shell's line.
func (p *picker) key(k tea.KeyPressMsg) tea.Cmd {
	switch k.String() {
	case "enter", "ctrl+j":
		if len(p.shown) == 0 {
			return nil
		}
		p.chosen = p.rows[p.shown[p.at]].role
		return p.end()
	case "esc", "ctrl+c", "ctrl+g", "ctrl+d":
		return p.end()
	case "up", "ctrl+p", "ctrl+k", "shift+tab":
		p.at--
	case "down", "ctrl+n", "tab":
		p.at++
	case "pgup":
		p.at -= p.lines()
	case "pgdown":
		p.at += p.lines()
	case "home":
		p.at = 0
	case "end":
		p.at = len(p.shown) - 1
	case "backspace", "ctrl+h":
		if r := []rune(p.query); len(r) > 0 {
			p.typed(string(r[:len(r)-1]))
		}
	case "ctrl+u":
		p.typed("")
	case "ctrl+w":
		words := strings.TrimRight(p.query, " ")
		p.typed(words[:strings.LastIndexByte(words, ' ')+1])
	default:
		p.typed(p.query + k.Text)
	}
	p.scroll()
	return nil
}

func (p *picker) end() tea.Cmd {
	p.done = true
	return tea.Quit
}

// typed is a new text to search for.
func (p *picker) typed(text string) {
	text = printable(strings.TrimRight(text, "\r\n"))
	if text == p.query {
		return
	}
	p.query, p.at, p.top = text, 0, 0
	p.narrow()
}

// lines is how many roles fit below the line that is typed in and above the help.
func (p *picker) lines() int { return max(1, min(most, p.height-3)) }

// scroll keeps the mark among the matches, and in view.
func (p *picker) scroll() {
	p.at = max(0, min(p.at, len(p.shown)-1))
	p.top = max(min(p.top, p.at), p.at-p.lines()+1)
}
