package source

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"credd/internal/agent/sts"
	"credd/internal/fakeaws"
)

const anaARN = "arn:aws:iam::210987654321:user/ana"

// loggedIn is a home after `aws login`.
type loggedIn struct {
	*login
	aws   *fakeaws.Server
	dir   string // ~/.aws
	file  string // of the token
	token fakeaws.LoginToken

	logins *Logins
}

func logIn(t *testing.T) *loggedIn {
	t.Helper()
	l := &loggedIn{aws: fake(t), dir: t.TempDir(), logins: NewLogins(http.DefaultClient, nil, time.Now)}
	write(t, l.dir, "config", "[profile dev]\nlogin_session = "+anaARN+"\nregion = eu-west-1\n[profile none]\nregion = eu-west-1\n")
	l.token = l.aws.NewLogin(anaARN)
	l.token.Expires = time.Now().Add(-time.Minute) // so that the first use renews it
	var err error
	if l.file, err = l.token.CacheFile(filepath.Join(l.dir, "login", "cache")); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(l.file), 0o700); err != nil {
		t.Fatal(err)
	}
	l.save(t, l.token.CacheJSON())
	l.login = l.source("dev")
	return l
}

func (l *loggedIn) source(profile string) *login {
	return newLogin(Spec{Name: "work", Type: "login", Profile: profile, Services: l.aws.URL(), STSRegion: "us-east-1"},
		Deps{AWSDir: l.dir, HTTP: http.DefaultClient, Now: time.Now, Logins: l.logins})
}

// save writes the token file, with a time that no earlier one has.
func (l *loggedIn) save(t *testing.T, data []byte) {
	t.Helper()
	at := time.Now()
	if i, err := os.Stat(l.file); err == nil {
		at = i.ModTime().Add(time.Second)
	}
	if err := os.WriteFile(l.file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(l.file, at, at); err != nil {
		t.Fatal(err)
	}
}

func TestLogin(t *testing.T) {
	l := logIn(t)
	if ids := together(t, l); len(ids) != 1 || ids[l.token.Key.ID] || l.aws.Calls("SigninToken") != 1 {
		t.Errorf("20 callers got %v with %d renewals, want one new session with 1", ids, l.aws.Calls("SigninToken"))
	}
	c, err := l.Credentials(t.Context())
	if err != nil || c.AccountID != "210987654321" || !c.Temporary() || l.State().Until.Before(time.Now()) {
		t.Fatalf("got %+v, %v", c, err)
	}
	if again, err := l.Credentials(t.Context()); err != nil || again != c {
		t.Errorf("got %v, %v; want the session that is held: the file is as we wrote it", again, err)
	}
	if i, err := os.Stat(l.file); err != nil || runtime.GOOS != "windows" && i.Mode().Perm()&0o077 != 0 {
		t.Errorf("the token file is %v, %v", i.Mode(), err)
	}
	who := l.Fingerprint()

	// A login anew, also as somebody else, holds at once.
	next := l.aws.NewLogin(anaARN)
	l.save(t, next.CacheJSON())
	if c, err := l.Credentials(t.Context()); err != nil || c.AccessKeyID != next.Key.ID || l.Fingerprint() != who {
		t.Errorf("got %v, %v after another login; want its session and the same somebody", c, err)
	}
	other := l.aws.NewLogin(anaARN + "-other")
	l.file, _ = other.CacheFile(filepath.Dir(l.file))
	l.save(t, other.CacheJSON())
	write(t, l.dir, "config", "[profile dev]\nlogin_session = "+other.UserARN+"\n")
	l.Reload()
	if c, err := l.Credentials(t.Context()); err != nil || c.AccessKeyID != other.Key.ID || l.Fingerprint() == who {
		t.Errorf("got %v, %v, %s; want the other user", c, err, l.Fingerprint())
	}
	if err := os.Remove(l.file); err != nil {
		t.Fatal(err)
	}
	_, err = l.Credentials(t.Context())
	wantError(t, err, Login, "aws login --profile dev")
}

func TestLoginErrors(t *testing.T) {
	const again = "log in with: aws login --profile dev"
	text := func(s string) func(*testing.T, *loggedIn) {
		return func(t *testing.T, l *loggedIn) { l.save(t, []byte(s)) }
	}
	for name, tt := range map[string]struct {
		before  func(*testing.T, *loggedIn)
		profile string
		kind    Kind
		text    string
	}{
		"no profile": {nil, "absent", Config, "not in ~/.aws/config"},
		"no session": {nil, "none", Config, "aws login --profile none"},
		"no file":    {func(t *testing.T, l *loggedIn) { os.Remove(l.file) }, "dev", Login, again},
		"ended":      {func(t *testing.T, l *loggedIn) { l.aws.EndLogin(anaARN) }, "dev", Login, again},
		"another key": {func(t *testing.T, l *loggedIn) {
			l.token.DPoPKey = l.aws.NewLogin(anaARN).DPoPKey
			l.save(t, l.token.CacheJSON())
		}, "dev", Login, again},
		"throttled": {func(t *testing.T, l *loggedIn) { l.aws.SetFault("", fakeaws.Throttle) }, "dev", Wait, "throttling"},
		"null":      {text("null"), "dev", Login, again},
		"no JSON":   {text(canary), "dev", Login, again},
		"no key":    {text(`{"refreshToken":"canary","dpopKey":"canary"}`), "dev", Login, again},
		"odd time": {func(t *testing.T, l *loggedIn) {
			l.save(t, []byte(strings.Replace(string(l.token.CacheJSON()), `"expiresAt":"`, `"expiresAt":"canary`, 1)))
		}, "dev", Login, again},
		"no refresh":   {func(t *testing.T, l *loggedIn) { l.token.RefreshToken = ""; l.save(t, l.token.CacheJSON()) }, "dev", Login, again},
		"much too big": {text(strings.Repeat("x", mostFile+1)), "dev", Config, "larger than"},
	} {
		t.Run(name, func(t *testing.T) {
			l := logIn(t)
			if tt.before != nil {
				tt.before(t, l)
			}
			_, err := l.source(tt.profile).Credentials(t.Context())
			wantError(t, err, tt.kind, tt.text)
		})
	}
}

// The SDK would panic at a key of another curve.
func TestLoginWithAnotherCurve(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	l := logIn(t)
	l.token.DPoPKey = string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}))
	l.save(t, l.token.CacheJSON())
	_, err = l.Credentials(t.Context())
	wantError(t, err, Login, "is missing or has expired")
}

func TestLoginOffline(t *testing.T) {
	l := logIn(t)
	l.aws.Stop()
	_, err := l.Credentials(t.Context())
	var own *Error
	if errors.As(err, &own) || sts.Sort(err, time.Now()).Reason != sts.Unreachable {
		t.Errorf("got %v, want an error of the network", err)
	}
}

// AWS takes a refresh token once: what a caller that went away had begun is saved.
func TestLoginOfACallerGone(t *testing.T) {
	l := logIn(t)
	l.aws.SetFault("", fakeaws.Stall)
	ctx, cancel := context.WithCancel(t.Context())
	gone := make(chan struct{})
	go func() { defer close(gone); l.Credentials(ctx) }()
	if err := l.aws.WaitInFlight(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	cancel()
	l.aws.SetFault("", fakeaws.Healthy)
	<-gone
	if c, err := l.source("dev").Credentials(t.Context()); err != nil || l.aws.Calls("SigninToken") != 1 {
		t.Errorf("got %v, %v with %d renewals; want the session of the first from the file", c, err, l.aws.Calls("SigninToken"))
	}
}

// alone fails if something beside the token file is left of a renewal.
func (l *loggedIn) alone(t *testing.T) {
	t.Helper()
	all, err := os.ReadDir(filepath.Dir(l.file))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		if e.Name() != filepath.Base(l.file) {
			t.Errorf("%s is left of a renewal", e.Name())
		}
	}
}

func TestLoginIsRenewedEarly(t *testing.T) {
	for name, tt := range map[string]struct {
		left  time.Duration
		fault fakeaws.Fault
		calls int
		fresh bool
	}{
		"long enough":  {6 * time.Minute, fakeaws.Healthy, 0, false},
		"over soon":    {4 * time.Minute, fakeaws.Healthy, 1, true},
		"seconds left": {5 * time.Second, fakeaws.Healthy, 1, true},
		"over":         {-time.Minute, fakeaws.Healthy, 1, true},
		"still alive":  {4 * time.Minute, fakeaws.Throttle, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			l := logIn(t)
			l.token.Expires = time.Now().Add(tt.left)
			l.save(t, l.token.CacheJSON())
			l.aws.SetFault("", tt.fault)
			c, err := l.Credentials(t.Context())
			if err != nil || (c.AccessKeyID != l.token.Key.ID) != tt.fresh || l.aws.Calls("SigninToken") != tt.calls {
				t.Fatalf("got %v, %v with %d renewals; want fresh %v with %d", c, err, l.aws.Calls("SigninToken"), tt.fresh, tt.calls)
			}
			if tt.fresh && c.Left(time.Now()) < loginEarly {
				t.Errorf("got a session until %s", c.Expires)
			}
			l.alone(t)
		})
	}
}

// What a person does during a renewal counts, and not what was renewed.
func TestLoginChangedDuringARenewal(t *testing.T) {
	for name, change := range map[string]func(*testing.T, *loggedIn) (keyID string){
		"login": func(t *testing.T, l *loggedIn) string {
			next := l.aws.NewLogin(anaARN)
			l.save(t, next.CacheJSON())
			return next.Key.ID
		},
		"logout": func(t *testing.T, l *loggedIn) string {
			if err := os.Remove(l.file); err != nil {
				t.Fatal(err)
			}
			return ""
		},
		"half a file, then a login": func(t *testing.T, l *loggedIn) string {
			next := l.aws.NewLogin(anaARN)
			l.save(t, next.CacheJSON()[:100])
			l.save(t, next.CacheJSON())
			return next.Key.ID
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := logIn(t)
			l.aws.SetFault("", fakeaws.Stall)
			done := make(chan struct{})
			go func() {
				defer close(done)
				l.Credentials(t.Context())
			}()
			if err := l.aws.WaitInFlight(t.Context(), 1); err != nil {
				t.Fatal(err)
			}
			want := change(t, l)
			l.aws.SetFault("", fakeaws.Healthy)
			<-done
			c, err := l.Credentials(t.Context())
			if want == "" {
				wantError(t, err, Login, "log in with: aws login --profile dev")
				if _, err := os.Stat(l.file); err == nil {
					t.Error("a logout was undone")
				}
			} else if err != nil || c.AccessKeyID != want {
				t.Errorf("got %v, %v; want the session of the login", c, err)
			}
			if l.aws.Calls("SigninToken") != 1 {
				t.Errorf("got %d renewals, want 1", l.aws.Calls("SigninToken"))
			}
			l.alone(t)
		})
	}
}

func TestLoginOfManySources(t *testing.T) {
	l := logIn(t)
	l.aws.SetLatency("", 50*time.Millisecond)
	var all sync.WaitGroup
	for range 5 {
		s := l.source("dev")
		all.Go(func() {
			if _, err := s.Credentials(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got := l.aws.Calls("SigninToken"); got != 1 {
		t.Errorf("5 sources renewed %d times, want 1", got)
	}
	l.alone(t)
}

func TestReplaceToken(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "old", "old")
	write(t, dir, "new", "new")
	if err := replaceToken(filepath.Join(dir, "new"), filepath.Join(dir, "old")); err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(filepath.Join(dir, "old")); string(data) != "new" {
		t.Errorf("got %q, %v", data, err)
	}
	if err := replaceToken(filepath.Join(dir, "new"), filepath.Join(dir, "old")); err == nil {
		t.Error("got no error of a copy that is gone")
	}
}

func FuzzReadLogin(f *testing.F) {
	f.Add([]byte("null"))
	f.Add([]byte(`{"accessToken":null,"dpopKey":""}`))
	f.Add([]byte(`{"accessToken":{"expiresAt":"2099-01-01T00:00:00Z"},"dpopKey":"-----BEGIN EC PRIVATE KEY-----\n-----END EC PRIVATE KEY-----"}`))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte) {
		name := filepath.Join(t.TempDir(), "token")
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
		token, err := readLogin(name)
		if err != nil {
			return
		}
		if token.session.AccessKeyID == "" {
			t.Error("a session without a key")
		}
		if work, err := token.overCopy(dir); err != nil {
			t.Error(err)
		} else {
			os.Remove(work)
		}
	})
}
