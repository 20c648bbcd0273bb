//go:debug containermaxprocs=0
//go:debug updatemaxprocs=0
//go:debug decoratemappings=0

// Command credhelper is a credential_process: it asks credd for a role's credentials and prints them.
//
// It links little on purpose, because every AWS client starts it: see internal/imports_test.go. The debug settings keep
// Go from reading cgroup files at start, which this program is too short for.
package main

import (
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"credd/internal/ipc"
	"credd/internal/ipc/dial"
	"credd/internal/ipc/start"
	"credd/internal/ipc/terminal"
	"credd/internal/paths"
)

// deadline bounds everything: the Go SDK kills a credential process after 60 s.
const deadline = 50 * time.Second

// pauses come before the tries after a lost connection. A daemon that is killed closes its listening socket last, so that a
// try at once could reach the dead.
var pauses = [...]time.Duration{50 * time.Millisecond, 250 * time.Millisecond}

var version = "unknown" // set by the linker

const usage = `Prints the credentials of a role, for credential_process in ~/.aws/config:

  [profile acme/admin]
  credential_process = "/usr/local/bin/credhelper" acme/admin

Usage: credhelper ROLE
       credhelper --version
`

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run returns the exit code. Nothing reaches stdout before the whole document has arrived.
func run(args []string, stdout, stderr *os.File) int {
	if len(args) != 1 || args[0] == "" {
		return fail(stderr, ipc.Usage, "one role is needed", "such as: credhelper acme/admin")
	}
	switch args[0] {
	case "--version":
		stdout.WriteString("credhelper " + version + "\n")
		return 0
	case "-h", "--help":
		stdout.WriteString(usage)
		return 0
	}
	if args[0][0] == '-' {
		return fail(stderr, ipc.Usage, "unknown option "+printable(args[0]), "see: credhelper --help")
	}
	if len(args[0]) > ipc.MaxRole {
		return fail(stderr, ipc.UnknownRole, "the role's name is longer than 512 bytes", "")
	}
	path, err := paths.Socket()
	if err != nil {
		return fail(stderr, ipc.Usage, err.Error(), "")
	}
	kind, payload, err := ask(path, args[0], time.Now().Add(deadline))
	if err != nil {
		return explain(stderr, path, err)
	}
	switch kind {
	case ipc.KindDocument:
		if _, err := stdout.Write(payload); err != nil {
			return fail(stderr, ipc.Internal, "stdout: "+err.Error(), "")
		}
		return 0
	case ipc.KindError:
		if e, err := ipc.ParseError(payload); err == nil {
			return fail(stderr, e.Code, e.Message, e.Hint)
		}
	}
	return fail(stderr, ipc.Internal, "the reply of credd is not understood", "install credd and credhelper of the same version")
}

// ask sends the request, starting the daemon if there is none. A connection lost before the reply is tried again.
func ask(path, role string, deadline time.Time) (ipc.Kind, []byte, error) {
	frame := ipc.Append(nil, ipc.KindCredentials, ipc.AppendCredentials(nil, role))
	for _, pause := range pauses {
		kind, payload, err := once(path, frame, deadline)
		if err != dial.ErrLost {
			return kind, payload, err
		}
		time.Sleep(pause)
	}
	return once(path, frame, deadline)
}

// once sends the request to the daemon that runs, or else to one that it starts.
func once(path string, frame []byte, deadline time.Time) (ipc.Kind, []byte, error) {
	kind, payload, err := dial.Ask(path, frame, deadline, put)
	if err == dial.ErrNoDaemon {
		if err := start.Daemon(path, deadline); err != nil {
			return 0, nil, err
		}
		kind, payload, err = dial.Ask(path, frame, deadline, put)
	}
	return kind, payload, err
}

// put puts a question of the daemon to the person at our terminal. stdin and stdout are the SDK's.
func put(q ipc.Question, fd int, deadline time.Time) ipc.Answer {
	text, err := terminal.Ask("credd: "+printable(q.Text)+": ", q.Hidden, fd, deadline)
	switch err {
	case nil:
		return ipc.Answer{Status: ipc.Answered, Text: text}
	case terminal.ErrDeclined:
		return ipc.Answer{Status: ipc.Declined}
	}
	return ipc.Answer{Status: ipc.NoTerminal}
}

// explain prints why there is no reply.
func explain(stderr *os.File, path string, err error) int {
	const (
		versions = "install credd and credhelper of the same version"
		byHand   = "start it with: credd serve"
		orLog    = ", or what it logged: credd service logs" // the service's, or the file of one that credhelper started
	)
	check := "check " + path + ", and CREDD_SOCK"
	switch err {
	case dial.ErrNoDaemon:
		return fail(stderr, ipc.NoDaemon, err.Error(), byHand+named("it was looked for at "+path))
	case dial.ErrForeign:
		return fail(stderr, ipc.Refused, err.Error()+": nothing was sent to it", check)
	case dial.ErrTimeout:
		return fail(stderr, ipc.NoDaemon, err.Error(), "see what it does: credd status"+orLog)
	case dial.ErrLost:
		return fail(stderr, ipc.NoDaemon, err.Error(), byHand+orLog+named("if it is forwarded, on the machine that it comes from"))
	case ipc.ErrTooLarge, ipc.ErrMalformed:
		return fail(stderr, ipc.Internal, "the reply of credd is not understood: "+err.Error(), versions)
	}
	if e, ok := err.(*start.Error); ok {
		return fail(stderr, ipc.NoDaemon, e.Message, e.Hint)
	}
	return fail(stderr, ipc.NoDaemon, "connect to credd: "+err.Error(), check)
}

// named is advice for the socket that CREDD_SOCK names: its daemon may be elsewhere.
func named(advice string) string {
	if os.Getenv("CREDD_SOCK") == "" {
		return ""
	}
	return "; CREDD_SOCK is set: " + advice
}

// fail prints the two lines of an error and returns its exit code.
func fail(stderr *os.File, code ipc.Code, message, hint string) int {
	text := "credhelper: error: " + printable(message) + "\n"
	if hint != "" {
		text += "credhelper: hint: " + printable(hint) + "\n"
	}
	stderr.WriteString(text)
	return int(code)
}

// printable replaces what a terminal would act on. The daemon does so too; this is for what does not come from it.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r == utf8.RuneError {
			return '?'
		}
		return r
	}, s)
}
