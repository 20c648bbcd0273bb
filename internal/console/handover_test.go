package console

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"credd/internal/agent/cred"
	"credd/internal/loopback"
)

const secretURL = "https://signin.aws.amazon.com/federation?SigninToken=canary"

func offer(t *testing.T) *Handover {
	t.Helper()
	h, err := Offer(t.Context(), cred.NewSecret(secretURL))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	return h
}

// fetch is one request on a connection of its own. It does not follow redirects.
func fetch(t *testing.T, change func(*http.Request), address string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(r)
	}
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	return resp, string(body)
}

func isTaken(h *Handover) bool {
	select {
	case <-h.Taken():
		return true
	default:
		return false
	}
}

func TestHandover(t *testing.T) {
	h := offer(t)
	u, err := url.Parse(h.Address())
	if err != nil || u.Scheme != "http" || u.Hostname() != "127.0.0.1" || len(u.Path) < 20 || strings.Contains(h.Address(), "canary") {
		t.Fatalf("got the address %s", h.Address())
	}
	resp, body := fetch(t, nil, h.Address())
	if resp.StatusCode != http.StatusFound || resp.Header.Get("Location") != secretURL || body != "" {
		t.Errorf("got %s, %v, %q", resp.Status, resp.Header, body)
	}
	for name, want := range map[string]string{"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff"} {
		if got := resp.Header.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if !isTaken(h) {
		t.Error("nobody has it")
	}
	if resp, _ := fetch(t, nil, h.Address()); resp.StatusCode != http.StatusGone || resp.Header.Get("Location") != "" {
		t.Errorf("a second time: got %s, %v", resp.Status, resp.Header)
	}
	h.Close()
	if _, err := net.Dial("tcp", u.Host); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("after the end: got %v", err)
	}
}

// A program that guesses gets nothing, and takes nothing from the browser.
func TestHandoverToOthers(t *testing.T) {
	h := offer(t)
	base := strings.TrimSuffix(h.Address(), h.path)
	for name, c := range map[string]struct {
		address string
		change  func(*http.Request)
		want    int
	}{
		"no path":          {base, nil, http.StatusNotFound},
		"another path":     {base + "/" + strings.Repeat("A", len(h.path)-1), nil, http.StatusNotFound},
		"a longer path":    {h.Address() + "/", nil, http.StatusNotFound},
		"favicon":          {base + "/favicon.ico", nil, http.StatusNotFound},
		"a post":           {h.Address(), func(r *http.Request) { r.Method = http.MethodPost }, http.StatusMethodNotAllowed},
		"only the headers": {h.Address(), func(r *http.Request) { r.Method = http.MethodHead }, http.StatusMethodNotAllowed},
		"another name":     {h.Address(), func(r *http.Request) { r.Host = "rebound.example" }, http.StatusMisdirectedRequest},
		"localhost":        {h.Address(), func(r *http.Request) { r.Host = "localhost" }, http.StatusMisdirectedRequest},
	} {
		resp, body := fetch(t, c.change, c.address)
		if resp.StatusCode != c.want || resp.Header.Get("Location") != "" || body != "" || isTaken(h) {
			t.Errorf("%s: got %s, %v, %q", name, resp.Status, resp.Header, body)
		}
	}
	if resp, _ := fetch(t, nil, h.Address()); resp.Header.Get("Location") != secretURL {
		t.Errorf("then the browser: got %s", resp.Status)
	}
}

// A browser that connects ahead and sends nothing holds nothing up.
func TestHandoverEndsBesideAnIdleConnection(t *testing.T) {
	h := offer(t)
	c, err := net.Dial("tcp", h.host)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fetch(t, nil, h.Address())
	started := time.Now()
	h.Close()
	if took := time.Since(started); took > loopback.Timeout/2 {
		t.Errorf("took %v", took)
	}
}
