//go:build !windows

package main

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"credd/internal/ipc"
)

const patience = 30 * time.Second // for what has to happen; nothing waits so long

// helper is the program under test, built as it is shipped.
var helper string

func TestMain(m *testing.M) {
	switch {
	case len(os.Args) == 2 && os.Args[1] == "serve":
		os.Exit(serve())
	case len(os.Args) == 3 && os.Args[1] == "eavesdrop":
		os.Exit(eavesdrop(os.Args[2]))
	}
	os.Exit(build(m))
}

func build(m *testing.M) int {
	dir, err := os.MkdirTemp("", "credhelper")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	helper = filepath.Join(dir, "credhelper")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w -X main.version=v1.2.3", "-o", helper, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		panic(string(out))
	}
	return m.Run()
}

// result is what a caller sees of credhelper.
type result struct {
	code           int
	stdout, stderr string
}

// call runs credhelper with nothing but env in its environment.
func call(t testing.TB, program string, env []string, args ...string) result {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Env = env
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.WaitDelay = patience
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Error(err) // not Fatal: helpers are called by goroutines too
	}
	return result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// answer serves one connection after another on a socket, and counts them.
func answer(t *testing.T, with func(n int32, c *net.UnixConn)) (path string, count *atomic.Int32) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "s")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	count = new(atomic.Int32)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.AcceptUnix()
			if err != nil {
				return
			}
			c.SetDeadline(time.Now().Add(patience))
			with(count.Add(1), c)
			c.Close()
		}
	}()
	t.Cleanup(func() {
		l.Close()
		<-done
	})
	return path, count
}

func frame(k ipc.Kind, payload string) string { return string(ipc.Append(nil, k, []byte(payload))) }

func refusal(code ipc.Code, message, hint string) string {
	return frame(ipc.KindError, string(ipc.AppendError(nil, &ipc.Error{Code: code, Message: message, Hint: hint})))
}

// always reads the request and sends text.
func always(text string) func(int32, *net.UnixConn) {
	return func(_ int32, c *net.UnixConn) {
		ipc.Read(c, ipc.MaxRequest)
		io.WriteString(c, text)
	}
}

const (
	document  = `{"Version":1,"AccessKeyId":"ASIAEXAMPLE","SecretAccessKey":"s","SessionToken":"t","Expiration":"2026-11-01T11:00:00Z"}` + "\n"
	lost      = "credhelper: error: credd went away before it answered\ncredhelper: hint: start it with: credd serve, or what it logged: credd service logs; CREDD_SOCK is set: if it is forwarded, on the machine that it comes from\n"
	garbled   = "credhelper: error: the reply of credd is not understood"
	reinstall = "\ncredhelper: hint: install credd and credhelper of the same version\n"
)

func TestReplies(t *testing.T) {
	whole := frame(ipc.KindDocument, document)
	for _, c := range []struct {
		name  string
		with  func(n int32, c *net.UnixConn)
		want  result
		calls int32
	}{
		{"document", always(whole), result{0, document, ""}, 1},
		{"in pieces", func(_ int32, c *net.UnixConn) {
			ipc.Read(c, ipc.MaxRequest)
			for i := range whole {
				io.WriteString(c, whole[i:i+1])
			}
		}, result{0, document, ""}, 1},
		{"half a document, always", always(whole[:len(whole)/2]), result{3, "", lost}, 3},
		{"closed, always", always(""), result{3, "", lost}, 3},
		{"closed unread, always", func(int32, *net.UnixConn) {}, result{3, "", lost}, 3},
		{"half a document, then a whole", func(n int32, c *net.UnixConn) {
			text := whole
			if n == 1 {
				text = whole[:len(whole)/2]
			}
			always(text)(n, c)
		}, result{0, document, ""}, 2},
		{"error", always(refusal(ipc.Denied, "acme/admin: denied by AWS", "check with: credd customer verify acme")),
			result{6, "", "credhelper: error: acme/admin: denied by AWS\ncredhelper: hint: check with: credd customer verify acme\n"}, 1},
		{"error without a hint", always(refusal(ipc.UnknownRole, "no such role", "")), result{4, "", "credhelper: error: no such role\n"}, 1},
		{"refused unread", func(_ int32, c *net.UnixConn) { io.WriteString(c, refusal(ipc.Refused, "not yours", "")) },
			result{8, "", "credhelper: error: not yours\n"}, 1},
		{"control characters", always(refusal(ipc.Internal, "a\x1b[2Jb\r\nc", "d\u009b31me\x7f\xff")),
			result{1, "", "credhelper: error: a?[2Jb??c\ncredhelper: hint: d?31me??\n"}, 1},
		{"code of a newer daemon", always(refusal(200, "odd", "")), result{1, "", "credhelper: error: odd\n"}, 1},
		{"code 0", always(refusal(0, "odd", "")), result{1, "", "credhelper: error: odd\n"}, 1},
		{"too large", always(frame(ipc.KindDocument, strings.Repeat("d", ipc.MaxDocument+1))),
			result{1, "", garbled + ": frame is larger than its limit" + reinstall}, 1},
		{"another protocol", always("HTTP/1.1 400 Bad Request\r\n\r\n"), result{1, "", garbled + ": frame is larger than its limit" + reinstall}, 1},
		{"length 0", always("\x00\x00\x00\x00\x40"), result{1, "", garbled + ": malformed frame" + reinstall}, 1},
		{"unknown kind", always(frame(99, document)), result{1, "", garbled + reinstall}, 1},
		{"broken error", always(frame(ipc.KindError, "\x06\x00\xffno")), result{1, "", garbled + reinstall}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			path, count := answer(t, c.with)
			if got := call(t, helper, []string{"HOME=/nowhere", "CREDD_SOCK=" + path, "CREDD_AUTOSTART=0"}, "acme/admin"); got != c.want {
				t.Errorf("got  %+v\nwant %+v", got, c.want)
			}
			if got := count.Load(); got != c.calls {
				t.Errorf("got %d connections, want %d", got, c.calls)
			}
		})
	}
}

func TestTheRequest(t *testing.T) {
	asked := make(chan string, 1)
	path, _ := answer(t, func(_ int32, c *net.UnixConn) {
		kind, payload, err := ipc.Read(c, ipc.MaxRequest)
		role, perr := ipc.ParseCredentials(payload)
		if kind != ipc.KindCredentials || err != nil || perr != nil {
			t.Errorf("got kind %d, %v, %v", kind, err, perr)
		}
		asked <- role
		io.WriteString(c, frame(ipc.KindDocument, document))
	})
	call(t, helper, []string{"CREDD_SOCK=" + path}, "acme corp/äd min")
	if got, want := <-asked, "acme corp/äd min"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestUsage(t *testing.T) {
	oneRole := "credhelper: error: one role is needed\ncredhelper: hint: such as: credhelper acme/admin\n"
	home := []string{"HOME=/nowhere", "CREDD_AUTOSTART=0", "CREDD_SOCK=/nowhere/s"}
	for _, c := range []struct {
		name string
		env  []string
		args []string
		want result
	}{
		{"version", nil, []string{"--version"}, result{0, "credhelper v1.2.3\n", ""}},
		{"help", nil, []string{"--help"}, result{0, usage, ""}},
		{"no argument", home, nil, result{2, "", oneRole}},
		{"empty role", home, []string{""}, result{2, "", oneRole}},
		{"two roles", home, []string{"a/b", "c/d"}, result{2, "", oneRole}},
		{"option", home, []string{"--role\x1b"}, result{2, "", "credhelper: error: unknown option --role?\ncredhelper: hint: see: credhelper --help\n"}},
		{"long role", home, []string{strings.Repeat("r", 513)}, result{4, "", "credhelper: error: the role's name is longer than 512 bytes\n"}},
		{"relative socket", []string{"CREDD_SOCK=s"}, []string{"a/b"}, result{2, "", "credhelper: error: CREDD_SOCK is not an absolute path\n"}},
		{"no daemon", home, []string{"a/b"}, result{3, "", "credhelper: error: credd is not running\ncredhelper: hint: start it with: credd serve; CREDD_SOCK is set: it was looked for at /nowhere/s\n"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := call(t, helper, c.env, c.args...); got != c.want {
				t.Errorf("got  %+v\nwant %+v", got, c.want)
			}
		})
	}
}

func TestItStaysSmall(t *testing.T) {
	const limit = 1_600_000 // every AWS client loads it
	i, err := os.Stat(helper)
	if err != nil {
		t.Fatal(err)
	}
	if i.Size() > limit {
		t.Errorf("got %d bytes, want at most %d", i.Size(), limit)
	}
}
