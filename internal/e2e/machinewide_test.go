//go:build linux

package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"credd/internal/agent/api"
	"credd/internal/agent/audit"
)

// newInstalled is a machine with a source and four roles: one for ana, one for the group dev, one for both, one for nobody.
func newInstalled(t *testing.T) *machine {
	t.Helper()
	m := newMachine(t)
	m.start()
	m.root(m.key.ID+"\n"+m.key.Secret+"\n", "source", "add", "work", "--type", "keys", "--from-stdin").want(t, 0, "it is "+us)
	m.opened("acme/admin", "--allow-user", "ana")
	m.opened("globex/ops", "--allow-group", "dev")
	m.opened("hooli/read", "--allow-user", "ana", "--allow-group", "dev")
	m.opened("initech/closed")
	m.root("", "role", "add", "hooli/typo", "--arn", "arn:aws:iam::"+accountOf("hooli")+":role/typo", "--allow-user", "anna", "--allow-group", "devs").want(t, 0,
		"this machine knows no user anna", "this machine knows no group devs")
	m.root("", "role", "remove", "hooli/typo").want(t, 0)
	if r := m.root("", "role", "show", "initech/closed"); !strings.Contains(r.out, "nobody") {
		t.Errorf("got %s", r.out)
	}
	return m
}

// opens are the roles that are open to each.
var opens = map[string][]string{"ana": {"acme/admin", "hooli/read"}, "ben": {"globex/ops", "hooli/read"}, "cyn": {}, "root": {"acme/admin", "globex/ops", "hooli/read", "initech/closed"}}

// Each user gets exactly what allow says, by each command, and sees no more.
func TestThreeUsersOfAMachine(t *testing.T) {
	t.Parallel()
	m := newInstalled(t)
	said := map[string]string{}
	keys := map[string][]string{} // access keys that a user was handed
	say := func(user, program string, args ...string) result {
		r := m.run(user, program, args...)
		said[user] += r.out + r.err
		return r
	}
	for _, user := range []string{"ana", "ben", "cyn", "root"} {
		for _, role := range opens["root"] {
			r := m.run(user, "credhelper", role)
			if !slices.Contains(opens[user], role) {
				said[user] += r.out + r.err
				if r.code != 8 || r.out != "" {
					t.Errorf("%s, %s: got exit %d\n%s%s\nwant a refusal", user, role, r.code, r.out, r.err)
				}
				continue
			}
			d, err := whole(r.out)
			if err != nil || r.code != 0 {
				t.Fatalf("%s, %s: got exit %d, %v\n%s", user, role, r.code, err, r.err)
			}
			keys[user] = append(keys[user], d.AccessKeyID)
		}
	}
	for _, user := range []string{"ana", "ben", "cyn"} {
		var st api.Status
		check(t, json.Unmarshal([]byte(say(user, "credd", "status", "--json").out), &st))
		if len(st.Sources)+len(st.Problems)+len(st.Warnings) > 0 || st.ConfigDir != "" {
			t.Errorf("%s is told of the machine: %+v", user, st)
		}
		var sessions, held []string
		for _, s := range st.Sessions {
			sessions, held = append(sessions, s.Role), append(held, s.AccessKeyID)
			if !strings.HasSuffix(s.SessionName, "-"+user) {
				t.Errorf("%s has the session %s", user, s.SessionName)
			}
		}
		same(t, user+": sessions", sessions, opens[user])
		same(t, user+": access keys", slices.Sorted(slices.Values(held)), slices.Sorted(slices.Values(keys[user])))

		same(t, user+": role list", namesIn(t, say(user, "credd", "role", "list", "--json").out, "name"), opens[user])
		same(t, user+": customer list", namesIn(t, say(user, "credd", "customer", "list", "--json").out, "key"), customersIn(opens[user]))
		same(t, user+": completion", completed(say(user, "credd", "__complete", "exec", "").out), opens[user])
		same(t, user+": profiles", namesIn(t, say(user, "credd", "profiles", "list", "--json").out, "role"), opens[user])

		lines := 0
		for line := range strings.Lines(say(user, "credd", "audit", "--json").out) {
			var e audit.Entry
			check(t, json.Unmarshal([]byte(line), &e))
			if lines++; e.User != user {
				t.Errorf("%s sees a line of %q: %s", user, e.User, line)
			}
		}
		if lines < len(opens["root"]) {
			t.Errorf("%s sees %d lines, want one for each of %d helpers", user, lines, len(opens["root"]))
		}
		var report struct {
			Rows []struct {
				Role string `json:"role"`
				OK   int    `json:"ok"`
			} `json:"rows"`
		}
		check(t, json.Unmarshal([]byte(say(user, "credd", "report", "--json").out), &report))
		for _, row := range report.Rows {
			if got, want := row.OK, 1; slices.Contains(opens[user], row.Role) && got != want {
				t.Errorf("%s: report of %s: got %d sessions, want %d", user, row.Role, got, want)
			}
		}
		for _, args := range [][]string{
			{"status"}, {"role", "list"}, {"customer", "list"}, {"audit"}, {"report"}, {"report", "--csv"}, {"profiles", "diff"}, {"profiles", "sync"}, {"doctor", "--offline"},
			{"doctor", "--json"}, {"--system", "role", "list"}, {"use", "--shell", "bash", "--no-warm", "hooli"},
		} {
			say(user, "credd", args...)
		}
		for _, role := range append(slices.Clone(opens["root"]), "acme/none", "none/none", "acme", "initech", "@work", "work") {
			for _, command := range [][]string{
				{"role", "show"}, {"role", "show", "--json"}, {"customer", "show"}, {"source", "test"}, {"refresh"}, {"forget"}, {"console", "--print"}, {"doctor"}, {"use", "--shell", "bash"},
				{"audit", "--role"}, {"report", "--role"}, {"report", "--customer"},
			} {
				if r := say(user, "credd", append(slices.Clone(command), role)...); r.code == 0 && slices.Contains([]string{"refresh", "show", "test"}, command[len(command)-1]) &&
					!slices.Contains(opens[user], role) && !slices.Contains(customersIn(opens[user]), role) {
					t.Errorf("%s: credd %v %s: got\n%s%s\nwant a refusal", user, command, role, r.out, r.err)
				}
			}
			for _, command := range [][]string{{"exec", role, "--", "/usr/bin/env"}, {"env", role}} {
				r := m.run(user, "credd", command...)
				if got, want := r.code == 0, slices.Contains(opens[user], role) || slices.Contains(customersIn(opens[user]), role); got != want {
					t.Errorf("%s: credd %v: got exit %d\n%s, want success: %v", user, command, r.code, r.err, want)
				}
				said[user] += r.err
			}
		}
	}
	m.seesNothingOfOthers(said, keys)
}

// seesNothingOfOthers searches what users were told for what they may not know, and proves that it would find that.
func (m *machine) seesNothingOfOthers(said map[string]string, keys map[string][]string) {
	m.t.Helper()
	all := m.root("", "role", "list", "--show-external-id").out + m.root("", "audit").out + m.root("", "status").out
	for _, user := range []string{"ana", "ben", "cyn"} {
		var secret []string
		for _, role := range opens["root"] {
			customer, name, _ := strings.Cut(role, "/")
			secret = append(secret, "canary-external-id-"+customer+name)
			if !slices.Contains(opens[user], role) {
				secret = append(secret, accountOf(customer), "role/canary-"+customer, "Canary "+customer)
			}
		}
		for other, theirs := range keys {
			if other != user {
				secret = append(secret, theirs...)
			}
		}
		secret = append(secret, us, m.key.ID, m.key.Secret, m.path("credd.log"), "-"+map[string]string{"ana": "ben", "ben": "ana", "cyn": "ana"}[user])
		for _, s := range secret {
			if leaks(forms(s), []byte(said[user])) {
				at := strings.Index(said[user], s)
				m.t.Errorf("%s sees %q: …%s…", user, s, said[user][max(0, at-200):min(len(said[user]), max(0, at)+200)])
			}
		}
		for _, s := range secret[:1] {
			if !leaks(forms(s), []byte(all)) {
				m.t.Errorf("the search does not find %q where it is", s)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(keys)) {
		for _, key := range keys[name] {
			if !strings.Contains(all, key) {
				m.t.Errorf("root does not see the session %s of %s", key, name)
			}
		}
	}
}

// What is closed and what is not there are the same to who asks, but for the name.
func TestAMachineTellsNotWhatIsThere(t *testing.T) {
	t.Parallel()
	m := newInstalled(t)
	m.run("root", "credhelper", "initech/closed").want(t, 0) // it is warm for somebody
	for _, program := range [][]string{
		{"credhelper", "X"}, {"credd", "role", "show", "X"}, {"credd", "source", "test", "X"}, {"credd", "refresh", "X"}, {"credd", "forget", "X"}, {"credd", "exec", "X", "--", "true"},
		{"credd", "env", "X"}, {"credd", "console", "--print", "X"}, {"credd", "use", "--shell", "bash", "X"}, {"credd", "customer", "show", "X"},
		{"credd", "__complete", "exec", "X"},
	} {
		said := map[string]string{}
		for _, name := range []string{"initech/closed", "initecj/closed", "initech/closee", "initech", "initecj"} {
			args := slices.Clone(program[1:])
			args[slices.Index(args, "X")] = name
			r := m.run("cyn", program[0], args...)
			said[name] = strings.ReplaceAll(fmt.Sprint(r.code, "\n", r.out, "\n", r.err), name, "X")
		}
		for name, text := range said {
			want := said["initecj/closed"]
			if !strings.Contains(name, "/") {
				want = said["initecj"]
			}
			if text != want {
				t.Errorf("%v: of %s cyn is told\n%s\nand of what is not there\n%s", program, name, text, want)
			}
		}
	}
}

// Who is not the administrator changes nothing, and is told who does.
func TestOnlyRootManagesAMachine(t *testing.T) {
	t.Parallel()
	m := newInstalled(t)
	for _, args := range [][]string{
		{"role", "add", "acme/mine", "--arn", "arn:aws:iam::012345678901:role/X"}, {"role", "remove", "acme/admin"}, {"customer", "invite", "acme"}, {"customer", "retire", "acme"},
		{"customer", "verify", "acme"}, {"customer", "export", "acme"}, {"source", "add", "x", "--type", "imds"}, {"source", "list"}, {"source", "show", "work"},
		{"source", "remove", "work"}, {"source", "rotate", "work"}, {"login", "work"}, {"logout", "work"}, {"reload"},
	} {
		m.run("ana", "credd", args...).want(t, 8, "this machine's credd is run by its administrator", "sudo credd --system "+args[0], "credd init")
		m.run("ana", "credd", append([]string{"--system"}, args...)...).want(t, 8, "is changed by its administrator alone", "sudo credd --system "+args[0])
	}
	m.run("ana", "credd", "serve", "--system").want(t, 2, "belongs to another user")
	m.run("root", "credd", "serve", "--system").want(t, 2, "does not run as root", "credd service install --system")
	m.run("ana", "credd", "--system", "profiles", "sync").want(t, 2, "takes no --system")
	m.run("ana", "credd", "--system", "init").want(t, 2, "takes no --system")

	// The files are root's, and the daemon's group may read them.
	for line := range strings.Lines(m.see("/usr/bin/stat", "-c", "%n %U:%G %a", "/etc/credd", "/etc/credd/credd.toml", "/etc/credd/customers", "/etc/credd/customers/acme.toml")) {
		want := "root:credd 640\n"
		if !strings.Contains(line, ".toml") {
			want = "root:credd 2750\n"
		}
		if !strings.HasSuffix(line, want) {
			t.Errorf("got %s, want %s", line, want)
		}
	}
	for line := range strings.Lines(m.see("/usr/bin/find", "/var/lib/credd", "-printf", "%p %u %m\n")) {
		if f := strings.Fields(line); f[1] != "credd" || !strings.HasSuffix(f[2], "00") {
			t.Errorf("in the state: %s", line)
		}
	}
	// It closes at once.
	m.run("ana", "credhelper", "acme/admin").want(t, 0)
	m.root("", "role", "remove", "acme/admin").want(t, 0)
	m.run("ana", "credhelper", "acme/admin").want(t, 8, "there is no role of this name that ana may use")
	m.root("", "role", "list").want(t, 0, "ALLOW", "user ana; group dev", "nobody")
	m.root("", "role", "show", "globex/ops").want(t, 0, "allow", "group dev")
	m.root("", "audit").want(t, 0, "acme/admin  ana, pid ")
}

// The AWS CLI of a user of the machine asks by a profile that credd wrote.
func TestTheAWSCLIOfAMachinesUser(t *testing.T) {
	t.Parallel()
	m := newInstalled(t)
	m.run("ana", "credd", "profiles", "sync").want(t, 0, "added 2 profiles")
	m.run("ben", "credd", "profiles", "sync").want(t, 0, "added 2 profiles")
	if text := m.read("ana/.aws/config"); !strings.Contains(text, "acme/admin") || strings.Contains(text, "globex") || strings.Contains(text, "CREDD_SOCK") {
		t.Errorf("got\n%s", text)
	}
	i, err := os.Stat(m.path("ana/.aws/config"))
	check(t, err)
	if i.Mode().Perm()&0o077 != 0 {
		t.Errorf("got mode %v", i.Mode())
	}
	for user, role := range map[string]string{"ana": "acme/admin", "ben": "globex/ops"} {
		customer, _, _ := strings.Cut(role, "/")
		m.awsCLI(user, "sts", "get-caller-identity", "--profile", role).want(t, 0, accountOf(customer), "-"+user)
		m.awsCLI(user, "sts", "get-caller-identity", "--profile", "initech/closed").want(t, 255, "could not be found")
	}
}

// Without its daemon a machine's credd is told as what it is, and started by nobody.
func TestAMachineWithoutItsDaemon(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.see("/usr/bin/python3", "-c", "import socket; socket.socket(socket.AF_UNIX).bind('/run/credd/agent.sock')") // and nobody listens
	m.see("/usr/bin/chmod", "666", "/run/credd/agent.sock")
	for _, args := range [][]string{{"status"}, {"role", "list"}, {"exec", "acme/admin", "--", "true"}, {"audit"}, {"report"}, {"refresh", "acme/admin"}, {"profiles", "sync"}, {"--system", "status"}} {
		m.run("ana", "credd", args...).want(t, 3, "this machine's credd does not run", "credd service start --system")
	}
	m.run("ana", "credd", "doctor", "--offline").want(t, 3, "this machine's credd does not run")
	m.run("ana", "credhelper", "acme/admin").want(t, 3)
	if pids := m.daemons(); len(pids) > 0 {
		t.Errorf("somebody started %v", pids)
	}
	// A credd of one's own goes before it.
	m.see("/usr/bin/install", "-D", "-o", "ana", "/dev/null", m.path("ana/.config/credd/credd.toml"))
	m.see("/usr/bin/chown", "-R", "ana", m.path("ana/.config"))
	m.run("ana", "credd", "role", "list").want(t, 0, "version is missing")
	m.run("ana", "credd", "status").want(t, 3, "credd serve")
}

// Each fault of a machine's files is told by the one check, with what mends it.
func TestTheDoctorOfAMachine(t *testing.T) {
	t.Parallel()
	m := newInstalled(t)
	m.root("", "doctor", "--offline").want(t, 0, "the daemon's user credd may read /etc/credd", "the vault's key needs no person: file", "no user may use initech/closed")
	m.run("ana", "credd", "doctor", "--offline").want(t, 0, "open to you: 2 roles of 2 customers", "of this machine's credd: you have no credd of your own")
	m.run("cyn", "credd", "doctor", "--offline").want(t, 0, "no role of this machine's credd is open to you", "credd init")
	const acme = "/etc/credd/customers/acme.toml"
	for _, c := range []struct {
		name, break_, mend string
		code               int
		want               []string
	}{
		{"closed to the daemon", "chmod 600 " + acme, "chmod 640 " + acme, 2, []string{"the daemon, user credd, cannot read " + acme, "sudo chgrp 61001 " + acme + "; sudo chmod 640 " + acme}},
		{"of another group", "chgrp dev " + acme, "chgrp credd " + acme, 2, []string{"cannot read " + acme}},
		{"for all to read", "chmod 644 " + acme, "chmod 640 " + acme, 0, []string{"every user may read " + acme + ": external IDs are there"}},
		{"of ana", "chown ana " + acme, "chown root " + acme, 2, []string{acme + " belongs to another user, who decides by it"}},
		{"a closed directory", "chmod 2700 /etc/credd/customers", "chmod 2750 /etc/credd/customers", 2, []string{"cannot read /etc/credd/customers"}},
		{"without setgid", "chmod 750 /etc/credd && chmod g-s /etc/credd", "chmod 2750 /etc/credd", 0, []string{"what is made in /etc/credd does not get its group"}},
		{"an open state", "chmod 755 /var/lib/credd", "chmod 700 /var/lib/credd", 2, []string{"others may look into /var/lib/credd"}},
		{"a socket for few", "chmod 660 /run/credd/agent.sock", "chmod 666 /run/credd/agent.sock", 3, []string{"users may not connect to /run/credd/agent.sock"}},
		{"nobody of that name", "sed -i 's/\"ana\"/\"anna\"/' " + acme, "sed -i 's/\"anna\"/\"ana\"/' " + acme, 0, []string{"allow of acme/admin names user anna, whom this machine does not know"}},
		{"a keyring", "sed -i 's/key = \"file\"/key = \"keyring\"/' /etc/credd/credd.toml", "sed -i 's/key = \"keyring\"/key = \"file\"/' /etc/credd/credd.toml", 2,
			[]string{"in a keyring, which is of a person's login", `[vault] key = "systemd"`}},
	} {
		m.see("/bin/sh", "-c", c.break_)
		m.root("", "doctor", "--offline").want(t, c.code, c.want...)
		m.see("/bin/sh", "-c", c.mend)
	}
	m.see("/bin/sh", "-c", `printf '[source.person]\ntype = "sso"\nstart_url = "https://nw.awsapps.com/start"\nsso_region = "eu-west-1"\naccount_id = "210987654321"\nrole_name = "Build"\n' >> /etc/credd/credd.toml`)
	m.root("", "doctor", "--offline").want(t, 0, "source person needs a login in a browser from time to time, and no user of the machine is asked", "credd --system login person")
}

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

// namesIn are the values of a key in a list of objects.
func namesIn(t *testing.T, text, key string) (names []string) {
	t.Helper()
	var all []map[string]any
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		t.Errorf("%v in\n%s", err, text)
	}
	for _, one := range all {
		names = append(names, fmt.Sprint(one[key]))
	}
	return names
}

// customersIn are those of roles, without doubles.
func customersIn(roles []string) (names []string) {
	for _, role := range roles {
		customer, _, _ := strings.Cut(role, "/")
		names = append(names, customer)
	}
	return slices.Compact(names)
}

// completed are the choices of a completion, without what is said of them.
func completed(out string) (names []string) {
	for line := range strings.Lines(out) {
		if name, _, ok := strings.Cut(line, "\t"); ok {
			names = append(names, strings.TrimSpace(name))
		}
	}
	return names
}
