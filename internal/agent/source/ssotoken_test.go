package source

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"credd/internal/agent/sts"
	"credd/internal/fakeaws"
)

// crowd asks a source 20 times at once, after its session was dropped.
func crowd(t *testing.T, sources ...*SSO) {
	t.Helper()
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			if _, err := sources[i%len(sources)].Credentials(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestSSORefresh(t *testing.T) {
	c := openCenter(t)
	c.aws.SetSSORoleLife(30 * time.Minute)
	s := c.logIn()
	other := c.source(func(spec *Spec) { spec.RoleName = "ReadOnly" })
	crowd(t, s, other)
	c.aws.SetLatency("", 20*time.Millisecond)
	for i := range 3 {
		c.aws.Advance(56 * time.Minute) // under 5 minutes of the hour are left
		crowd(t, s, other)
		if got, want := c.aws.Calls("CreateToken"), i+2; got != want {
			t.Fatalf("got %d calls for tokens, want %d", got, want)
		}
	}
	c.restart()
	c.aws.Advance(3 * time.Hour)
	crowd(t, c.source(), c.source())
	if got := c.aws.Calls("CreateToken"); got != 5 {
		t.Errorf("got %d calls for tokens, want 5", got)
	}
	if notes := s.State().Notes; len(notes) != 0 {
		t.Errorf("got the notes %q, want none", notes)
	}
}

func TestSSORefreshOfAnotherProcess(t *testing.T) {
	c := openCenter(t)
	s := c.logIn()
	mine := c.deps.Logins
	c.restart() // the other one, with the same vault
	c.aws.Advance(57 * time.Minute)
	alive(t, c.source())
	c.deps.Logins = mine
	alive(t, s)
	if got := c.aws.Calls("CreateToken"); got != 2 {
		t.Errorf("got %d calls for tokens, want the other's refresh to do", got)
	}
}

// TestSSOLostRace is two processes that refresh at the same time: AWS refuses one, which then finds the other's.
func TestSSOLostRace(t *testing.T) {
	c := openCenter(t)
	s := c.logIn()
	mine, vault := c.deps.Logins, c.deps.Vault
	stale := vault.(*shelf).names()[0]
	item, _, _ := vault.Get(t.Context(), stale)
	c.restart()
	c.aws.Advance(2 * time.Hour)
	alive(t, c.source())
	late := &lateShelf{Vault: vault, first: item}
	l, _, err := s.current()
	if err != nil {
		t.Fatal(err)
	}
	l.vault, c.deps.Logins = late, mine
	alive(t, s)
	if got := c.aws.Calls("CreateToken"); got != 3 {
		t.Errorf("got %d calls for tokens, want 3: a login and two refreshes", got)
	}
}

// lateShelf answers first with what was there before.
type lateShelf struct {
	Vault
	first []byte
}

func (s *lateShelf) Get(ctx context.Context, name string) ([]byte, bool, error) {
	if first := s.first; first != nil {
		s.first = nil
		return first, true, nil
	}
	return s.Vault.Get(ctx, name)
}

func TestSSORefreshFails(t *testing.T) {
	for name, tt := range map[string]struct {
		fail    func(*center)
		mend    func(*center)
		refused bool // by the service, for good
	}{
		"500":            {func(c *center) { c.aws.SetFault("", fakeaws.ServerError) }, func(c *center) { c.aws.SetFault("", fakeaws.Healthy) }, false},
		"throttled":      {func(c *center) { c.aws.SetFault("", fakeaws.Throttle) }, func(c *center) { c.aws.SetFault("", fakeaws.Healthy) }, false},
		"stopped":        {func(c *center) { c.aws.Stop() }, func(c *center) { c.aws.Start() }, false},
		"ended":          {func(c *center) { c.aws.EndSSO(portalURL) }, func(*center) {}, true},
		"client expired": {func(c *center) { c.aws.Advance(91 * 24 * time.Hour) }, func(*center) {}, true},
	} {
		t.Run(name, func(t *testing.T) {
			c := openCenter(t)
			s := c.logIn()
			l, _, err := s.current()
			if err != nil {
				t.Fatal(err)
			}
			c.aws.Advance(57 * time.Minute)
			tt.fail(c)
			if tt.refused == (name == "ended") { // with an expired client nothing lives on
				got, err := l.get(t.Context())
				if err != nil || got != l.known() {
					t.Errorf("got %v, want the token that still lives", err)
				}
			}
			c.aws.Advance(5 * time.Minute)
			_, err = s.Credentials(t.Context())
			if tt.refused {
				ssoError(t, err, Login, "has ended")
				calls := c.aws.Calls("CreateToken")
				_, err = s.Credentials(t.Context())
				ssoError(t, err, Login, "has ended")
				if len(s.State().Notes) != 1 || c.aws.Calls("CreateToken") != calls {
					t.Error("AWS was asked again, or State does not say that the login has ended")
				}
				return
			}
			var own *Error
			if err == nil || errors.As(err, &own) || len(s.State().Notes) != 0 {
				t.Errorf("got %v, want no word of a login", err)
			} else if e := sts.Sort(err, c.aws.Now()); !e.Passing() {
				t.Errorf("got %v, want an error that passes", e)
			}
			tt.mend(c)
			alive(t, s)
		})
	}
}

func TestSSORefreshOutlivesItsCaller(t *testing.T) {
	c := openCenter(t)
	s := c.logIn()
	c.aws.Advance(2 * time.Hour)
	c.aws.SetFault("", fakeaws.Stall)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { s.Credentials(ctx) })
	if err := c.aws.WaitInFlight(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	cancel()
	c.aws.SetFault("", fakeaws.Healthy)
	wg.Wait()
	c.restart()
	alive(t, c.source()) // with what the vault has
}

func TestSSOUnauthorizedIsRefreshedOnce(t *testing.T) {
	c := openCenter(t)
	s := c.logIn()
	l, _, err := s.current()
	if err != nil {
		t.Fatal(err)
	}
	l.known().Access = newVaulted(l.known().Access.Reveal() + "x") // as if AWS had ended the access token alone
	l.save(t.Context(), l.known())
	alive(t, s)
	if got := c.aws.Calls("CreateToken"); got != 2 {
		t.Errorf("got %d calls for tokens, want 2", got)
	}
}

func TestSSOVaultFails(t *testing.T) {
	c := openCenter(t)
	vault := c.deps.Vault.(*shelf)
	vault.breakPut(errors.New("no room"))
	s := c.logIn()
	alive(t, s)
	if len(vault.names()) != 0 || len(s.State().Notes) != 1 {
		t.Errorf("got %q and %q, want a note", vault.names(), s.State().Notes)
	}
	vault.breakPut(nil)
	c.aws.Advance(2 * time.Hour)
	alive(t, s)
	if len(vault.names()) != 1 || len(s.State().Notes) != 0 {
		t.Errorf("got %q and %q, want the login stored", vault.names(), s.State().Notes)
	}
}

func TestSSOLogoutDuringRefresh(t *testing.T) {
	c := openCenter(t)
	s := c.logIn()
	l, _, err := s.current()
	if err != nil {
		t.Fatal(err)
	}
	c.aws.Advance(2 * time.Hour)
	var wg sync.WaitGroup
	wg.Go(func() { s.Credentials(t.Context()) })
	wg.Go(func() {
		if err := s.Logout(t.Context()); err != nil {
			t.Error(err)
		}
	})
	wg.Wait()
	if l.known() != nil || len(c.deps.Vault.(*shelf).names()) != 0 || !s.State().Until.IsZero() {
		t.Error("something outlived the logout")
	}
}

func TestSSOLoginOfAnotherPerson(t *testing.T) {
	c := openCenter(t)
	s := c.logIn()
	other := c.source()
	before := alive(t, other)
	if err := s.Login(t.Context(), How{}, func(st Step) { c.decide(st, "allow") }); err != nil {
		t.Fatal(err)
	}
	if alive(t, other).AccessKeyID == before.AccessKeyID {
		t.Error("a session of the login before was kept")
	}
}

// slow is a vault and an AWS that take their time, in a synctest bubble.
type slow struct {
	shelf
	get, put, answer time.Duration
	verdict          string // of AWS, "" for new tokens
	another          bool   // each look into the vault finds what another process put there
	asked, looks     int
}

func (s *slow) wait(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *slow) Get(ctx context.Context, name string) ([]byte, bool, error) {
	if err := s.wait(ctx, s.get); err != nil {
		return nil, false, err
	}
	if s.looks++; s.another {
		return storedLogin(strconv.Itoa(s.looks)), true, nil
	}
	return s.shelf.Get(ctx, name)
}

func (s *slow) Put(ctx context.Context, name string, item []byte) error {
	if err := s.wait(ctx, s.put); err != nil {
		return err
	}
	return s.shelf.Put(ctx, name, item)
}

func (s *slow) Do(r *http.Request) (*http.Response, error) {
	s.asked++
	if err := s.wait(r.Context(), s.answer); err != nil {
		return nil, err
	}
	if s.verdict != "" {
		return respond(r, http.StatusBadRequest, s.verdict, `{"error":"x"}`), nil
	}
	return respond(r, http.StatusOK, "", `{"accessToken":"next","expiresIn":3600,"tokenType":"Bearer","refreshToken":"r"}`), nil
}

// storedLogin is an item of the vault: a login whose access token is over.
func storedLogin(refresh string) []byte {
	data, err := json.Marshal(ssoToken{
		StartURL: portalURL, Region: "eu-west-1", Access: newVaulted("a"), Expires: time.Now().Add(-time.Minute), Refresh: newVaulted(refresh),
		Client: ssoClient{ID: "id", Secret: newVaulted("s"), Expires: time.Now().Add(24 * time.Hour), Grant: ssoCode},
	})
	if err != nil {
		panic(err)
	}
	return data
}

func TestSSORenewalHasOneBudget(t *testing.T) {
	const never = time.Hour
	for name, tt := range map[string]struct {
		slow   *slow
		caller time.Duration // until it leaves, 0 for never
		most   time.Duration // until get returns
		asked  int
		saved  bool
	}{
		"quick":                            {&slow{}, 0, 0, 1, true},
		"AWS hangs":                        {&slow{answer: never}, 0, refreshTimeout, 1, false},
		"AWS hangs and the caller leaves":  {&slow{answer: never}, time.Second, time.Second + linger, 1, false},
		"AWS answers after the caller":     {&slow{answer: 3 * time.Second}, time.Second, 3 * time.Second, 1, true},
		"the vault hangs":                  {&slow{get: never}, 0, refreshTimeout, 0, false},
		"the vault hangs, the caller left": {&slow{get: never}, time.Second, time.Second + linger, 0, false},
		"all are slow":                     {&slow{get: 8 * time.Second, answer: 6 * time.Second, put: never}, 0, renewTimeout, 1, false},
		"saving is slow":                   {&slow{get: 8 * time.Second, answer: 6 * time.Second, put: 8 * time.Second}, 0, 22 * time.Second, 1, true},
		"AWS refuses":                      {&slow{get: time.Second, verdict: "InvalidGrantException"}, 0, 2 * time.Second, 1, false},
		"AWS refuses twice":                {&slow{get: time.Second, verdict: "InvalidGrantException", another: true}, 0, 3 * time.Second, 2, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := tt.slow
				l := NewLogins(s, s, time.Now).at(ssoPlace{portalURL, "eu-west-1", ""})
				s.items = map[string][]byte{l.place.item(): storedLogin("r0")}
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if tt.caller > 0 {
					time.AfterFunc(tt.caller, cancel)
				}
				start := time.Now()
				token, err := l.get(ctx)
				if took := time.Since(start); took > tt.most {
					t.Errorf("took %s, want at most %s", took, tt.most)
				}
				if s.asked != tt.asked {
					t.Errorf("AWS was asked %d times, want %d", s.asked, tt.asked)
				}
				if s.verdict != "" && !errors.Is(err, errEnded) {
					t.Errorf("got %v, want the login to have ended", err)
				}
				if saved := strings.Contains(string(s.items[l.place.item()]), "next"); saved != tt.saved || saved && (err != nil || token.Access.Reveal() != "next") {
					t.Errorf("got %v, %v; saved %v, want %v", token, err, saved, tt.saved)
				}
			})
		})
	}
}
