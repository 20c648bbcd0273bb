package cli

import (
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"credd/internal/agent/api"
	"credd/internal/doctor"
	"credd/internal/ipc"
	"credd/internal/ipc/start"
)

// examined runs doctor for programs.
func examined(t *testing.T, args ...string) ([]doctor.Finding, result) {
	t.Helper()
	r := run(t, "", append([]string{"doctor", "--json"}, args...)...)
	var all []doctor.Finding
	if err := json.Unmarshal([]byte(r.out), &all); err != nil {
		t.Fatalf("%v in %+v", err, r)
	}
	root := newRootCmd(&Streams{})
	for _, f := range all {
		for _, w := range wrongCommands(root, f.Remedy) {
			t.Errorf("there is no %q, of %+v", w, f)
		}
	}
	return all, r
}

// shellless is a home without a shell and without AWS clients.
func shellless(t *testing.T) (config string) {
	config = home(t)
	for _, name := range append(slices.Clone(shadowing), "AWS_PROFILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CA_BUNDLE", "SHELL", "CREDD_ROLE") {
		t.Setenv(name, "")
	}
	t.Setenv("PATH", "/nonexistent")
	return config
}

// well answers as a daemon in good health.
func well(config string) func(api.Request) any {
	return func(r api.Request) any {
		switch r.Do {
		case api.DoStatus:
			return api.Status{Version: version(), PID: os.Getpid(), ConfigDir: config}
		case api.DoTest:
			return api.Identity{Name: r.Name, ARN: "arn:aws:iam::210987654321:user/work", AccountID: "210987654321"}
		}
		return struct{}{}
	}
}

// Each thing that a daemon can tell is found.
func TestDoctorAsksTheDaemon(t *testing.T) {
	const evil = "x\x1b[2J\n"
	status := func(change func(*api.Status)) func(config string, r api.Request) any {
		return func(config string, r api.Request) any {
			st, ok := well(config)(r).(api.Status)
			if !ok {
				return well(config)(r)
			}
			change(&st)
			return st
		}
	}
	on := func(do string, v any) func(config string, r api.Request) any {
		return func(config string, r api.Request) any {
			if r.Do == do {
				return v
			}
			return well(config)(r)
		}
	}
	refused := func(code ipc.Code, hint string) *ipc.Error {
		return &ipc.Error{Code: code, Message: "work: no " + evil, Hint: hint}
	}
	for _, tt := range []struct {
		name   string
		answer func(config string, r api.Request) any
		args   []string
		check  doctor.ID
		state  doctor.State
		remedy string
	}{
		{"all is well", on("", nil), nil, doctor.SourceWorks, doctor.OK, ""},
		{"it runs", on("", nil), nil, doctor.DaemonRunning, doctor.OK, ""},
		{"other version", status(func(s *api.Status) { s.Version = "v0.1" }), nil, doctor.DaemonVersion, doctor.Warning, "kill "},
		{"replaced", status(func(s *api.Status) { s.Replaced = true }), nil, doctor.DaemonVersion, doctor.Warning, "kill "},
		{"other configuration", status(func(s *api.Status) { s.ConfigDir = "/c" }), nil, doctor.DaemonPlace, doctor.Error, "unset XDG_CONFIG_HOME"},
		{"other configuration, sources", status(func(s *api.Status) { s.ConfigDir = "/c" }), nil, doctor.SourceWorks, doctor.Untested, ""},
		{"audit log", status(func(s *api.Status) { s.Warnings = []string{"the audit log cannot be written: no space"} }), nil, doctor.DaemonWarnings, doctor.Warning, "df -h"},
		{"watching", status(func(s *api.Status) { s.Warnings = []string{"files are not watched, only read again on use: x"} }), nil, doctor.DaemonWarnings, doctor.Warning, "credd reload"},
		{"network settings", status(func(s *api.Status) { s.Warnings = []string{"[network] in credd.toml is not in force: x"} }), nil, doctor.DaemonWarnings, doctor.Warning, "credd.toml"},
		{"no status", on(api.DoStatus, refused(ipc.Internal, "")), nil, doctor.DaemonRunning, doctor.Error, "kill "},
		{"login", on(api.DoTest, refused(ipc.Login, "log in: credd login work")), nil, doctor.SourceWorks, doctor.Error, "credd login work"},
		{"login elsewhere", on(api.DoTest, refused(ipc.Login, "aws sso login --profile work")), nil, doctor.SourceWorks, doctor.Error, "aws sso login --profile work"},
		{"clock", on(api.DoTest, &ipc.Error{Code: ipc.Unreachable, Message: "this machine's clock is 900 s ahead of AWS", Hint: "set it"}), nil, doctor.SourceWorks, doctor.Error, "timedatectl"},
		{"old key", status(func(s *api.Status) {
			s.Sources = []api.Source{{Name: "work", Notes: []string{"access key A was created 100 days ago: change it with credd source rotate"}}}
		}), nil, doctor.SourceNotes, doctor.Warning, "credd source rotate work"},
		{"login soon", status(func(s *api.Status) {
			s.Sources = []api.Source{{Name: "work", Notes: []string{"it ended: credd login work"}}}
		}), nil, doctor.SourceNotes, doctor.Warning, "credd login work"},
		{"failing role", status(func(s *api.Status) {
			s.Failing = []api.Failure{{Role: "acme/admin", Message: "acme/admin: denied by AWS", Hint: "ask"}}
		}), nil, doctor.RoleWorks, doctor.Warning, "ask"},
		{"role", on("", refused(ipc.Denied, "ask them")), []string{"acme"}, doctor.RoleWorks, doctor.Error, "ask them"},
		{"unknown role", on("", nil), []string{"acme/admim"}, doctor.RoleWorks, doctor.Error, "credd role list"},
		{"no role named", on("", nil), nil, doctor.RoleWorks, doctor.Untested, "credd doctor acme/admin"},
		{"offline", on("", nil), []string{"--offline"}, doctor.SourceWorks, doctor.Untested, ""},
		{"no vault", on("", nil), nil, doctor.VaultOpens, doctor.Untested, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			config := shellless(t)
			daemon(t, func(r api.Request) any { return tt.answer(config, r) })
			all, _ := examined(t, tt.args...)
			if !slices.ContainsFunc(all, func(f doctor.Finding) bool {
				return f.Check == tt.check && f.State == tt.state && strings.Contains(f.Remedy, tt.remedy)
			}) {
				t.Errorf("not found in\n%+v", all)
			}
			if r := run(t, "", append([]string{"doctor"}, tt.args...)...); strings.ContainsAny(r.out+r.err, "\x1b\a") || strings.Contains(r.out+r.err, "canary") {
				t.Errorf("got %q", r.out+r.err)
			}
		})
	}
}

func TestDoctorAsksForTheVault(t *testing.T) {
	for _, tt := range []struct {
		name, key string
		answer    any
		state     doctor.State
		remedy    string
	}{
		{"opens", "keyring", struct{}{}, doctor.OK, ""},
		{"passphrase", "passphrase", &ipc.Error{Code: ipc.Login, Message: "k: the vault needs its passphrase", Hint: "open it: credd login SOURCE"}, doctor.Warning, "credd login k"},
		{"locked", "keyring", &ipc.Error{Code: ipc.Login, Message: "k: the keyring is locked", Hint: "unlock your keyring"}, doctor.Error, "unlock your keyring"},
		{"no keyring", "keyring", &ipc.Error{Code: ipc.Usage, Message: "k: there is no keyring here", Hint: "two lines"}, doctor.Error, "two lines"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			config := shellless(t)
			put(t, filepath.Join(config, "credd.toml"), "version = 1\n[source.k]\ntype = \"keys\"\nendpoint_url = \"http://127.0.0.1:1\"\n[vault]\nkey = \""+tt.key+"\"\n")
			asked := daemon(t, func(r api.Request) any {
				if r.Do == api.DoStoreKey {
					return tt.answer
				}
				return well(config)(r)
			})
			all, _ := examined(t)
			i := slices.IndexFunc(all, func(f doctor.Finding) bool { return f.Check == doctor.VaultOpens })
			if i < 0 || all[i].State != tt.state || all[i].Remedy != tt.remedy || strings.Contains(all[i].Message, "k:") {
				t.Errorf("got %+v", all)
			}
			for _, r := range *asked {
				if r.Key != nil && (r.Key.ID != "" || r.Key.Secret != "") {
					t.Errorf("asked for %+v", r)
				}
			}
		})
	}
}

// A touch of a security key is a question too.
func TestDoctorRunsNoMFACommand(t *testing.T) {
	config := shellless(t)
	put(t, filepath.Join(config, "credd.toml"), "version = 1\n[source.k]\ntype = \"keys\"\nendpoint_url = \"http://127.0.0.1:1\"\nmfa_serial = \"arn:aws:iam::210987654321:mfa/ana\"\nmfa = \"command\"\nmfa_command = [\"ykman\"]\n")
	asked := daemon(t, well(config))
	all, _ := examined(t)
	if !slices.ContainsFunc(all, func(f doctor.Finding) bool { return f.Check == doctor.SourceWorks && f.State == doctor.Untested }) {
		t.Errorf("got %+v", all)
	}
	if slices.ContainsFunc(*asked, func(r api.Request) bool { return r.Do == api.DoTest }) {
		t.Errorf("asked for %+v", *asked)
	}
}

func TestDoctorWithoutADaemon(t *testing.T) {
	shellless(t)
	all, r := examined(t)
	if !slices.ContainsFunc(all, func(f doctor.Finding) bool {
		return f.Check == doctor.DaemonRunning && f.State == doctor.Error && strings.Contains(f.Remedy, "credd serve")
	}) || r.code != 3 { // home says CREDD_AUTOSTART=0
		t.Errorf("got %d, %+v", r.code, all)
	}
	t.Setenv("CREDD_AUTOSTART", "")
	all, _ = examined(t)
	if !slices.ContainsFunc(all, func(f doctor.Finding) bool {
		return f.Check == doctor.DaemonRunning && f.State == doctor.Warning && f.Remedy == "credd source test work"
	}) {
		t.Errorf("got %+v", all)
	}
	if _, err := os.Stat(os.Getenv("CREDD_SOCK")); err == nil {
		t.Error("a daemon was started")
	}
}

func TestDoctorOfAHungDaemon(t *testing.T) {
	shellless(t)
	l, err := net.Listen("unix", os.Getenv("CREDD_SOCK"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	put(t, os.Getenv("CREDD_SOCK")+".lock", "")
	os.Chmod(os.Getenv("CREDD_SOCK"), 0o600)
	began := time.Now()
	all, r := examined(t, "acme/admin")
	if took := time.Since(began); took > 2*statusTimeout {
		t.Errorf("took %v", took)
	}
	if r.code != 3 || !slices.ContainsFunc(all, func(f doctor.Finding) bool {
		return f.Check == doctor.DaemonRunning && f.State == doctor.Error && strings.HasPrefix(f.Remedy, "kill -KILL ")
	}) {
		t.Errorf("got %d, %+v", r.code, all)
	}
}

func TestDoctorOfTheSocket(t *testing.T) {
	for _, tt := range []struct {
		name   string
		inject func(t *testing.T, sock string)
		check  doctor.ID
		state  doctor.State
		remedy string
	}{
		{"relative", func(t *testing.T, _ string) { t.Setenv("CREDD_SOCK", "agent.sock") }, doctor.SocketPath, doctor.Error, "unset CREDD_SOCK"},
		{"too long", func(t *testing.T, _ string) { t.Setenv("CREDD_SOCK", "/"+strings.Repeat("s", 200)) }, doctor.SocketPath, doctor.Error, "unset CREDD_SOCK"},
		{"not the usual one", func(*testing.T, string) {}, doctor.SocketPath, doctor.Warning, "unset CREDD_SOCK"},
		{"a file", func(t *testing.T, sock string) { put(t, sock, "") }, doctor.SocketAccess, doctor.Error, "mv "},
		{"open directory", func(t *testing.T, sock string) { os.Chmod(filepath.Dir(sock), 0o755) }, doctor.SocketAccess, doctor.Error, "chmod go-rwx "},
		{"open socket", func(t *testing.T, sock string) { bind(t, sock); os.Chmod(sock, 0o666) }, doctor.SocketAccess, doctor.Error, "chmod 600 "},
		{"stale", func(t *testing.T, sock string) { bind(t, sock); os.Chmod(sock, 0o600) }, doctor.SocketStale, doctor.Warning, "credd serve"},
		{"linked directory", func(t *testing.T, sock string) {
			os.Symlink(filepath.Dir(sock), filepath.Join(filepath.Dir(sock), "link"))
			t.Setenv("CREDD_SOCK", filepath.Join(filepath.Dir(sock), "link", "agent.sock"))
		}, doctor.SocketAccess, doctor.Error, "unset CREDD_SOCK"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			shellless(t)
			tt.inject(t, os.Getenv("CREDD_SOCK"))
			all, r := examined(t)
			if !slices.ContainsFunc(all, func(f doctor.Finding) bool {
				return f.Check == tt.check && f.State == tt.state && strings.Contains(f.Remedy, tt.remedy)
			}) || (tt.state == doctor.Error) != (r.code == 2) && tt.state == doctor.Error {
				t.Errorf("got %d, %+v", r.code, all)
			}
		})
	}
}

// The daemon behind a forwarded socket has its files and its processes elsewhere: nothing here is compared with it, nor ended.
func TestDoctorOfAForwardedSocket(t *testing.T) {
	config := home(t)
	os.RemoveAll(config)
	t.Setenv("CREDD_AUTOSTART", "0")
	sock := os.Getenv("CREDD_SOCK")
	helper := filepath.Join(t.TempDir(), "credhelper")
	put(t, filepath.Join(os.Getenv("HOME"), ".aws/config"), "[profile acme/admin]\ncredential_process = "+helper+" acme/admin\nregion = eu-west-1\n")
	daemon(t, well("/home/ana/.config/credd"))
	os.Remove(sock + ".lock")
	os.Chmod(sock, 0o600)
	os.Chmod(filepath.Dir(sock), 0o755) // as many homes are
	all, _ := examined(t)
	for _, f := range all {
		if strings.Contains(f.Remedy, "kill") || strings.HasPrefix(f.Remedy, "unset") || strings.HasPrefix(f.Remedy, "credd init") || strings.Contains(f.Remedy, "role add") || f.Check == doctor.SocketAccess && f.State != doctor.OK {
			t.Errorf("got %+v", f)
		}
	}
	if !slices.ContainsFunc(all, func(f doctor.Finding) bool { return f.Check == doctor.DaemonRunning && f.State == doctor.OK }) {
		t.Errorf("got %+v", all)
	}
	os.Remove(sock)
	bind(t, sock)
	if all, _ = examined(t); !slices.ContainsFunc(all, func(f doctor.Finding) bool {
		return f.Check == doctor.DaemonRunning && f.State == doctor.Error && f.Remedy == start.ForwardAgain
	}) {
		t.Errorf("afterwards: got %+v", all)
	}
}

// bind leaves a socket that nobody serves.
func bind(t *testing.T, path string) {
	t.Helper()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
}

func TestDoctorForPeople(t *testing.T) {
	all := []doctor.Finding{
		{Check: doctor.ConfigFiles, Section: "configuration", State: doctor.OK, Message: "fine\x1b"},
		{Check: doctor.SocketPath, Section: "daemon", State: doctor.Warning, Message: "odd", Remedy: "mend\n"},
		{Check: doctor.SocketAccess, Section: "daemon", State: doctor.Error, Message: "bad", Remedy: "do", Code: ipc.Refused},
		{Check: doctor.VaultOpens, Section: "vault", State: doctor.Untested, Message: "the vault", Remedy: "this"},
	}
	var out strings.Builder
	s := &Streams{Out: &out}
	const want = "configuration\n✓ fine?\n\ndaemon\n! odd\n  fix: mend?\n✗ bad\n  fix: do\n\nvault\n- not tested: the vault\n  try: this\n\n1 well, 1 warning, 1 error, 1 not tested\n"
	if err := s.findings(all); err != nil || out.String() != want {
		t.Errorf("got %v\n%s\nwant\n%s", err, out.String(), want)
	}
	out.Reset()
	s.Color = true
	s.findings(all[:1])
	if !strings.Contains(out.String(), "\x1b[32m✓\x1b[0m fine?") {
		t.Errorf("got %q", out.String())
	}
	if got := verdict(all); got != ipc.Refused {
		t.Errorf("got %d", got)
	}
	if got := verdict(all[:2]); got != ipc.OK {
		t.Errorf("got %d", got)
	}
}
