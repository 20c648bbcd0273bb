//go:build linux

package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"credd/internal/fakeaws"
)

// finding is a line of credd doctor --json.
type finding struct {
	Check, Section, State, Message, Remedy, File string
	Line                                         int
}

// report is what doctor found, and how it ended.
type report struct {
	*world
	all  []finding
	code int
	took time.Duration
}

// doctor runs it, and sees that it shows no secret and names only commands that there are.
func (w *world) doctor(args ...string) report { return w.doctorOf(w.command("credd"), args...) }

func (w *world) doctorOf(cmd *exec.Cmd, args ...string) report {
	w.t.Helper()
	cmd.Args = append(cmd.Args, append([]string{"doctor", "--json"}, args...)...)
	r := runCmd(w.t, cmd)
	out := report{world: w, code: r.code, took: r.took}
	if err := json.Unmarshal([]byte(r.out), &out.all); err != nil || r.err != "" {
		w.t.Fatalf("%v in %+v", err, r)
	}
	if contains(r.out, w.key.Secret) || contains(r.out, "canary") {
		w.t.Errorf("a secret is shown:\n%s", r.out)
	}
	out.all = slices.DeleteFunc(out.all, func(f finding) bool { return f.Check == "daemon.leftover" && !w.ours(f.Message) })
	for _, f := range out.all {
		for _, m := range regexp.MustCompile(`(?:^|: |\()credd ([a-z-]+)`).FindAllStringSubmatch(f.Remedy, -1) {
			if r := w.credd("help", m[1]); r.code != 0 {
				w.t.Errorf("there is no credd %s, of %+v", m[1], f)
			}
		}
	}
	return out
}

// ours reports whether a text names a daemon of this world: others run beside it.
func (w *world) ours(text string) bool {
	return slices.ContainsFunc(w.daemons(), func(pid int) bool { return contains(text, fmt.Sprintf("pid %d ", pid)) })
}

func (r report) find(check, state, remedy string) (finding, bool) {
	i := slices.IndexFunc(r.all, func(f finding) bool { return f.Check == check && f.State == state && contains(f.Remedy, remedy) })
	if i < 0 {
		return finding{}, false
	}
	return r.all[i], true
}

// want sees that something was found, and returns it.
func (r report) want(code int, check, state, remedy string) finding {
	r.t.Helper()
	f, ok := r.find(check, state, remedy)
	if !ok || r.code != code {
		r.t.Errorf("got %d\n%+v\nwant %d, %s %s with %q", r.code, r.all, code, check, state, remedy)
	}
	return f
}

// well sees that there is no alarm, but of the checks that are named.
func (r report) well(but ...string) {
	r.t.Helper()
	for _, f := range r.all {
		if (f.State == "warning" || f.State == "error") && !slices.Contains(but, f.Check) {
			r.t.Errorf("an alarm: %+v", f)
		}
	}
	if r.code != 0 {
		r.t.Errorf("got %d", r.code)
	}
}

// equipped is a world with a customer, its profile, and a daemon that runs.
func equipped(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.customer("acme", "admin")
	w.write(".aws/config", w.read(".aws/config")+"\n[profile acme/admin]\ncredential_process = \""+bin+"/credhelper\" acme/admin\nregion = "+region+"\nendpoint_url = "+w.aws.URL()+"\n")
	w.serve()
	return w
}

// remedy runs one as a person would, without what is said about it.
func (w *world) remedy(remedy string) {
	w.t.Helper()
	remedy, _, _ = strings.Cut(remedy, "  (")
	runCmd(w.t, w.command("sh", "-c", remedy)).want(w.t, 0)
}

func TestDoctorOfAHealthyMachine(t *testing.T) {
	t.Parallel()
	w := equipped(t)
	r := w.doctor()
	r.well()
	r.want(0, "source.works", "ok", "")
	r.want(0, "network.clock", "ok", "")
	r.want(0, "tool.aws", "ok", "")
	r.want(0, "role.works", "untested", "credd doctor acme/admin")
	if n := w.aws.Calls("AssumeRole"); n != 0 {
		t.Errorf("%d calls for a role that nobody named", n)
	}
	r = w.doctor("acme/admin")
	r.well()
	r.want(0, "role.works", "ok", "")
	if n := w.aws.Calls("AssumeRole"); n != 1 {
		t.Errorf("%d calls for a role", n)
	}
	before := len(w.aws.Requests())
	w.doctor("--offline", "acme/admin").well()
	if n := len(w.aws.Requests()) - before; n != 0 {
		t.Errorf("%d requests with --offline", n)
	}
	if len(w.daemons()) != 1 {
		t.Errorf("daemons: %v", w.daemons())
	}
	text := runCmd(t, w.command("credd", "doctor"))
	text.want(t, 0, "✓ source work is "+us, "- not tested: 1 role", " 0 errors")
	if strings.Contains(text.out+text.err, "\x1b") {
		t.Errorf("colours in a pipe: %q", text.out)
	}
}

func TestDoctorOfAFreshInstall(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	check(t, os.RemoveAll(w.path(".config")))
	check(t, os.RemoveAll(w.path(".aws")))
	r := w.doctor()
	r.well("config.setup")
	r.want(0, "config.setup", "warning", "credd init")
	if left, _ := os.ReadDir(w.home); len(left) != 1 || len(w.daemons()) != 0 {
		t.Errorf("it left %v, %v", left, w.daemons())
	}
}

func TestDoctorAfterAnImport(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	check(t, w.aws.AddRole(fakeaws.Role{ARN: "arn:aws:iam::" + account + ":role/Admin", Trust: fakeaws.TrustPolicy(us, "canary-id")}))
	at := "region = " + region + "\nendpoint_url = " + w.aws.URL() + "\n"
	w.write(".aws/config", "[profile work]\n"+at+"[profile old]\nrole_arn = arn:aws:iam::"+account+":role/Admin\nsource_profile = work\nexternal_id = canary-id\n"+at)
	w.write(".config/credd/credd.toml", "version = 1\n\n[vault]\nkey = \"file\"\n")
	w.credd("import", "--yes").want(t, 0, "role old/Admin")
	w.doctor("old/Admin").want(0, "config.left-keys", "warning", "credd import --keys --only work")
	w.credd("import", "--undo", "--yes").want(t, 0)
	w.credd("import", "--keys", "--yes").want(t, 0, "role old/Admin")
	r := w.doctor("old/Admin")
	r.well()
	for _, check := range []string{"vault.opens", "role.works", "config.left-keys", "config.import", "profile.helper"} {
		r.want(0, check, "ok", "")
	}
}

func TestDoctorWithoutAWSClients(t *testing.T) {
	t.Parallel()
	w := equipped(t)
	cmd := w.command("credd")
	cmd.Env = append(cmd.Env, "PATH=/nonexistent")
	r := w.doctorOf(cmd)
	r.well()
	r.want(0, "tool.aws", "untested", "")
}
