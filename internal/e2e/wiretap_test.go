//go:build linux

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// ledger is all that must not be found, by kind.
type ledger struct {
	mu    sync.Mutex
	texts map[string]map[string][][]byte // and their forms
}

func (l *ledger) add(kind, text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.texts[kind] == nil {
		l.texts[kind] = map[string][][]byte{}
	}
	l.texts[kind][text] = forms(text)
}

// in returns the kinds of what a text holds.
func (l *ledger) in(text []byte) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var found []string
	for kind, all := range l.texts {
		for secret, forms := range all {
			if holds(text, secret, forms) {
				found = append(found, kind)
				break
			}
		}
	}
	slices.Sort(found)
	return found
}

var isCode = regexp.MustCompile(`^\d{6}$`)

// holds looks for a secret in all of its forms. The digits of a code are one only where no others are beside them.
func holds(text []byte, secret string, forms [][]byte) bool {
	if len(secret) != 6 || !isCode.MatchString(secret) {
		return leaks(forms, text)
	}
	for rest := text; ; {
		before, after, ok := bytes.Cut(rest, forms[0])
		if !ok {
			return leaks(forms[1:], text)
		}
		if !bytes.ContainsAny(edge(before, len(before)-1), digits) && !bytes.ContainsAny(edge(after, 0), digits) {
			return true
		}
		rest = after
	}
}

const digits = "0123456789abcdefABCDEFx." // also of a hexadecimal number

func edge(text []byte, at int) []byte {
	if at < 0 || at >= len(text) {
		return nil
	}
	return text[at : at+1]
}

// wiretap stands between credd and the simulator. It notes each secret that passes, and answers in AWS's place.
type wiretap struct {
	*httptest.Server
	ledger
	to string

	mu     sync.Mutex
	answer func(http.ResponseWriter, overheard) // nil: the simulator's
}

// overheard is a request with the secrets that it brought.
type overheard struct {
	*http.Request
	params, headers []param
}

type param struct{ name, text string }

func newWiretap(t *testing.T, to string) *wiretap {
	tap := &wiretap{to: to, ledger: ledger{texts: map[string]map[string][][]byte{}}}
	tap.Server = httptest.NewServer(tap)
	t.Cleanup(tap.Close)
	return tap
}

// A secret's name on the wire: of a form, of JSON, of XML.
var (
	secretParams  = []string{"TokenCode", "WebIdentityToken", "ExternalId"}
	secretHeaders = []string{"X-Amz-Security-Token", "X-Amz-Sso_bearer_token"}
	secretJSON    = regexp.MustCompile(`"((?:access|refresh|session)Token|clientSecret|deviceCode|code|codeVerifier|secretAccessKey|sessionKey|SigninToken)" ?: ?"([^"]+)"`)
	secretXML     = regexp.MustCompile(`<(SecretAccessKey|SessionToken)>([^<]+)<`)
)

func (tap *wiretap) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	action, heard := r.URL.Path, overheard{Request: r}
	form, _ := url.ParseQuery(string(body))
	if form.Has("Action") {
		action = form.Get("Action")
	}
	note := func(to *[]param, name, text string) {
		if text != "" {
			tap.add(action+" "+name, text)
			*to = append(*to, param{strings.ToLower(name[:1]) + name[1:], text})
		}
	}
	for _, name := range secretParams {
		note(&heard.params, name, form.Get(name))
	}
	for _, m := range slices.Concat(secretJSON.FindAllSubmatch(body, -1), secretJSON.FindAllSubmatch([]byte(form.Get("Session")), -1)) {
		note(&heard.params, string(m[1]), string(m[2]))
	}
	for _, name := range secretHeaders {
		note(&heard.headers, name, r.Header.Get(name))
	}
	tap.mu.Lock()
	answer := tap.answer
	tap.mu.Unlock()
	if answer != nil {
		answer(w, heard)
		return
	}
	resp, reply := tap.pass(r, body)
	for _, found := range [][][][]byte{secretJSON.FindAllSubmatch(reply, -1), secretXML.FindAllSubmatch(reply, -1)} {
		for _, m := range found {
			tap.add(action+" "+string(m[1]), string(m[2]))
		}
	}
	for name, values := range resp.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(resp.StatusCode)
	w.Write(reply)
}

// pass asks the simulator. What is signed stays as it is.
func (tap *wiretap) pass(r *http.Request, body []byte) (*http.Response, []byte) {
	out, err := http.NewRequestWithContext(r.Context(), r.Method, tap.to+r.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	out.Header, out.Host = r.Header.Clone(), r.Host
	resp, err := http.DefaultTransport.RoundTrip(out)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer resp.Body.Close()
	reply, err := io.ReadAll(resp.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	return resp, reply
}

func (tap *wiretap) twist(answer func(http.ResponseWriter, overheard)) {
	tap.mu.Lock()
	defer tap.mu.Unlock()
	tap.answer = answer
}

// refusing quotes what it was sent, as AWS does: a parameter that is not valid, or all that was to be signed.
func refusing(code string) func(http.ResponseWriter, overheard) {
	return func(w http.ResponseWriter, r overheard) {
		quoted := r.params
		if code == "SignatureDoesNotMatch" {
			quoted = append(quoted, r.headers...)
		}
		message := fmt.Sprintf("%d validation errors detected", len(quoted))
		for _, p := range quoted {
			message += fmt.Sprintf("; Value '%s' at '%s' failed to satisfy constraint", p.text, p.name)
		}
		if r.URL.Path == "/" {
			w.Header().Set("Content-Type", "text/xml")
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprintf(w, "<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error></ErrorResponse>", code, message)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Amzn-Errortype", code)
		w.WriteHeader(http.StatusBadRequest)
		json.NewEncoder(w).Encode(map[string]string{"message": message, "error": message, "error_description": message})
	}
}

// garbling answers with what is neither XML nor JSON, and quotes what it was sent.
func garbling(w http.ResponseWriter, r overheard) {
	fmt.Fprintf(w, "<%s>{%q", r.params, r.headers)
}

// terminal is one that a command runs at.
type terminal struct {
	*os.File
	mu    sync.Mutex
	shown bytes.Buffer
	ended chan struct{}
}

// atTerminal makes a terminal of its own the command's, as its stdin. start starts the command.
func (w *world) atTerminal(cmd *exec.Cmd) *terminal {
	w.t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	check(w.t, err)
	check(w.t, unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0))
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	check(w.t, err)
	slave, err := os.OpenFile(filepath.Join("/dev/pts", fmt.Sprint(n)), os.O_RDWR|syscall.O_NOCTTY, 0)
	check(w.t, err)
	defer slave.Close()
	cmd.Stdin = slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	check(w.t, cmd.Start())
	term := &terminal{File: master, ended: make(chan struct{})}
	go func() {
		defer close(term.ended)
		buf := make([]byte, 4096)
		for {
			n, err := master.Read(buf)
			term.mu.Lock()
			term.shown.Write(buf[:n])
			term.mu.Unlock()
			if err != nil {
				return // EIO: the last process at it ended
			}
		}
	}()
	return term
}

func (term *terminal) text() string {
	term.mu.Lock()
	defer term.mu.Unlock()
	return term.shown.String()
}

// typing runs a command at a terminal. Of the pairs each is a question, in part, and its answer.
func (w *world) typing(cmd *exec.Cmd, pairs ...string) (r result, shown string) {
	w.t.Helper()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	start := time.Now()
	term := w.atTerminal(cmd)
	defer term.Close()
	stop := time.AfterFunc(patient, func() { cmd.Process.Kill() })
	defer stop.Stop()
	for at := 0; len(pairs) > 1; pairs = pairs[2:] {
		for { // the question is asked, or the command ended
			text := term.text()
			if i := strings.Index(text[at:], pairs[0]); i >= 0 && strings.Contains(text[at+i:], ": ") {
				at = len(text)
				break
			}
			select {
			case <-term.ended:
				w.t.Errorf("%q was not asked for; the terminal shows %q", pairs[0], text)
				pairs = nil
			case <-time.After(5 * time.Millisecond):
				continue
			}
			break
		}
		if pairs == nil {
			break
		}
		_, err := io.WriteString(term, pairs[1]+"\n")
		check(w.t, err)
	}
	cmd.Wait() // the code tells
	<-term.ended
	return result{out.String(), errs.String(), cmd.ProcessState.ExitCode(), time.Since(start)}, term.text()
}
