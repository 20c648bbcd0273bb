package adopt

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"credd/internal/agent/roster"
	"credd/internal/awsconfig"
)

// TestGeneratedFiles takes a thousand pairs of files there and back, by their bytes; and with another hand's lines in between, by
// what they set.
func TestGeneratedFiles(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	changed := 0
	for range 1000 {
		config, creds := generate(r)
		p, err := Make(filesOf(config, creds), &roster.Roster{}, Options{Helper: helper, Keys: r.IntN(2) == 0})
		if err != nil {
			t.Fatal(err)
		}
		run, kept := newRun(p, time.Now())
		for i, e := range run.AWS {
			e.fill(kept)
			f := p.Files[i]
			if got, lost := e.undone(f.After); !bytes.Equal(got, f.Before) || lost != nil {
				t.Fatalf("got %q, %v\nwant %q\nfrom %q", got, lost, f.Before, f.After)
			}
			by := append(bytes.Clone(f.After), "\n# a hand's\n[profile hand]\nregion = x\n"...)
			got, lost := e.undone(by)
			same := sameSettings(got, append(bytes.Clone(f.Before), "\n[profile hand]\nregion = x\n"...), e.Kind)
			if lost != nil && (e.Kind == awsconfig.Config || !hasTwice(f.Before)) || lost == nil && !same { // what is not found again is told
				t.Fatalf("merged: got %s\n%v\nwant %s\nfrom %s", got, lost, f.Before, f.After)
			}
			changed++
		}
	}
	if changed < 1000 {
		t.Errorf("only %d files were changed", changed)
	}
}

// TestGeneratedFilesOnDisk takes some all the way, with the roster, the journal and the vault.
func TestGeneratedFilesOnDisk(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 40 {
		config, creds := generate(r)
		d := newDesk(t, []byte(config), []byte(creds))
		before := d.tree()
		for _, keys := range []bool{false, true} { // the second import builds upon the first
			p := d.plan(Options{Keys: keys})
			if err := Apply(t.Context(), d.world(), p); err != nil {
				t.Fatalf("%v\n%s\n%s", err, config, creds)
			}
			checkApplied(t, d, p)
		}
		for range 2 {
			if u, err := d.undo(); err != nil || len(u.Lost)+len(u.Stays)+len(u.Keys) > 0 {
				t.Errorf("got %+v, %v", u, err)
			}
		}
		if diff := cmp.Diff(before, d.tree()); diff != "" {
			t.Errorf("(-before +after undo):\n%s", diff)
		}
		if t.Failed() {
			t.Fatalf("of\n%s\n%s", config, creds)
		}
	}
}

// TestHandsAnywhere takes imports back after a hand put comments and settings between any lines: each of its lines stays.
func TestHandsAnywhere(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 1000 {
		config, creds := generate(r)
		p, err := Make(filesOf(config, creds), &roster.Roster{}, Options{Helper: helper, Keys: true})
		if err != nil {
			t.Fatal(err)
		}
		run, kept := newRun(p, time.Now())
		for i, e := range run.AWS {
			e.fill(kept)
			f := p.Files[i]
			var edited bytes.Buffer
			hands, mark := 0, []string{"# ", ""}[r.IntN(2)]
			for line := range bytes.Lines(f.After) {
				if r.IntN(6) == 0 && edited.Len() > 0 { // not above a mark of the file's order of bytes
					fmt.Fprintf(&edited, "%shand%d = x\n", mark, hands)
					hands++
				}
				edited.Write(line)
			}
			got, lost := e.undone(edited.Bytes())
			for n := range hands {
				if !bytes.Contains(got, fmt.Appendf(nil, "%shand%d = x\n", mark, n)) {
					t.Fatalf("hand %d is lost: got\n%s\nfrom\n%s", n, got, edited.Bytes())
				}
			}
			twice := e.Kind == awsconfig.Credentials && hasTwice(f.Before)
			if lost != nil && !twice || lost == nil && !sameSettings(unhanded(got), f.Before, e.Kind) {
				t.Fatalf("got\n%s\n%+v\nwant\n%s\nfrom\n%s", got, lost, f.Before, edited.Bytes())
			}
		}
	}
}

// unhanded is a text without the lines of hands.
func unhanded(text []byte) []byte {
	var out []byte
	for line := range bytes.Lines(text) {
		if !bytes.Contains(line, []byte("hand")) {
			out = append(out, line...)
		}
	}
	return out
}

// hasTwice says whether credentials have two sections of a name, of which one may go as a whole.
func hasTwice(data []byte) bool {
	seen := map[string]bool{}
	for _, s := range awsconfig.Parse(data, awsconfig.Credentials) {
		if seen[s.Name] {
			return true
		}
		seen[s.Name] = true
	}
	return false
}

// sameSettings compares files by what they set, whatever the order of the lines.
func sameSettings(a, b []byte, kind awsconfig.Kind) bool {
	of := func(data []byte) map[string]int {
		all := map[string]int{}
		for _, s := range awsconfig.Parse(data, kind) {
			for _, set := range s.Settings {
				all[s.Kind+" "+s.Name+" "+set.Key+" "+set.Value]++
			}
		}
		return all
	}
	return maps.Equal(of(a), of(b))
}

// generator writes files as different hands and tools do.
type generator struct {
	*rand.Rand
	end string // of lines
}

func (g generator) pick(of ...string) string { return of[g.IntN(len(of))] }

// generate returns a pair of files.
func generate(r *rand.Rand) (config, creds string) {
	g := generator{r, "\n"}
	g.end = g.pick("\n", "\n", "\r\n")
	var c, k strings.Builder
	c.WriteString(g.pick("", "", "\ufeff", "# mine"+g.end, "[default]"+g.end+"region = eu-west-1"+g.end, g.end+" \t"+g.end))
	c.WriteString(g.pick("", "[sso-session nw]"+g.end+"sso_start_url = https://nw.awsapps.com/start/#/"+g.end+"sso_region = eu-west-1 # here"+g.end))
	names := []string{"key"}
	for i := range 1 + r.IntN(8) {
		name := g.pick(fmt.Sprintf("p%d", i), fmt.Sprintf("acme-r%d", i), fmt.Sprintf("a.b/%d", i), fmt.Sprintf("with space %d", i), fmt.Sprintf("ü[%d]", i), g.pick(names...))
		names = append(names, name)
		if r.IntN(5) == 0 {
			g.section(&k, name, names, name)
		} else {
			g.section(&c, name, names, "profile "+g.pick(name, `"`+name+`"`))
		}
		if r.IntN(6) == 0 {
			fmt.Fprint(&c, "[services s", i, "]", g.end, "dynamodb =", g.end, "  endpoint_url = https://x.example/#y", g.end, g.end)
		}
	}
	fmt.Fprint(&k, g.pick("", g.end), "[key]", g.end, "aws_access_key_id = AKIAKKKKKKKKKKKK", g.end, g.pick("", "# old"+g.end), "aws_secret_access_key = kk", g.end, g.pick("", "[other]"+g.end+"region=x"))
	return strings.TrimSuffix(c.String(), g.pick(g.end, "nothing")), strings.TrimSuffix(k.String(), g.pick(g.end, "nothing"))
}

// section writes a profile.
func (g generator) section(to *strings.Builder, name string, names []string, header string) {
	is := g.pick("=", " = ", "\t=", ": ", "  =\t")
	var lines []string
	switch g.IntN(8) {
	case 0, 1, 2:
		lines = append(lines, "role_arn"+is+"arn:aws:iam::01234567890"+g.pick("1", "2", "3")+":role/R"+fmt.Sprint(g.IntN(9)), "source_profile"+is+g.pick(names...))
		for _, more := range []string{"external_id" + is + "abc", "mfa_serial" + is + "arn:aws:iam::210987654321:mfa/" + g.pick("ana", "bob"), "duration_seconds" + is + g.pick("900", "7200", "1"), "Role_Session_Name" + is + "ana ; me"} {
			if g.IntN(3) == 0 {
				lines = append(lines, more)
			}
		}
	case 3:
		lines = append(lines, "sso_start_url = https://x.awsapps.com/start#/", "sso_region = eu-west-1", "sso_account_id = 012345678904", "sso_role_name = "+g.pick("A", "B"))
	case 4:
		lines = append(lines, "sso_session"+is+"nw", "sso_account_id = 012345678905", "sso_role_name = "+g.pick("A", "B"))
	case 5:
		lines = append(lines, "aws_access_key_id = AKIAPPPPPPPPPPPP", "aws_secret_access_key = s"+fmt.Sprint(g.IntN(99)), g.pick("", "aws_session_token =", "aws_session_token = t"))
	case 6:
		lines = append(lines, "credential_process = "+g.pick("/opt/x y", `"/opt/credd/credhelper" gone/role`, "granted credential-process"))
	case 7:
		lines = append(lines, "role_arn = arn:aws:iam::012345678906:role/M", g.pick("credential_source = Ec2InstanceMetadata", "web_identity_token_file = /t", "source_profile = "+name))
	}
	lines = append(lines, g.pick("region = eu-west-1", "# a comment", "", "; "+g.end+"  ", "s3 ="+g.end+"  addressing_style = path"+g.end+"  # nested", "no setting"))
	g.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
	fmt.Fprint(to, g.pick("", g.end, "# before"+g.end), "[", header, "]", g.pick("", " # here", " \t"), g.end, strings.Join(lines, g.end), g.pick(g.end, g.end+g.end, g.end+"\t"+g.end))
}
