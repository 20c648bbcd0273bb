package dial

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/Microsoft/go-winio"

	"credd/internal/ipc"
	"credd/internal/paths"
)

const patience = 40 * time.Second // for what has to happen; nothing waits so long

// listen makes a pipe with a security descriptor. The first client is let go: Wine gives it an instance that nobody serves.
func listen(t *testing.T, descriptor string) (net.Listener, string) {
	t.Helper()
	path := `\\.\pipe\credd-` + strings.NewReplacer("/", "-", "'", "", ",", "").Replace(strings.ToLower(t.Name()))
	l, err := winio.ListenPipe(path, &winio.PipeConfig{SecurityDescriptor: descriptor, InputBufferSize: 64 << 10, OutputBufferSize: 64 << 10})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	if s, err := reach(path, time.Now().Add(patience)); err == nil {
		s.close()
	}
	return l, path
}

func own(t *testing.T) string {
	t.Helper()
	sid, err := paths.UserSID()
	if err != nil {
		t.Fatal(err)
	}
	return "O:" + sid + "D:P(A;;GA;;;" + sid + ")"
}

// serve answers each connection with answer until the test ends.
func serve(t *testing.T, descriptor string, answer func(net.Conn)) string {
	t.Helper()
	l, path := listen(t, descriptor)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.SetDeadline(time.Now().Add(patience))
			answer(c)
			c.Close()
		}
	}()
	t.Cleanup(func() {
		l.Close()
		<-done
	})
	return path
}

var request = ipc.Append(nil, ipc.KindCredentials, ipc.AppendCredentials(nil, "acme/admin"))

// after reads the request and then sends text.
func after(text string) func(net.Conn) {
	return func(c net.Conn) {
		ipc.Read(c, ipc.MaxRequest)
		io.WriteString(c, text)
	}
}

func TestAsk(t *testing.T) {
	document := string(ipc.Append(nil, ipc.KindDocument, []byte(`{"Version":1}`)))
	refusal := string(ipc.Append(nil, ipc.KindError, ipc.AppendError(nil, &ipc.Error{Code: ipc.Refused, Message: "no"})))
	question := ipc.Append(nil, ipc.KindQuestion, ipc.AppendQuestion(nil, ipc.Question{Text: "code"}))
	large := strings.Repeat("d", ipc.MaxDocument)
	for _, c := range []struct {
		name   string
		answer func(net.Conn)
		want   string // the reply's payload
		err    error
	}{
		{"document", after(document), `{"Version":1}`, nil},
		{"largest document", after(string(ipc.Append(nil, ipc.KindDocument, []byte(large)))), large, nil},
		{"half a document", after(document[:len(document)-3]), "", ErrLost},
		{"closed before the reply", after(""), "", ErrLost},
		{"closed before the request is read", func(net.Conn) {}, "", ErrLost},
		{"refused before the request is read", func(c net.Conn) { io.WriteString(c, refusal) }, "\x08\x00\x02no\x00\x00", nil},
		{"too large", after(string(ipc.Append(nil, ipc.KindDocument, []byte(large+"d")))), "", ipc.ErrTooLarge},
		{"length 0", after("\x00\x00\x00\x00\x40"), "", ipc.ErrMalformed},
		{"a question first", func(c net.Conn) {
			ipc.Read(c, ipc.MaxRequest)
			c.Write(question)
			if _, p, err := ipc.Read(c, ipc.MaxAnswer); err == nil && strings.Contains(string(p), "123456") {
				io.WriteString(c, document)
			}
		}, `{"Version":1}`, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := serve(t, own(t), c.answer)
			_, got, err := Ask(path, request, time.Now().Add(patience), func(ipc.Question, int, time.Time) ipc.Answer { return ipc.Answer{Text: "123456"} })
			if string(got) != c.want || err != c.err {
				t.Errorf("got %.40q, %v, want %.40q, %v", got, err, c.want, c.err)
			}
		})
	}
}

func TestDeadlines(t *testing.T) {
	gone := make(chan struct{})
	path := serve(t, own(t), func(net.Conn) { <-gone })
	defer close(gone)
	const limit = 300 * time.Millisecond
	for _, what := range []string{"no reply", "nobody accepts"} { // the one before is still being served
		start := time.Now()
		if _, _, err := Ask(path, request, start.Add(limit), nil); err != ErrTimeout {
			t.Errorf("%s: got %v, want %v", what, err, ErrTimeout)
		}
		if took := time.Since(start); took < limit || took > patience/2 {
			t.Errorf("%s: took %v, want %v", what, took, limit)
		}
	}
	if _, _, err := Ask(path, request, time.Now().Add(-time.Second), nil); err != ErrTimeout {
		t.Errorf("a deadline in the past: got %v, want %v", err, ErrTimeout)
	}
}

func TestNoDaemon(t *testing.T) {
	if err := Probe(`\\.\pipe\credd-none`, time.Now().Add(patience)); err != ErrNoDaemon {
		t.Errorf("got %v, want %v", err, ErrNoDaemon)
	}
}

// Whoever takes the name first does not become the daemon: the owner of the pipe shows, before a byte is sent.
func TestAForeignPipe(t *testing.T) {
	for name, owner := range map[string]string{"another user's": "S-1-5-21-1-2-3-1001", "the machine's service, at a user's pipe": ServiceSID} {
		t.Run(name, func(t *testing.T) {
			path := serve(t, "O:"+owner+"D:P(A;;GA;;;WD)", func(c net.Conn) {
				if got, _ := io.ReadAll(c); len(got) > 0 {
					t.Errorf("it was sent %q", got)
				}
			})
			if _, _, err := Ask(path, request, time.Now().Add(patience), nil); err != ErrForeign {
				t.Errorf("got %v, want %v", err, ErrForeign)
			}
		})
	}
}
