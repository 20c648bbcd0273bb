package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"credd/internal/doctor"
	"credd/internal/ipc"
)

// noManager is a home without a service manager, whatever the machine has.
func noManager(t *testing.T) {
	t.Helper()
	home(t)
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	t.Setenv("SUDO_UID", "")
}

func TestServiceWithoutAManager(t *testing.T) {
	noManager(t)
	for _, args := range []string{"install", "uninstall", "start", "stop", "restart"} {
		r := run(t, "", "service", args)
		if r.code != int(ipc.Usage) || r.out != "" || !strings.Contains(r.err, "sudo credd service install --system") {
			t.Errorf("%s: got %+v", args, r)
		}
	}
	r := run(t, "", "service", "status", "--json")
	var st serviceState
	if err := json.Unmarshal([]byte(r.out), &st); err != nil || r.code != 0 || st.Installed || st.Problem == "" || st.Files == nil {
		t.Errorf("got %+v, %v", r, err)
	}
	if r := run(t, "", "service", "status"); r.code != 0 || !strings.Contains(r.out, "state") || !strings.Contains(r.out, "not installed") || !strings.Contains(r.err, "credd: hint: ") {
		t.Errorf("got %+v", r)
	}
	e, err := (&Streams{}).examination(t.Context(), nil, true)
	if err != nil {
		t.Fatal(err)
	}
	e.service(t.Context())
	if all := e.Findings(); len(all) != 1 || all[0].State != doctor.Untested {
		t.Errorf("doctor: got %+v", all)
	}
}

func TestLogsOfADaemonThatIsNoService(t *testing.T) {
	noManager(t)
	if r := run(t, "", "service", "logs"); r.code != 2 || !strings.Contains(r.err, "not installed as a service, and there is no ") {
		t.Errorf("no log: got %+v", r)
	}
	put(t, filepath.Join(os.Getenv("HOME"), ".local", "state", "credd", "credd.log"), "one\ntwo\nthree\n")
	if r := run(t, "", "service", "logs", "-n", "2"); r != (result{0, "two\nthree\n", ""}) {
		t.Errorf("got %+v", r)
	}
	if r := run(t, "", "service", "logs", "--lines", "0"); r.code != 2 {
		t.Errorf("no lines: got %+v", r)
	}
}

func TestInitAndServices(t *testing.T) {
	noManager(t)
	if r := run(t, "", "init", "--service", "--no-service"); r.code != 2 || !strings.Contains(r.err, "--service and --no-service exclude each other") {
		t.Errorf("got %+v", r)
	}
}
