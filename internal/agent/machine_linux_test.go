package agent_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"

	"credd/internal/agent"
	"credd/internal/ipc/peer"
)

// The users of the machine in these tests. None of them is in its files.
const (
	daemonUID   = 9900
	anaUID      = 10001
	bobUID      = 10002
	eveUID      = 10003
	namelessUID = 12345
	devGID      = 20001
	opsGID      = 20002
)

// machine are the accounts of a machine, and how often it was asked for which.
type machine struct {
	mu     sync.Mutex
	users  map[string]uint32
	groups map[string]string
	err    error
	asked  []string
}

func newMachine() *machine {
	return &machine{
		users:  map[string]uint32{"root": 0, "credd": daemonUID, "ana": anaUID, "bob": bobUID, "eve": eveUID},
		groups: map[string]string{"dev": fmt.Sprint(devGID), "ops": fmt.Sprint(opsGID)},
	}
}

func (m *machine) User(_ context.Context, name string) (peer.User, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked = append(m.asked, name)
	if n, err := strconv.ParseUint(name, 10, 32); err == nil && (n == bobUID || n == namelessUID) {
		return peer.User{UID: uint32(n)}, true, nil
	}
	uid, ok := m.users[name]
	return peer.User{UID: uid}, ok, m.err
}

func (m *machine) Group(_ context.Context, name string) (string, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked = append(m.asked, name)
	gid, ok := m.groups[name]
	return gid, ok, m.err
}

func (m *machine) Name(_ context.Context, u peer.User) (string, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for name, uid := range m.users {
		if uid == u.UID && m.err == nil {
			return name, true, nil
		}
	}
	return "", false, m.err
}

func (m *machine) change(how func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	how()
}

// took returns what was asked for since the last call.
func (m *machine) took() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := m.asked
	m.asked = nil
	slices.Sort(out)
	return out
}

func role(name, more string) string {
	return "[role." + name + "]\narn = \"arn:aws:iam::012345678901:role/" + name + "\"\n" + more
}

// systemFiles open and close roles in all ways. What is not open to ana has the word canary in its name.
var systemFiles = map[string]string{
	"credd.toml": `version = 1
[source.canarysource]
type = "profile"
profile = "work"
[source.canaryold]
type = "profile"
profile = "expired"
[defaults]
source = "canarysource"
`,
	"customers/acme.toml": "version = 1\nexternal_id = \"canary-id\"\ndefault_role = \"admin\"\nallow = { users = [\"ana\"] }\n" +
		role("admin", "") +
		role("canarydev", "allow = { groups = [\"dev\"] }\n") +
		role("canarybob", "allow = { users = [\"10002\"] }\n") +
		role("canaryclosed", "allow = { users = [] }\n") +
		role("chained", "source = \"canaryhub/base\"\n") +
		role("expired", "source = \"canaryold\"\nallow = { users = [\"ana\", \"eve\"], groups = [\"ops\"] }\n") +
		role("noname", "session_name = \"fixed\"\nallow = { users = [\"ana\", \"12345\"] }\n"),
	"customers/canaryhub.toml":    "version = 1\n" + role("base", ""),
	"customers/canaryglobex.toml": "version = 1\n" + role("admin", "") + "[role.own]\nown_session = true\nsource = \"canarysource\"\n",
	"customers/canarybroken.toml": "version = 9\nallow = { users = [\"ana\"] }\n" + role("admin", ""),
}

func newSystem(t *testing.T, files map[string]string) (*world, *machine) {
	t.Helper()
	return newSystemWith(t, nil, files)
}

func newSystemWith(t *testing.T, coded *codedSource, files map[string]string) (*world, *machine) {
	t.Helper()
	m := newMachine()
	w := newWorldOf(t, coded, func(o *agent.Options) {
		o.System, o.Accounts, o.User, o.Owner = true, m, "credd", peer.User{UID: daemonUID}
	}, files)
	if err := os.Chmod(w.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return w, m
}
