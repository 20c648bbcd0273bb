package terminal

import (
	"syscall"
	"time"
	"unicode/utf16"
	"unsafe"
)

const (
	tick = 200 * time.Millisecond // how soon it is noticed that the question is over

	keyEvent = 1    // KEY_EVENT
	altKey   = 0x12 // VK_MENU: let go of, it gives the character whose number was typed meanwhile

	interrupt = 3 // ^C, where the console does not end programs by it
	endOfFile = 4 // ^D
	eraseLine = 21
	endOfText = 26 // ^Z, the end of a file to Windows
	escape    = 27
)

// The library is among those that Windows takes from its own directory alone.
var (
	kernel32 = syscall.NewLazyDLL("kernel32.dll")

	procGetConsoleWindow = kernel32.NewProc("GetConsoleWindow")
	procCountInput       = kernel32.NewProc("GetNumberOfConsoleInputEvents")
	procReadInput        = kernel32.NewProc("ReadConsoleInputW")
	procPeekNamedPipe    = kernel32.NewProc("PeekNamedPipe")
)

// Ask shows question and returns the line that is typed. It gives up at the deadline, and as soon as there is something to
// read from the pipe elsewhere (-1 for none).
//
// It takes keys, not lines, so that the console's settings stay as they are: no way out leaves a console that shows nothing.
func Ask(question string, hidden bool, elsewhere int, deadline time.Time) (string, error) {
	if seen, _, _ := procGetConsoleWindow.Call(); seen == 0 {
		return "", ErrNone // none, or one without a window, as editors give to what they run: nobody would see the question
	}
	return ask(question, hidden, elsewhere, deadline)
}

func ask(question string, hidden bool, elsewhere int, deadline time.Time) (string, error) {
	in, err := console("CONIN$")
	if err != nil {
		return "", ErrNone
	}
	defer syscall.CloseHandle(in)
	out, err := console("CONOUT$")
	if err != nil {
		return "", ErrNone
	}
	defer syscall.CloseHandle(out)
	t := &tty{in, out, elsewhere, deadline, !hidden}
	t.write(question)
	answer, err := t.line()
	t.write("\r\n")
	return answer, err
}

// console opens an end of the console, wherever stdin and stdout lead.
func console(name string) (syscall.Handle, error) {
	wide, err := syscall.UTF16PtrFromString(name)
	if err != nil {
		return 0, err
	}
	return syscall.CreateFile(wide, syscall.GENERIC_READ|syscall.GENERIC_WRITE, syscall.FILE_SHARE_READ|syscall.FILE_SHARE_WRITE, nil, syscall.OPEN_EXISTING, 0, 0)
}

type tty struct {
	in, out   syscall.Handle
	elsewhere int
	deadline  time.Time
	shown     bool
}

func (t *tty) write(s string) {
	wide := utf16.Encode([]rune(s))
	var n uint32
	if len(wide) > 0 {
		syscall.WriteConsole(t.out, &wide[0], uint32(len(wide)), &n, nil)
	}
}

// line reads up to the end of a line.
func (t *tty) line() (string, error) {
	var line []uint16
	for {
		c, err := t.key()
		if err != nil {
			return "", err
		}
		switch c {
		case '\r', '\n':
			return string(utf16.Decode(line)), nil
		case interrupt, endOfFile, endOfText:
			return "", ErrDeclined
		case eraseLine, escape:
			line = t.erase(line, len(line))
		case '\b':
			line = t.erase(line, 1)
		default:
			line = append(line, c)
			t.echo(c)
		}
		if len(line) > maxAnswer/3 { // a unit is at most 3 bytes
			return "", ErrDeclined
		}
	}
}

// erase takes n characters from the end of a line.
func (t *tty) erase(line []uint16, n int) []uint16 {
	for ; n > 0 && len(line) > 0; n-- {
		last := line[len(line)-1]
		line = line[:len(line)-1]
		if last&0xFC00 == 0xDC00 && len(line) > 0 { // the second half of a character
			line = line[:len(line)-1]
		}
		if t.shown {
			t.write("\b \b")
		}
	}
	return line
}

func (t *tty) echo(c uint16) {
	var n uint32
	if t.shown {
		syscall.WriteConsole(t.out, &c, 1, &n, nil)
	}
}

// inputRecord is INPUT_RECORD with a KEY_EVENT_RECORD.
type inputRecord struct {
	event   uint16
	_       uint16
	down    int32
	repeat  uint16
	key     uint16
	scan    uint16
	char    uint16
	control uint32
}

// key returns the next character that is typed.
func (t *tty) key() (uint16, error) {
	for {
		if err := t.wait(); err != nil {
			return 0, err
		}
		var r inputRecord
		var n uint32
		if ok, _, _ := procReadInput.Call(uintptr(t.in), uintptr(unsafe.Pointer(&r)), 1, uintptr(unsafe.Pointer(&n))); ok == 0 || n == 0 {
			return 0, ErrNone
		}
		if r.event == keyEvent && r.char != 0 && (r.down != 0 || r.key == altKey) {
			return r.char, nil
		}
	}
}

// wait returns when the console has an event, and else why not to go on.
func (t *tty) wait() error {
	for {
		left := time.Until(t.deadline)
		if left <= 0 || t.over() {
			return ErrOver
		}
		got, err := syscall.WaitForSingleObject(t.in, uint32(max(min(left, tick).Milliseconds(), 1)))
		if err != nil || got == syscall.WAIT_FAILED {
			return ErrNone
		}
		var n uint32
		if ok, _, _ := procCountInput.Call(uintptr(t.in), uintptr(unsafe.Pointer(&n))); ok == 0 {
			return ErrNone
		}
		if n > 0 { // somebody else at this console may have taken what was there
			return nil
		}
	}
}

// over reports whether there is something to read from elsewhere, or never will be.
func (t *tty) over() bool {
	if t.elsewhere == -1 {
		return false
	}
	var n uint32
	ok, _, _ := procPeekNamedPipe.Call(uintptr(t.elsewhere), 0, 0, 0, uintptr(unsafe.Pointer(&n)), 0)
	return ok == 0 || n > 0
}
