//go:build linux

package e2e

import (
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"credd/internal/fakeaws"
)

const (
	theirAccount = "123456123456"
	theirAdmin   = "arn:aws:iam::" + theirAccount + ":user/admin"
)

// theirs is the customer's side: another person at another machine, who has an administrator's key, the AWS CLI and what we sent.
type theirs struct {
	t    *testing.T
	home string
	env  []string
	said []string // all that their commands printed
}

// newTheirs makes the account. Their aws is the real one behind a script that notes its arguments.
func newTheirs(w *world) *theirs {
	w.t.Helper()
	key, err := w.aws.AddUser(theirAdmin)
	check(w.t, err)
	check(w.t, w.aws.SetPolicies(theirAdmin, fakeaws.Administrator))
	real, err := exec.LookPath("aws")
	check(w.t, err)
	c := &theirs{t: w.t, home: w.t.TempDir()}
	check(w.t, os.MkdirAll(c.home+"/bin", 0o700))
	check(w.t, os.WriteFile(c.home+"/bin/aws", []byte("#!/bin/sh\nprintf '%s\\n' \"$*\" >>'"+c.home+"/argv'\nexec '"+real+"' \"$@\"\n"), 0o700))
	c.env = []string{"HOME=" + c.home, "PATH=" + c.home + "/bin:" + os.Getenv("PATH"), "AWS_EC2_METADATA_DISABLED=true", "AWS_ENDPOINT_URL=" + w.aws.URL(),
		"AWS_ACCESS_KEY_ID=" + key.ID, "AWS_SECRET_ACCESS_KEY=" + key.Secret, "AWS_DEFAULT_REGION=us-east-1"} // not the stack's
	return c
}

// run runs what a text tells them to, as it stands, in a directory of theirs.
func (c *theirs) run(dir, commands string) string {
	c.t.Helper()
	cmd := exec.Command("sh", "-e", "-c", commands)
	cmd.Dir, cmd.Env = dir, c.env
	r := runCmd(c.t, cmd)
	c.said = append(c.said, r.out, r.err)
	if r.code != 0 {
		c.t.Fatalf("%s\nends with %d:\n%s%s", commands, r.code, r.out, r.err)
	}
	return strings.TrimSpace(r.out)
}

// policies are those that the role has now.
func (c *theirs) policies(role string) string {
	c.t.Helper()
	return c.run(c.home, "aws iam list-role-policies --role-name "+role+" --query PolicyNames --output text")
}

// printed returns the lines below "# WAY" of what credd printed, to the next blank line or comment.
func printed(t *testing.T, out, way string) string {
	t.Helper()
	_, after, ok := strings.Cut(out, "# "+way+"\n")
	if !ok {
		t.Fatalf("no commands for %s in\n%s", way, out)
	}
	var lines []string
	for _, l := range strings.Split(after, "\n") {
		if l == "" || strings.HasPrefix(l, "#") {
			break
		}
		lines = append(lines, l)
	}
	return strings.Join(lines, "\n")
}

const setupDocument = `{"Version":"2012-10-17","Statement":[{"Sid":"Once","Effect":"Allow","Action":["sqs:CreateQueue","sqs:TagQueue"],"Resource":"arn:aws:sqs:*:` + theirAccount + `:northwind-*"}]}`

// A customer's way from the invitation to its end, by the printed and written instructions alone, in each way of deploying that needs
// no more than the AWS CLI.
func TestACustomerComesAndGoes(t *testing.T) {
	for name, tt := range map[string]struct {
		way    string // on the page
		ending string // in what credd prints
		alone  bool   // only the page was sent
		stays  bool   // what ends it is as in the others
	}{
		"stack":               {"CloudFormation, by command", "CloudFormation", false, true},
		"stack from the page": {"CloudFormation, by command", "CloudFormation", true, false},
		"scripts":             {"AWS CLI", "AWS CLI", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStay(t)
			s.invite()
			dir := s.sent
			if tt.alone {
				dir = s.c.home + "/downloads"
				s.page.save(tt.way, dir)
			}
			s.w.helper("acme/deploy").want(t, 6) // denied: the role is not there
			s.c.run(dir, s.page.deploy(tt.way))
			s.proven()
			s.used()
			if !tt.stays {
				s.setupEnds(dir, tt.ending)
				s.ended(dir, tt.ending)
				s.retired()
			}
			s.searched()
		})
	}
}

const acmeFile = ".config/credd/customers/acme.toml"

// stay is a customer's time with us.
type stay struct {
	*testing.T
	w    *world
	c    *theirs
	sent string // the folder, at the customer's
	page page
	said []string // all that credd printed
	use  string   // the command that the invitation names for a first use
}

func newStay(t *testing.T) *stay {
	w := newWorld(t)
	w.settings("[source.work]\ntype = \"profile\"\nprofile = \"work\"\n")
	w.write(".config/credd/credd.toml", strings.Replace(w.read(".config/credd/credd.toml"), "name = \"northwind\"\n", "name = \"northwind\"\naccount_id = \"210987654321\"\n", 1))
	w.env = append(w.env, "AWS_ENDPOINT_URL="+w.aws.URL())
	w.customer("globex", "readonly")
	s := &stay{T: t, w: w, c: newTheirs(w)}
	w.serve()
	w.helper("globex/readonly").want(t, 0, "ASIA")
	return s
}

// credd runs a command of ours, and keeps what it says.
func (s *stay) credd(args ...string) result {
	s.Helper()
	r := s.w.credd(args...)
	s.said = append(s.said, r.out, r.err)
	return r
}

// invite makes the invitation and hands it over.
func (s *stay) invite() {
	s.Helper()
	s.w.write("setup.json", setupDocument)
	out := s.w.path("for-acme")
	r := s.credd("customer", "invite", "acme", "--account", theirAccount, "--name", `Acme "R&D" <b>`, "--permissions", "monitoring", "--setup", s.w.path("setup.json"),
		"--role", "deploy", "--self-check", "--region", "eu-west-1", "--out", out)
	r.want(s.T, 0, "credd customer verify acme")
	if s.Failed() {
		s.FailNow()
	}
	for line := range strings.Lines(r.out) {
		if _, command, ok := strings.Cut(line, "aws sts "); ok {
			s.use = "aws sts " + strings.TrimSpace(command)
		}
	}
	s.sent = s.c.home + "/invitation"
	check(s.T, os.CopyFS(s.sent, os.DirFS(out)))
	check(s.T, os.RemoveAll(out)) // it is at the customer's now
	text, err := os.ReadFile(s.sent + "/invitation.html")
	check(s.T, err)
	s.page = page{s.T, string(text)}
}

// verdict is what a verification found, by the ID of the check.
func (s *stay) verdict(code int) (verdict string, checks map[string]string) {
	s.Helper()
	r := s.credd("customer", "verify", "acme", "--json")
	var roles []struct {
		Verdict string
		Checks  []struct{ ID, Outcome string }
	}
	if err := json.Unmarshal([]byte(r.out), &roles); err != nil || len(roles) != 1 || r.code != code {
		s.Fatalf("verify: exit %d, %v\n%s%s", r.code, err, r.out, r.err)
	}
	checks = map[string]string{}
	for _, c := range roles[0].Checks {
		checks[c.ID] = c.Outcome
	}
	return roles[0].Verdict, checks
}

func (s *stay) proven() {
	s.Helper()
	verdict, checks := s.verdict(0)
	for id, want := range map[string]string{"right-id": "ok", "identity": "ok", "no-id": "ok", "wrong-id": "ok", "right-id-again": "ok", "trust": "ok", "permissions": "ok", "setup": "note"} {
		if checks[id] != want {
			s.Errorf("verify: %s is %q, want %q", id, checks[id], want)
		}
	}
	if verdict != "verified" {
		s.Errorf("verify: got %s with %v", verdict, checks)
	}
	if got := s.standing(); got != "verified" {
		s.Errorf("after the verification the role stands as %q", got)
	}
}

// standing is the word for how the role stands.
func (s *stay) standing() string {
	s.Helper()
	r := s.credd("role", "list", "--json")
	var roles []struct {
		Name     string
		Standing struct{ Word string }
	}
	check(s.T, json.Unmarshal([]byte(r.out), &roles))
	for _, role := range roles {
		if role.Name == "acme/deploy" {
			return role.Standing.Word
		}
	}
	return ""
}

// used is the first use, as the invitation says.
func (s *stay) used() {
	s.Helper()
	s.credd("profiles", "sync").want(s.T, 0)
	if s.use == "" {
		s.Fatal("the invitation names no command for a first use")
	}
	r := runCmd(s.T, s.w.command("sh", "-c", s.use))
	r.want(s.T, 0, "arn:aws:sts::"+theirAccount+":assumed-role/northwind-deploy/")
}

// setupEnds has the customer run what finish-setup prints.
func (s *stay) setupEnds(dir, way string) {
	s.Helper()
	s.credd("customer", "finish-setup", "acme", "--check").want(s.T, 6, "still")
	if before := s.c.policies("northwind-deploy"); !contains(before, "setup", "self-check") {
		s.Errorf("before the end of the setup the role has %s", before)
	}
	r := s.credd("customer", "finish-setup", "acme")
	r.want(s.T, 0)
	s.c.run(dir, printed(s.T, r.out, way))
	if after := s.c.policies("northwind-deploy"); strings.Contains(after, "setup") || !strings.Contains(after, "self-check") {
		s.Errorf("after the end of the setup the role has %s", after)
	}
	s.credd("customer", "finish-setup", "acme", "--check").want(s.T, 0, "gone")
}

// ended has the customer end the sessions that live, and then take the role away, by what the page says.
func (s *stay) ended(dir, way string) {
	s.Helper()
	look := func() result {
		return runCmd(s.T, s.w.command("aws", "iam", "get-role", "--role-name", "northwind-deploy", "--query", "Role.Arn", "--profile", "acme/deploy"))
	}
	look().want(s.T, 0, "role/northwind-deploy")
	for _, command := range commands(s.page.under("Sessions that are")) {
		s.c.run(dir, command)
	}
	if r := look(); r.code == 0 || !strings.Contains(r.err, "with an explicit deny in an identity-based policy") {
		s.Errorf("a session that was revoked: exit %d\n%s%s", r.code, r.out, r.err)
	}
	command := commands(s.page.under("All access"))[way]
	if command == "" {
		s.Fatalf("the page does not say how to end what %s made", way)
	}
	s.c.run(dir, command)
	if out := s.c.run(s.c.home, "aws iam get-role --role-name northwind-deploy 2>&1 || true"); !strings.Contains(out, "NoSuchEntity") {
		s.Errorf("the role is still there: %s", out)
	}

	s.w.helper("acme/deploy").want(s.T, 0, "ASIA") // what was issued lives on
	s.credd("forget", "acme/deploy").want(s.T, 0)
	s.w.helper("acme/deploy").want(s.T, 6, "denied by AWS", "last worked")
	if r := s.w.helper("globex/readonly"); r.code != 0 || r.err != "" {
		s.Errorf("another customer: exit %d, %s", r.code, r.err)
	}
	s.credd("customer", "show", "acme").want(s.T, 0, "denied since")
	s.w.eventually("the role stands as denied", func() bool { return strings.Contains(s.standing(), "denied") }) // it is kept beside the way of requests
}

// retired leaves the customer, and comes back.
func (s *stay) retired() {
	s.Helper()
	before, config := s.w.read(acmeFile), s.w.read(".aws/config")
	s.credd("customer", "retire", "acme", "--yes").want(s.T, 0, "credd customer retire acme --undo", "delete-stack")
	s.w.helper("acme/deploy").want(s.T, 4)
	if strings.Contains(s.w.read(".aws/config"), "acme/deploy") {
		s.Error("the profile is still there")
	}
	s.credd("customer", "retire", "acme", "--undo").want(s.T, 0)
	if s.w.read(acmeFile) != before || s.w.read(".aws/config") != config {
		s.Error("what came back is not what was there")
	}
	s.w.helper("acme/deploy").want(s.T, 6, "denied by AWS")
	s.w.helper("globex/readonly").want(s.T, 0, "ASIA")
}

var externalIDLine = regexp.MustCompile(`external_id\s*=\s*"([^"]+)"`)

// mayHold are the files that are to hold the external ID: ours, and what the customer was sent.
var mayHold = regexp.MustCompile(`^(\.config/credd/(customers|retired)/acme[^/]*\.toml|(invitation|downloads)/.*(invitation\.html|parameters\.json|trust\.json|terraform\.tfvars))$`)

// searched looks for the external ID in all that was said and written on both sides, and for it to be where it has to be.
func (s *stay) searched() {
	s.Helper()
	file := s.w.read(acmeFile)
	m := externalIDLine.FindStringSubmatch(file)
	if m == nil || len(m[1]) < 26 {
		s.Fatalf("the customer's file has no external ID of 128 bits:\n%s", file)
	}
	l := &ledger{texts: map[string]map[string][][]byte{}}
	l.add("external ID", m[1])
	for _, said := range slices.Concat(s.said, s.c.said) {
		if l.in([]byte(said)) != nil {
			s.Errorf("the external ID was printed:\n%s", said)
		}
	}
	found := map[string]bool{}
	for _, home := range []string{s.w.home, s.c.home} {
		check(s.T, filepath.WalkDir(home, func(p string, e fs.DirEntry, err error) error {
			if err != nil || !e.Type().IsRegular() {
				return err
			}
			text, err := os.ReadFile(p)
			check(s.T, err)
			name, _ := filepath.Rel(home, p)
			if l.in(text) == nil {
				return nil
			}
			found[filepath.Base(name)] = true
			if !mayHold.MatchString(name) {
				s.Errorf("the external ID is in %s", p)
			}
			return nil
		}))
	}
	for _, name := range []string{"acme.toml", "invitation.html", "parameters.json", "trust.json"} {
		if !found[name] {
			s.Errorf("the search does not find the external ID in %s, where it has to be", name)
		}
	}
	for name, part := range map[string]string{s.w.path("credd.log"): "acme/deploy", s.w.path(".local/state/credd/audit.log"): "acme/deploy", s.c.home + "/argv": "northwind-deploy"} {
		if text, err := os.ReadFile(name); err != nil || !strings.Contains(string(text), part) {
			s.Errorf("%s was not searched in earnest: %v\n%s", name, err, text)
		}
	}
}

// Each preset, and each option that narrows a role, makes a stack that AWS takes and a role that is verified.
func TestInvitationsAreDeployed(t *testing.T) {
	t.Parallel()
	s := newStay(t)
	invitations := map[string][]string{
		"readonly":   {"--permissions", "readonly", "--until", "2100-01-01"},
		"support":    {"--permissions", "support", "--source-ip", "127.0.0.0/8", "--source-ip", "2001:db8::/32"},
		"billing":    {"--permissions", "billing", "--max-session", "4h", "--session-tags", "--source-identity", "--setup", "support", "--name", "Acme \x1b[31m\u202e'$(id)'\" # {{resolve:ssm:x}}"}, // the first one,
		"data":       {"--permissions", "data", "--resource", "arn:aws:s3:::acme-data", "--path", "/northwind/"},
		"compute":    {"--permissions", "compute", "--boundary", "arn:aws:iam::aws:policy/ReadOnlyAccess", "--tag", "Owner=Wiß & Co", "--tag", "a=b"},
		"monitoring": {"--permissions", "monitoring", "--principal", us, "--exact"},
		"elsewhere":  {"--permissions", "support", "--source-ip", "203.0.113.0/24"},
	}
	for _, role := range slices.Sorted(maps.Keys(invitations)) {
		out := s.c.home + "/" + role
		args := append([]string{"customer", "invite", "acme", "--role", role, "--account", theirAccount, "--self-check", "--out", out}, invitations[role]...)
		s.credd(args...).want(t, 0)
		text, err := os.ReadFile(out + "/invitation.html")
		check(t, err)
		s.c.run(out, page{t, string(text)}.deploy("CloudFormation, by command"))
	}
	for role := range invitations {
		if role == "elsewhere" {
			s.w.helper("acme/elsewhere").want(t, 6, "denied by AWS")
			continue
		}
		s.credd("customer", "verify", "acme", "--role", role).want(t, 0, "verified")
	}
}
