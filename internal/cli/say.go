package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"
)

// All that people read is written by say, note, warn and complain, and by table and facts of render.go. Each passes what it is
// given through printable: texts come from files, from other processes, from the daemon and from AWS. Only formats are
// trusted, so a format is a constant. JSON is for programs and is not filtered: printJSON.

// printable replaces what a terminal would act on, and line ends.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, s)
}

// say prints a line to stdout. Run tells of a failed write, so that a caller may leave the error.
func (s *Streams) say(format string, args ...any) error {
	_, err := io.WriteString(s.Out, line(format, args...))
	return err
}

// note prints a line to stderr: what a person needs to know while a program may read stdout.
func (s *Streams) note(format string, args ...any) {
	io.WriteString(s.Err, line(format, args...))
}

// warn tells of what did not stop the command.
func (s *Streams) warn(message, hint string) { s.tell("warning", message, hint) }

// complain tells of an error.
func (s *Streams) complain(message, hint string) { s.tell("error", message, hint) }

// warnIfShown tells a person that a secret is about to be shown.
func (s *Streams) warnIfShown(message, hint string) {
	if f, ok := s.stdout().(*os.File); ok && isTerminal(f) {
		s.warn(message, hint)
	}
}

// stdout is where Out writes to in the end.
func (s *Streams) stdout() io.Writer {
	if k, ok := s.Out.(*keeper); ok {
		return k.w
	}
	return s.Out
}

func (s *Streams) tell(kind, message, hint string) {
	io.WriteString(s.Err, line("credd: %s: %s", kind, message))
	if hint != "" {
		io.WriteString(s.Err, line("credd: hint: %s", s.mine(hint)))
	}
}

// line formats a line with its arguments filtered.
func line(format string, args ...any) string {
	for i, a := range args {
		if _, ok := a.(painted); !ok {
			args[i] = filtered{a}
		}
	}
	return fmt.Sprintf(format, args...) + "\n"
}

// filtered is written as fmt writes its argument, made printable.
type filtered struct{ arg any }

func (f filtered) Format(to fmt.State, verb rune) {
	io.WriteString(to, printable(fmt.Sprintf(fmt.FormatString(to, verb), f.arg)))
}

// painted is a text that was filtered before it got its colour.
type painted string

const (
	bold   = "1"
	faint  = "2"
	red    = "31"
	green  = "32"
	yellow = "33"
)

// paint colours a text on a terminal.
func (s *Streams) paint(color, text string) painted {
	text = printable(text)
	if !s.Color || color == "" {
		return painted(text)
	}
	return painted("\x1b[" + color + "m" + text + "\x1b[0m")
}

// keeper remembers the first write that failed.
type keeper struct {
	w   io.Writer
	err error
}

func (k *keeper) Write(p []byte) (int, error) {
	n, err := k.w.Write(p)
	if k.err == nil {
		k.err = err
	}
	return n, err
}
