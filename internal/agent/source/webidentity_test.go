package source

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"credd/internal/agent/cred"
	"credd/internal/agent/sts"
	"credd/internal/fakeaws"
)

const (
	providerARN = "arn:aws:iam::111122223333:oidc-provider/ci.example.com"
	webRoleARN  = "arn:aws:iam::111122223333:role/Deploy"
	webTrust    = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Federated":"` + providerARN + `"},"Action":"sts:AssumeRoleWithWebIdentity"}}`
	canary      = "canary-secret"
)

// wantError checks an error's kind and text, and that nothing of it quotes a secret.
func wantError(t *testing.T, err error, kind Kind, text string) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Errorf("got %v, want an *Error with %q", err, text)
		return
	}
	if e.Kind != kind || !strings.Contains(e.Message+" "+e.Hint, text) {
		t.Errorf("got kind %d: %s (%s); want kind %d, %q", e.Kind, e.Message, e.Hint, kind, text)
	}
	all := e.Message + e.Hint
	for inner := e.Err; inner != nil; inner = errors.Unwrap(inner) {
		all += inner.Error()
	}
	if strings.Contains(all, "canary") {
		t.Errorf("the error quotes a secret: %s", all)
	}
}

// together asks 20 times at once and returns the different key IDs of the answers.
func together(t *testing.T, s Source) map[string]bool {
	t.Helper()
	var mu sync.Mutex
	var all sync.WaitGroup
	ids := map[string]bool{}
	for range 20 {
		all.Go(func() {
			c, err := s.Credentials(t.Context())
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
				return
			}
			ids[c.AccessKeyID] = true
		})
	}
	all.Wait()
	return ids
}

func fake(t *testing.T) *fakeaws.Server {
	t.Helper()
	s, err := fakeaws.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func webSource(t *testing.T, s *fakeaws.Server, file string) *minted {
	t.Helper()
	if err := s.AddRole(fakeaws.Role{ARN: webRoleARN, Trust: webTrust}); err != nil {
		t.Fatal(err)
	}
	spec := Spec{Name: "ci", Type: "web-identity", STSRegion: "eu-west-1", Endpoint: s.URL(), TokenFile: file, RoleARN: webRoleARN}
	return newWebIdentity(spec, Deps{STS: sts.New(http.DefaultClient, s.Now), Now: s.Now})
}

func TestWebIdentity(t *testing.T) {
	s, dir := fake(t), t.TempDir()
	write(t, dir, "token", s.WebIdentityToken(providerARN, "job", time.Minute)+"\n")
	m := webSource(t, s, filepath.Join(dir, "token"))
	if ids := together(t, m); len(ids) != 1 || s.Calls("AssumeRoleWithWebIdentity") != 1 {
		t.Errorf("20 callers got %d sessions with %d calls, want 1", len(ids), s.Calls("AssumeRoleWithWebIdentity"))
	}
	c, err := m.Credentials(t.Context())
	if err != nil || c.AccountID != "111122223333" || c.ARN != "arn:aws:sts::111122223333:assumed-role/Deploy/credd" || !c.Temporary() {
		t.Fatalf("got %+v, %v", c, err)
	}

	// A new token is read with the next session, and is no reason for one.
	write(t, dir, "token", s.WebIdentityToken(providerARN, "job", 2*time.Hour))
	m.Forgive()
	if again, err := m.Credentials(t.Context()); err != nil || again != c {
		t.Errorf("got %v, %v after the token changed; want the same session", again, err)
	}
	s.Advance(50 * time.Minute) // the first token is over by now
	if again, err := m.Credentials(t.Context()); err != nil || again.AccessKeyID == c.AccessKeyID {
		t.Errorf("got %v, %v near the end; want another session", again, err)
	}
}

func TestWebIdentityErrors(t *testing.T) {
	s, dir := fake(t), t.TempDir()
	write(t, dir, "good", s.WebIdentityToken(providerARN, "job", time.Hour))
	write(t, dir, "expired", s.WebIdentityToken(providerARN, "job", 0))
	write(t, dir, "unknown", canary)
	write(t, dir, "empty", " \n")
	write(t, dir, "two", canary+"\n"+canary)
	write(t, dir, "long", strings.Repeat("x", mostToken+1))
	write(t, dir, "longest", strings.Repeat("x", mostToken))
	write(t, dir, "large", strings.Repeat(canary, mostFile/len(canary)+1))
	for name, tt := range map[string]struct {
		file, role string
		kind       Kind
		text       string
	}{
		"no file":     {"absent", webRoleARN, Config, filepath.Join(dir, "absent")},
		"a directory": {".", webRoleARN, Config, "not a regular file"},
		"empty":       {"empty", webRoleARN, Config, filepath.Join(dir, "empty") + " is empty"},
		"two tokens":  {"two", webRoleARN, Config, "more than a token"},
		"large":       {"large", webRoleARN, Config, "larger than 64 KiB"},
		"long":        {"long", webRoleARN, Config, "more than the 20000 characters of a token"},
		"longest":     {"longest", webRoleARN, Login, "is not accepted"},
		"no role":     {"good", "Deploy", Config, "not an ARN"},
		"expired":     {"expired", webRoleARN, Login, "the web identity token of source ci is not accepted or has expired"},
		"unknown":     {"unknown", webRoleARN, Login, filepath.Join(dir, "unknown") + " has to renew it"},
	} {
		t.Run(name, func(t *testing.T) {
			m := webSource(t, s, filepath.Join(dir, tt.file))
			spec := m.spec
			spec.RoleARN = tt.role
			_, err := newWebIdentity(spec, Deps{STS: sts.New(http.DefaultClient, s.Now), Now: s.Now}).Credentials(t.Context())
			wantError(t, err, tt.kind, tt.text)
		})
	}
	_, err := webIdentity(t.Context(), &Spec{TokenFile: "token", RoleARN: webRoleARN}, nil)
	wantError(t, err, Config, "not an absolute path")

	write(t, dir, "foreign", s.WebIdentityToken(providerARN+"/a", "job", time.Hour))
	var e *sts.Error
	if _, err := webSource(t, s, filepath.Join(dir, "foreign")).Credentials(t.Context()); !errors.As(err, &e) || e.Reason != sts.Denied {
		t.Errorf("got %v, want AWS's own error", err)
	}
}

// A caller that went away is no answer for the others.
func TestWebIdentityOfACallerGone(t *testing.T) {
	s, dir := fake(t), t.TempDir()
	write(t, dir, "token", s.WebIdentityToken(providerARN, "job", time.Hour))
	m := webSource(t, s, filepath.Join(dir, "token"))
	s.SetFault("", fakeaws.Stall)
	ctx, cancel := context.WithCancel(t.Context())
	gone := make(chan error)
	go func() { _, err := m.Credentials(ctx); gone <- err }()
	if err := s.WaitInFlight(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	got := make(chan *cred.Session)
	go func() { c, _ := m.Credentials(t.Context()); got <- c }()
	cancel()
	if err := <-gone; err == nil {
		t.Error("a cancelled call worked")
	}
	s.SetFault("", fakeaws.Healthy)
	if c := <-got; c == nil {
		t.Error("the other caller got no session")
	}
}

func TestFingerprints(t *testing.T) {
	a := newWebIdentity(Spec{Type: "web-identity", TokenFile: "/a", RoleARN: "b"}, Deps{}).Fingerprint()
	b := newWebIdentity(Spec{Type: "web-identity", TokenFile: "/a", RoleARN: "c"}, Deps{}).Fingerprint()
	c := newProcess(Spec{Type: "process", Command: Join([]string{"a", "b c"})}, Deps{}).Fingerprint()
	d := newProcess(Spec{Type: "process", Command: Join([]string{"a", "b", "c"})}, Deps{}).Fingerprint()
	if a == b || c == d {
		t.Errorf("%s, %s, %s, %s: want all different", a, b, c, d)
	}
}

func TestClearEnvironmentKeepsTheContainer(t *testing.T) {
	defer func(old containerEnv) { ownContainer = old }(ownContainer)
	for _, name := range []string{"RELATIVE_URI", "FULL_URI"} {
		t.Setenv("AWS_CONTAINER_CREDENTIALS_"+name, "/"+name)
	}
	t.Setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", canary)
	t.Setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/file")
	ClearEnvironment()
	ClearEnvironment() // does not forget
	want := containerEnv{"/RELATIVE_URI", "/FULL_URI", ownContainer.token, "/file"}
	if ownContainer != want || ownContainer.token.Reveal() != canary {
		t.Errorf("got %+v, want %+v", ownContainer, want)
	}
	for _, kv := range os.Environ() {
		if strings.HasPrefix(kv, "AWS_") {
			t.Errorf("%s is left", kv)
		}
	}
}
