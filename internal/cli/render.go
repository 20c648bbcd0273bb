package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
)

// printable replaces what a terminal would act on: texts come from files, from other processes and from AWS.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, s)
}

// say prints a line for people. Its texts are made printable, so that no caller has to think of it; colours go around
// them with paint.
func (s *Streams) say(format string, args ...any) error {
	return say(s.Out, format, args...)
}

// warn prints a line on stderr that does not end the command.
func (s *Streams) warn(format string, args ...any) {
	say(s.Err, "credd: warning: "+format, args...)
}

// painted is a text that was made printable before it was coloured.
type painted string

func say(w io.Writer, format string, args ...any) error {
	for i, a := range args {
		if text, ok := a.(string); ok {
			args[i] = printable(text)
		}
	}
	_, err := fmt.Fprintf(w, format+"\n", args...)
	return err
}

const (
	red    = "31"
	yellow = "33"
)

// paint colours a text where colours can be seen.
func (s *Streams) paint(color, text string) painted {
	if !s.Color {
		return painted(printable(text))
	}
	return painted("\x1b[" + color + "m" + printable(text) + "\x1b[0m")
}

// printJSON prints a value for programs.
func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// clock writes a time as people at this machine read it.
func clock(t, now time.Time) string {
	if now.Sub(t).Abs() < 20*time.Hour {
		return t.Local().Format("15:04:05")
	}
	return t.Local().Format("2006-01-02 15:04")
}

// left writes how long something still lives.
func left(d time.Duration) string {
	switch {
	case d <= 0:
		return "expired"
	case d < time.Minute:
		return fmt.Sprintf("%ds", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%dm", d/time.Minute)
	}
	return fmt.Sprintf("%dh%02dm", d/time.Hour, d%time.Hour/time.Minute)
}

// count writes a number of things.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
