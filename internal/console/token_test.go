package console

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"credd/internal/agent/cred"
	"credd/internal/agent/sts"
)

// desk is AWS's endpoint, as a test wants it to answer.
type desk struct {
	*httptest.Server
	answer func(n int, w http.ResponseWriter)

	mu   sync.Mutex
	seen []*http.Request // with their parameters
}

func (d *desk) requests() []*http.Request {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.seen)
}

func newDesk(t *testing.T, answer func(n int, w http.ResponseWriter)) *desk {
	d := &desk{answer: answer}
	d.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.ParseForm()
		d.mu.Lock()
		d.seen = append(d.seen, r)
		n := len(d.seen)
		d.mu.Unlock()
		d.answer(n, w)
	}))
	t.Cleanup(d.Close)
	return d
}

func (d *desk) token(t *testing.T, partition string, o Session) (cred.Secret, error) {
	t.Helper()
	s, err := At(partition, "", "", d.URL)
	if err != nil {
		t.Fatal(err)
	}
	client := sts.NewHTTP()
	defer client.Close()
	return s.Token(t.Context(), client, o)
}

var canary = Session{KeyID: "ASIACANARY", Secret: cred.NewSecret("canary/secret+"), Token: cred.NewSecret("canary/token==")}

func gives(token string) func(int, http.ResponseWriter) {
	return func(_ int, w http.ResponseWriter) { json.NewEncoder(w).Encode(map[string]string{"SigninToken": token}) }
}

func TestToken(t *testing.T) {
	for name, c := range map[string]struct {
		partition, method string
		duration          time.Duration
	}{
		"usual":         {"aws", http.MethodPost, 0},
		"with duration": {"aws", http.MethodPost, 12 * time.Hour},
		"China":         {"aws-cn", http.MethodPost, 0},
		"GovCloud":      {"aws-us-gov", http.MethodGet, 15 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, gives("sign+in/token"))
			o := canary
			o.Duration = c.duration
			token, err := d.token(t, c.partition, o)
			if err != nil || token.Reveal() != "sign+in/token" || len(d.requests()) != 1 {
				t.Fatalf("got %v, %v after %d requests", token, err, len(d.requests()))
			}
			r := d.requests()[0]
			if r.Method != c.method || r.URL.Path != "/federation" || r.Method == http.MethodPost && r.URL.RawQuery != "" {
				t.Errorf("got %s %s", r.Method, r.URL)
			}
			want := ""
			if c.duration != 0 {
				want = fmt.Sprint(int(c.duration.Seconds()))
			}
			if got := r.Form.Get("SessionDuration"); got != want || r.Form.Has("SessionDuration") != (want != "") || r.Form.Get("Action") != "getSigninToken" {
				t.Errorf("got %v, want the duration %q", r.Form, want)
			}
			var in map[string]string
			if json.Unmarshal([]byte(r.Form.Get("Session")), &in) != nil || len(in) != 3 || in["sessionId"] != "ASIACANARY" || in["sessionKey"] != "canary/secret+" || in["sessionToken"] != "canary/token==" {
				t.Errorf("got the session %v", in)
			}
		})
	}
}

func TestNoToken(t *testing.T) {
	status := func(code int, text string) func(int, http.ResponseWriter) {
		return func(_ int, w http.ResponseWriter) { w.WriteHeader(code); fmt.Fprint(w, text) }
	}
	var all sync.WaitGroup // at once: most wait between their attempts
	for name, c := range map[string]struct {
		answer func(int, http.ResponseWriter)
		reason sts.Reason
		calls  int
		want   string
	}{
		"refused":             {status(400, "canary of the answer"), sts.Denied, 1, "AWS does not sign this session in (HTTP 400)"},
		"refused in GovCloud": {status(400, "canary"), sts.Denied, 1, "(HTTP 400)"},
		"lost in GovCloud":    {func(int, http.ResponseWriter) { panic(http.ErrAbortHandler) }, sts.Unreachable, 3, "cannot reach AWS: "},
		"forbidden":           {status(403, "canary"), sts.Denied, 1, "(HTTP 403)"},
		"throttled":           {status(429, "canary"), sts.Throttled, 3, "AWS is throttling requests (HTTP 429)"},
		"failing":             {status(503, "canary"), sts.Unreachable, 3, "AWS is failing (HTTP 503)"},
		"redirect":            {func(_ int, w http.ResponseWriter) { w.Header().Set("Location", "/canary"); w.WriteHeader(302) }, sts.Broken, 3, "cannot be read (HTTP 302)"},
		"a page":              {status(200, "<html>canary</html>"), sts.Broken, 3, "cannot be read (HTTP 200)"},
		"nothing":             {status(200, ""), sts.Broken, 3, "cannot be read (HTTP 200)"},
		"an empty token":      {gives(""), sts.Broken, 3, "cannot be read (HTTP 200)"},
		"another type":        {status(200, `{"SigninToken": 3}`), sts.Broken, 3, "cannot be read (HTTP 200)"},
		"without an end":      {status(200, `{"SigninToken": "canary`+strings.Repeat("y", maxAnswer)), sts.Broken, 3, "cannot be read (HTTP 200)"},
		"connection lost":     {func(int, http.ResponseWriter) { panic(http.ErrAbortHandler) }, sts.Unreachable, 3, "cannot reach AWS: "},
	} {
		all.Go(func() {
			d := newDesk(t, c.answer)
			partition := "aws"
			if strings.HasSuffix(name, "in GovCloud") { // where the session is in the URL
				partition = "aws-us-gov"
			}
			token, err := d.token(t, partition, canary)
			var e *sts.Error
			if !errors.As(err, &e) || e.Reason != c.reason || !strings.Contains(e.Message, c.want) || !token.IsZero() || len(d.requests()) < c.calls {
				t.Errorf("%s: got %v after %d calls, want %q after %d", name, err, len(d.requests()), c.want, c.calls)
				return
			}
			if text := fmt.Sprintf("%v %+v %#v %v", err, err, e, errors.Unwrap(err)); strings.Contains(strings.ToLower(text), "canary") {
				t.Errorf("%s: the error holds what is secret: %s", name, text)
			}
		})
	}
	all.Wait()
}

func TestTokenAtTheSecondAttempt(t *testing.T) {
	d := newDesk(t, func(n int, w http.ResponseWriter) {
		if n == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		gives("token")(n, w)
	})
	if token, err := d.token(t, "aws", canary); err != nil || token.Reveal() != "token" || len(d.requests()) != 2 {
		t.Errorf("got %v after %d calls", err, len(d.requests()))
	}
}

func TestNobodyAnswers(t *testing.T) {
	d := newDesk(t, gives("token"))
	d.Close()
	_, err := d.token(t, "aws", canary)
	var e *sts.Error
	if !errors.As(err, &e) || e.Reason != sts.Unreachable || !strings.Contains(e.Message, "connection refused") {
		t.Errorf("got %v", err)
	}
}
