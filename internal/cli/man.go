package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"credd/internal/ipc"
)

func newManCmd(s *Streams) *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use: "man --dir DIR", Short: "Write the man pages", Args: cobra.NoArgs,
		Long: `Write a man page of each command, and of credhelper, into a directory, which is made if it is missing. The same credd writes the same
pages; they have a date only if SOURCE_DATE_EPOCH is set.`,
		Example: "  credd man --dir ~/.local/share/man/man1",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if dir == "" {
				return &userError{ipc.Usage, "--dir is needed", "see: credd man --help"}
			}
			pages := map[string]string{"credhelper.1": helperPage().text}
			manPages(cmd.Root(), pages)
			if err := os.MkdirAll(dir, 0o755); err != nil {
				return err
			}
			for name, text := range pages {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
					return err
				}
			}
			return s.say("%s in %s", count(len(pages), "page"), dir)
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "", "directory of the pages; needed")
	return cmd
}

// manPages adds the page of a command, and of those below it.
func manPages(cmd *cobra.Command, pages map[string]string) {
	pages[pageName(cmd)+".1"] = commandPage(cmd).text
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() && sub.Name() != "help" {
			manPages(sub, pages)
		}
	}
}

func pageName(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", "-") }

func commandPage(cmd *cobra.Command) *page {
	p := newPage(pageName(cmd), cmd.Short)
	p.heading("SYNOPSIS")
	if line := cmd.UseLine(); cmd.HasAvailableSubCommands() {
		p.macro("B", line+" COMMAND")
	} else {
		p.macro("B", line)
	}
	p.heading("DESCRIPTION")
	p.prose(cmd.Long, cmd.Short)
	var see []string
	if cmd.HasParent() {
		see = append(see, pageName(cmd.Parent()))
	}
	if cmd.HasAvailableSubCommands() {
		p.heading("COMMANDS")
		for _, sub := range cmd.Commands() {
			if sub.IsAvailableCommand() && sub.Name() != "help" {
				see = append(see, pageName(sub))
				p.item(sub.Name(), "", sub.Short)
			}
		}
	}
	p.options(cmd.NonInheritedFlags())
	if cmd.HasExample() {
		p.heading("EXAMPLES")
		p.asItIs(cmd.Example)
	}
	if !cmd.HasParent() {
		p.heading("EXIT STATUS")
		for _, c := range exitCodes {
			p.item(strconv.Itoa(int(c.code)), "", c.means)
		}
		see = append(see, "credhelper")
	}
	p.seeAlso(see)
	return p
}

// exitCodes are those of credd and credhelper.
var exitCodes = []struct {
	code  ipc.Code
	means string
}{
	{ipc.OK, "done"}, {ipc.Internal, "a fault of credd"}, {ipc.Usage, "wrong arguments or configuration"}, {ipc.NoDaemon, "no daemon"},
	{ipc.UnknownRole, "no such role"}, {ipc.Login, "a login or an MFA code is needed"}, {ipc.Denied, "denied by AWS"},
	{ipc.Unreachable, "AWS cannot be reached or throttles, or the clock is off"}, {ipc.Refused, "refused by credd"},
}

// helperPage is that of credhelper, which has no commands to make it from.
func helperPage() *page {
	p := newPage("credhelper", "Print the credentials of a role, for credential_process")
	p.heading("SYNOPSIS")
	p.macro("B", "credhelper ROLE")
	p.heading("DESCRIPTION")
	p.prose(`Ask credd for the credentials of a role and print the document that the AWS CLI and SDKs take from a credential_process. ROLE is
customer/role, or @SOURCE for a source's own session. If no daemon runs it is started. What fails is told on stderr, and nothing is printed.

A login or an MFA code that is needed is asked for at the controlling terminal, if there is one.`, "")
	p.heading("EXAMPLES")
	p.asItIs("  [profile acme/admin]\n  credential_process = \"/usr/local/bin/credhelper\" acme/admin")
	p.heading("ENVIRONMENT")
	p.item("CREDD_SOCK", "", "path of the daemon's socket")
	p.item("CREDD_AUTOSTART", "", "0: start no daemon")
	p.heading("EXIT STATUS")
	p.prose("As of credd.", "")
	p.seeAlso([]string{"credd"})
	return p
}

// page is a man page that is being written, in man(7).
type page struct{ text string }

func newPage(name, short string) *page {
	p := &page{}
	date := ""
	if n, err := strconv.ParseInt(os.Getenv("SOURCE_DATE_EPOCH"), 10, 64); err == nil {
		date = time.Unix(n, 0).UTC().Format(time.DateOnly)
	}
	p.text = `.TH "` + roff(strings.ToUpper(name)) + `" "1" "` + date + `" "` + roff("credd "+version()) + `" "credd"` + "\n"
	p.heading("NAME")
	p.text += roff(name) + ` \- ` + roff(short) + "\n"
	return p
}

func (p *page) macro(name string, args ...string) {
	p.text += "." + name
	for _, a := range args {
		p.text += ` "` + roff(a) + `"`
	}
	p.text += "\n"
}

func (p *page) heading(text string) { p.macro("SH", text) }

// prose writes paragraphs, and what is indented as it is.
func (p *page) prose(text, otherwise string) {
	if text == "" {
		text = otherwise + "."
	}
	for i, part := range strings.Split(strings.Trim(text, "\n"), "\n\n") {
		if i > 0 {
			p.macro("PP")
		}
		if strings.HasPrefix(part, "  ") {
			p.asItIs(part)
			continue
		}
		for line := range strings.Lines(part) {
			p.text += roff(strings.TrimRight(line, "\n")) + "\n"
		}
	}
}

// asItIs keeps lines and blanks.
func (p *page) asItIs(text string) {
	p.text += ".nf\n"
	for _, line := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		p.text += roff(line) + "\n"
	}
	p.text += ".fi\n"
}

// item is a term, perhaps with what it takes, and what it means.
func (p *page) item(term, takes, means string) {
	p.text += ".TP\n\\fB" + roff(term) + "\\fR"
	if takes != "" {
		p.text += " \\fI" + roff(takes) + "\\fR"
	}
	p.text += "\n" + roff(means) + "\n"
}

func (p *page) options(flags *pflag.FlagSet) {
	if !flags.HasAvailableFlags() {
		return
	}
	p.heading("OPTIONS")
	flags.VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			takes := ""
			if f.NoOptDefVal == "" {
				takes = "VALUE"
			}
			p.item("--"+f.Name, takes, f.Usage)
		}
	})
}

func (p *page) seeAlso(names []string) {
	p.heading("SEE ALSO")
	for i, name := range names {
		p.text += `\%\fB` + roff(name) + `\fR(1)` // a name that is broken at a line's end cannot be looked up
		if i < len(names)-1 {
			p.text += ","
		}
		p.text += "\n"
	}
}

// roff writes a line so that it means itself: no escape, no macro, ASCII.
func roff(text string) string {
	var b strings.Builder
	if strings.HasPrefix(text, ".") || strings.HasPrefix(text, "'") {
		b.WriteString(`\&`)
	}
	for _, r := range text {
		switch {
		case r == '\\':
			b.WriteString(`\e`)
		case r == '-':
			b.WriteString(`\-`)
		case r == '"':
			b.WriteString(`\(dq`)
		case r == '\'':
			b.WriteString(`\(aq`)
		case r == '`':
			b.WriteString(`\(ga`)
		case r == '^':
			b.WriteString(`\(ha`)
		case r == '~':
			b.WriteString(`\(ti`)
		case r < 0x80:
			b.WriteRune(r)
		default:
			b.WriteString(fmt.Sprintf(`\[u%04X]`, r))
		}
	}
	return b.String()
}
