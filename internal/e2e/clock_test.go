//go:build linux

package e2e

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"credd/internal/accounts"
	"credd/internal/agent"
	"credd/internal/agent/audit"
	"credd/internal/agent/iam"
	"credd/internal/agent/source"
	"credd/internal/agent/sts"
	"credd/internal/agent/vault"
	"credd/internal/fakeaws"
	"credd/internal/ipc/peer"
	"credd/internal/ipc/socket"
)

// clocked is a world whose daemon runs in this process, so that its clock can be moved: no shipped program has a hook.
type clocked struct {
	*world
	agent  *agent.Agent
	offset atomic.Int64
}

func (c *clocked) now() time.Time { return time.Now().Add(time.Duration(c.offset.Load())) }

// advance moves the clock of the daemon, of AWS and of Python, a minute at a time, and lets each minute happen.
func (c *clocked) advance(d time.Duration) {
	for ; d > 0; d -= time.Minute {
		c.offset.Add(int64(min(d, time.Minute)))
		check(c.t, os.WriteFile(c.path("clock"), fmt.Appendf(nil, "+%d", c.offset.Load()/int64(time.Second)), 0o600))
		c.agent.Sweep()
	}
}

func newClocked(t *testing.T) *clocked {
	t.Helper()
	c := &clocked{world: newWorld(t)}
	c.aws.SetClock(c.now)
	c.write("clock", "+0")
	return c
}

// start serves in this process, in this world's home.
func (c *clocked) start() {
	c.t.Helper()
	l, err := socket.Listen(c.sock)
	check(c.t, err)
	trail, err := audit.Open(c.path(".local/state/credd/audit.log"))
	check(c.t, err)
	log, err := os.Create(c.path("credd.log"))
	check(c.t, err)
	http := sts.NewHTTP()
	secrets := vault.New(c.path(".local/share/credd/vault.age"), vault.Settings{})
	calls := sts.New(http, c.now)
	deps := source.Deps{AWSDir: c.path(".aws"), HTTP: http, STS: calls, Vault: secrets, Now: c.now, Logins: source.NewLogins(http, secrets, c.now), Devices: source.NewDevices(c.now)}
	c.agent = agent.New(agent.Options{
		ConfigDir: c.path(".config/credd"), StateDir: c.path(".local/state/credd"), Socket: c.sock, Version: "test", User: "ana", Owner: peer.User{UID: uint32(os.Getuid())}, Accounts: accounts.System{}, Now: c.now,
		Wait: func(ctx context.Context, d time.Duration) error { c.offset.Add(int64(d)); return ctx.Err() }, IAM: iam.New(http, c.now),
		Assumer: calls, Network: http, Audit: trail, Log: slog.New(slog.NewTextHandler(log, nil)), LogLevel: new(slog.LevelVar), Busy: func() {},
		NewSource: func(s source.Spec) (source.Source, error) { return source.New(s, deps) }, Vault: secrets,
	})
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- c.agent.Serve(ctx, l) }()
	c.t.Cleanup(func() {
		stop()
		check(c.t, <-served)
		c.agent.Close()
		http.Close()
		trail.Close()
		log.Close()
	})
}

// python is a long-lived program with boto3, whose clock is the world's.
type python struct {
	t   *testing.T
	in  io.Writer
	out *bufio.Scanner
}

func (c *clocked) python(role string) *python {
	c.t.Helper()
	lib, err := filepath.Glob("/usr/lib/*/faketime/libfaketime.so.1")
	check(c.t, err)
	if len(lib) == 0 {
		c.t.Fatal("no libfaketime: run scripts/tools")
	}
	cmd := c.command("python3", "testdata/boto3_all_day.py", role)
	cmd.Env = append(cmd.Env, "LD_PRELOAD="+lib[0], "FAKETIME_TIMESTAMP_FILE="+c.path("clock"), "FAKETIME_NO_CACHE=1", "DONT_FAKE_MONOTONIC=1")
	in, err := cmd.StdinPipe()
	check(c.t, err)
	out, err := cmd.StdoutPipe()
	check(c.t, err)
	cmd.Stderr = os.Stderr
	check(c.t, cmd.Start())
	c.t.Cleanup(func() { in.Close(); cmd.Wait() })
	return &python{c.t, in, bufio.NewScanner(out)}
}

// call makes one call to AWS and returns the caller's ARN.
func (p *python) call() string {
	p.t.Helper()
	fmt.Fprintln(p.in, "call")
	if !p.out.Scan() {
		p.t.Fatal("the client ended")
	}
	return p.out.Text()
}

// A program runs for six hours with a role of one hour, and calls AWS every minute. Whenever it joins, it runs the helper
// about once a session, and every session is fetched once.
func TestBotocoreAllDay(t *testing.T) {
	t.Parallel()
	for _, join := range []time.Duration{-1, 0, 10 * time.Minute, 30 * time.Minute, 42 * time.Minute, 44 * time.Minute, 46 * time.Minute, 50 * time.Minute, 59 * time.Minute} {
		name := "cold"
		if join >= 0 {
			name = "joins at " + join.String()
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newClocked(t)
			c.customer("acme", "admin")
			c.profile("acme/admin", c.aws.URL())
			c.start()
			if join >= 0 { // another program has warmed the role
				if r := c.helper("acme/admin"); r.code != 0 {
					t.Fatal(r.err)
				}
				c.advance(join)
			}
			runs, calls := len(c.trail()), c.aws.Calls("AssumeRole")
			if join < 0 {
				calls = 0
			}
			p := c.python("acme/admin")
			for minute := range 6 * 60 {
				if got := p.call(); !strings.HasSuffix(got, ":assumed-role/acme-admin/northwind-acme") {
					t.Fatalf("minute %d: got %s", minute, got)
				}
				c.advance(time.Minute)
			}
			t.Logf("%d helper runs, %d AssumeRole calls in 6 h", len(c.trail())-runs, c.aws.Calls("AssumeRole")-calls)
			if got := len(c.trail()) - runs; got > 12 {
				t.Errorf("got %d helper runs, want at most 12", got)
			}
			if got := c.aws.Calls("AssumeRole") - calls; got > 10 {
				t.Errorf("got %d AssumeRole calls, want at most 10", got)
			}
			before := c.aws.Calls("AssumeRole")
			c.advance(3 * time.Hour) // nobody asks any more
			if got := c.aws.Calls("AssumeRole") - before; got > 1 {
				t.Errorf("got %d calls for a role that nobody asks for, want at most the refresh that the last one paid for", got)
			}
			before = c.aws.Calls("AssumeRole")
			c.advance(3 * time.Hour)
			if got := c.aws.Calls("AssumeRole") - before; got != 0 {
				t.Errorf("got %d calls after the last session, want 0", got)
			}
		})
	}
}

func TestALiveSessionIsServedToItsEnd(t *testing.T) {
	t.Parallel()
	for _, fault := range []fakeaws.Fault{fakeaws.Throttle, fakeaws.Unavailable, fakeaws.Stall, fakeaws.Drop, fakeaws.NoExpiration, fakeaws.PastExpiration, fakeaws.FarExpiration, fakeaws.WrongAccount} {
		t.Run(string(fault), func(t *testing.T) {
			t.Parallel()
			c := newClocked(t)
			c.customer("acme", "admin")
			c.start()
			first := c.helper("acme/admin")
			if first.code != 0 {
				t.Fatal(first.err)
			}
			c.aws.SetFault("", fault)
			for _, step := range []time.Duration{40 * time.Minute, 18 * time.Minute} { // before the refresh, and 2 minutes before the end
				c.offset.Add(int64(step))
				if r := c.helper("acme/admin"); r.code != 0 || r.out != first.out || r.took > 10*time.Second {
					t.Errorf("got %d after %v\n%s\nwant the live session", r.code, r.took, r.err)
				}
			}
			c.offset.Add(int64(3 * time.Minute))
			if r := c.helper("acme/admin"); r.code != 7 || r.out != "" || r.took > 30*time.Second {
				t.Errorf("got %d after %v\n%s%s\nwant an error: the session is over", r.code, r.took, r.out, r.err)
			}
		})
	}
}
