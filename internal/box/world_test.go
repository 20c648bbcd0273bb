//go:build linux

package box

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"credd/internal/fakeaws"
)

const (
	us      = "arn:aws:iam::210987654321:user/work"
	region  = "eu-west-1"
	account = "012345678901"
)

// world is a machine with the service of a user, or of all users, and an AWS outside of it.
type world struct {
	*Box
	t       *testing.T
	aws     *fakeaws.Server
	system  bool
	journal []string // what chooses the service's lines
}

// newWorld boots a machine with the user ana and the service, which has not been asked anything.
func newWorld(t *testing.T, system bool) *world {
	t.Helper()
	b := Up(t)
	w := &world{Box: b, t: t, system: system, journal: []string{"_UID=1500", "_SYSTEMD_USER_UNIT=credd.service"}}
	t.Cleanup(func() {
		if t.Failed() {
			out, _ := b.Command("journalctl", "--no-pager", "--lines=150").Output()
			t.Logf("the journal:\n%s", out)
		}
	})
	installed(t, b)
	b.User(t, "ana", 1500)
	if system {
		w.journal = []string{"_SYSTEMD_UNIT=credd.service"}
		b.Run(t, "credd", "service", "install", "--system")
		b.Run(t, "install", "-d", "-m", "700", "-o", "credd", "-g", "credd", "/var/lib/credd", "/var/lib/credd/.aws")
	}
	var err error
	if w.aws, err = fakeaws.New(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.aws.Close)
	key, err := w.aws.AddUser(us)
	if err != nil {
		t.Fatal(err)
	}
	w.configure(".aws/credentials", "[work]\naws_access_key_id = "+key.ID+"\naws_secret_access_key = "+key.Secret+"\n")
	w.configure(".aws/config", "[profile work]\nregion = "+region+"\nendpoint_url = "+w.aws.URL()+"\n")
	w.configure("credd.toml", "version = 1\n\n[service]\nname = \"northwind\"\n\n[source.work]\ntype = \"profile\"\nprofile = \"work\"\n\n[defaults]\nsource = \"work\"\nregion = \""+region+"\"\n\n[log]\nlevel = \"debug\"\n")
	w.customer("acme", "admin")
	if !system {
		b.As(t, "ana", "credd", "service", "install")
	}
	return w
}

// configure writes a file of credd, or one of ~/.aws, for whoever the daemon runs as.
func (w *world) configure(name, text string) {
	w.t.Helper()
	aws := strings.HasPrefix(name, ".aws/")
	switch {
	case w.system && aws:
		w.Write(w.t, "/var/lib/credd/"+name, text, 0o600)
		w.Run(w.t, "chown", "credd:credd", "/var/lib/credd/"+name)
	case w.system:
		w.Write(w.t, "/etc/credd/"+name, text, 0o640)
		w.Run(w.t, "chgrp", "-R", "credd", "/etc/credd")
	case aws:
		w.put("~/"+name, text)
	default:
		w.put("~/.config/credd/"+name, text)
	}
}

// put writes a file of the user's.
func (w *world) put(name, text string) {
	w.t.Helper()
	w.ana(text, "umask 077; mkdir -p $(dirname "+name+"); cat >"+name)
}

// ana runs a shell command of the user with a text at stdin.
func (w *world) ana(stdin, command string) string {
	w.t.Helper()
	cmd := w.CommandAs("ana", "sh", "-c", command)
	cmd.Stdin = strings.NewReader(stdin)
	return run(w.t, cmd, cmd.Args)
}

// customer adds a customer with one role, to AWS and to the files.
func (w *world) customer(name, role string) (arn string) {
	w.t.Helper()
	arn = fmt.Sprintf("arn:aws:iam::%s:role/%s-%s", account, name, role)
	id := "canary-external-id-" + name
	if err := w.aws.AddRole(fakeaws.Role{ARN: arn, Trust: fakeaws.TrustPolicy(us, id)}); err != nil {
		w.t.Fatal(err)
	}
	w.customerFile(name, "external_id = \""+id+"\"\n", "[role."+role+"]\narn = \""+arn+"\"\n")
	return arn
}

// customerFile writes the file of a customer, which in the machine's credd is open to ana.
func (w *world) customerFile(name, keys, roles string) {
	w.t.Helper()
	if w.system {
		keys += "allow = { users = [\"ana\"] }\n"
	}
	w.configure("customers/"+name+".toml", "version = 1\naccount_id = \""+account+"\"\n"+keys+"\n"+roles)
	if w.system && w.pid() != 0 { // it reads nothing for who may not use it
		w.Run(w.t, "credd", "reload", "--system")
	}
}

// ctl is systemctl of the service's manager.
func (w *world) ctl(args ...string) string {
	w.t.Helper()
	if w.system {
		return w.Run(w.t, append([]string{"systemctl"}, args...)...)
	}
	return w.As(w.t, "ana", append([]string{"systemctl", "--user"}, args...)...)
}

// is returns a property of the service.
func (w *world) is(property string) string {
	w.t.Helper()
	return strings.TrimSpace(w.ctl("show", "--value", "--property="+property, "credd.service"))
}

// pid is the daemon's, as seen inside.
func (w *world) pid() int {
	w.t.Helper()
	pid, err := strconv.Atoi(w.is("MainPID"))
	if err != nil {
		w.t.Fatal(err)
	}
	return pid
}

// dropIn changes the service's unit.
func (w *world) dropIn(text string) {
	w.t.Helper()
	if w.system {
		w.Write(w.t, "/etc/systemd/system/credd.service.d/test.conf", text, 0o644)
	} else {
		w.put("~/.config/systemd/user/credd.service.d/test.conf", text)
	}
	w.ctl("daemon-reload")
	w.ctl("restart", "credd.service")
}

// log is what the daemon wrote into the journal, as journalctl's format has it.
func (w *world) log(output string) string {
	w.t.Helper()
	w.Run(w.t, "journalctl", "--sync")
	return w.Run(w.t, append([]string{"journalctl", "--no-pager", "--quiet", "--output=" + output}, w.journal...)...)
}

// helper asks for a role as ana.
func (w *world) helper(role string) answer {
	w.t.Helper()
	return say(w.t, w.helperCommand(role))
}

func (w *world) helperCommand(role string) *exec.Cmd {
	return w.CommandAs("ana", "env", "CREDD_AUTOSTART=0", "/usr/bin/credhelper", role)
}

// works fails the test if an answer is no live document.
func works(t *testing.T, a answer) {
	t.Helper()
	var d struct{ AccessKeyID, SecretAccessKey, SessionToken, Expiration string }
	if err := json.Unmarshal([]byte(a.out), &d); err != nil || a.code != 0 || a.err != "" {
		t.Errorf("got code %d, %q, %v, want a document", a.code, a.err, err)
		return
	}
	if at, err := time.Parse(time.RFC3339, d.Expiration); err != nil || !at.After(time.Now()) || d.AccessKeyID == "" || d.SecretAccessKey == "" || d.SessionToken == "" {
		t.Errorf("got a document until %s, %v, want a live one", d.Expiration, err)
	}
}

// file reads a file of the box from outside, such as one of /proc.
func (w *world) file(name string) string {
	w.t.Helper()
	text, err := os.ReadFile(w.Root + name)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(text)
}
