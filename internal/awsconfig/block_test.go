package awsconfig

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func managed(role, region, url string) Managed {
	command, err := unixCommand("/opt/with blank/credhelper", role)
	if err != nil {
		panic(err)
	}
	return Managed{Name: role, Role: role, Command: command, Region: region, EndpointURL: url}
}

var (
	small = Wish{Profiles: []Managed{managed("zz/admin", "eu-west-1", ""), managed("zz/readonly", "", "")}}
	large = Wish{Profiles: []Managed{managed("yy/ops", "us-east-1", "http://127.0.0.1:5000"), managed("zz/admin", "eu-north-1", ""), managed("zz/x", "", "")}}
)

var place = Place{Config: "/home/ana/.aws/config", Credentials: "/home/ana/.aws/credentials"}

func files(config, credentials string) *Files {
	return &Files{Place: place, ConfigData: []byte(config), CredentialsData: []byte(credentials),
		Config: Parse([]byte(config), Config), Credentials: Parse([]byte(credentials), Credentials)}
}

func plan(t *testing.T, w Wish, config string) *Plan {
	t.Helper()
	p, err := w.Sync(files(config, ""))
	if err != nil {
		t.Fatalf("%v of\n%q", err, config)
	}
	return p
}

// around is a file without what is between the marks, found without the code under test.
func around(text string) (before, inside, after string) {
	i, j := strings.Index(text, "# credd profiles: begin"), strings.Index(text, "# credd profiles: end")
	if i < 0 || j < 0 {
		return text, "", ""
	}
	end := j + strings.Index(text[j:], "\n") + 1
	return text[:i], text[i:end], text[end:]
}

// holds checks all that is promised of a file without a block.
func holds(t *testing.T, text string) {
	t.Helper()
	first := string(plan(t, small, text).Text)
	before, inside, after := around(first)
	added := strings.TrimPrefix(before, text)
	if !strings.HasPrefix(before, text) || added != "" && added != "\n" && added != "\r\n" || after != "" || !strings.Contains(inside, "[profile zz/admin]") {
		t.Fatalf("more than the block is added: %q to\n%q", first, text)
	}
	if again := plan(t, small, first); !again.Same([]byte(first)) || len(again.Kept) != 2 {
		t.Fatalf("synced again it is\n%q, not\n%q", again.Text, first)
	}
	second := plan(t, large, first)
	b, _, a := around(string(second.Text))
	if b != before || a != after {
		t.Fatalf("other roles change more than the block:\n%q, not\n%q", second.Text, first)
	}
	if !slices.Equal(second.Added, []string{"yy/ops", "zz/x"}) || !slices.Equal(second.Changed, []string{"zz/admin"}) || !slices.Equal(second.Removed, []string{"zz/readonly"}) {
		t.Errorf("got %+v", second)
	}
	if got := string(plan(t, Wish{}, string(second.Text)).Text); got != text {
		t.Fatalf("once removed it is\n%q, not\n%q", got, text)
	}
	was, is := files(text, "").Profiles(), files(first, "").Profiles()
	for name, n := range was {
		if diff := cmp.Diff(settings(n), settings(is[name])); diff != "" {
			t.Errorf("profile %s became another (-was +is):\n%s", name, diff)
		}
	}
	if len(is) != len(was)+2 {
		t.Errorf("%d profiles became %d", len(was), len(is))
	}
}

func settings(n *Named) (all []string) {
	for _, s := range n.Config {
		for _, set := range s.Settings {
			all = append(all, set.Key+" = "+set.Value)
		}
	}
	return all
}

// real returns files as people have them.
func real(t *testing.T) map[string]string {
	t.Helper()
	names, err := filepath.Glob("testdata/config/*")
	check(t, err)
	all := map[string]string{}
	for _, name := range names {
		text, err := os.ReadFile(name)
		check(t, err)
		all[filepath.Base(name)] = string(text)
	}
	if len(all) < 20 {
		t.Fatalf("got %d files, want all", len(all))
	}
	return all
}

func TestRealFiles(t *testing.T) {
	for name, text := range real(t) {
		t.Run(name, func(t *testing.T) { holds(t, text) })
	}
}

// The AWS CLI reads each file as before, or fails as before, and finds the profiles of the block.
func TestRealFilesByBotocore(t *testing.T) {
	dir := t.TempDir()
	for name, text := range real(t) {
		check(t, os.WriteFile(filepath.Join(dir, name+".was"), []byte(text), 0o600))
		check(t, os.WriteFile(filepath.Join(dir, name+".is"), plan(t, large, text).Text, 0o600))
	}
	const script = `
import sys, glob
from botocore.configloader import load_config
from botocore.exceptions import ConfigParseError
def read(path):
  try: return load_config(path)
  except ConfigParseError: return None
read_at_all = 0
for path in glob.glob(sys.argv[1] + '/*.was'):
  was, now = read(path), read(path[:-3] + 'is')
  if was is None and now is None: continue
  read_at_all += 1
  ours = {n: now['profiles'].pop(n, None) for n in ('yy/ops', 'zz/admin', 'zz/x')}
  was.pop('_path', None), now.pop('_path', None)
  if was != now: print(path, was, now)
  if ours['yy/ops'] != {'credential_process': '"/opt/with blank/credhelper" yy/ops', 'region': 'us-east-1', 'endpoint_url': 'http://127.0.0.1:5000'} or None in ours.values(): print(path, ours)
if read_at_all < 15: print('read', read_at_all)
`
	if out, err := exec.Command("python3", "-c", script, dir).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
}

// parts of which files are made, friendly and hostile.
var parts = []string{
	"[default]", "[profile a]", "[profile a b]", "[ profile\t\"c d\" ]", "[profile e/f] # note", "[profile [g]]", "[sso-session s]", "[services v]", "[h", "[]", "[plugins]",
	"region = eu-west-1", "region=eu-west-1 # home", "output\t= json", "  s3 =", "s3 =", "    addressing_style = path", "url = http://x/#y;z", "role_arn : arn:aws:iam::112233445566:role/A",
	"credential_process = \"/opt/credhelper\" a/b", "credential_process = pass show 'x", "# comment", "; comment", "  # indented", "nonsense", "= x", " ", "\t", "", "", "é = ü", "x = \x00\xff", "\ufeff",
}

func generated(r *rand.Rand) string {
	var b strings.Builder
	if r.IntN(10) == 0 {
		b.WriteString(bom)
	}
	ends := []string{"\n", "\r\n"}
	if r.IntN(4) > 0 {
		ends = ends[r.IntN(2):][:1]
	}
	n := r.IntN(25)
	for i := range n {
		b.WriteString(parts[r.IntN(len(parts))])
		if i < n-1 || r.IntN(3) > 0 {
			b.WriteString(ends[r.IntN(len(ends))])
		} else if r.IntN(4) == 0 {
			b.WriteString("\r")
		}
	}
	return b.String()
}

func TestGeneratedFiles(t *testing.T) {
	r := rand.New(rand.NewPCG(20, 24))
	seen := map[string]bool{}
	for range 1000 {
		text := generated(r)
		seen[text] = true
		holds(t, text)
		if t.Failed() {
			t.Fatalf("of %q", text)
		}
	}
	if len(seen) < 900 {
		t.Errorf("only %d are different", len(seen))
	}
}

const (
	begin = beginText + "\n"
	end   = endMark + "\n"
	admin = "[profile zz/admin]\ncredential_process = \"/opt/with blank/credhelper\" zz/admin\nregion = eu-west-1\n"
	only  = "[profile zz/readonly]\ncredential_process = \"/opt/with blank/credhelper\" zz/readonly\n"
	work  = "[profile work]\nregion = eu-west-1\n"
)

// What a person writes into the block is theirs: it moves out, as it is, and means what it meant.
func TestHandInTheBlock(t *testing.T) {
	for name, tt := range map[string]struct {
		text, want string
		moved      []Moved
	}{
		"untouched":                          {work + begin + admin + "\n" + only + end, work + begin + admin + "\n" + only + end, nil},
		"a setting":                          {work + begin + admin + "output = json\n\n" + only + end, work + admin + "output = json\n" + begin + only + end, []Moved{{"zz/admin", 3}}},
		"a nested setting":                   {begin + admin + "s3 =\n  addressing_style = path\n\n" + only + end, admin + "s3 =\n  addressing_style = path\n" + begin + only + end, []Moved{{"zz/admin", 1}}},
		"a comment behind":                   {begin + strings.Replace(admin, "eu-west-1", "eu-west-1 # mine", 1) + end, strings.Replace(admin, "eu-west-1", "eu-west-1 # mine", 1) + begin + only + end, []Moved{{"zz/admin", 1}}},
		"a comment above":                    {begin + admin + "\n# mine\n" + only + end, "# mine\n" + only + begin + admin + end, []Moved{{"zz/readonly", 2}}},
		"a comment at the end":               {begin + admin + "\n" + only + "# mine\n" + end, "# mine\n" + begin + admin + "\n" + only + end, []Moved{{}}},
		"a comment at the start":             {begin + "# mine\n" + admin + "\n" + only + end, "# mine\n" + admin + begin + only + end, []Moved{{"zz/admin", 2}}},
		"a profile":                          {begin + admin + "\n" + work + "\n" + only + end, work + begin + admin + "\n" + only + end, []Moved{{"work", 1}}},
		"another section":                    {begin + "[sso-session nw]\nsso_region = eu-west-1\n" + admin + end, "[sso-session nw]\nsso_region = eu-west-1\n" + begin + admin + "\n" + only + end, []Moved{{"nw", 0}}},
		"a key twice":                        {begin + admin + "region = eu-west-1\n" + end, begin + admin + "\n" + only + end, nil},
		"indented":                           {begin + strings.Replace(admin, "region", "  region", 1) + end, strings.Replace(admin, "region", "  region", 1) + begin + only + end, []Moved{{"zz/admin", 1}}},
		"another program":                    {begin + "[profile zz/admin]\ncredential_process = pass show x\n" + end, "[profile zz/admin]\ncredential_process = pass show x\n" + begin + only + end, []Moved{{"zz/admin", 1}}},
		"what is no setting":                 {begin + admin + "what\n" + end, "what\n" + begin + admin + "\n" + only + end, []Moved{{}}},
		"of the section before":              {work + begin + "output = json\n" + admin + end, work + "output = json\n" + begin + admin + "\n" + only + end, []Moved{{}}},
		"behind the block":                   {work + begin + admin + "\n" + only + end + "output = json\n\n[profile z]\n", work + begin + admin + end + only + "output = json\n\n[profile z]\n", []Moved{{"zz/readonly", 8}}},
		"an empty block inside":              {work + begin + end + "output = json\n", work + "output = json\n" + begin + admin + "\n" + only + end, nil},
		"a block inside":                     {"[profile work]\n" + begin + "a = b\n" + end + "output = json\n", "[profile work]\na = b\noutput = json\n" + begin + admin + "\n" + only + end, []Moved{{}}},
		"the region, which follows the role": {begin + strings.Replace(admin, "eu-west-1", "us-east-1", 1) + end, begin + admin + "\n" + only + end, nil},
		"in the middle":                      {work + begin + only + end + "\n[profile z]\n", work + begin + admin + "\n" + only + end + "\n[profile z]\n", nil},
		"two blocks":                         {begin + only + end + work + begin + admin + end, begin + admin + "\n" + only + end + work, nil},
		"blank lines":                        {begin + "\n\n" + admin + "\n\n\n" + only + "\n" + end, begin + admin + "\n" + only + end, nil},
		"CRLF by an editor":                  {crlf(begin + admin + "\n" + only + end), crlf(begin + admin + "\n" + only + end), nil},
		"BOM":                                {bom + begin + admin + end, bom + begin + admin + "\n" + only + end, nil},
		"indented marks":                     {"  " + begin + admin + "  " + end, begin + admin + "\n" + only + end, nil},
		"no end of the last line":            {begin + admin + strings.TrimSuffix(end, "\n"), begin + admin + "\n" + only + end, nil},
		"appended to a file without an end":  {"[profile w]" + "\n" + begin + admin + openText + "\n" + work, "[profile w]" + "\n" + begin + admin + "\n" + only + end + work, nil},
	} {
		p := plan(t, small, tt.text)
		if string(p.Text) != tt.want || !slices.Equal(p.Moved, tt.moved) {
			t.Errorf("%s: got %+v of\n%s\nwant %+v of\n%s", name, p.Moved, p.Text, tt.moved, tt.want)
		}
		if again := plan(t, small, string(p.Text)); !again.Same(p.Text) || again.Moved != nil {
			t.Errorf("%s: again %+v\n%s", name, again.Moved, again.Text)
		}
		lost(t, tt.text, string(p.Text))
		lost(t, tt.text, string(plan(t, Wish{}, tt.text).Text))
	}
}

func crlf(text string) string { return strings.ReplaceAll(text, "\n", "\r\n") }

// lost finds lines that a person wrote and that are gone: all but marks and the lines of credd's form.
func lost(t *testing.T, was, is string) {
	t.Helper()
	have := map[string]int{}
	for l := range strings.Lines(is) {
		have[strings.TrimSpace(strings.TrimPrefix(l, bom))]++
	}
	for l := range strings.Lines(was) {
		l = strings.TrimSpace(strings.TrimPrefix(l, bom))
		ours := l == "" || strings.HasPrefix(l, "[profile ") || strings.HasPrefix(l, "region = ") || strings.HasPrefix(l, "endpoint_url = ") || strings.HasPrefix(l, beginMark) || strings.HasPrefix(l, endMark)
		if _, ask := Asks(strings.TrimPrefix(l, "credential_process = ")); ours || ask {
			continue
		}
		if have[l]--; have[l] < 0 {
			t.Errorf("lost: %s\nof\n%s\n→\n%s", l, was, is)
		}
	}
}

// Of a damaged block nobody can say what is whose: nothing is written, and the line is named.
func TestDamagedBlock(t *testing.T) {
	for name, tt := range map[string]struct {
		text string
		line int
	}{
		"no end":           {work + begin + admin, 3},
		"no begin":         {work + admin + end + work, 6},
		"end before begin": {end + work + begin, 1},
		"nested":           {begin + admin + begin + only + end + end, 5},
		"begin twice":      {begin + begin + end, 2},
		"end twice":        {begin + end + work + end, 5},
		"cut off in CRLF":  {crlf(work + begin + "[prof"), 3},
	} {
		for _, w := range []Wish{small, {}} {
			_, err := w.Sync(files(tt.text, ""))
			var e *Error
			if !errors.As(err, &e) || e.Line != tt.line || e.Path != place.Config || e.Hint == "" {
				t.Errorf("%s: got %v, want line %d", name, err, tt.line)
			}
		}
	}
}

// Somebody saves an older block, with a line of theirs, while a newer one is written.
func TestMergeAround(t *testing.T) {
	const line, other = "# a line\n", "# another\n"
	block := func(parts ...string) string { return begin + strings.Join(parts, "\n") + end }
	for name, tt := range map[string]struct{ base, ours, theirs, want string }{
		"none of ours":      {work + block(admin), work, line + work + block(admin), line + work + block(admin)},
		"an older one":      {work + block(admin, only), work + other, line + work + block(only), line + work + other + block(only)},
		"none of theirs":    {work + block(admin), work + block(only), work + line, work + line + block(only)},
		"none at all":       {work, work + line, other + work, other + work + line},
		"without an end":    {"x\n" + begin + admin + openText + "\n", "x", line + "x\n" + begin + admin + openText + "\n", line + "x\n" + begin + admin + openText + "\n"},
		"a line behind":     {"x\n" + begin + admin + openText + "\n", "x", "x\n" + begin + admin + openText + "\n" + line, "x\n" + line + block(admin)},
		"theirs is damaged": {work, work + line, work + begin, work + line + begin},
	} {
		if got := string(mergeAround([]byte(tt.base), []byte(tt.ours), []byte(tt.theirs))); got != tt.want {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, tt.want)
		}
	}
}

func TestClashes(t *testing.T) {
	const key = "[zz/admin]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = x\n"
	for name, tt := range map[string]struct {
		wish                Wish
		config, credentials string
		clash               string // a part
		yours               bool
		written             int
	}{
		"none":                        {small, work, "", "", false, 2},
		"by hand":                     {small, work + "[profile zz/admin]\nregion = x\n", "", place.Config + ":3: profile zz/admin", false, 1},
		"behind the block":            {small, begin + end + "[profile zz/admin]\nregion = x\n", "", place.Config + ":5: profile zz/admin", false, 1},
		"quoted":                      {small, "[profile \"zz/admin\"]\n", "", place.Config + ":1: ", false, 1},
		"spaced":                      {small, "\n [  profile\t'zz/admin'  ] # mine\n", "", place.Config + ":2: ", false, 1},
		"twice":                       {small, "[profile zz/admin]\n[profile zz/admin]\nx = y\n", "", place.Config + ":1: ", false, 1},
		"another role":                {small, strings.Replace(admin, "\" zz/admin", "\" zz/other", 1), "", place.Config + ":1: ", false, 1},
		"no profile in config":        {small, "[zz/admin]\nregion = x\n", "", "", false, 2},
		"keys":                        {small, "", key, place.Credentials + ":1: profile zz/admin", false, 1},
		"in credentials without keys": {small, "", "[x]\n[ \"zz/admin\" ]\nregion = x\n", place.Credentials + ":2: ", false, 1},
		"yours, with the same name":   {small, strings.Replace(admin, "/opt/with blank/", "", 1) + "output = json\n", "", "", true, 1},
		"yours, and keys before it":   {small, admin, key, place.Config + ":1: ", false, 1},
		"yours, with another name":    {small, strings.Replace(admin, "profile zz/admin", "profile acme-admin", 1), "", "", false, 2},
		"default": {Wish{Profiles: []Managed{{Name: "default", Role: "default/x"}, managed("zz/admin", "", "")}}, "", "",
			"profile default: [default] is never written", false, 1},
		"two roles": {Wish{Profiles: []Managed{{Name: "x", Role: "a/x"}, {Name: "x", Role: "b/x"}, managed("zz/admin", "", "")}}, "", "",
			"profile x: it would be that of a/x and b/x", false, 1},
	} {
		p, err := tt.wish.Sync(files(tt.config, tt.credentials))
		check(t, err)
		var all []string
		for _, c := range p.Clashes {
			all = append(all, c.String())
		}
		if text := strings.Join(all, "\n"); (text == "") != (tt.clash == "") || !strings.Contains(text, tt.clash) || (len(p.Yours) > 0) != tt.yours || len(p.Added) != tt.written {
			t.Errorf("%s: got %q, %+v, want %q", name, all, p, tt.clash)
		}
		if b, _, a := around(string(p.Text)); tt.clash != "" && !strings.Contains(tt.config, beginMark) && b+a != tt.config {
			t.Errorf("%s: what was written by hand is now\n%s", name, p.Text)
		}
	}
}

// A customer's file that cannot be read takes no profile away.
func TestUnsure(t *testing.T) {
	text := string(plan(t, small, work).Text)
	w := Wish{Profiles: small.Profiles[:1], Unsure: func(role string) bool { return role == "zz/readonly" }}
	if p := plan(t, w, text); string(p.Text) != text {
		t.Errorf("got\n%s", p.Text)
	}
	w.Unsure = func(string) bool { return false }
	if p := plan(t, w, text); !slices.Equal(p.Removed, []string{"zz/readonly"}) {
		t.Errorf("got %+v", p)
	}
}

// Whatever the file, nothing that a person wrote is lost, and a second sync finds nothing to do.
func FuzzSync(f *testing.F) {
	for _, seed := range []string{"", work + begin + admin + end, begin + "x = y\n" + admin + "z\n" + end + "output = json\n", begin, end, openText, bom + begin + end, crlf(begin + admin + openText), "x\n" + begin + admin + openText + "\n"} {
		f.Add([]byte(seed))
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		f.Add([]byte(generated(r) + "\n" + begin + generated(r) + "\n" + end + generated(r)))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := small.Sync(files(string(text), ""))
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Line == 0 || e.Hint == "" {
				t.Errorf("got %v, want a line and a remedy", err)
			}
			return
		}
		lost(t, string(text), string(p.Text))
		again, err := small.Sync(files(string(p.Text), ""))
		if err != nil || !bytes.Equal(again.Text, p.Text) {
			t.Errorf("again: %v\n%q\nnot\n%q\nof %q", err, again.Text, p.Text, text)
		}
		gone, err := Wish{}.Sync(files(string(p.Text), ""))
		check(t, err)
		if left, err := spans(gone.Text); err != nil || len(left) > 0 {
			t.Fatalf("remove: %v\n%q", err, gone.Text)
		}
		if !bytes.Contains(text, []byte("# credd profiles: ")) && !bytes.Equal(gone.Text, text) {
			t.Errorf("once removed it is\n%q\nnot\n%q", gone.Text, text)
		}
	})
}

func ExampleWish_Text() {
	fmt.Print(small.Text())
	// Output:
	// [profile zz/admin]
	// credential_process = "/opt/with blank/credhelper" zz/admin
	// region = eu-west-1
	//
	// [profile zz/readonly]
	// credential_process = "/opt/with blank/credhelper" zz/readonly
}
