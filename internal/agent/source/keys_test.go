package source

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"credd/internal/agent/cred"
	"credd/internal/agent/sts"
	"credd/internal/fakeaws"
)

const eveUser = "arn:aws:iam::210987654321:user/eve"

func (s *shelf) Change(_ context.Context, edit func(map[string][]byte) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := maps.Clone(s.items)
	if err := edit(next); err != nil {
		return err
	}
	if s.fails == nil {
		s.items = next
	}
	return s.fails
}

// locker is a vault that can be locked, and does something before it is changed.
type locker struct {
	Vault
	mu     sync.Mutex
	locked error
	before func()
}

func (v *locker) lock(err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.locked = err
}

func (v *locker) isLocked() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.locked
}

func (v *locker) Get(ctx context.Context, name string) ([]byte, bool, error) {
	if err := v.isLocked(); err != nil {
		return nil, false, err
	}
	return v.Vault.Get(ctx, name)
}

func (v *locker) Change(ctx context.Context, edit func(map[string][]byte) error) error {
	if before := v.before; before != nil {
		v.before = nil
		before()
	}
	if err := errors.Join(v.isLocked(), ctx.Err()); err != nil {
		return err
	}
	return v.Vault.Change(ctx, edit)
}

// codeSTS is an STS that takes every code once, by its own clock, and remembers those that were sent.
type codeSTS struct {
	STS
	now func() time.Time

	mu    sync.Mutex
	codes []string
	meet  func() // during a call
	err   error
}

func (s *codeSTS) SessionToken(_ context.Context, by sts.Caller, d time.Duration, _, code string) (*cred.Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.codes = append(s.codes, code)
	if s.meet != nil {
		s.meet()
	}
	if s.err != nil {
		return nil, s.err
	}
	return &cred.Session{
		AccessKeyID: fmt.Sprintf("ASIA%s%d", by.Session.AccessKeyID, len(s.codes)), SecretAccessKey: cred.NewSecret("canary"),
		SessionToken: cred.NewSecret("canary"), Issued: s.now(), Expires: s.now().Add(d),
	}, nil
}

func (s *codeSTS) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

// keyRig is a source of type keys with a device whose seed is in the vault, at an STS of its own.
type keyRig struct {
	*testing.T
	sts   *codeSTS
	vault *locker
	spec  Spec
	deps  Deps

	mu sync.Mutex
	at time.Time
}

func newKeyRig(t *testing.T) *keyRig {
	r := &keyRig{T: t, at: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	r.sts = &codeSTS{now: r.now}
	r.vault = &locker{Vault: &shelf{items: map[string][]byte{SeedItem("work"): []byte("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")}}}
	r.spec = Spec{Name: "work", Type: "keys", MFASerial: "arn:aws:iam::210987654321:mfa/work", MFA: TOTP}
	r.hold("AKIAOLD", rotateUser)
	r.restart()
	return r
}

func (r *keyRig) now() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.at
}

func (r *keyRig) advance(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.at = r.at.Add(d)
}

func (r *keyRig) restart() {
	r.deps = Deps{STS: r.sts, Vault: r.vault, Now: r.now, Devices: NewDevices(r.now)}
}

func (r *keyRig) hold(id, arn string) {
	r.store(KeyItem("work"), storedKey{ID: id, Secret: keep("canary"), ARN: arn})
}

func (r *keyRig) store(name string, v any) {
	r.vault.Vault.Change(r.Context(), func(items map[string][]byte) error { return setJSON(items, name, v) })
}

// stored puts a session into the vault that lives on for so long.
func (r *keyRig) stored(left time.Duration) {
	r.store(SessionItem("work"), storedSession{
		KeyID: "AKIAOLD", Serial: r.spec.MFASerial, ID: "ASIASTORED", Secret: keep("canary"), Token: keep("canary"), Expires: r.now().Add(left),
	})
}

func (r *keyRig) item(name string) string {
	data, _, _ := r.vault.Vault.Get(context.Background(), name)
	return string(data)
}

func (r *keyRig) keys(change ...func(*Spec)) *Keys {
	spec := r.spec
	for _, f := range change {
		f(&spec)
	}
	k := newKeys(spec, r.deps)
	k.pause = func(ctx context.Context, d time.Duration) error { r.advance(d); return ctx.Err() }
	return k
}

func (r *keyRig) want(k *Keys, keyID string) {
	r.Helper()
	if s, err := k.Credentials(r.Context()); err != nil || s.AccessKeyID != keyID {
		r.Fatalf("got %v, %v; want %s", s, err, keyID)
	}
}

// Objects of one device, whether a reload or another source made them, never send one code twice.
func TestOneCodeOneCall(t *testing.T) {
	r := newKeyRig(t)
	other := func(s *Spec) { s.Name = "other" }
	r.store(KeyItem("other"), storedKey{ID: "AKIAOTHER", Secret: keep("canary"), ARN: rotateUser})
	r.vault.Vault.Put(t.Context(), SeedItem("other"), []byte(r.item(SeedItem("work"))))
	var all sync.WaitGroup
	for range 3 {
		for _, k := range []*Keys{r.keys(), r.keys(func(s *Spec) { s.Region = "eu-north-1" }), r.keys(other)} {
			all.Go(func() {
				if _, err := k.Credentials(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
	}
	all.Wait()
	r.sts.mu.Lock()
	defer r.sts.mu.Unlock()
	if sent := slices.Sorted(slices.Values(r.sts.codes)); len(sent) < 2 || len(slices.Compact(slices.Clone(sent))) != len(sent) {
		t.Errorf("sent %q, want each once", sent)
	}
}

// What one object learned of wrong codes holds for another of the device, and no other device.
func TestWrongCodesAreTheDevices(t *testing.T) {
	r := newKeyRig(t)
	r.sts.fail(&sts.Error{Reason: sts.WrongCode})
	for range 2 {
		if _, err := r.keys().Credentials(t.Context()); err == nil {
			t.Fatal("no error")
		}
	}
	_, err := r.keys(func(s *Spec) { s.Region = "eu-north-1" }).Credentials(t.Context())
	wantSourceError(t, err, Login, "the next is tried in")
	r.sts.fail(nil)
	if _, err := r.keys(func(s *Spec) { s.MFASerial = "other" }).Credentials(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestWhichErrorsAreWrongCodes(t *testing.T) {
	for name, tt := range map[string]struct {
		err  error
		want bool
	}{
		"wrong code":  {&sts.Error{Reason: sts.WrongCode}, true},
		"clock":       {&sts.Error{Reason: sts.Clock}, true},
		"unreachable": {&sts.Error{Reason: sts.Unreachable}, false},
		"denied":      {&sts.Error{Reason: sts.Denied}, false},
	} {
		t.Run(name, func(t *testing.T) {
			c := NewDevices(time.Now).of("a")
			c.landed(tt.err)
			if c.pause() > 0 {
				t.Error("the first is no reason to pause")
			}
			c.landed(tt.err)
			if got := c.pause() > 0; got != tt.want {
				t.Errorf("pauses: %v, want %v", got, tt.want)
			}
			if c.landed(nil); c.pause() > 0 {
				t.Error("pauses after a right one")
			}
		})
	}
}

func TestUsedCodes(t *testing.T) {
	r := newKeyRig(t)
	k := r.keys()
	seed, _ := totpSeed(r.item(SeedItem("work")))
	code, next := totp(seed, r.now())
	k.code.take(code)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err := k.Credentials(ctx)
	wantSourceError(t, err, Wait, "was used already: the next is there in 31 s")

	// Another takes the next one during the wait, which takes longer than it should.
	first := true
	k.pause = func(_ context.Context, d time.Duration) error {
		r.advance(d)
		if first {
			first = false
			taken, _ := totp(seed, next)
			return k.code.take(taken)
		}
		r.advance(totpStep)
		return nil
	}
	if _, err := k.Credentials(t.Context()); err != nil {
		t.Fatal(err)
	}
	if want, _ := totp(seed, r.now()); !slices.Equal(r.sts.codes, []string{want}) {
		t.Errorf("sent %q, want %s of the time of sending", r.sts.codes, want)
	}
	printer := r.keys(func(s *Spec) { s.MFA, s.MFACommand = Command, Join([]string{"echo", r.sts.codes[0]}) })
	_, err = printer.fromCommand(t.Context())
	wantSourceError(t, err, Wait, "used already")
	if done, wrong, err := k.Answer(t.Context(), r.sts.codes[0]); done || err != nil || !strings.Contains(wrong, "tried already") {
		t.Errorf("answer: %v, %q, %v", done, wrong, err)
	}
}

// A session that still lives is good where there is no new one.
func TestALivingSessionWithoutACode(t *testing.T) {
	down := &sts.Error{Reason: sts.Unreachable, Message: "down"}
	for name, tt := range map[string]struct {
		left  time.Duration
		fail  func(*keyRig, *Spec)
		works bool
	}{
		"STS down":     {18 * time.Minute, func(r *keyRig, _ *Spec) { r.sts.fail(down) }, true},
		"last seconds": {20 * time.Second, func(r *keyRig, _ *Spec) { r.sts.fail(down) }, true},
		"over":         {-time.Second, func(r *keyRig, _ *Spec) { r.sts.fail(down) }, false},
		"wrong codes": {18 * time.Minute, func(r *keyRig, s *Spec) {
			for range 2 {
				r.deps.Devices.of(s.MFASerial).landed(&sts.Error{Reason: sts.WrongCode})
			}
		}, true},
		"no seed": {18 * time.Minute, func(r *keyRig, _ *Spec) { r.vault.Drop(r.Context(), SeedItem("work")) }, true},
		"person":  {20 * time.Second, func(_ *keyRig, s *Spec) { s.MFA = Prompt }, true},
	} {
		t.Run(name, func(t *testing.T) {
			r := newKeyRig(t)
			r.stored(tt.left)
			k := r.keys(func(s *Spec) { tt.fail(r, s) })
			s, err := k.Credentials(t.Context())
			if works := err == nil && s.AccessKeyID == "ASIASTORED"; works != tt.works {
				t.Errorf("got %v, %v", s, err)
			}
		})
	}
}

func TestALockedVault(t *testing.T) {
	r := newKeyRig(t)
	k := r.keys()
	locked := errors.New("locked")
	r.vault.lock(locked)
	if _, err := k.Credentials(t.Context()); !errors.Is(err, locked) {
		t.Errorf("got %v, want %v", err, locked)
	}
	r.vault.lock(nil)
	r.want(k, "ASIAAKIAOLD1")
	r.vault.lock(locked)
	r.want(k, "ASIAAKIAOLD1")
	r.advance(sessionLife)
	if _, err := k.Credentials(t.Context()); !errors.Is(err, locked) {
		t.Errorf("got %v, want %v", err, locked)
	}
	r.vault.lock(nil)
	r.vault.Drop(t.Context(), KeyItem("work"))
	_, err := k.Credentials(t.Context())
	wantSourceError(t, err, Config, "there is no key")
}

// The session is stored also when who asked for it leaves; what could not be stored is said, and stored later.
func TestASessionIsStored(t *testing.T) {
	r := newKeyRig(t)
	k := r.keys()
	ctx, leave := context.WithCancel(t.Context())
	r.sts.meet = leave
	if _, err := k.Credentials(ctx); err != nil || r.item(SessionItem("work")) == "" {
		t.Errorf("error %v, stored %q", err, r.item(SessionItem("work")))
	}
	r.sts.meet = nil

	r.restart()
	r.vault.Drop(t.Context(), SessionItem("work"))
	k = r.keys()
	r.vault.before = func() { r.vault.lock(errors.New("full")) }
	r.want(k, "ASIAAKIAOLD2")
	note := func() bool {
		return slices.ContainsFunc(k.State().Notes, func(n string) bool { return strings.Contains(n, "could not be stored") })
	}
	if !note() {
		t.Errorf("notes are %q", k.State().Notes)
	}
	r.vault.lock(nil)
	r.want(k, "ASIAAKIAOLD2")
	if !note() {
		t.Error("tried again at once")
	}
	r.advance(renewAgain)
	r.want(k, "ASIAAKIAOLD2")
	if note() || !strings.Contains(r.item(SessionItem("work")), "ASIAAKIAOLD2") {
		t.Errorf("stored %q, notes %q", r.item(SessionItem("work")), k.State().Notes)
	}
}

// A logout while a session is made leaves none, at whatever moment it comes.
func TestLogoutMeanwhile(t *testing.T) {
	for name, at := range map[string]func(r *keyRig, logout func()){
		"during the call": func(r *keyRig, logout func()) { r.sts.meet = logout },
		"before the put":  func(r *keyRig, logout func()) { r.vault.before = logout },
		"after the put": func(r *keyRig, logout func()) {
			r.vault.before = func() { // drops the mark only: as if the vault's part of the logout came before the put
				r.vault.Vault = afterPut{r.vault.Vault, logout}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newKeyRig(t)
			r.spec.MFA = Prompt
			k := r.keys()
			at(r, func() {
				if name == "after the put" {
					k.held.drop()
				} else if err := k.Logout(t.Context()); err != nil {
					t.Error(err)
				}
			})
			_, _, err := k.Answer(t.Context(), "123456")
			wantSourceError(t, err, Login, "logged out")
			if got := r.item(SessionItem("work")); got != "" || k.held.living() != nil {
				t.Errorf("there is a session: %q, %v", got, k.held.living())
			}
		})
	}
}

// afterPut does something after a session was put.
type afterPut struct {
	Vault
	do func()
}

func (v afterPut) Change(ctx context.Context, edit func(map[string][]byte) error) error {
	put := false
	err := v.Vault.Change(ctx, func(items map[string][]byte) error {
		before := len(items)
		err := edit(items)
		put = len(items) > before
		return err
	})
	if put {
		v.do()
	}
	return err
}

// A session that AWS refuses is dropped in the vault too, but not one that is newer.
func TestInvalidateItsOwn(t *testing.T) {
	r := newKeyRig(t)
	k := r.keys()
	r.want(k, "ASIAAKIAOLD1")
	r.stored(time.Hour)
	k.Invalidate("ASIAELSE")
	r.want(k, "ASIAAKIAOLD1")
	k.Invalidate("ASIAAKIAOLD1")
	r.want(k, "ASIASTORED")
	k.Invalidate("ASIASTORED")
	if got := r.item(SessionItem("work")); got != "" {
		t.Errorf("stored %q", got)
	}
}

// A session is of the key that is in force.
func TestAnotherKeyInTheVault(t *testing.T) {
	r := newKeyRig(t)
	k := r.keys()
	r.want(k, "ASIAAKIAOLD1")
	r.hold("AKIANEW", eveUser)
	r.want(k, "ASIAAKIANEW2")
	r.want(k, "ASIAAKIANEW2")
	r.want(r.keys(), "ASIAAKIANEW2")

	// The key is replaced while its session is made.
	r.vault.Drop(t.Context(), SessionItem("work"))
	r.restart()
	r.advance(time.Hour)
	k = r.keys()
	r.sts.meet = func() { r.hold("AKIALAST", rotateUser) }
	_, err := k.Credentials(t.Context())
	wantSourceError(t, err, Wait, "was replaced")
	r.sts.meet = nil
	r.want(k, "ASIAAKIALAST4")
}

func TestReplaceAKey(t *testing.T) {
	for name, tt := range map[string]struct {
		arn, seed string
		want      []string // items after
	}{
		"same user":               {rotateUser, "", []string{"key/work", "totp/work"}},
		"another user":            {eveUser, "", []string{"key/work"}},
		"another user and device": {eveUser, "GEZDGNBVGY3TQOJQ", []string{"key/work", "totp/work"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRotateRig(t)
			r.needMFA(TOTP)
			k := r.process(&fate{})
			before, err := k.Credentials(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			r.vault.put(RotateItem("work"), rotation{})
			n := NewKey{Seed: cred.NewSecret(tt.seed)}
			key := r.newKey(tt.arn)
			n.ID, n.Secret = key.ID, cred.NewSecret(key.Secret)
			_, err = k.deps.AddKey(t.Context(), r.spec, n)
			wantSourceError(t, err, Config, "in the vault already")
			n.Replace = true
			if got, err := k.deps.AddKey(t.Context(), r.spec, n); err != nil || got != (sts.Identity{ARN: tt.arn, AccountID: "210987654321"}) {
				t.Fatalf("got %+v, %v", got, err)
			}
			if got := slices.Sorted(maps.Keys(r.vault.items)); !slices.Equal(got, tt.want) {
				t.Errorf("items are %q, want %q", got, tt.want)
			}
			if s, err := k.Credentials(t.Context()); err == nil && s.AccessKeyID == before.AccessKeyID {
				t.Error("the session of the old key is still in force")
			}
		})
	}
}

// newKey makes a key, of a user that it makes if there is none.
func (r *rotateRig) newKey(arn string) fakeaws.Key {
	r.Helper()
	key, err := r.aws.AddKey(arn)
	if err != nil {
		key, err = r.aws.AddUser(arn)
	}
	if err != nil {
		r.Fatal(err)
	}
	return key
}

// A replacement is one change: when it fails, all is as it was.
func TestReplaceAllOrNothing(t *testing.T) {
	for _, after := range []bool{false, true} {
		r := newRotateRig(t)
		r.vault.put(SessionItem("work"), storedSession{})
		r.vault.put(SeedItem("work"), []byte("seed"))
		key, before := r.newKey(eveUser), maps.Clone(r.vault.items)
		for n := 1; ; n++ {
			f := &fate{n: n, after: after}
			_, err := r.process(f).deps.AddKey(t.Context(), r.spec, NewKey{ID: key.ID, Secret: cred.NewSecret(key.Secret), Replace: true})
			if len(r.vault.items) == 1 {
				break
			}
			if err == nil || !maps.EqualFunc(before, r.vault.items, slices.Equal) {
				t.Fatalf("point %d: error %v, items %q", n, err, slices.Sorted(maps.Keys(r.vault.items)))
			}
		}
	}
}

func TestOneChangeOfAKeyAtATime(t *testing.T) {
	r := newRotateRig(t)
	k := r.process(&fate{})
	again := newKeys(Spec{Name: "work", Region: "eu-north-1"}, k.deps) // after a reload
	n := NewKey{ID: r.old.ID, Secret: cred.NewSecret(r.old.Secret), Replace: true}
	once := false
	err := k.Rotate(t.Context(), func(string) {
		if once {
			return
		}
		once = true
		_, err := k.deps.AddKey(t.Context(), r.spec, n)
		wantSourceError(t, err, Wait, "changed already")
		_, err = k.deps.DropKey(t.Context(), "work")
		wantSourceError(t, err, Wait, "changed already")
		wantSourceError(t, again.Rotate(t.Context(), func(string) {}), Wait, "changed already")
	})
	if err != nil || !once {
		t.Fatal(err)
	}
	r.wantRotated()
	if had, err := k.deps.DropKey(t.Context(), "work"); !had || err != nil || len(r.vault.items) != 0 {
		t.Errorf("error %v, items %v", err, len(r.vault.items))
	}
}

// Secrets are in the vault's items, and nowhere else.
func TestNothingPrintsAStoredSecret(t *testing.T) {
	key := storedKey{ID: "AKIA", Secret: keep("canary")}
	session := storedSession{ID: "ASIA", Secret: keep("canary"), Token: keep("canary")}
	items := map[string][]byte{}
	for _, v := range []any{
		key, &key, session, &session, rotation{Old: key, New: &key}, &rotor{rotation: rotation{Old: key, New: &key}},
		unsaved{item: session}, &Keys{unsaved: &unsaved{item: session}}, NewKey{Secret: key.Secret.Secret, Seed: key.Secret.Secret},
	} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			if got := fmt.Sprintf(verb, v); strings.Contains(got, "canary") || strings.Contains(got, fmt.Sprintf("%x", "canary")) {
				t.Errorf("%s of %T: %s", verb, v, got)
			}
		}
	}
	if err := setJSON(items, "a", key); err != nil || !strings.Contains(string(items["a"]), `"secret":"canary"`) {
		t.Errorf("item is %s, %v", items["a"], err)
	}
	if got, err := readKey(items["a"]); err != nil || got.Secret.Reveal() != "canary" {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := readKey([]byte(`{"id":"AKIA","secret":["canary"]}`)); err == nil || strings.Contains(err.Error(), "canary") {
		t.Errorf("got %v", err)
	}
}
