package agent_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"credd/internal/agent/api"
	"credd/internal/agent/cred"
	"credd/internal/agent/source"
	"credd/internal/ipc"
)

const codedSettings = `version = 1
[source.work]
type = "keys"
mfa_serial = "arn:aws:iam::210987654321:mfa/ana"
[defaults]
source = "work"
`

// codedSource gives credentials once it was told the right code.
type codedSource struct {
	fakeSource
	mu      sync.Mutex
	open    bool
	answers int
	steps   int // right answers before the last one
	at      int
}

const right = "123456"

func (s *codedSource) Credentials(ctx context.Context) (*cred.Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.open {
		return nil, &source.Error{Kind: source.Login, Message: "source work needs an MFA code", Hint: "credd login work", Ask: s}
	}
	return s.fakeSource.Credentials(ctx)
}

func (s *codedSource) Asker() source.Asker      { return s }
func (s *codedSource) Question() (string, bool) { return "MFA code for source work", false }
func (s *codedSource) Shared() string           { return "work" }
func (s *codedSource) Logout(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open = false
	return nil
}
func (s *codedSource) State() source.State { return source.State{Notes: []string{"old"}} }

func (s *codedSource) Begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at = 0
}

func (s *codedSource) Answer(_ context.Context, text string) (done bool, wrong string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers++
	if text != right {
		return false, "AWS does not accept this code", nil
	}
	if s.at < s.steps {
		s.at++
		return false, "", nil
	}
	s.open = true
	return true, "", nil
}

func newCodedWorld(t *testing.T, roles ...string) *world {
	coded := &codedSource{}
	return newWorldWith(t, coded, map[string]string{"credd.toml": codedSettings, "customers/acme.toml": customerText(roles...)})
}

// person answers the questions of one connection; nil hangs up.
type person func(q ipc.Question) *ipc.Answer

func types(text string) person {
	return func(ipc.Question) *ipc.Answer { return &ipc.Answer{Text: text} }
}

func nobody(ipc.Question) *ipc.Answer   { return &ipc.Answer{Status: ipc.NoTerminal} }
func declines(ipc.Question) *ipc.Answer { return &ipc.Answer{Status: ipc.Declined} }

// with asks for a role as a helper with a terminal does. It returns the reply's kind, and what it says.
func (w *world) with(t *testing.T, role string, p person) (ipc.Kind, string) {
	t.Helper()
	c, err := net.Dial("unix", w.path)
	if err != nil {
		t.Error(err)
		return 0, ""
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(30 * time.Second))
	c.Write(ipc.Append(nil, ipc.KindCredentials, ipc.AppendCredentials(nil, role)))
	for {
		kind, payload, err := ipc.Read(c, ipc.MaxDocument)
		if err != nil {
			return 0, err.Error()
		}
		if kind != ipc.KindQuestion {
			if e, err := ipc.ParseError(payload); kind == ipc.KindError && err == nil {
				return kind, fmt.Sprintf("%d %s | %s", e.Code, e.Message, e.Hint)
			}
			return kind, string(payload)
		}
		q, err := ipc.ParseQuestion(payload)
		if err != nil {
			t.Error(err)
		}
		a := p(q)
		if a == nil {
			return 0, "hung up"
		}
		c.Write(ipc.Append(nil, ipc.KindAnswer, ipc.AppendAnswer(nil, *a)))
	}
}

func refused(t *testing.T, kind ipc.Kind, got string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if kind != ipc.KindError || !strings.Contains(got, want) {
			t.Errorf("got %d %s, want: %s", kind, got, want)
		}
	}
}

func TestOneQuestionForAll(t *testing.T) {
	var roles []string
	for i := range 40 {
		roles = append(roles, fmt.Sprintf("r%d", i))
	}
	w := newCodedWorld(t, roles...)
	var asked sync.Map
	var all sync.WaitGroup
	for i, r := range roles {
		all.Go(func() {
			kind, got := w.with(t, "acme/"+r, func(q ipc.Question) *ipc.Answer { asked.Store(i, q.Text); return &ipc.Answer{Text: right} })
			if kind != ipc.KindDocument {
				t.Errorf("%s: got %d %s", r, kind, got)
			}
		})
	}
	all.Wait()
	n := 0
	asked.Range(func(_, text any) bool { n++; return text == "MFA code for source work" })
	if n != 1 || w.coded.answered() != 1 {
		t.Errorf("asked %d times, answered %d times", n, w.coded.answered())
	}
}

func TestNobodyToAsk(t *testing.T) {
	w := newCodedWorld(t, "a")
	kind, got := w.with(t, "acme/a", nobody)
	refused(t, kind, got, "5 acme/a: source work needs an MFA code", "credd login work")

	// An older helper does not answer at all, but hangs up.
	if kind, got := w.with(t, "acme/a", func(ipc.Question) *ipc.Answer { return nil }); kind != 0 || got != "hung up" {
		t.Errorf("got %d %s", kind, got)
	}
	if kind, _ := w.with(t, "acme/a", types(right)); kind != ipc.KindDocument {
		t.Errorf("got %d", kind)
	}
}

// One who cannot be asked gets what another answers.
func TestTheNextIsAsked(t *testing.T) {
	for name, first := range map[string]func(ipc.Question) *ipc.Answer{
		"in the background": nobody,
		"killed":            func(ipc.Question) *ipc.Answer { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			w := newCodedWorld(t, "a", "b")
			asked, hold := make(chan struct{}), make(chan struct{})
			var all sync.WaitGroup
			all.Go(func() {
				kind, got := w.with(t, "acme/a", func(q ipc.Question) *ipc.Answer { close(asked); <-hold; return first(q) })
				if want := ipc.KindDocument; name != "killed" && kind != want {
					t.Errorf("got %d %s, want a document", kind, got)
				}
			})
			<-asked
			all.Go(func() {
				if kind, got := w.with(t, "acme/b", types(right)); kind != ipc.KindDocument {
					t.Errorf("got %d %s", kind, got)
				}
			})
			w.waitsInLine(t, 2)
			close(hold)
			all.Wait()
		})
	}
}

// waitsInLine returns when n callers wait for an answer, as status tells by the roles that failed for want of one.
func (w *world) waitsInLine(t *testing.T, n int) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		var st api.Status
		if err := w.call(t, api.Request{Do: api.DoStatus}, &st); err != nil {
			t.Fatal(err)
		}
		if len(st.Failing) >= n {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%d callers are not in line", n)
		}
	}
}

func TestWrongCodes(t *testing.T) {
	w := newCodedWorld(t, "a")
	var texts []string
	wrong := func(q ipc.Question) *ipc.Answer { texts = append(texts, q.Text); return &ipc.Answer{Text: "000000"} }
	kind, got := w.with(t, "acme/a", wrong)
	refused(t, kind, got, "5 acme/a: AWS does not accept this code: given up after 4 answers")
	if len(texts) != 4 || texts[3] != "AWS does not accept this code; MFA code for source work" {
		t.Errorf("asked %q", texts)
	}
	kind, got = w.with(t, "acme/a", types(right))
	refused(t, kind, got, "too many wrong answers: not asked again for", "credd login")
	if w.coded.answered() != 4 {
		t.Errorf("%d answers were used", w.coded.answered())
	}
	w.advance(2 * time.Minute)
	if kind, got = w.with(t, "acme/a", types(right)); kind != ipc.KindDocument {
		t.Errorf("got %d %s", kind, got)
	}
}

func TestDeclined(t *testing.T) {
	w := newCodedWorld(t, "a")
	kind, got := w.with(t, "acme/a", declines)
	refused(t, kind, got, "5 acme/a: declined at the terminal")
}

// Who logs in ahead of time answers for those who are being asked.
func TestLoginAnswersForAll(t *testing.T) {
	w := newCodedWorld(t, "a")
	asked := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		c, err := net.Dial("unix", w.path)
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		c.SetDeadline(time.Now().Add(30 * time.Second))
		c.Write(ipc.Append(nil, ipc.KindCredentials, ipc.AppendCredentials(nil, "acme/a")))
		for kind := ipc.Kind(0); kind != ipc.KindDocument; {
			var err error
			if kind, _, err = ipc.Read(c, ipc.MaxDocument); err != nil {
				t.Error(err)
				return
			}
			if kind == ipc.KindQuestion {
				close(asked) // and types nothing
			}
		}
	}()
	<-asked
	c, err := net.Dial("unix", w.path)
	if err != nil {
		t.Fatal(err)
	}
	var in api.Login
	talk := api.Talk{Answer: func(ipc.Question, time.Time) ipc.Answer { return ipc.Answer{Text: right} }}
	if err := talk.Call(t.Context(), c, api.Request{Do: api.DoLogin, Name: "work"}, &in); err != nil || in.Name != "work" {
		t.Errorf("got %+v, %v", in, err)
	}
	<-done

	var st api.Status
	if err := w.call(t, api.Request{Do: api.DoStatus}, &st); err != nil || len(st.Sources) != 1 || st.Sources[0].State != "ready" || st.Sources[0].Notes[0] != "old" {
		t.Errorf("got %+v, %v", st.Sources, err)
	}
	var out api.Forgotten
	if err := w.call(t, api.Request{Do: api.DoLogout, Name: "work"}, &out); err != nil || len(out.Roles) != 1 {
		t.Errorf("got %+v, %v", out, err)
	}
	kind, got := w.with(t, "acme/a", nobody)
	refused(t, kind, got, "5 acme/a")
	err = w.call(t, api.Request{Do: api.DoLogin, Name: "work"}, &in)
	if e, ok := err.(*ipc.Error); !ok || !has(e, ipc.Login, "no terminal") {
		t.Errorf("got %v", err)
	}
}

func TestASourcesOwnSession(t *testing.T) {
	w := newWorld(t, map[string]string{"credd.toml": settings, "customers/acme.toml": "version = 1\naccount_id = \"012345678901\"\n[role.own]\nsource = \"work\"\nown_session = true\n",
		"customers/nw.toml": "version = 1\naccount_id = \"210987654321\"\n[role.own]\nsource = \"work\"\nown_session = true\n"})
	for role, want := range map[string]string{"@work": "ASIA-OWN-AKIA0", "nw/own": "ASIA-OWN-AKIA0"} {
		if got, e := w.get(t, role); got != want || e != nil {
			t.Errorf("%s: got %q, %v", role, got, e)
		}
	}
	if _, e := w.get(t, "acme/own"); !has(e, ipc.Usage, "is of account 210987654321, and the role is of account 012345678901") {
		t.Errorf("got %v", e)
	}
	if _, e := w.get(t, "@none"); !has(e, ipc.UnknownRole, "no such source: none") {
		t.Errorf("got %v", e)
	}
	if w.aws.count() != 0 {
		t.Errorf("a role was assumed")
	}
}

func (s *codedSource) answered() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.answers
}

// asksFrom asks for a role, and returns when its terminal is asked.
func (w *world) asksFrom(t *testing.T, role string) (c net.Conn, first ipc.Question) {
	t.Helper()
	c, err := net.Dial("unix", w.path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(30 * time.Second))
	c.Write(ipc.Append(nil, ipc.KindCredentials, ipc.AppendCredentials(nil, role)))
	kind, payload, err := ipc.Read(c, ipc.MaxDocument)
	if err != nil || kind != ipc.KindQuestion {
		t.Fatalf("got %d, %v, want a question", kind, err)
	}
	if first, err = ipc.ParseQuestion(payload); err != nil {
		t.Fatal(err)
	}
	return c, first
}

func answer(t *testing.T, c net.Conn, a ipc.Answer) (ipc.Kind, string) {
	t.Helper()
	c.Write(ipc.Append(nil, ipc.KindAnswer, ipc.AppendAnswer(nil, a)))
	kind, payload, err := ipc.Read(c, ipc.MaxDocument)
	if err != nil {
		t.Fatal(err)
	}
	return kind, string(payload)
}

func (w *world) login(t *testing.T, a ipc.Answer) error {
	t.Helper()
	c, err := net.Dial("unix", w.path)
	if err != nil {
		t.Fatal(err)
	}
	talk := api.Talk{Answer: func(ipc.Question, time.Time) ipc.Answer { return a }}
	return talk.Call(t.Context(), c, api.Request{Do: api.DoLogin, Name: "work"}, &api.Login{})
}

// What goes wrong at the terminal of credd login is its own: who is being asked elsewhere can still answer.
func TestALoginThatFailsLeavesTheOthers(t *testing.T) {
	for name, a := range map[string]ipc.Answer{"declined": {Status: ipc.Declined}, "wrong": {Text: "000000"}} {
		t.Run(name, func(t *testing.T) {
			w := newCodedWorld(t, "a")
			c, _ := w.asksFrom(t, "acme/a")
			if err := w.login(t, a); err == nil {
				t.Error("the login worked")
			}
			if kind, got := answer(t, c, ipc.Answer{Text: right}); kind != ipc.KindDocument {
				t.Errorf("got %d %q", kind, got)
			}
		})
	}
}

// A rest is for helpers; a person who logs in is asked, and ends it.
func TestLoginEndsARest(t *testing.T) {
	w := newCodedWorld(t, "a")
	w.with(t, "acme/a", declines)
	kind, got := w.with(t, "acme/a", types(right))
	refused(t, kind, got, "declined at the terminal: not asked again for")
	if err := w.login(t, ipc.Answer{Text: right}); err != nil {
		t.Error(err)
	}
	if kind, got := w.with(t, "acme/a", types(right)); kind != ipc.KindDocument {
		t.Errorf("got %d %s", kind, got)
	}
}

// Wrong answers count for the question, at whatever terminal they are typed.
func TestWrongCodesOfManyTerminals(t *testing.T) {
	w := newCodedWorld(t, "a")
	for range 3 {
		n := 0
		w.with(t, "acme/a", func(ipc.Question) *ipc.Answer { // one wrong code, then gone
			if n++; n > 1 {
				return nil
			}
			return &ipc.Answer{Text: "000000"}
		})
	}
	kind, got := w.with(t, "acme/a", types("000000"))
	refused(t, kind, got, "given up after 4 answers")
	kind, got = w.with(t, "acme/a", types(right))
	refused(t, kind, got, "too many wrong answers")
}

// A question of several steps begins anew at another terminal, and its steps are no wrong answers.
func TestStepsBeginAnew(t *testing.T) {
	w := newCodedWorld(t, "a", "b")
	w.coded.steps = 5
	c, _ := w.asksFrom(t, "acme/a")
	answer(t, c, ipc.Answer{Text: right})
	c.Close()
	n := 0
	kind, got := w.with(t, "acme/b", func(ipc.Question) *ipc.Answer { n++; return &ipc.Answer{Text: right} })
	if kind != ipc.KindDocument || n != 6 {
		t.Errorf("got %d %s after %d answers", kind, got, n)
	}
}

// Who leaves while in line is not waited for.
func TestLeftWhileInLine(t *testing.T) {
	w := newCodedWorld(t, "a", "b", "c")
	c, _ := w.asksFrom(t, "acme/a")
	var gone [2]net.Conn
	for i, role := range []string{"acme/b", "acme/c"} {
		conn, err := net.Dial("unix", w.path)
		if err != nil {
			t.Fatal(err)
		}
		conn.Write(ipc.Append(nil, ipc.KindCredentials, ipc.AppendCredentials(nil, role)))
		gone[i] = conn
	}
	w.waitsInLine(t, 3)
	for _, conn := range gone {
		conn.Close()
	}
	kind, got := answer(t, c, ipc.Answer{Status: ipc.NoTerminal})
	e, err := ipc.ParseError([]byte(got))
	if kind != ipc.KindError || err != nil || !strings.Contains(e.Message, "needs an MFA code") {
		t.Errorf("got %d %q", kind, got)
	}
}
