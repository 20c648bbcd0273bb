package source

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"credd/internal/agent/sts"
	"credd/internal/fakeaws"
)

const (
	rotateUser = "arn:aws:iam::210987654321:user/ops/work"
	keyDelay   = 7 * time.Second
)

// fate breaks the n-th thing that is done: before it happens, or after, with its answer lost. From then on nothing works
// if the process died of it.
type fate struct {
	n           int // from 1; 0 is never
	after, dies bool

	mu    sync.Mutex
	done  int
	fired bool
}

// lostError is not tried again by the SDK: the process is gone.
type lostError struct{}

func (lostError) Error() string       { return "lost" }
func (lostError) CanceledError() bool { return true }

func (f *fate) do(what func() error) error {
	f.mu.Lock()
	f.done++
	hit, dead := f.done == f.n, f.fired && f.dies
	f.fired = f.fired || hit
	f.mu.Unlock()
	if dead || hit && !f.after {
		return lostError{}
	}
	err := what()
	if hit {
		return lostError{}
	}
	return err
}

// drawer is a vault in memory.
type drawer struct {
	mu    sync.Mutex
	items map[string][]byte
}

func (s *drawer) get(name string) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.items[name]
}

func (s *drawer) put(name string, v any) {
	data, ok := v.([]byte)
	if !ok {
		data, _ = json.Marshal(v)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.items[name] = data
}

func (s *drawer) change(edit func(map[string][]byte) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := maps.Clone(s.items)
	if err := edit(next); err != nil {
		return err
	}
	s.items = next
	return nil
}

// fatefulVault and fatefulHTTP are the world of one process.
type fatefulVault struct {
	*drawer
	fate *fate
}

func (v fatefulVault) Get(_ context.Context, name string) (item []byte, ok bool, err error) {
	err = v.fate.do(func() error { item = v.get(name); return nil })
	return item, item != nil, err
}

func (v fatefulVault) Put(_ context.Context, name string, item []byte) error {
	return v.fate.do(func() error { v.put(name, item); return nil })
}

func (v fatefulVault) Drop(_ context.Context, names ...string) error {
	return v.fate.do(func() error {
		v.mu.Lock()
		defer v.mu.Unlock()
		for _, name := range names {
			delete(v.items, name)
		}
		return nil
	})
}

func (v fatefulVault) Change(_ context.Context, edit func(map[string][]byte) error) error {
	return v.fate.do(func() error { return v.change(edit) })
}

type fatefulHTTP struct {
	r    *rotateRig
	fate *fate
}

func (h fatefulHTTP) Do(q *http.Request) (resp *http.Response, err error) {
	err = h.fate.do(func() error {
		if h.r.refuse != nil {
			body, err := io.ReadAll(q.Body)
			if err != nil {
				return err
			}
			q.Body = io.NopCloser(bytes.NewReader(body))
			form, _ := url.ParseQuery(string(body))
			switch code := h.r.refuse(form.Get("Action"), q.Header.Get("Authorization")); code {
			case "":
			case answerLost:
				resp, err := http.DefaultClient.Do(q)
				if err != nil {
					return err
				}
				resp.Body.Close()
				return io.ErrUnexpectedEOF
			default:
				resp = refusal(q, code)
				return nil
			}
		}
		var err error
		resp, err = http.DefaultClient.Do(q)
		return err
	})
	if err != nil && resp != nil {
		resp.Body.Close()
		return nil, err
	}
	return resp, err
}

// answerLost is the refusal of the network, which the SDK tries again where it may.
const answerLost = "lost"

func refusal(q *http.Request, code string) *http.Response {
	text := "<ErrorResponse><Error><Type>Sender</Type><Code>" + strings.TrimSpace(code) + "</Code><Message>no</Message></Error></ErrorResponse>"
	return &http.Response{StatusCode: http.StatusForbidden, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(text)), Request: q}
}

// rotateRig is an AWS and a vault, with a source whose key is in it.
type rotateRig struct {
	*testing.T
	aws    *fakeaws.Server
	vault  *drawer
	spec   Spec
	old    fakeaws.Key
	steps  []string
	refuse func(action, authorization string) (code string) // instead of AWS
}

func newRotateRig(t *testing.T) *rotateRig {
	t.Helper()
	s, err := fakeaws.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	old, err := s.AddUser(rotateUser)
	if err != nil {
		t.Fatal(err)
	}
	s.AgeKey(old.ID, 100*24*time.Hour)
	r := &rotateRig{T: t, aws: s, old: old, vault: &drawer{items: map[string][]byte{}}}
	r.spec = Spec{Name: "work", Type: "keys", STSRegion: "eu-west-1", Endpoint: s.URL(), Services: s.URL()}
	r.hold(old, rotateUser)
	return r
}

// hold puts a key into the vault.
func (r *rotateRig) hold(key fakeaws.Key, arn string) {
	r.vault.put(KeyItem("work"), storedKey{ID: key.ID, Secret: keep(key.Secret), ARN: arn, Account: "210987654321", Added: r.aws.Now()})
}

// needMFA gives the user a device, whose codes come from the vault or from a person.
func (r *rotateRig) needMFA(how string) {
	r.Helper()
	r.aws.RequireMFA(rotateUser)
	d, err := r.aws.AddMFADevice(rotateUser)
	if err != nil {
		r.Fatal(err)
	}
	r.spec.MFASerial, r.spec.MFA = d.Serial, how
	r.vault.put(SeedItem("work"), []byte(d.Seed))
}

// logIn puts a session into the vault.
func (r *rotateRig) logIn() {
	r.Helper()
	if _, err := r.process(&fate{}).Credentials(r.Context()); err != nil {
		r.Fatal(err)
	}
	r.aws.Advance(2 * totpStep) // the next code is another one
}

// process is the source in a daemon that has just started.
func (r *rotateRig) process(f *fate) *Keys {
	h := fatefulHTTP{r, f}
	k := newKeys(r.spec, Deps{HTTP: h, STS: sts.New(h, r.aws.Now), Vault: fatefulVault{r.vault, f}, Now: r.aws.Now, Devices: NewDevices(r.aws.Now)})
	k.pause = func(ctx context.Context, d time.Duration) error { r.aws.Advance(d); return ctx.Err() }
	return k
}

func (r *rotateRig) rotate() error { return r.rotateIn(r.process(&fate{})) }

func (r *rotateRig) rotateIn(k *Keys) error {
	r.steps = nil
	return k.Rotate(r.Context(), func(step string) { r.steps = append(r.steps, step) })
}

// stored returns the key in the vault, which has to work within the delay of a new key.
func (r *rotateRig) stored() *storedKey {
	r.Helper()
	key, err := readKey(r.vault.get(KeyItem("work")))
	if err != nil {
		r.Fatal(err)
	}
	k := r.process(&fate{})
	err = k.patiently(r.Context(), func() error {
		_, err := k.deps.STS.Identity(r.Context(), r.spec.caller(key.session()))
		return err
	})
	if err != nil {
		r.Fatalf("key %s in the vault does not work: %v", key.ID, err)
	}
	return key
}

// wantRotated checks that all is done: one key, ours.
func (r *rotateRig) wantRotated() {
	r.Helper()
	key := r.stored()
	all := r.aws.Keys(rotateUser)
	if key.ID == r.old.ID || len(all) != 1 || all[0].ID != key.ID || !all[0].Active {
		r.Errorf("keys at AWS are %v, want the new %s alone, and active", all, key.ID)
	}
	if key.ARN != rotateUser || key.Account != "210987654321" || !key.Created.Equal(all[0].Created) || key.Added.IsZero() {
		r.Errorf("stored key is of %s in %s, created %s, added %s", key.ARN, key.Account, key.Created, key.Added)
	}
	if r.vault.get(RotateItem("work")) != nil {
		r.Error("the journal is still there")
	}
	r.wantSessionOf(key.ID)
}

// wantSessionOf checks that a session in the vault, if there is one, is of the key.
func (r *rotateRig) wantSessionOf(keyID string) {
	r.Helper()
	data := r.vault.get(SessionItem("work"))
	if data == nil {
		return
	}
	var s storedSession
	if err := json.Unmarshal(data, &s); err != nil || s.KeyID != keyID {
		r.Errorf("session is of key %s, want %s (%v)", s.KeyID, keyID, err)
	}
}

// removeKey deletes a key at AWS, as a person does.
func (r *rotateRig) removeKey(id string) {
	r.Helper()
	if err := (&rotor{Keys: r.process(&fate{}), arn: rotateUser}).remove(r.Context(), id); err != nil {
		r.Fatal(err)
	}
}

// refuseAction makes one IAM action fail until it is allowed again.
func (r *rotateRig) refuseAction(action string) (allow func()) {
	r.refuse = func(a, _ string) string {
		if a == action {
			return "AccessDenied"
		}
		return ""
	}
	return func() { r.refuse = nil }
}

func wantSourceError(t *testing.T, err error, kind Kind, parts ...string) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Kind != kind {
		t.Fatalf("got %#v, want an error of kind %d", err, kind)
	}
	for _, part := range parts {
		if !strings.Contains(e.Message+"\n"+e.Hint, part) {
			t.Errorf("got %q, %q; want %q in it", e.Message, e.Hint, part)
		}
	}
}

var rotateWorlds = map[string]func(*rotateRig){
	"bare":          func(*rotateRig) {},
	"bare, delayed": func(r *rotateRig) { r.aws.SetKeyDelay(keyDelay) },
	"MFA":           func(r *rotateRig) { r.needMFA(TOTP) },
	"MFA, session":  func(r *rotateRig) { r.needMFA(TOTP); r.logIn(); r.aws.SetKeyDelay(keyDelay) },
}

func TestRotate(t *testing.T) {
	for name, prepare := range rotateWorlds {
		t.Run(name, func(t *testing.T) {
			r := newRotateRig(t)
			prepare(r)
			k := r.process(&fate{})
			if _, err := k.Credentials(t.Context()); err != nil {
				t.Fatal(err)
			}
			before, sessions, held := k.Fingerprint(), r.aws.Calls("GetSessionToken"), k.held.living()
			if err := r.rotateIn(k); err != nil {
				t.Fatal(err)
			}
			r.wantRotated()
			if got := len(k.State().Notes); got != 0 || k.Fingerprint() != before {
				t.Errorf("notes are %q, fingerprint %s, before %s", k.State().Notes, k.Fingerprint(), before)
			}
			if _, err := k.Credentials(t.Context()); err != nil || k.held.living() != held {
				t.Errorf("the session is another than before, error %v", err)
			}
			if got := r.aws.Calls("GetSessionToken"); got != sessions {
				t.Errorf("%d codes were needed, want none more than the %d before", got, sessions)
			}
			want := []string{"made access key ", "stored ", "made " + r.old.ID + " inactive", "AWS accepts ", "deleted " + r.old.ID}
			if !slices.EqualFunc(r.steps, want, strings.HasPrefix) {
				t.Errorf("steps are %q, want %q", r.steps, want)
			}
			key := r.stored()
			for _, secret := range []string{r.old.Secret, key.Secret.Reveal()} {
				if strings.Contains(strings.Join(r.steps, "\n"), secret) {
					t.Error("a step tells a secret")
				}
			}
		})
	}
}

// At whatever point a rotation breaks off, the vault has a key that works, and the next rotation ends it.
func TestRotateBreaksOffAnywhere(t *testing.T) {
	for name, prepare := range rotateWorlds {
		for i := range 4 {
			after, dies := i&1 != 0, i&2 != 0
			t.Run(fmt.Sprintf("%s/after=%t,dies=%t", name, after, dies), func(t *testing.T) {
				t.Parallel()
				points := 0
				for n := 1; breakOff(t, prepare, &fate{n: n, after: after, dies: dies}); n++ {
					points = n
				}
				if points < 20 {
					t.Errorf("a rotation has %d points to break at, want more", points)
				}
			})
		}
	}
}

// breakOff reports whether the rotation came as far as the point.
func breakOff(t *testing.T, prepare func(*rotateRig), f *fate) bool {
	r := newRotateRig(t)
	defer r.aws.Close()
	prepare(r)
	session := r.vault.get(SessionItem("work")) != nil
	sessions := r.aws.Calls("GetSessionToken")
	err := r.rotateIn(r.process(f))
	if !f.fired {
		return false
	}
	r.stored()
	if err == nil && f.dies {
		t.Errorf("point %d: no error", f.n)
	}
	if err != nil {
		r.aws.Advance(2 * totpStep)
		if err := r.rotate(); err != nil {
			t.Errorf("point %d: after %v, the second rotation: %v", f.n, err, err)
		}
	}
	r.wantRotated()
	if session && r.aws.Calls("GetSessionToken") != sessions {
		t.Errorf("point %d: another code was needed", f.n)
	}
	if t.Failed() {
		t.Logf("point %d: %v; then %q", f.n, err, r.steps)
	}
	return !t.Failed()
}

// The SDK must not send CreateAccessKey a second time by itself. The key whose secret was lost is deleted.
func TestRotateCreatesOnce(t *testing.T) {
	r := newRotateRig(t)
	r.refuse = func(action, _ string) string {
		if action == "CreateAccessKey" {
			return answerLost
		}
		return ""
	}
	if err := r.rotate(); err == nil || r.aws.Calls("CreateAccessKey") != 1 {
		t.Fatalf("got %v and %d calls, want an error and 1", err, r.aws.Calls("CreateAccessKey"))
	}
	lost := r.aws.Keys(rotateUser)[1].ID
	r.refuse = nil
	r.aws.Advance(24 * time.Hour)
	if err := r.rotate(); err != nil {
		t.Fatal(err)
	}
	r.wantRotated()
	if want := "deleted access key " + lost + ", left over"; !strings.HasPrefix(r.steps[0], want) {
		t.Errorf("steps are %q, want %q first", r.steps, want)
	}
}

// A code that only a person has is asked for, and the rotation goes on with it.
func TestRotateAsks(t *testing.T) {
	r := newRotateRig(t)
	r.needMFA(Prompt)
	k := r.process(&fate{})
	answer := func(err error) {
		t.Helper()
		var e *Error
		if !errors.As(err, &e) || e.Ask == nil {
			t.Fatalf("got %v, want a question", err)
		}
		r.aws.Advance(2 * totpStep)
		if done, wrong, err := e.Ask.Answer(t.Context(), r.aws.Code(r.spec.MFASerial)); !done || err != nil {
			t.Fatalf("answer: %s, %v", wrong, err)
		}
	}
	answer(r.rotateIn(k))
	for _, action := range []string{"ListAccessKeys", "CreateAccessKey", "UpdateAccessKey", "DeleteAccessKey"} {
		done := false
		r.refuse = func(a, _ string) string {
			if a != action || done {
				return ""
			}
			done = true
			return "ExpiredToken"
		}
		answer(r.rotateIn(k))
	}
	if err := r.rotateIn(k); err != nil {
		t.Fatal(err)
	}
	r.wantRotated()
}

// A session that AWS refuses is made anew where that needs nobody.
func TestRotateRenewsARefusedSession(t *testing.T) {
	r := newRotateRig(t)
	r.needMFA(TOTP)
	r.logIn()
	r.refuse = func(action, _ string) string {
		if action == "UpdateAccessKey" {
			r.refuse = nil
			return "InvalidClientTokenId"
		}
		return ""
	}
	if err := r.rotate(); err != nil {
		t.Fatal(err)
	}
	r.wantRotated()
	if got := r.aws.Calls("GetSessionToken"); got != 2 {
		t.Errorf("%d sessions were made, want 2", got)
	}
}

func TestRotateWithTwoKeys(t *testing.T) {
	r := newRotateRig(t)
	other, err := r.aws.AddKey(rotateUser)
	if err != nil {
		t.Fatal(err)
	}
	today := r.aws.Now().UTC().Format(time.DateOnly)
	err = r.rotate()
	wantSourceError(t, err, Config, "source work: AWS allows two access keys a user, and there are two: "+r.old.ID+" (active, created ",
		other.ID+" (active, created "+today+")", "--access-key-id "+other.ID)
	if got := len(r.aws.Keys(rotateUser)); got != 2 || r.aws.Calls("CreateAccessKey") != 0 || r.vault.get(RotateItem("work")) != nil {
		t.Errorf("there are %d keys, or another was asked for, or a journal begun", got)
	}
}

// The new key is refused once the old one is inactive: the old one comes back, and a later rotation goes on.
func TestRotateComesBack(t *testing.T) {
	for name, prepare := range rotateWorlds {
		t.Run(name, func(t *testing.T) {
			r := newRotateRig(t)
			prepare(r)
			inactive := false
			var fresh string
			r.refuse = func(action, auth string) string {
				if action == "UpdateAccessKey" && !inactive {
					inactive = true
					key, _ := readKey(r.vault.get(KeyItem("work")))
					fresh = key.ID
				}
				if inactive && action == "GetCallerIdentity" && strings.Contains(auth, fresh) {
					return "InvalidClientTokenId"
				}
				return ""
			}
			wantSourceError(t, r.rotate(), Wait, "in use again", r.old.ID)
			if key := r.stored(); key.ID != r.old.ID {
				t.Errorf("key %s is in use, want the old %s", key.ID, r.old.ID)
			}
			r.wantSessionOf(r.old.ID)
			if got := r.aws.Keys(rotateUser); len(got) != 2 || !got[0].Active {
				t.Errorf("keys are %v, want two, the old one active", got)
			}
			r.refuse = nil
			r.aws.Advance(2 * totpStep)
			if err := r.rotate(); err != nil {
				t.Fatal(err)
			}
			r.wantRotated()
			if key := r.stored(); key.ID != fresh {
				t.Errorf("key is %s, want %s, which was there", key.ID, fresh)
			}
		})
	}
}

// The new key was deleted by hand after a rotation broke off that had stored it: the old one comes back.
func TestRotateComesBackLater(t *testing.T) {
	r := newRotateRig(t)
	allow := r.refuseAction("UpdateAccessKey")
	if err := r.rotate(); err == nil {
		t.Fatal("no error, want one")
	}
	allow()
	fresh := r.stored().ID
	if fresh == r.old.ID {
		t.Fatal("the new key is not stored")
	}
	r.removeKey(fresh)
	wantSourceError(t, r.rotate(), Wait, "in use again", r.old.ID)
	if err := r.rotate(); err != nil {
		t.Fatal(err)
	}
	r.wantRotated()
}

// The old key was deleted by hand, and another made at once: the session still makes a new key, and spares the other.
func TestRotateADeletedKey(t *testing.T) {
	r := newRotateRig(t)
	r.needMFA(TOTP)
	r.logIn()
	r.removeKey(r.old.ID)
	other, err := r.aws.AddKey(rotateUser)
	if err != nil {
		t.Fatal(err)
	}
	allow := r.refuseAction("CreateAccessKey")
	if err := r.rotate(); err == nil {
		t.Fatal("no error, want one")
	}
	allow()
	if err := r.rotate(); err != nil {
		t.Fatal(err)
	}
	if got := r.aws.Keys(rotateUser); len(got) != 2 || got[0].ID != other.ID || got[1].ID != r.stored().ID {
		t.Errorf("keys are %v, want %s and a new one", got, other.ID)
	}
}

// A new key that never works is deleted by the next rotation, which makes another.
func TestRotateGivesUpAKey(t *testing.T) {
	r := newRotateRig(t)
	r.aws.SetKeyDelay(time.Hour)
	wantSourceError(t, r.rotate(), Wait, "does not accept the new access key", "the old one stays in use")
	if key := r.stored(); key.ID != r.old.ID {
		t.Errorf("key %s is in use, want the old %s", key.ID, r.old.ID)
	}
	r.aws.SetKeyDelay(0)
	if err := r.rotate(); err != nil {
		t.Fatal(err)
	}
	r.wantRotated()
}

// STS takes neither key after the old one was inactive: that is said, and a rotation goes on once it does.
func TestRotateWithoutAnyKey(t *testing.T) {
	r := newRotateRig(t)
	inactive := false
	r.refuse = func(action, _ string) string {
		inactive = inactive || action == "UpdateAccessKey"
		if inactive && action == "GetCallerIdentity" {
			return "InvalidClientTokenId"
		}
		return ""
	}
	wantSourceError(t, r.rotate(), Login, "accepts neither", r.old.ID)
	r.refuse = nil
	if err := r.rotate(); err != nil {
		t.Fatal(err)
	}
	r.wantRotated()
}

func TestRotateDenied(t *testing.T) {
	for name, tt := range map[string]struct {
		prepare func(*rotateRig)
		parts   []string
	}{
		"all":          {func(r *rotateRig) { r.aws.ForbidIAM(rotateUser) }, []string{"AWS does not let source work change its own access keys: no identity-based policy allows the iam:ListAccessKeys action", "iam:CreateAccessKey", "mfa_serial"}},
		"delete":       {func(r *rotateRig) { r.aws.ForbidIAM(rotateUser, "iam:DeleteAccessKey") }, []string{"the iam:DeleteAccessKey action"}},
		"without code": {func(r *rotateRig) { r.aws.RequireMFA(rotateUser) }, []string{"own access keys: with an explicit deny in an identity-based policy", "mfa_serial"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRotateRig(t)
			tt.prepare(r)
			wantSourceError(t, r.rotate(), Config, tt.parts...)
			r.stored()
		})
	}
}

func TestRotateAnotherUsersKey(t *testing.T) {
	r := newRotateRig(t)
	key, err := r.aws.AddUser("arn:aws:iam::210987654321:user/eve")
	if err != nil {
		t.Fatal(err)
	}
	r.hold(key, rotateUser)
	wantSourceError(t, r.rotate(), Config, "are of arn:aws:iam::210987654321:user/eve, not of "+rotateUser)
	if got := r.aws.Calls("CreateAccessKey"); got != 0 {
		t.Errorf("%d keys were made, want none", got)
	}
}

// A new key of somebody else is never stored.
func TestRotateToAnotherUsersKey(t *testing.T) {
	r := newRotateRig(t)
	eve, err := r.aws.AddUser("arn:aws:iam::210987654321:user/eve")
	if err != nil {
		t.Fatal(err)
	}
	r.vault.put(RotateItem("work"), rotation{Started: r.aws.Now(), Old: *r.stored(), New: &storedKey{ID: eve.ID, Secret: keep(eve.Secret)}})
	wantSourceError(t, r.rotate(), Config, eve.ID+" of source work is of arn:aws:iam::210987654321:user/eve")
	if got := r.stored().ID; got != r.old.ID {
		t.Errorf("key is %s, want the old one", got)
	}
}

// The key was replaced by hand after a rotation broke off.
func TestRotateAReplacedKey(t *testing.T) {
	for _, arn := range []string{rotateUser, "arn:aws:iam::210987654321:user/eve"} {
		t.Run(arn, func(t *testing.T) {
			r := newRotateRig(t)
			r.aws.SetKeyDelay(time.Hour)
			wantSourceError(t, r.rotate(), Wait)
			r.aws.SetKeyDelay(0)
			var key fakeaws.Key
			var err error
			if arn == rotateUser {
				r.removeKey(r.old.ID)
				key, err = r.aws.AddKey(arn)
			} else {
				key, err = r.aws.AddUser(arn)
			}
			if err != nil {
				t.Fatal(err)
			}
			r.hold(key, arn)
			if err := r.rotate(); err != nil {
				t.Fatal(err)
			}
			if got := r.aws.Keys(arn); len(got) != 1 || got[0].ID != r.stored().ID || got[0].ID == key.ID {
				t.Errorf("keys are %v, want one new one", got)
			}
			if arn != rotateUser && !strings.Contains(strings.Join(r.steps, "\n"), rotateUser+" still has access key AKIA") {
				t.Errorf("steps are %q, want the key that stays named", r.steps)
			}
		})
	}
}

func TestRotateOneAtATime(t *testing.T) {
	r := newRotateRig(t)
	k := r.process(&fate{})
	var second error
	err := k.Rotate(t.Context(), func(string) { second = k.Rotate(t.Context(), func(string) {}) })
	if err != nil {
		t.Fatal(err)
	}
	wantSourceError(t, second, Wait, "already")
	r.wantRotated()
}

func TestRotateRegion(t *testing.T) {
	k := newRotateRig(t).process(&fate{})
	for arn, want := range map[string]string{
		rotateUser: "us-east-1", "arn:aws-cn:iam::210987654321:user/a": "cn-north-1",
		"arn:aws-us-gov:iam::210987654321:user/a": "us-gov-west-1", "": "us-east-1",
	} {
		if got := k.iam((&storedKey{}).session(), arn).Options().Region; got != want {
			t.Errorf("%s: region is %s, want %s", arn, got, want)
		}
	}
}

func TestProve(t *testing.T) {
	r := newRotateRig(t)
	k := r.process(&fate{})
	added := r.aws.Now()
	given := storedKey{ID: r.old.ID, Secret: keep(r.old.Secret), Added: added}
	want := given
	want.ARN, want.Account, want.Created = rotateUser, "210987654321", r.aws.Keys(rotateUser)[0].Created
	if got, err := k.prove(t.Context(), given); err != nil || got != want {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	r.aws.ForbidIAM(rotateUser)
	want.Created = time.Time{}
	if got, err := k.prove(t.Context(), given); err != nil || got != want {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	_, err := r.process(&fate{}).prove(t.Context(), storedKey{ID: r.old.ID, Secret: keep("canary")})
	wantSourceError(t, err, Config, "does not accept access key "+r.old.ID, "SignatureDoesNotMatch")
	_, err = k.prove(t.Context(), storedKey{ID: "ASIAEXAMPLEEXAMPLE01", Secret: keep("canary")})
	wantSourceError(t, err, Config, "the key of a session")
	k.deps.STS = rootSTS{k.deps.STS}
	_, err = k.prove(t.Context(), given)
	wantSourceError(t, err, Config, "root user")
}

type rootSTS struct{ STS }

func (rootSTS) Identity(context.Context, sts.Caller) (sts.Identity, error) {
	return sts.Identity{ARN: "arn:aws:iam::210987654321:root", AccountID: "210987654321"}, nil
}
