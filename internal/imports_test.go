// Package internal holds the test of the architecture: which package may import what.
package internal

import (
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

type pkg struct {
	ImportPath string
	Imports    []string
	Deps       []string
}

// bans of what a package may import itself. "a/..." stands for a and all below it.
var bans = []struct{ in, ban, reason string }{
	{"credd/internal/ipc", "encoding/json", "the wire's frames are bytes; the helper links them"},
	{"credd/internal/ipc", "fmt", "the helper links it"},
	{"credd/internal/ipc/dial", "net", "system calls only: net costs the helper size and start-up"},
	{"credd/internal/paths", "fmt", "the helper links it"},
	{"credd/internal/paths", "credd/internal/...", "a leaf: it knows places alone, and the helper links it"},
	{"credd/internal/disk", "credd/internal/...", "a leaf: it knows paths and bytes alone"},
	{"credd/internal/accounts", "credd/internal/agent/...", "a leaf: it knows users and groups, and not what for"},
	{"credd/internal/agent/...", "credd/internal/accounts", "agent declares what it asks; tests may hand it in"},
	{"credd/internal/agent/api", "credd/internal/agent", "leaves never import agent"},
	{"credd/internal/agent/audit", "credd/internal/agent", "leaves never import agent"},
	{"credd/internal/agent/cache", "credd/internal/agent", "leaves never import agent"},
	{"credd/internal/agent/cred", "credd/internal/agent", "leaves never import agent"},
	{"credd/internal/agent/iam", "credd/internal/agent", "leaves never import agent"},
	{"credd/internal/agent/roster", "credd/internal/agent", "leaves never import agent"},
	{"credd/internal/agent/source", "credd/internal/agent", "leaves never import agent"},
	{"credd/internal/agent/sts", "credd/internal/agent", "leaves never import agent"},
	{"credd/internal/agent/vault", "credd/internal/agent", "leaves never import agent"},
	{"credd/internal/agent/watch", "credd/internal/agent", "leaves never import agent"},
	{"credd/internal/customer/...", "credd/internal/agent", "verify asks an Assumer; the agent is one"},
	{"credd/internal/customer/verify", "github.com/aws/...", "it is told answers, not errors of the SDK"},
	{"credd/internal/adopt", "credd/internal/agent", "a plan is made of files and a roster; the daemon is reached by interfaces"},
	{"credd/internal/adopt", "credd/internal/agent/api", "likewise"},
	{"credd/internal/adopt", "credd/internal/cli", "cli prints, adopt does not"},
	{"credd/internal/console", "credd/internal/agent", "it is handed a session"},
	{"credd/internal/loopback", "credd/internal/...", "a leaf"},
	{"credd/internal/partition", "credd/internal/...", "a leaf: a table"},
	{"credd/internal/console", "credd/internal/cli", "cli prints, console does not"},
	{"credd/internal/customer/invite", "os", "pure text: it writes no file"},
	{"credd/internal/customer/invite", "net/http", "pure text: it asks nobody"},
	{"credd/internal/customer/invite", "credd/internal/cli", "cli prints, invite does not"},
	{"credd/internal/host", "credd/internal/agent/...", "a service is any program with a socket; cli asks the daemon"},
	{"credd/internal/host", "credd/internal/cli", "cli prints, host does not"},
	{"credd/packaging/units", "credd/internal/...", "a leaf: texts, and the path that goes into them"},
	{"credd/packaging/release", "credd/internal/...", "it builds the programs and runs them; it has nothing of them in it"},
	{"credd/internal/...", "credd/internal/box", "it boots a machine: for tests alone"},
	{"credd/packaging/...", "credd/internal/box", "likewise"},
	{"credd/internal/doctor", "credd/internal/agent", "it looks at files and programs; cli asks the daemon"},
	{"credd/internal/doctor", "credd/internal/agent/api", "likewise"},
	{"credd/internal/doctor", "credd/internal/cli", "cli prints, doctor does not"},
	{"credd/internal/doctor", "net", "likewise; AWS is asked by package sts"},
	{"credd/internal/doctor", "net/http", "likewise"},
	{"credd/internal/agent/...", "credd/internal/cli", "cli wires agent, not the other way"},
	{"credd/internal/agent/...", "credd/internal/fakeaws", "no simulator in a shipped binary"},
	{"credd/internal/ipc/...", "credd/internal/agent/...", "the wire knows no agent"},
	{"credd/internal/cli", "credd/internal/fakeaws", "no simulator in a shipped binary"},
	{"credd/cmd/...", "github.com/...", "main only parses and exits"},
}

// owners name the only packages that import a library themselves. fakeaws and tests have their own reasons.
var owners = map[string][]string{
	"github.com/spf13/cobra":                       {"credd/internal/cli"},
	"github.com/mattn/go-runewidth":                {"credd/internal/cli"},
	"charm.land/bubbletea/v2":                      {"credd/internal/cli"},
	"charm.land/huh/v2":                            {"credd/internal/cli"},
	"charm.land/lipgloss/v2":                       {"credd/internal/cli"},
	"github.com/sahilm/fuzzy":                      {"credd/internal/cli"},
	"github.com/fsnotify/fsnotify":                 {"credd/internal/agent/watch"},
	"github.com/pelletier/go-toml/v2":              {"credd/internal/agent/roster"},
	"github.com/aws/aws-sdk-go-v2/config":          {"credd/internal/agent/source"},
	"github.com/aws/aws-sdk-go-v2/service/sts":     {"credd/internal/agent/sts", "credd/bench"},
	"github.com/zalando/go-keyring":                {"credd/internal/agent/vault"},
	"filippo.io/age":                               {"credd/internal/agent/vault"},
	"github.com/aws/aws-sdk-go-v2/service/iam":     {"credd/internal/agent/iam", "credd/internal/agent/source"}, // of roles; of a user's own keys
	"github.com/aws/aws-sdk-go-v2/service/sso":     {"credd/internal/agent/source"},
	"github.com/aws/aws-sdk-go-v2/service/ssooidc": {"credd/internal/agent/source"},
	"github.com/aws/aws-sdk-go-v2/service/signin":  {"credd/internal/agent/source"},
	"github.com/kardianos/service":                 {"credd/internal/host"},       // OpenRC and System V; systemd, launchd and Windows are asked by texts and interfaces of their own
	"github.com/Microsoft/go-winio":                {"credd/internal/ipc/socket"}, // dial makes its one call by itself: this links net
	"golang.org/x/sys":                             {"credd/internal/awsconfig", "credd/internal/cli", "credd/internal/host", "credd/internal/ipc/dial", "credd/internal/ipc/peer", "credd/internal/ipc/socket", "credd/internal/ipc/terminal"},
	"github.com/hashicorp/hcl/v2":                  {}, // tests read back what invite writes
	"github.com/zclconf/go-cty":                    {}, // likewise
	"go.yaml.in/yaml/v3":                           {}, // likewise
	"github.com/aws/aws-sdk-go-v2/credentials/...": {"credd/internal/agent/iam", "credd/internal/agent/source", "credd/internal/agent/sts", "credd/bench"},
}

// helperBans are what credhelper may not link, directly or not: each costs size or start-up at every call.
var helperBans = []struct{ ban, reason string }{
	{"fmt", "3 % start-up, 0.2 MB"},
	{"net", "7 % start-up"},
	{"net/http", "40 % start-up"},
	{"encoding/json", "11 % start-up; the daemon renders the document"},
	{"os/exec", "5 % start-up; ForkExec is enough"},
	{"log", "the helper logs nothing"},
	{"log/slog", "the helper logs nothing"},
	{"crypto/tls", "the helper talks to nothing but the socket"},
	{"github.com/spf13/cobra", "14 % start-up"},
	{"github.com/aws/...", "doubles start-up"},
	{"credd/internal/host", "credd runs services; start runs systemctl by itself"},
	{"credd/internal/accounts", "who may have a role is the daemon's to know"},
	{"github.com/Microsoft/...", "links net; dial opens the pipe by itself"},
	{"github.com/kardianos/...", "looks for service managers at each start"},
	{"credd/internal/agent/...", "the helper moves bytes and knows nothing of the agent"},
}

// daemonBans are what credd may not link, directly or not. text/template is there by cobra, which keeps it from being used.
var daemonBans = []struct{ ban, reason string }{
	{"html/template", "keeps every method of every type alive: megabytes"},
	{"go.yaml.in/...", "invitations are written, not read"},
	{"gopkg.in/yaml.v3", "likewise"},
	{"github.com/hashicorp/...", "likewise"},
	{"github.com/zclconf/...", "likewise"},
	{"golang.org/x/net/...", "for the tests of the page; net/http has a copy of what it needs"},
	{"golang.org/x/text/...", "tables of megabytes"},
}

func list(t *testing.T, args ...string) []pkg {
	t.Helper()
	out, err := exec.Command("go", append([]string{"list", "-json=ImportPath,Imports,Deps"}, args...)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []pkg
	for dec := json.NewDecoder(strings.NewReader(string(out))); dec.More(); {
		var p pkg
		if err := dec.Decode(&p); err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	if len(all) == 0 {
		t.Fatal("go list found no package")
	}
	return all
}

// under reports whether path is pattern, or below a pattern that ends in "/...".
func under(path, pattern string) bool {
	tree, all := strings.CutSuffix(pattern, "/...")
	return path == tree || all && strings.HasPrefix(path, tree+"/")
}

// systems are those that credd is built for: each has files, and so imports, of its own.
var systems = []string{"linux", "darwin", "windows"}

func TestArrowsPointOneWay(t *testing.T) {
	for _, system := range systems {
		t.Setenv("GOOS", system)
		for _, p := range list(t, "credd/...") {
			for _, i := range p.Imports {
				for _, b := range bans {
					if under(p.ImportPath, b.in) && under(i, b.ban) {
						t.Errorf("on %s %s imports %s: %s", system, p.ImportPath, i, b.reason)
					}
				}
				for lib, by := range owners {
					if under(i, strings.TrimSuffix(lib, "/...")+"/...") && !slices.Contains(by, p.ImportPath) && !simulates(p.ImportPath) {
						t.Errorf("on %s %s imports %s: only %v may", system, p.ImportPath, i, by)
					}
				}
			}
		}
	}
}

// simulates reports whether a package is of tests and the demo only.
func simulates(path string) bool {
	return under(path, "credd/internal/fakeaws/...") || under(path, "credd/internal/demo/...") ||
		under(path, "credd/internal/e2e/...") || under(path, "credd/internal/box/...") || under(path, "credd/bench/...")
}

func TestTheHelperStaysSmall(t *testing.T) {
	for _, system := range systems {
		t.Setenv("GOOS", system)
		p := list(t, "credd/cmd/credhelper")[0]
		for _, dep := range p.Deps {
			for _, b := range helperBans {
				if system == "darwin" && b.ban == "fmt" {
					continue // x/sys/unix, which asks who serves a socket there, brings it
				}
				if under(dep, b.ban) {
					t.Errorf("credhelper links %s on %s: %s", dep, system, b.reason)
				}
			}
		}
	}
}

func TestTheDaemonLinksNoReaders(t *testing.T) {
	p := list(t, "credd/cmd/credd")[0]
	for _, dep := range p.Deps {
		for _, b := range daemonBans {
			if under(dep, b.ban) {
				t.Errorf("credd links %s: %s", dep, b.reason)
			}
		}
	}
	for _, p := range list(t, "credd/...") {
		if !simulates(p.ImportPath) && (slices.Contains(p.Imports, "text/template") || slices.Contains(p.Imports, "html/template")) {
			t.Errorf("%s imports a template package: it keeps every method of every type alive", p.ImportPath)
		}
	}
}

func TestNoSimulatorIsShipped(t *testing.T) {
	for _, p := range list(t, "credd/cmd/...") {
		for _, dep := range p.Deps {
			if simulates(dep) || dep == "testing" {
				t.Errorf("%s links %s", p.ImportPath, dep)
			}
		}
	}
}
