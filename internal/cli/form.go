package cli

import (
	"context"
	"errors"
	"os"
	"strings"

	tea "charm.land/bubbletea/v2"
	"charm.land/huh/v2"
	"charm.land/lipgloss/v2"

	"credd/internal/ipc"
)

// form asks the person at the terminal, a page at a time. A page goes when it is answered, and its answers stay as lines. A
// terminal that is dumb is asked line by line.
type form struct {
	*Streams
	in, out *os.File
	plain   bool
}

// errStopped ends a guide whose person does not go on.
var errStopped = &userError{ipc.Usage, "stopped; what was done before stays", "go on with: credd init"}

// newForm returns nil where nobody can be asked: stdin, or the terminal, is none. Its files stay open until credd ends: what reads
// them may still do so after ^C.
func (s *Streams) newForm() *form {
	in, ok := s.In.(*os.File)
	if !ok || !isTerminal(in) {
		return nil
	}
	f := &form{Streams: s, plain: os.Getenv("TERM") == "dumb"}
	var err error
	if f.in, f.out, err = tea.OpenTTY(); err != nil {
		return nil
	}
	return f
}

// blank is one thing to fill in. Texts from files and from AWS are made printable by whoever asks.
type blank struct {
	title, about string
	value        *string
	choices      []pick // none: a text is typed
	optional     bool
	secret       bool // neither shown while it is typed nor after
	quiet        bool // not shown after
	check        func(string) error
}

// pick is what can be chosen: its value, what it is called, and what there is to know of it.
type pick struct{ value, name, about string }

// texts are the picks as lines of a list.
func texts(picks []pick) (lines []string) {
	width := 0
	for _, p := range picks {
		width = max(width, terminal.StringWidth(p.name))
	}
	for _, p := range picks {
		lines = append(lines, strings.TrimRight(pad(p.name, width)+"  "+p.about, " "))
	}
	return lines
}

// page asks for what is blank, and keeps what a value is already as the answer to begin with.
func (f *form) page(ctx context.Context, blanks ...*blank) error {
	if f.plain {
		return f.lines(blanks)
	}
	var fields []huh.Field
	for _, b := range blanks {
		fields = append(fields, b.field())
	}
	if err := f.run(ctx, fields...); err != nil {
		return err
	}
	for _, b := range blanks {
		*b.value = strings.TrimSpace(*b.value)
		f.answered(b)
	}
	return nil
}

// answered leaves a line of what was answered.
func (f *form) answered(b *blank) {
	text := *b.value
	for _, p := range b.choices {
		if p.value == text {
			text = p.name
		}
	}
	switch {
	case text == "":
		text = "-"
	case b.secret || b.quiet:
		text = "(not shown)"
	}
	f.note("%s %s", f.paint(faint, asked(b.title)), text)
}

// asked is a title before its answer.
func asked(title string) string {
	if strings.HasSuffix(title, "?") {
		return title
	}
	return title + ":"
}

func (b *blank) valid(text string) error {
	text = strings.TrimSpace(text)
	switch {
	case text == "" && b.optional:
		return nil
	case text == "":
		return errors.New("this is needed")
	case b.check != nil:
		return b.check(text)
	}
	return nil
}

func (b *blank) field() huh.Field {
	if len(b.choices) == 0 {
		in := huh.NewInput().Title(b.title).Description(fold(b.about)).Value(b.value).Validate(b.valid)
		if b.secret {
			in.EchoMode(huh.EchoModePassword)
		}
		return in
	}
	const most = 12 // lines that are shown of a long list
	var options []huh.Option[string]
	for i, text := range texts(b.choices) {
		options = append(options, huh.NewOption(text, b.choices[i].value))
	}
	sel := huh.NewSelect[string]().Title(b.title).Description(fold(b.about)).Options(options...).Value(b.value)
	if len(options) > most {
		sel.Height(most)
	}
	return sel
}

// yes asks a question.
func (f *form) yes(ctx context.Context, title, about string) (bool, error) {
	is := true
	if f.plain {
		f.about(about)
		err := confirm(title, &userError{})
		if errors.Is(err, errUnchanged) {
			return false, nil
		}
		return err == nil, err
	}
	if err := f.run(ctx, huh.NewConfirm().Title(title).Description(fold(about)).Value(&is).WithButtonAlignment(lipgloss.Left)); err != nil {
		return false, err
	}
	answer := map[bool]string{true: "yes", false: "no"}[is]
	f.note("%s %s", f.paint(faint, title), answer)
	return is, nil
}

// fold breaks lines so that they fit a terminal of 80 columns, with room for what stands around them.
func fold(text string) string {
	const most = 74
	var out []string
	for line := range strings.SplitSeq(text, "\n") {
		folded := ""
		for _, word := range strings.Fields(line) {
			if folded != "" && terminal.StringWidth(folded+" "+word) > most {
				out, folded = append(out, folded), ""
			}
			folded = strings.TrimLeft(folded+" "+word, " ")
		}
		out = append(out, folded)
	}
	return strings.Join(out, "\n")
}

func (f *form) run(ctx context.Context, fields ...huh.Field) error {
	err := huh.NewForm(huh.NewGroup(fields...)).WithTheme(huh.ThemeFunc(theme)).WithInput(f.in).WithOutput(f.out).RunWithContext(ctx)
	if err != nil {
		return errStopped // ^C, a signal, or the end of the terminal
	}
	return nil
}

// theme has few colours, and nothing that only a colour tells.
func theme(bool) *huh.Styles {
	t := huh.ThemeBase(false)
	mark := lipgloss.Color("6")
	for _, s := range []*huh.FieldStyles{&t.Focused, &t.Blurred} {
		s.Title = lipgloss.NewStyle().Bold(true)
		s.Description = lipgloss.NewStyle().Faint(true)
		s.ErrorIndicator = lipgloss.NewStyle()
		s.ErrorMessage = lipgloss.NewStyle().Foreground(lipgloss.Color("1"))
		s.FocusedButton = lipgloss.NewStyle().Padding(0, 2).MarginRight(1).Reverse(true)
		s.BlurredButton = lipgloss.NewStyle().Padding(0, 2).MarginRight(1)
		s.SelectSelector = lipgloss.NewStyle().Foreground(mark).SetString("> ")
		s.SelectedOption = lipgloss.NewStyle().Foreground(mark)
		s.TextInput.Prompt = lipgloss.NewStyle().Foreground(mark)
	}
	t.Focused.Base = t.Focused.Base.BorderForeground(mark)
	t.FieldSeparator = lipgloss.NewStyle().SetString("\n\n")
	return t
}
