package agent_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"credd/internal/accounts"
	"credd/internal/agent"
	"credd/internal/agent/api"
	"credd/internal/agent/cred"
	"credd/internal/agent/iam"
	"credd/internal/agent/source"
	"credd/internal/agent/sts"
	"credd/internal/customer"
	"credd/internal/customer/invite"
	"credd/internal/customer/verify"
	"credd/internal/fakeaws"
	"credd/internal/ipc/peer"
	"credd/internal/ipc/socket"
)

// trialWorld is an agent whose sources, STS and IAM are the real ones, in front of a fake AWS. Waiting moves the clock.
type trialWorld struct {
	t     *testing.T
	dir   string
	aws   *fakeaws.Server
	agent *agent.Agent
	log   *os.File
	trail *trail
	spy   *spy
	key   *cred.Session // of the source
	stop  func()        // ends the agent

	block func(context.Context) // in place of waiting, if it is set

	mu     sync.Mutex
	waited time.Duration
	later  map[time.Duration]func() // at the first wait that reaches it
}

// trialRole are more lines of acme's role, and what its source is.
type trialRole struct {
	lines    string
	noID     bool
	source   string // of credd.toml; "" is a profile with a long-term key
	customer string // more lines of the customer
}

func newTrialWorld(t *testing.T, r trialRole) *trialWorld {
	t.Helper()
	dir, err := os.MkdirTemp("", "credd")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	w := &trialWorld{t: t, dir: dir, trail: &trail{}, later: map[time.Duration]func(){}}
	if w.aws, err = fakeaws.New(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.aws.Close)
	w.aws.SetClock(w.now)
	key, err := w.aws.AddUser(ourUser)
	if err != nil {
		t.Fatal(err)
	}
	w.key = &cred.Session{AccessKeyID: key.ID, SecretAccessKey: cred.NewSecret(key.Secret)}
	w.role(acmeRole, fakeaws.TrustPolicy(ourUser, acmeCanary))
	w.write("aws/credentials", "[work]\naws_access_key_id = "+key.ID+"\naws_secret_access_key = "+key.Secret+"\n")
	w.write("aws/config", "[profile work]\nregion = eu-west-1\nendpoint_url = "+w.aws.URL()+"\n")
	w.write("credd.toml", "version = 1\n[source.work]\ntype = \"profile\"\nprofile = \"work\"\n[defaults]\nsource = \"work\"\n[network]\nendpoint_url = \""+w.aws.URL()+"\"\n"+r.source)
	id := "external_id = \"" + acmeCanary + "\"\n"
	if r.noID {
		id = ""
	}
	w.write("customers/acme.toml", "version = 1\naccount_id = \"012345678901\"\n"+id+r.customer+"[role.readonly]\narn = \""+acmeRole+"\"\n"+r.lines)
	w.start()
	return w
}

// spy keeps the sessions that were tried for.
type spy struct {
	*sts.Client
	mu  sync.Mutex
	got []granted
}

type granted struct {
	request sts.Request
	session *cred.Session
}

func (s *spy) Try(ctx context.Context, by sts.Caller, r sts.Request) (*cred.Session, error) {
	session, err := s.Client.Try(ctx, by, r)
	if err == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.got = append(s.got, granted{r, session})
	}
	return session, err
}

func (w *trialWorld) start() {
	http := sts.NewHTTP()
	calls := sts.New(http, w.now)
	w.spy = &spy{Client: calls}
	deps := source.Deps{AWSDir: filepath.Join(w.dir, "aws"), HTTP: http, STS: calls, Now: w.now, Logins: source.NewLogins(http, nil, w.now), Devices: source.NewDevices(w.now)}
	l, err := socket.Listen(filepath.Join(w.dir, "run", "agent.sock"))
	if err != nil {
		w.t.Fatal(err)
	}
	if w.log, err = os.Create(filepath.Join(w.dir, "log")); err != nil {
		w.t.Fatal(err)
	}
	w.agent = agent.New(agent.Options{
		ConfigDir: w.dir, StateDir: filepath.Join(w.dir, "state"), Version: "test", User: "ana", Owner: peer.User{UID: uint32(os.Getuid())}, Accounts: accounts.System{}, Now: w.now, Wait: w.wait,
		Assumer: w.spy, IAM: iam.New(http, w.now), Network: direct{}, Vault: noVault{}, Audit: w.trail,
		Log: slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})), LogLevel: new(slog.LevelVar), Busy: func() {},
		NewSource: func(s source.Spec) (source.Source, error) { return source.New(s, deps) },
	})
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- w.agent.Serve(ctx, l) }()
	w.stop = sync.OnceFunc(func() {
		stop()
		if err := <-served; err != nil {
			w.t.Errorf("serve: %v", err)
		}
		w.agent.Close()
		http.Close()
		w.log.Close()
	})
	w.t.Cleanup(w.stop)
}

// invited keeps the terms of an invitation.
func (w *trialWorld) invited(terms ...invite.Terms) {
	w.t.Helper()
	b, err := json.Marshal(terms)
	if err != nil {
		w.t.Fatal(err)
	}
	w.write("state/invitations/acme.json", string(b))
}

func (w *trialWorld) write(name, text string) {
	w.t.Helper()
	(&world{dir: w.dir}).write(w.t, name, text)
}

func (w *trialWorld) role(arn, trust string, change ...func(*fakeaws.Role)) {
	w.t.Helper()
	r := fakeaws.Role{ARN: arn, Trust: trust}
	for _, f := range change {
		f(&r)
	}
	if err := w.aws.AddRole(r); err != nil {
		w.t.Fatal(err)
	}
}

func (w *trialWorld) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Now().Add(w.waited)
}

// wait moves the clock, and lets happen what is to happen until then.
func (w *trialWorld) wait(ctx context.Context, d time.Duration) error {
	if w.block != nil {
		w.block(ctx)
		return ctx.Err()
	}
	w.mu.Lock()
	w.waited += d
	var due []func()
	for at, f := range w.later {
		if at <= w.waited {
			due = append(due, f)
			delete(w.later, at)
		}
	}
	w.mu.Unlock()
	for _, f := range due {
		f()
	}
	return ctx.Err()
}

func (w *trialWorld) total() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.waited
}

// verify asks for a verification, as the command does. It returns what was told meanwhile, too.
func (w *trialWorld) verify(name string) (out api.Verified, told []string, err error) {
	w.t.Helper()
	return w.verifies(api.Request{Do: api.DoVerify, Name: name})
}

func (w *trialWorld) verifies(r api.Request) (out api.Verified, told []string, err error) {
	w.t.Helper()
	c, err := net.Dial("unix", filepath.Join(w.dir, "run", "agent.sock"))
	if err != nil {
		w.t.Fatal(err)
	}
	err = api.Talk{Hear: func(e api.Event) { told = append(told, e.Notice) }}.Call(w.t.Context(), c, r, &out)
	return out, told, err
}

// one is the verification of a role that has to come to an end.
func (w *trialWorld) one(name string) verify.Result {
	w.t.Helper()
	out, told, err := w.verify(name)
	if err != nil {
		w.t.Fatal(err)
	}
	if len(out.Roles) != 1 {
		w.t.Fatalf("got %d results", len(out.Roles))
	}
	w.noCanary(out, told)
	return out.Roles[0]
}

// noCanary looks for external IDs in all that a verification leaves.
func (w *trialWorld) noCanary(out api.Verified, told []string) {
	w.t.Helper()
	reply, _ := json.Marshal(out)
	w.trail.mu.Lock()
	lines, _ := json.Marshal(w.trail.entries)
	w.trail.mu.Unlock()
	record, _ := os.ReadFile(filepath.Join(w.dir, "state", "customers", "acme.json"))
	log, _ := os.ReadFile(w.log.Name())
	if len(log) == 0 || len(lines) < 3 {
		w.t.Error("there is no log or no audit line to look at")
	}
	for name, text := range map[string]string{"reply": string(reply), "audit": string(lines), "record": string(record), "events": strings.Join(told, "\n"), "log": string(log)} {
		if leaksID(text) {
			w.t.Errorf("the %s holds an external ID: %s", name, text)
		}
	}
	if !leaksID("x" + acmeCanary) {
		w.t.Error("the search finds no planted external ID")
	}
}

func leaksID(text string) bool { return strings.Contains(text, "canary-") }

func (w *trialWorld) ask(req api.Request, out any) {
	w.t.Helper()
	c, err := net.Dial("unix", filepath.Join(w.dir, "run", "agent.sock"))
	if err != nil {
		w.t.Fatal(err)
	}
	if err := api.Call(w.t.Context(), c, req, out); err != nil {
		w.t.Fatal(err)
	}
}

// untouched checks that a verification left no session, no failure and no health of a role.
func (w *trialWorld) untouched() {
	w.t.Helper()
	var st api.Status
	w.ask(api.Request{Do: api.DoStatus}, &st)
	if len(st.Sessions) != 0 || len(st.Failing) != 0 {
		w.t.Errorf("got sessions %v, failures %v; want none", st.Sessions, st.Failing)
	}
}

// kept checks that the result is in the record, if it tells something.
func (w *trialWorld) kept(r verify.Result) {
	w.t.Helper()
	rec, err := customer.Load(filepath.Join(w.dir, "state"), "acme")
	if err != nil {
		w.t.Fatal(err)
	}
	got := rec.Roles["readonly"].Verified
	if r.Verdict != verify.Inconclusive && (got == nil || got.Verdict != r.Verdict || got.Settings == "") {
		w.t.Errorf("got record %+v, want %s", got, r.Verdict)
	}
}
