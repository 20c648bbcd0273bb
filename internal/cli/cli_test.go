package cli

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"credd/internal/agent/api"
	"credd/internal/agent/audit"
	"credd/internal/ipc"
)

const settingsText = "version = 1\n[source.work]\ntype = \"profile\"\nprofile = \"work\"\n[defaults]\nsource = \"work\"\nregion = \"eu-west-1\"\n"

const acmeText = `version = 1
name = "Acme Corp"
account_id = "012345678901"
external_id = "canary-id"
environment = "production"

[role.admin]
arn = "arn:aws:iam::012345678901:role/Admin"
`

// home is an empty home with a configuration. It returns the configuration's directory.
func home(t *testing.T) string {
	t.Helper()
	base, err := os.MkdirTemp("", "credd") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(base) })
	for _, name := range []string{"XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"} {
		t.Setenv("CREDD_AUTOSTART", "0")
		t.Setenv(name, "")
	}
	t.Setenv("HOME", base)
	t.Setenv("CREDD_SOCK", filepath.Join(base, "agent.sock"))
	config := filepath.Join(base, ".config", "credd")
	put(t, filepath.Join(config, "credd.toml"), settingsText)
	put(t, filepath.Join(config, "customers", "acme.toml"), acmeText)
	return config
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

type result struct {
	code     int
	out, err string
}

func run(t *testing.T, stdin string, args ...string) result {
	t.Helper()
	var out, errs bytes.Buffer
	code := Run(t.Context(), args, &Streams{In: strings.NewReader(stdin), Out: &out, Err: &errs})
	return result{code, out.String(), errs.String()}
}

// daemon answers management requests on the socket as told, and returns what it was asked.
func daemon(t *testing.T, answer func(api.Request) any) *[]api.Request {
	t.Helper()
	l, err := net.Listen("unix", os.Getenv("CREDD_SOCK"))
	if err != nil {
		t.Fatal(err)
	}
	put(t, os.Getenv("CREDD_SOCK")+".lock", "") // that of a daemon here
	asked := &[]api.Request{}
	served := make(chan struct{})
	go func() {
		defer close(served)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			reply(c, asked, answer)
		}
	}()
	t.Cleanup(func() { l.Close(); <-served })
	return asked
}

func reply(c net.Conn, asked *[]api.Request, answer func(api.Request) any) {
	defer c.Close()
	_, payload, err := ipc.Read(c, ipc.MaxRequest)
	if err != nil {
		return
	}
	body, _ := ipc.ParseManage(payload)
	var req api.Request
	json.Unmarshal(body, &req)
	*asked = append(*asked, req)
	switch v := answer(req).(type) {
	case *ipc.Error:
		c.Write(ipc.Append(nil, ipc.KindError, ipc.AppendError(nil, v)))
	default:
		b, _ := json.Marshal(v)
		c.Write(ipc.Append(nil, ipc.KindManaged, b))
	}
}

var started = time.Now().Add(-time.Hour)

func live() api.Status {
	return api.Status{
		Version: "test", PID: 42, Started: started, Customers: 1, Roles: 1, ConfigDir: "/c",
		Sessions: []api.Session{{Role: "acme/admin", Source: "work", AccessKeyID: "ASIA1", Expires: time.Now().Add(42*time.Minute + 30*time.Second)}},
		Failing: []api.Failure{{Role: "acme/old", Outcome: "denied", Message: "acme/old: denied by AWS \x1b[31m", Hint: "ask", Since: started},
			{Role: "acme/older", Outcome: "denied", Message: "acme/older: denied", Since: started, LastWorked: started}},
		Problems: []api.Problem{{File: "customers/x.toml", Line: 3, Message: "unknown key"}}, Warnings: []string{"disk full"},
	}
}

func TestWithoutADaemon(t *testing.T) {
	tests := []struct {
		args []string
		code int
		want string // in stdout or stderr
	}{
		{[]string{"status"}, 3, "by hand: credd serve"},
		{[]string{"reload"}, 3, "credd is not running"},
		{[]string{"refresh", "acme/admin"}, 3, "credd is not running"},
		{[]string{"forget", "--all"}, 3, "credd is not running"},
		{[]string{"source", "test", "work"}, 3, "credd is not running"},
		{[]string{"forget"}, 2, "name a role, a customer, or --all"},
		{[]string{"role", "list"}, 0, "acme/admin  012345678901  work    -        unverified"},
		{[]string{"role", "show", "acme/admin"}, 0, "hidden; see --show-external-id"},
		{[]string{"role", "show", "acme/admin", "--show-external-id"}, 0, "canary-id"},
		{[]string{"role", "show", "acme/admim"}, 4, "did you mean acme/admin?"},
		{[]string{"customer", "list"}, 0, "acme      Acme Corp  012345678901  production   1"},
		{[]string{"customer", "show", "acme"}, 0, "production"},
		{[]string{"customer", "show", "none"}, 4, "no such customer"},
		{[]string{"source", "list"}, 0, "work    profile  -      work"},
		{[]string{"source", "show", "work"}, 0, "credd.toml:2"},
		{[]string{"source", "show", "none"}, 4, "no such source"},
		{[]string{"audit"}, 0, ""},
		{[]string{"audit", "--outcome", "maybe"}, 2, "known are: ok, denied"},
		{[]string{"audit", "--since", "yesterday"}, 2, "--since is not a duration or a time"},
		{[]string{"version"}, 0, "credd "},
		{[]string{"role"}, 2, "credd role needs a command"},
		{[]string{"role", "list", "--show-external-id"}, 0, "canary-id"},
		{[]string{"role", "show"}, 2, "credd role show does not take 0 arguments\ncredd: hint: usage: credd role show ROLE [flags]"},
		{[]string{"role", "show", "a", "b"}, 2, "credd role show does not take 2 arguments"},
		{[]string{"status", "now"}, 2, "credd status does not take 1 argument\n"},
		{[]string{"source", "list", "x"}, 2, "credd source list does not take 1 argument\n"},
		{[]string{"dance"}, 2, "unknown command: credd dance\ncredd: hint: see: credd --help"},
		{[]string{"statsu"}, 2, "hint: did you mean: credd status\n"},
		{[]string{"rele"}, 2, "hint: did you mean: credd role\n"},
		{[]string{"ref"}, 2, "hint: did you mean: credd refresh\n"},
		{[]string{"st\x1b"}, 2, "unknown command: credd st?\n"},
		{[]string{"role", "dance"}, 2, "unknown command: credd role dance\ncredd: hint: see: credd role --help"},
		{[]string{"role", "lst", "more"}, 2, "hint: did you mean: credd role list\n"},
		{[]string{"status", "--dance"}, 2, "unknown flag"},
		{[]string{"help"}, 0, "credd holds the roles"},
		{[]string{"help", "role", "list"}, 0, "credd role list --json"},
		{[]string{"help", "dance"}, 2, "unknown command: credd dance\ncredd: hint: see: credd --help"},
		{[]string{"help", "statsu"}, 2, "hint: did you mean: credd status\n"},
		{[]string{"help", "role", "lst"}, 2, "unknown command: credd role lst\ncredd: hint: did you mean: credd role list\n"},
		{[]string{"role", "add", "acme/x"}, 2, "arn"},
		{[]string{"role", "add", "acme/x y", "--arn", "a"}, 2, "is not a role's name"},
	}
	for _, tt := range tests {
		t.Run(strings.Join(tt.args, " "), func(t *testing.T) {
			home(t)
			r := run(t, "", tt.args...)
			if r.code != tt.code || !strings.Contains(r.out+r.err, tt.want) {
				t.Errorf("got %d\n%s%s\nwant %d, %s", r.code, r.out, r.err, tt.code, tt.want)
			}
			if r.code != 0 && r.out != "" {
				t.Errorf("an error printed to stdout: %s", r.out)
			}
			if strings.Contains(r.out+r.err, "canary") != slices.Contains(tt.args, "--show-external-id") {
				t.Errorf("the external ID is shown, or is not:\n%s", r.out)
			}
		})
	}
}

func TestStatus(t *testing.T) {
	home(t)
	daemon(t, func(api.Request) any { return live() })
	r := run(t, "", "status")
	for _, want := range []string{"pid 42", "acme/admin  42m", "1 role of 1 customer in /c\n", "denied by AWS ?[31m\n  last worked: never, as far as credd knows\n  hint: ask", "  last worked: " + started.Local().Format("15:04:05"), "broken file customers/x.toml:3: unknown key", "warning disk full"} {
		if !strings.Contains(r.out, want) {
			t.Errorf("got\n%s\nwant %s", r.out, want)
		}
	}
	r = run(t, "", "status", "--json")
	var st api.Status
	if err := json.Unmarshal([]byte(r.out), &st); err != nil || len(st.Sessions) != 1 {
		t.Errorf("got %s, %v", r.out, err)
	}
	if r := run(t, "", "role", "list"); !strings.Contains(r.out, "42m left") {
		t.Errorf("got\n%s\nwant the session's time left", r.out)
	}
}

func TestJSONListsAreNeverNull(t *testing.T) {
	config := home(t)
	if err := os.RemoveAll(config); err != nil {
		t.Fatal(err)
	}
	for _, noun := range []string{"role", "customer", "source"} {
		if r := run(t, "", noun, "list", "--json"); strings.TrimSpace(r.out) != "[]" {
			t.Errorf("%s list --json: got %s, want []", noun, r.out)
		}
	}
}

func TestABrokenFileIsToldAndTheRestListed(t *testing.T) {
	config := home(t)
	put(t, filepath.Join(config, "customers", "bad.toml"), "version = 1\nrole_arm = \"x\"\n")
	r := run(t, "", "role", "list")
	if r.code != 0 || !strings.Contains(r.out, "acme/admin") || !strings.Contains(r.err, `customers/bad.toml:2: unknown key "role_arm"`) {
		t.Errorf("got %d\n%s%s", r.code, r.out, r.err)
	}
}

func TestRoleAddAndRemove(t *testing.T) {
	config := home(t)
	asked := daemon(t, func(api.Request) any { return api.Reload{} })
	r := run(t, " canary-2 \n", "role", "add", "globex/admin", "--arn", "arn:aws:iam::112233445566:role/Admin", "--external-id-stdin")
	if r.code != 0 || !strings.HasSuffix(r.out, "\nlet the profiles in ~/.aws/config follow: credd profiles sync\n") {
		t.Fatalf("got %d\n%s%s", r.code, r.out, r.err)
	}
	if len(*asked) != 1 || (*asked)[0].Do != api.DoReload {
		t.Errorf("asked %v, want a reload", *asked)
	}
	text, err := os.ReadFile(filepath.Join(config, "customers", "globex.toml"))
	if err != nil || !strings.Contains(string(text), `external_id = "canary-2"`) {
		t.Errorf("got %s, %v", text, err)
	}
	if strings.Contains(r.out+r.err, "canary") {
		t.Error("the external ID was printed")
	}
	r = run(t, "", "role", "add", "globex/admin", "--arn", "arn:aws:iam::112233445566:role/Admin")
	if r.code != 2 || !strings.Contains(r.err, "exists already: customers/globex.toml:5") {
		t.Errorf("got %d %s", r.code, r.err)
	}
	if r := run(t, "", "role", "remove", "globex/admin"); r.code != 0 {
		t.Errorf("got %d %s", r.code, r.err)
	}
	if r := run(t, "", "role", "show", "globex/admin"); r.code != 4 {
		t.Errorf("got %d %s, want the role gone", r.code, r.err)
	}
	if r := run(t, "", "role", "add", "globex/x", "--arn", "a", "--external-id-stdin"); r.code != 2 || !strings.Contains(r.err, "stdin holds no external ID") {
		t.Errorf("got %d %s", r.code, r.err)
	}
}

func TestAnEmptyExternalIDAddsNothing(t *testing.T) {
	const arn = "arn:aws:iam::112233445566:role/Admin"
	tests := []struct {
		name string
		args []string
		want string
	}{
		{"empty", []string{"--external-id", ""}, "error: --external-id is empty\ncredd: hint: "},
		{"blank", []string{"--external-id", " "}, "--external-id is empty"},
		{"empty and stdin", []string{"--external-id", "", "--external-id-stdin"}, "exclude each other"},
		{"nothing on stdin", []string{"--external-id-stdin"}, "stdin holds no external ID"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			config := home(t)
			r := run(t, "", append([]string{"role", "add", "globex/admin", "--arn", arn}, tt.args...)...)
			if r.code != 2 || r.out != "" || !strings.Contains(r.err, tt.want) {
				t.Errorf("got %+v, want 2, %s", r, tt.want)
			}
			if _, err := os.Stat(filepath.Join(config, "customers", "globex.toml")); err == nil {
				t.Error("the role was added")
			}
		})
	}
}

func TestRoleAddWithoutAReload(t *testing.T) {
	home(t)
	daemon(t, func(api.Request) any { return &ipc.Error{Code: ipc.Internal, Message: "out of order\x1b"} })
	r := run(t, "", "role", "add", "globex/admin", "--arn", "arn:aws:iam::112233445566:role/Admin")
	if r.code != 0 || !strings.Contains(r.out, ": credd profiles sync\n") ||
		r.err != "credd: warning: the daemon did not read the new role: out of order?\ncredd: hint: try: credd reload\n" {
		t.Errorf("got %+v", r)
	}
}

func TestRefusalsOfTheDaemon(t *testing.T) {
	home(t)
	daemon(t, func(api.Request) any { return &ipc.Error{Code: ipc.Denied, Message: "denied\x1b", Hint: "ask"} })
	r := run(t, "", "refresh", "acme/admin")
	if r.code != 6 || r.err != "credd: error: denied?\ncredd: hint: ask\n" || r.out != "" {
		t.Errorf("got %+v", r)
	}
}

func TestReloadTellsProblems(t *testing.T) {
	home(t)
	daemon(t, func(api.Request) any {
		return api.Reload{Customers: 1, Roles: 2, Dropped: []string{"acme/x"}, Problems: []api.Problem{{File: "a.toml", Line: 1, Message: "bad", Hint: "mend"}, {File: "b.toml", Message: "worse"}}}
	})
	r := run(t, "", "reload")
	if r.code != 2 || !strings.Contains(r.out, "2 roles of 1 customer\n") || !strings.Contains(r.out, "acme/x") ||
		!strings.Contains(r.err, "error: a.toml:1: bad\ncredd: hint: mend") || !strings.Contains(r.err, "error: b.toml: worse") {
		t.Errorf("got %+v", r)
	}
}

func TestReloadJSON(t *testing.T) {
	bad := []api.Problem{{File: "a.toml", Line: 1, Message: "bad", Hint: "mend"}}
	for _, tt := range []struct {
		name     string
		problems []api.Problem
		code     int
		err      string
	}{
		{"fine", nil, 0, ""},
		{"broken", bad, 2, "credd: error: a.toml:1: bad\ncredd: hint: mend\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			home(t)
			daemon(t, func(api.Request) any { return api.Reload{Customers: 1, Roles: 2, Problems: tt.problems} })
			r := run(t, "", "reload", "--json")
			var got api.Reload
			if err := json.Unmarshal([]byte(r.out), &got); err != nil || len(got.Problems) != len(tt.problems) || r.code != tt.code || r.err != tt.err {
				t.Errorf("got %+v, %v", r, err)
			}
		})
	}
}

// What a hostile daemon says reaches no terminal as it is.
func TestTheDaemonsTextsAreFiltered(t *testing.T) {
	const evil = "x\x1b]0;y\a\n\u009b"
	session := api.Session{Role: evil, Source: evil, AccessKeyID: evil, Note: evil, Expires: time.Now().Add(time.Hour)}
	answers := map[string]any{
		api.DoStatus: api.Status{Version: evil, ConfigDir: evil, Sessions: []api.Session{session}, Warnings: []string{evil},
			Failing:  []api.Failure{{Role: evil, Outcome: evil, Message: evil, Hint: evil}, {Role: "acme/admin", Outcome: evil, Message: evil}},
			Problems: []api.Problem{{File: evil, Message: evil, Hint: evil}}},
		api.DoReload:  api.Reload{Dropped: []string{evil}, Problems: []api.Problem{{File: evil, Message: evil, Hint: evil}, {File: evil}}},
		api.DoRefresh: session,
		api.DoForget:  api.Forgotten{Roles: []string{evil}},
		api.DoTest:    api.Identity{Name: evil, ARN: evil, AccountID: evil, Region: evil},
	}
	home(t)
	daemon(t, func(r api.Request) any { return answers[r.Do] })
	for _, args := range []string{"status", "reload", "refresh acme/admin", "forget acme", "source test work", "role list", "role show acme/admin", "customer show acme"} {
		r := run(t, "", strings.Fields(args)...)
		if strings.ContainsAny(r.out+r.err, "\x1b\a\u009b") || r.out == "" {
			t.Errorf("%s: got %q", args, r.out+r.err)
		}
	}
}

func TestAudit(t *testing.T) {
	home(t)
	where, err := (&Streams{}).locate()
	if err != nil {
		t.Fatal(err)
	}
	log, err := audit.Open(where.audit)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	for _, e := range []audit.Entry{
		{Time: now.Add(-3 * time.Hour), Role: "acme/admin", Outcome: "ok", From: "sts", AccessKeyID: "ASIA1", PID: 7, ParentExe: "/bin/bash"},
		{Time: now, Role: "globex/admin", Outcome: "denied", Error: "denied by AWS\x1b[2J", PID: 8},
	} {
		if err := log.Record(e); err != nil {
			t.Fatal(err)
		}
	}
	log.Close()
	for args, want := range map[string][2]string{
		"":                               {"acme/admin  pid 7 of /bin/bash  ASIA1 from sts", "denied"},
		"--since 1h":                     {"globex/admin", ""},
		"--until 1h":                     {"acme/admin", ""},
		"--role acme":                    {"acme/admin", ""},
		"--outcome denied":               {"denied by AWS?[2J", ""},
		"--access-key ASIA1":             {"acme/admin", ""},
		"--access-key ASIA1 --json":      {`"access_key_id":"ASIA1"`, ""},
		"--access-key ASIA1 --since 1h ": {"", ""},
	} {
		r := run(t, "", append([]string{"audit"}, strings.Fields(args)...)...)
		lines := strings.Count(r.out, "\n")
		wantLines := 0
		for _, w := range want {
			if w != "" {
				wantLines++
			}
			if !strings.Contains(r.out, w) {
				t.Errorf("%s: got\n%s\nwant %s", args, r.out, w)
			}
		}
		if r.code != 0 || lines != wantLines {
			t.Errorf("%s: got %d, %d lines, want %d:\n%s%s", args, r.code, lines, wantLines, r.out, r.err)
		}
	}
}

func TestEveryCommandHasAnExample(t *testing.T) {
	root := newRootCmd(&Streams{Out: io.Discard, Err: io.Discard})
	for _, c := range root.Commands() {
		all := append(c.Commands(), c)
		for _, c := range all {
			if c.Name() != "help" && !c.HasSubCommands() && !c.HasExample() {
				t.Errorf("%s has no example", c.CommandPath())
			}
		}
	}
}

func TestLeft(t *testing.T) {
	for d, want := range map[time.Duration]string{-1: "expired", 5 * time.Second: "5s", 90 * time.Second: "1m", 61 * time.Minute: "1h01m", 12 * time.Hour: "12h00m"} {
		if got := left(d); got != want {
			t.Errorf("%v: got %s, want %s", d, got, want)
		}
	}
}
