package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// script writes a shell script that notes each run in a file beside it, and returns a source of it.
func script(t *testing.T, body string) (m *minted, runs func() int) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("needs a shell")
	}
	dir := t.TempDir()
	count := filepath.Join(dir, "count")
	write(t, dir, "creds", "echo run >> '"+count+"'\n"+body)
	spec := Spec{Name: "vendor", Type: "process", Command: Join([]string{"sh", filepath.Join(dir, "creds")})}
	return newProcess(spec, Deps{Now: time.Now}), func() int {
		data, _ := os.ReadFile(count)
		return strings.Count(string(data), "run")
	}
}

func printed(rest string) string {
	return `printf '%s' '{"Version":1,"AccessKeyId":"ASIAVENDOR","SecretAccessKey":"` + canary + `"` + rest + `}'`
}

func TestProcess(t *testing.T) {
	end := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	m, runs := script(t, printed(fmt.Sprintf(`,"SessionToken":"t","AccountId":"111122223333","Expiration":%q`, end.Format(time.RFC3339))))
	if ids := together(t, m); !ids["ASIAVENDOR"] || runs() != 1 {
		t.Errorf("got %v with %d runs, want one session with 1", ids, runs())
	}
	c, err := m.Credentials(t.Context())
	if err != nil || c.AccountID != "111122223333" || !c.Expires.Equal(end) || !c.Temporary() || c.SecretAccessKey.Reveal() != canary {
		t.Errorf("got %+v, %v", c, err)
	}
	m.held.drop()
	if _, err := m.Credentials(t.Context()); err != nil || runs() != 2 {
		t.Errorf("got %v and %d runs after Invalidate, want 2", err, runs())
	}
}

// What has no end is not kept, but those that wait share one run.
func TestProcessWithoutExpiration(t *testing.T) {
	m, runs := script(t, "sleep 0.3\n"+printed(`,"AccountId":"none"`))
	if ids := together(t, m); !ids["ASIAVENDOR"] || runs() != 1 {
		t.Errorf("got %v with %d runs, want one key with 1", ids, runs())
	}
	c, err := m.Credentials(t.Context())
	if err != nil || c.Temporary() || !c.Expires.IsZero() || c.AccountID != "" || runs() != 2 {
		t.Errorf("got %+v, %v and %d runs; want a long-term key of another run", c, err, runs())
	}
	if !m.State().Until.IsZero() {
		t.Errorf("the state is until %s, want no end", m.State().Until)
	}
}

// A process that a command leaves behind, with its stdout, is not waited for.
func TestProcessLeavesAnAgent(t *testing.T) {
	m, _ := script(t, printed("")+"\nsleep 3 &")
	if c, err := m.Credentials(t.Context()); err != nil || c.AccessKeyID != "ASIAVENDOR" {
		t.Errorf("got %v, %v", c, err)
	}
}

func TestProcessErrors(t *testing.T) {
	for name, tt := range map[string]struct {
		body string
		kind Kind
		text string
	}{
		"exit":           {"echo canary >&2; echo canary; exit 3", Login, "the command of source vendor ended with exit status 3"},
		"hint":           {"exit 1", Login, "run it by hand to see what it says: sh /"},
		"nothing":        {"", Config, "does not print the JSON"},
		"garbage":        {"echo " + canary, Config, "does not print the JSON"},
		"more than JSON": {printed("") + "; echo " + canary, Config, "does not print the JSON"},
		"null":           {"echo null", Config, `does not print "Version": 1`},
		"version":        {`echo '{"Version":2,"AccessKeyId":"canary","SecretAccessKey":"s"}'`, Config, `does not print "Version": 1`},
		"type":           {`echo '{"Version":"canary"}'`, Config, "does not print the JSON"},
		"no key":         {`echo '{"Version":1,"SecretAccessKey":"canary"}'`, Config, "no AccessKeyId"},
		"no secret":      {`echo '{"Version":1,"AccessKeyId":"canary"}'`, Config, "no SecretAccessKey"},
		"odd expiration": {printed(`,"Expiration":"canary tomorrow"`), Config, "not a time of RFC 3339"},
		"expired":        {printed(`,"SessionToken":"t","Expiration":"2020-01-01T00:00:00Z"`), Login, "expired at 2020-01-01T00:00:00Z"},
		"too much":       {"head -c 70000 /dev/zero", Login, "prints more than 64 KiB"},
	} {
		t.Run(name, func(t *testing.T) {
			m, _ := script(t, tt.body)
			_, err := m.Credentials(t.Context())
			wantError(t, err, tt.kind, tt.text)
		})
	}
}

func TestProcessCommands(t *testing.T) {
	for name, tt := range map[string]struct {
		command []string
		text    string
	}{
		"credhelper":    {[]string{"/opt/with space/credhelper", "acme/admin"}, "runs credd"},
		"in a shell":    {[]string{"sh", "-c", "exec credhelper acme/admin"}, "runs credd"},
		"not installed": {[]string{"no-such-command-of-credd-tests"}, "not in the PATH"},
		"no file":       {[]string{filepath.Join(t.TempDir(), "absent")}, "cannot be run"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := newProcess(Spec{Name: "vendor", Command: Join(tt.command)}, Deps{Now: time.Now}).Credentials(t.Context())
			if name == "in a shell" || name == "credhelper" {
				wantError(t, err, Config, "credd through a command")
			}
			wantError(t, err, Config, tt.text)
		})
	}
}

func TestProcessHangs(t *testing.T) {
	m, _ := script(t, "echo "+canary+"; sleep 30")
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := m.Credentials(ctx); err != context.DeadlineExceeded {
		t.Errorf("got %v for a caller whose time is over, want its own error", err)
	}

	ctx, cancel = context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, cancel)
	if _, err := m.Credentials(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v for a caller that went away, want its own error", err)
	}
}

func FuzzParseProcess(f *testing.F) {
	f.Add([]byte(`{"Version":1,"AccessKeyId":"a","SecretAccessKey":"b","SessionToken":"c","Expiration":"2099-01-01T00:00:00Z"}`))
	f.Add([]byte("null"))
	f.Add([]byte(`{"Version":1,"Expiration":"0001-01-01T00:00:00Z"}`))
	f.Fuzz(func(t *testing.T, out []byte) {
		s, err := parseProcess(out)
		if (s == nil) == (err == nil) {
			t.Fatalf("got %v, %v", s, err)
		}
		if s != nil && (s.AccessKeyID == "" || s.SecretAccessKey.IsZero()) {
			t.Error("a session without a key")
		}
	})
}

func TestRun(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("needs a shell")
	}
	for name, tt := range map[string]struct {
		command string
		within  time.Duration // the caller's time, 0 for enough
		want    string
		err     string
	}{
		"good":                        {"echo x", 0, "x\n", ""},
		"failed":                      {"exit 3", 0, "", "ended with exit status 3"},
		"killed":                      {"kill -9 $$", 0, "", "ended with signal: killed"},
		"the caller's time":           {"sleep 30", 50 * time.Millisecond, "", context.DeadlineExceeded.Error()},
		"failed in the caller's time": {"exit 4", time.Minute, "", "ended with exit status 4"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			if tt.within > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, tt.within)
				defer cancel()
			}
			out, err := run(ctx, Join([]string{"sh", "-c", tt.command}))
			if string(out) != tt.want || fmt.Sprint(err) != cmp.Or(tt.err, "<nil>") {
				t.Errorf("got %q, %v; want %q, %s", out, err, tt.want, tt.err)
			}
		})
	}
	t.Run("too long", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := runWithin(ctx, 100*time.Millisecond, Join([]string{"sleep", "30"}))
		if err == nil || err.Error() != "did not end in 100ms" {
			t.Errorf("got %v, want our own time to be over", err)
		}
	})
}
