package terminal

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const patient = 20 * time.Second // for what should take a moment, on a busy machine

// TestMain is also what runs at the terminals: "ask" asks and says on descriptor 3 what came of it, "lead" runs "ask" in
// the foreground until a line on its descriptor 4 tells it to take the foreground back.
func TestMain(m *testing.M) {
	switch os.Getenv("ROLE") {
	case "ask":
		limit, err := time.ParseDuration(os.Getenv("LIMIT"))
		if err != nil {
			limit = patient
		}
		elsewhere := -1
		if os.Getenv("ELSEWHERE") != "" {
			elsewhere = 4
		}
		text, err := Ask("question: ", os.Getenv("HIDDEN") != "", elsewhere, time.Now().Add(limit))
		fmt.Fprintf(os.NewFile(3, "result"), "%q %v\n", text, err)
	case "lead":
		lead()
	default:
		os.Exit(m.Run())
	}
}

func lead() {
	signal.Ignore(syscall.SIGHUP) // handed down
	result, orders := os.NewFile(3, "result"), os.NewFile(4, "orders")
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), "ROLE=ask")
	cmd.ExtraFiles = []*os.File{result}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Foreground: os.Getenv("BACKGROUND") == "", Ctty: 0}
	if err := cmd.Start(); err != nil {
		fmt.Fprintln(result, err)
		return
	}
	result.Close()
	go func() {
		if n, _ := orders.Read(make([]byte, 1)); n == 1 {
			signal.Ignore(syscall.SIGTTOU)
			unix.IoctlSetPointerInt(0, unix.TIOCSPGRP, syscall.Getpgrp())
		}
	}()
	cmd.Wait()
}

// pty is a pseudo-terminal with a process that asks at it.
type pty struct {
	t      *testing.T
	master *os.File
	slave  *os.File
	result *os.File
	orders *os.File
	cmd    *exec.Cmd

	mu   sync.Mutex
	text []byte
}

// open starts a process in a session of its own; its terminal is the pseudo-terminal.
func open(t *testing.T, env ...string) *pty {
	t.Helper()
	check := func(err error) {
		if err != nil {
			t.Helper()
			t.Fatal(err)
		}
	}
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	check(err)
	p := &pty{t: t, master: os.NewFile(uintptr(fd), "/dev/ptmx")}
	check(unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0))
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	check(err)
	p.slave, err = os.OpenFile(fmt.Sprint("/dev/pts/", n), os.O_RDWR|unix.O_NOCTTY, 0)
	check(err)
	result, w, err := os.Pipe()
	check(err)
	r, orders, err := os.Pipe()
	check(err)
	p.result, p.orders = result, orders
	p.cmd = exec.Command("/proc/self/exe")
	p.cmd.Env = append(append(os.Environ(), "GORACE=atexit_sleep_ms=0"), env...)
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = p.slave, p.slave, p.slave
	p.cmd.ExtraFiles = []*os.File{w, r}
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	check(p.cmd.Start())
	w.Close()
	r.Close()
	var watching sync.WaitGroup
	watching.Go(func() {
		var b [1024]byte
		for {
			n, err := p.master.Read(b[:])
			if err != nil {
				return
			}
			p.mu.Lock()
			p.text = append(p.text, b[:n]...)
			p.mu.Unlock()
		}
	})
	t.Cleanup(func() {
		p.cmd.Process.Kill()
		p.cmd.Wait()
		for _, f := range []*os.File{p.slave, p.master, p.result, p.orders} {
			f.Close()
		}
		watching.Wait()
	})
	return p
}

func (p *pty) shown() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return string(p.text)
}

func (p *pty) eventually(what string, so func() bool) {
	p.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(patient); !so(); <-tick.C {
		if time.Now().After(end) {
			p.t.Fatalf("not in %v: %s; shown is %q", patient, what, p.shown())
		}
	}
}

func (p *pty) see(text string) {
	p.t.Helper()
	p.eventually(text, func() bool { return strings.Contains(p.shown(), text) })
}

func (p *pty) types(keys string) {
	p.t.Helper()
	if _, err := io.WriteString(p.master, keys); err != nil {
		p.t.Fatal(err)
	}
}

// ends returns what came of the question.
func (p *pty) ends() string {
	p.t.Helper()
	p.result.SetReadDeadline(time.Now().Add(patient))
	got, err := io.ReadAll(p.result)
	if err != nil {
		p.t.Fatalf("%v; shown is %q", err, p.shown())
	}
	return string(bytes.TrimSpace(got))
}

func (p *pty) attributes() unix.Termios {
	p.t.Helper()
	a, err := unix.IoctlGetTermios(int(p.slave.Fd()), unix.TCGETS)
	if err != nil {
		p.t.Fatal(err)
	}
	return *a
}

func TestAsk(t *testing.T) {
	for name, c := range map[string]struct {
		hidden      bool
		keys        string
		want, shown string // shown is what comes behind the question
	}{
		"a line":                   {false, "123456\n", `"123456" <nil>`, "123456\r\n"},
		"an empty one":             {false, "\n", `"" <nil>`, "\r\n"},
		"no end of line":           {false, "\x04", `"" declined`, "\r\n"},
		"hidden":                   {true, "geheim ö\n", `"geheim ö" <nil>`, "\r\n"},
		"hidden, return":           {true, "a\r", `"a" <nil>`, "\r\n"},
		"hidden, ^C":               {true, "ab\x03", `"" declined`, "\r\n"},
		"hidden, ^D":               {true, "ab\x04", `"" declined`, "\r\n"},
		"hidden, ^Z is a letter":   {true, "\x1a\n", `"\x1a" <nil>`, "\r\n"},
		"hidden, ^U":               {true, "ab\x15c\n", `"c" <nil>`, "\r\n"},
		"hidden, erased":           {true, "\x7faö\x7f\bb\n", `"b" <nil>`, "\r\n"},
		"hidden, too long":         {true, strings.Repeat("x", maxAnswer+1), `"" declined`, "\r\n"},
		"hidden, as long as it is": {true, strings.Repeat("x", maxAnswer) + "\n", fmt.Sprintf("%q <nil>", strings.Repeat("x", maxAnswer)), "\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			env := []string{"ROLE=ask"}
			if c.hidden {
				env = append(env, "HIDDEN=1")
			}
			p := open(t, env...)
			p.see("question: ")
			p.types(c.keys)
			if got := p.ends(); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			want := "question: " + c.shown
			p.eventually("shown is "+want, func() bool { return p.shown() == want })
			if a := p.attributes(); a.Lflag&(unix.ECHO|unix.ICANON|unix.ISIG) != unix.ECHO|unix.ICANON|unix.ISIG {
				t.Errorf("the terminal is left with %#x", a.Lflag)
			}
		})
	}
}

func TestAskIsOver(t *testing.T) {
	for _, hidden := range []string{"HIDDEN=", "HIDDEN=1"} {
		t.Run(hidden, func(t *testing.T) {
			p := open(t, "ROLE=ask", hidden, "LIMIT=300ms")
			if got, want := p.ends(), `"" `+ErrOver.Error(); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
			p.see("question: \r\n")

			p = open(t, "ROLE=ask", hidden, "ELSEWHERE=1")
			p.see("question: ")
			p.orders.Write([]byte("."))
			if got, want := p.ends(), `"" `+ErrOver.Error(); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
			p.see("question: \r\n")
		})
	}
}

func TestAskInTheBackground(t *testing.T) {
	p := open(t, "ROLE=lead", "BACKGROUND=1")
	if got, want := p.ends(), `"" `+ErrNone.Error(); got != want || p.shown() != "" {
		t.Errorf("got %s, want %s; shown is %q", got, want, p.shown())
	}
}

// A job that comes into the background is not stopped, neither for what is typed nor for putting the settings back, also
// where writing in the background stops.
func TestAskMovedToTheBackground(t *testing.T) {
	for _, hidden := range []string{"HIDDEN=", "HIDDEN=1"} {
		t.Run(hidden, func(t *testing.T) {
			p := open(t, "ROLE=lead", hidden)
			p.see("question: ")
			a := p.attributes()
			a.Lflag |= unix.TOSTOP
			if hidden == "HIDDEN=" {
				if err := unix.IoctlSetTermios(int(p.slave.Fd()), unix.TCSETS, &a); err != nil {
					t.Fatal(err)
				}
			}
			p.orders.Write([]byte("."))
			p.eventually("the foreground is the other's", func() bool {
				g, _ := unix.IoctlGetInt(int(p.master.Fd()), unix.TIOCGPGRP)
				return g == p.cmd.Process.Pid
			})
			p.types("not for it\n")
			if got, want := p.ends(), `"" `+ErrNone.Error(); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
			if a := p.attributes(); a.Lflag&(unix.ECHO|unix.ICANON|unix.ISIG) != unix.ECHO|unix.ICANON|unix.ISIG {
				t.Errorf("the terminal is left with %#x", a.Lflag)
			}
		})
	}
}

// A shell that has made the terminal its own keeps it so.
func TestAskLeavesTheSettingsOfOthers(t *testing.T) {
	p := open(t, "ROLE=ask", "HIDDEN=1")
	p.see("question: ")
	a := p.attributes()
	a.Lflag |= unix.ISIG
	if err := unix.IoctlSetTermios(int(p.slave.Fd()), unix.TCSETS, &a); err != nil {
		t.Fatal(err)
	}
	p.types("x\n")
	p.ends()
	if got := p.attributes(); got.Lflag != a.Lflag {
		t.Errorf("got %#x, want %#x", got.Lflag, a.Lflag)
	}
}

func TestAskAfterAHangup(t *testing.T) {
	p := open(t, "ROLE=lead")
	p.see("question: ")
	p.master.Close()
	if got, want := p.ends(), `"" `+ErrNone.Error(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// Who holds up the output with ^S does not hold up the deadline.
func TestAskAtAStoppedTerminal(t *testing.T) {
	p := open(t, "ROLE=ask", "LIMIT=500ms")
	if err := unix.IoctlSetInt(int(p.slave.Fd()), unix.TCXONC, unix.TCOOFF); err != nil {
		t.Fatal(err)
	}
	if got, want := p.ends(), `"" `+ErrOver.Error(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestAskWithoutATerminal(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), "ROLE=ask")
	cmd.ExtraFiles = []*os.File{w}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	err = cmd.Run()
	w.Close()
	got, _ := io.ReadAll(r)
	if want := `"" ` + ErrNone.Error() + "\n"; err != nil || string(got) != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}
