package agent_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/smithy-go"
	"go.uber.org/goleak"

	"credd/internal/accounts"
	"credd/internal/agent"
	"credd/internal/agent/api"
	"credd/internal/agent/audit"
	"credd/internal/agent/cred"
	"credd/internal/agent/source"
	"credd/internal/agent/sts"
	"credd/internal/agent/vault"
	"credd/internal/ipc"
	"credd/internal/ipc/peer"
	"credd/internal/ipc/socket"
)

func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "user" {
		os.Exit(beUser(os.Args[2]))
	}
	source.ClearEnvironment() // for the sources of tests that ask a fake AWS
	goleak.VerifyTestMain(m)
}

// world is an agent on a real socket, with a fake AWS behind it.
type world struct {
	follows   follows
	dir, path string
	agent     *agent.Agent
	shelf     *shelf
	aws       *fakeSTS
	trail     *trail
	coded     *codedSource // of type keys
	options   func(*agent.Options)
	stop      func()

	mu  sync.Mutex
	now time.Time
}

const settings = `version = 1
[source.work]
type = "profile"
profile = "work"
[defaults]
source = "work"
`

func customerText(roles ...string) string {
	text := "version = 1\nexternal_id = \"canary-id\"\n"
	for _, r := range roles {
		text += "[role." + r + "]\narn = \"arn:aws:iam::012345678901:role/" + r + "\"\n"
	}
	return text
}

func newWorld(t *testing.T, files map[string]string) *world { return newWorldWith(t, nil, files) }

func newWorldWith(t *testing.T, coded *codedSource, files map[string]string) *world {
	t.Helper()
	return newWorldOf(t, coded, nil, files)
}

// newWorldOf is a world with other options, for all users of the machine.
func newWorldOf(t *testing.T, coded *codedSource, options func(*agent.Options), files map[string]string) *world {
	t.Helper()
	dir, err := os.MkdirTemp("", "credd") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	w := &world{coded: coded, options: options, dir: dir, path: filepath.Join(dir, "run", "agent.sock"), aws: &fakeSTS{}, trail: &trail{}, shelf: &shelf{}, follows: follows{make(chan string), make(chan followed), make(chan struct{})}, now: time.Now()}
	for name, text := range files {
		w.write(t, name, text)
	}
	w.aws.now = w.clock
	w.start(t)
	t.Cleanup(func() { w.stop() })
	return w
}

// start serves what is in the world's directory; stop ends it.
func (w *world) start(t *testing.T) {
	t.Helper()
	o := agent.Options{
		ConfigDir: w.dir, StateDir: filepath.Join(w.dir, "state"), Socket: w.path, Version: "test", User: "ana", Owner: peer.User{UID: uint32(os.Getuid())}, Accounts: accounts.System{}, Now: w.clock,
		Assumer: w.aws, Network: direct{}, Audit: w.trail, Log: slog.New(slog.DiscardHandler), LogLevel: new(slog.LevelVar), Busy: func() {},
		NewSource: func(s source.Spec) (source.Source, error) { return w.newSource(s), nil }, Vault: noVault{}, Shelf: w.shelf, Keys: anyKeys{}, Profiles: w.follows,
	}
	listen := socket.Listen
	if w.options != nil {
		w.options(&o)
		listen = func(path string) (*socket.Listener, error) { return socket.ListenForAll(path, path+".lock") }
	}
	l, err := listen(w.path)
	if err != nil {
		t.Fatal(err)
	}
	w.agent = agent.New(o)
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- w.agent.Serve(ctx, l) }()
	w.stop = func() {
		w.stop = func() {}
		stop()
		if err := <-served; err != nil {
			t.Errorf("serve: %v", err)
		}
		l.Close() // Serve may still be at it
		w.agent.Close()
	}
}

// newSource makes a source whose profile is its name, or one that a test asked for.
func (w *world) newSource(s source.Spec) source.Source {
	if w.coded != nil && s.Type == "keys" {
		return w.coded
	}
	return &fakeSource{profile: s.Profile}
}

type noVault struct{}

func (noVault) Configure(vault.Settings)    {}
func (noVault) Ready(context.Context) error { return nil }

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func (w *world) write(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join(w.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// send writes raw bytes and returns the reply.
func (w *world) send(t *testing.T, frame []byte) (ipc.Kind, []byte, error) {
	t.Helper()
	c, err := net.Dial("unix", w.path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(30 * time.Second))
	if _, err := c.Write(frame); err != nil {
		t.Fatal(err)
	}
	return ipc.Read(c, ipc.MaxManaged)
}

// get asks for a role as credhelper does. It returns the access key, or the refusal.
func (w *world) get(t *testing.T, role string) (keyID string, refusal *ipc.Error) {
	t.Helper()
	kind, payload, err := w.send(t, ipc.Append(nil, ipc.KindCredentials, ipc.AppendCredentials(nil, role)))
	if err != nil {
		t.Fatal(err)
	}
	if kind == ipc.KindError {
		e, err := ipc.ParseError(payload)
		if err != nil {
			t.Fatal(err)
		}
		return "", e
	}
	var doc struct {
		AccessKeyID string `json:"AccessKeyId"`
	}
	if err := json.Unmarshal(payload, &doc); err != nil {
		t.Fatal(err)
	}
	return doc.AccessKeyID, nil
}

func (w *world) call(t *testing.T, req api.Request, out any) error {
	t.Helper()
	c, err := net.Dial("unix", w.path)
	if err != nil {
		t.Fatal(err)
	}
	return api.Call(t.Context(), c, req, out)
}

type direct struct{}

func (direct) Configure(string, string) error { return nil }

// trail keeps audit entries, and fails if told so.
type trail struct {
	mu      sync.Mutex
	entries []audit.Entry
	err     error
}

func (r *trail) Record(e audit.Entry) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.entries = append(r.entries, e)
	return r.err
}

func (r *trail) Read(f audit.Filter, each func(audit.Entry) error) (int, error) {
	r.mu.Lock()
	entries := slices.Clone(r.entries)
	r.mu.Unlock()
	for _, e := range entries {
		if !f.Match(e) {
			continue
		}
		if err := each(e); err != nil {
			return 0, err
		}
	}
	return 0, nil
}

func (r *trail) last() audit.Entry {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.entries[len(r.entries)-1]
}

type fakeSource struct {
	profile string
	renewed int
}

func (s *fakeSource) Credentials(context.Context) (*cred.Session, error) {
	if s.profile == "expired" {
		return nil, &source.Error{Kind: source.Login, Message: "the login is over", Hint: "log in"}
	}
	return &cred.Session{AccessKeyID: fmt.Sprintf("AKIA%d", s.renewed), SecretAccessKey: cred.NewSecret("s")}, nil
}
func (s *fakeSource) Endpoint() (region, url string) { return "eu-west-1", "" }
func (s *fakeSource) Fingerprint() string            { return s.profile }
func (s *fakeSource) Reload()                        {}
func (s *fakeSource) Forgive()                       {}
func (s *fakeSource) Invalidate(string)              { s.renewed++ }
func (s *fakeSource) State() source.State            { return source.State{} }

// fakeSTS assumes what it is asked to, unless answer says otherwise.
type fakeSTS struct {
	now    func() time.Time
	mu     sync.Mutex
	calls  []sts.Request
	by     []string
	answer func(sts.Caller, sts.Request) error
	who    string // the ARN of all callers, "" for one of their keys
}

func (f *fakeSTS) Assume(_ context.Context, by sts.Caller, r sts.Request) (*cred.Session, string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, r)
	f.by = append(f.by, by.Session.AccessKeyID)
	if f.answer != nil {
		if err := f.answer(by, r); err != nil {
			return nil, "", err
		}
	}
	now := f.now()
	return &cred.Session{
		AccessKeyID: fmt.Sprintf("ASIA%d", len(f.calls)), SecretAccessKey: cred.NewSecret("s"), SessionToken: cred.NewSecret("t"),
		Issued: now, Expires: now.Add(r.Duration), AccountID: r.AccountID, SessionName: r.SessionName, RequestID: "req",
	}, "", nil
}

func (f *fakeSTS) Try(ctx context.Context, by sts.Caller, r sts.Request) (*cred.Session, error) {
	s, _, err := f.Assume(ctx, by, r)
	return s, err
}

func (f *fakeSTS) Identity(_ context.Context, by sts.Caller) (sts.Identity, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.answer != nil {
		if err := f.answer(by, sts.Request{}); err != nil {
			return sts.Identity{}, err
		}
	}
	if f.who != "" {
		return sts.Identity{ARN: f.who, AccountID: "012345678901"}, nil
	}
	return sts.Identity{ARN: "arn:of:" + by.Session.AccessKeyID, AccountID: "210987654321"}, nil
}

func (f *fakeSTS) SessionToken(_ context.Context, by sts.Caller, d time.Duration, _, _ string) (*cred.Session, error) {
	now := f.now()
	return &cred.Session{
		AccessKeyID: "ASIA-OWN-" + by.Session.AccessKeyID, SecretAccessKey: cred.NewSecret("s"), SessionToken: cred.NewSecret("t"),
		Issued: now, Expires: now.Add(d),
	}, nil
}

func (f *fakeSTS) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.calls)
}

func (f *fakeSTS) set(answer func(sts.Caller, sts.Request) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answer = answer
}

func denied(sts.Caller, sts.Request) error {
	return &sts.Error{Reason: sts.Denied, Message: "denied by AWS", RequestID: "req-denied"}
}

// deniedByUs is a denial of which AWS says that it is about a policy of the caller's.
var deniedByUs = sts.Sort(&smithy.GenericAPIError{Code: "AccessDenied", Message: "User: arn:aws:iam::210987654321:user/work is not authorized to perform: sts:AssumeRole " +
	"on resource: arn:aws:iam::012345678901:role/admin with an explicit deny in an identity-based policy"}, time.Now())

func has(e *ipc.Error, code ipc.Code, text string) bool {
	return e != nil && e.Code == code && strings.Contains(e.Message+" | "+e.Hint, text)
}
