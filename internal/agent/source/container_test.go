package source

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"credd/internal/agent/cred"
)

// pod answers for the credentials of a container.
type pod struct {
	status int // 0 for good
	body   string
	token  string // that has to be shown
	cut    bool   // the body ends before it should
	asked  atomic.Int32
}

func (p *pod) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.asked.Add(1)
	w.Header().Set("Content-Type", "application/json")
	switch {
	case r.Header.Get("Authorization") != p.token:
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprintf(w, `{"code":"Unauthorized","message":"canary %s"}`, r.Header.Get("Authorization"))
		return
	case p.status != 0:
		w.WriteHeader(p.status)
	case p.cut:
		w.Header().Set("Content-Length", "1000")
	}
	fmt.Fprint(w, p.body)
}

func podDocument(end time.Time) string {
	return fmt.Sprintf(`{"AccessKeyId":"ASIAPOD","SecretAccessKey":%q,"Token":"t","AccountId":"111122223333","Expiration":%q}`, canary, end.UTC().Format(time.RFC3339))
}

func startPod(t *testing.T, p *pod) containerEnv {
	t.Helper()
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	return containerEnv{full: server.URL + "/v1/credentials"}
}

func TestContainer(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	end := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	p := &pod{body: podDocument(end), token: "first"}
	env := startPod(t, p)
	dir := t.TempDir()
	write(t, dir, "token", "first\n")
	env.tokenFile, env.token = filepath.Join(dir, "token"), cred.NewSecret("the file goes before")
	m := newContainerOf(Spec{Name: "pod", Type: "container"}, Deps{Now: time.Now}, env)
	if ids := together(t, m); !ids["ASIAPOD"] || p.asked.Load() != 1 {
		t.Errorf("got %v with %d questions, want one session with 1", ids, p.asked.Load())
	}
	if got := m.State().Until; !got.Equal(end) {
		t.Errorf("the session is until %s, want %s", got, end)
	}
	write(t, dir, "token", "second")
	p.token = "second"
	m.held.drop()
	if c, err := m.Credentials(t.Context()); err != nil || c.AccountID != "111122223333" {
		t.Errorf("got %v, %v with a renewed token", c, err)
	}
}

func TestContainerErrors(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "empty", "")
	good := podDocument(time.Now().Add(time.Hour))
	for name, tt := range map[string]struct {
		pod    *pod
		change func(*containerEnv)
		kind   Kind
		text   string
	}{
		"no variables":      {&pod{}, func(e *containerEnv) { *e = containerEnv{} }, Config, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"},
		"no path":           {&pod{}, func(e *containerEnv) { e.relative = "@127.0.0.1/canary" }, Config, "is not a path"},
		"no URL":            {&pod{}, func(e *containerEnv) { e.full = "http://%zzcanary" }, Config, "is not an http or https URL"},
		"file URL":          {&pod{}, func(e *containerEnv) { e.full = "file://localhost/canary" }, Config, "is not an http or https URL"},
		"foreign host":      {&pod{}, func(e *containerEnv) { e.full = "http://192.0.2.1/" }, Config, "over https only"},
		"no token file":     {&pod{body: good}, func(e *containerEnv) { e.tokenFile = filepath.Join(dir, "absent") }, Config, "absent"},
		"empty token file":  {&pod{body: good}, func(e *containerEnv) { e.tokenFile = filepath.Join(dir, "empty") }, Config, "is empty"},
		"token with a line": {&pod{body: good}, func(e *containerEnv) { e.token = cred.NewSecret("canary\r\nX: y") }, Config, "is not a token"},
		"refused token":     {&pod{body: good, token: "x"}, func(e *containerEnv) { e.token = cred.NewSecret(canary) }, Config, "does not accept credd's authorization token (HTTP 401)"},
		"no role":           {&pod{status: 404, body: canary}, nil, Config, "gives no credentials (HTTP 404)"},
		"null error":        {&pod{status: 400, body: "null"}, nil, Config, "gives no credentials (HTTP 400)"},
		"redirect":          {&pod{status: 302}, nil, Config, "gives no credentials (HTTP 302)"},
		"null":              {&pod{body: "null"}, nil, Config, "is not their endpoint"},
		"no JSON":           {&pod{body: canary}, nil, Config, "is not their endpoint"},
		"broken JSON":       {&pod{body: `{"Expiration":"canary"}`}, nil, Config, "is not their endpoint"},
		"endless":           {&pod{body: `{"AccessKeyId":"` + strings.Repeat("x", localBody) + `"}`}, nil, Config, "an answer is larger than 64 KiB"},
		"stalled":           {&pod{body: `{"AccessKeyId":`, cut: true}, nil, Wait, "broke off"},
		"incomplete":        {&pod{body: `{"AccessKeyId":"ASIAPOD","SecretAccessKey":"canary"}`}, nil, Wait, "lacks a key, secret or token"},
		"expired":           {&pod{body: podDocument(time.Now().Add(-time.Minute))}, nil, Wait, "expired at"},
	} {
		t.Run(name, func(t *testing.T) {
			env := startPod(t, tt.pod)
			if tt.change != nil {
				tt.change(&env)
			}
			_, err := newContainerOf(Spec{Name: "pod"}, Deps{Now: time.Now}, env).Credentials(t.Context())
			wantError(t, err, tt.kind, tt.text)
		})
	}
}

func TestContainerEndpoint(t *testing.T) {
	if got, open, err := (containerEnv{relative: "/v2/credentials/id", full: "https://x"}).endpoint(); got != "http://169.254.170.2/v2/credentials/id" || !open || err != nil {
		t.Errorf("got %s, %v, %v; want ECS's agent", got, open, err)
	}
	if got, open, err := (containerEnv{full: "https://creds.example/"}).endpoint(); got != "https://creds.example/" || open || err != nil {
		t.Errorf("got %s, %v, %v; want any host over TLS", got, open, err)
	}
	for address, want := range map[string]bool{
		"169.254.170.2:80": true, "169.254.170.23:80": true, "[fd00:ec2::23]:80": true, "127.1.2.3:8080": true, "[::1]:80": true,
		"[::ffff:127.0.0.1]:80": true, "169.254.169.254:80": false, "192.0.2.1:80": false, "[fd00:ec2::254]:80": false, "x": false,
	} {
		if got := onlyAgents("tcp", address, nil) == nil; got != want {
			t.Errorf("%s: got %v, want %v", address, got, want)
		}
	}
}
