package roster

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const docs = "../../../docs/configuration.md"

// sections of the documentation, and the keys that the code knows for each.
var documented = map[string]struct{ known, later []string }{
	"## credd.toml":          later(settingsKeys),
	"### [service]":          later(serviceKeys),
	"### [source.NAME]":      later(sourceKeys),
	"### [defaults]":         later(defaultsKeys),
	"### [roster]":           later(rosterKeys),
	"### [network]":          later(networkKeys),
	"### [vault]":            later(vaultKeys),
	"### [profiles]":         later(profilesKeys),
	"### [verify]":           later(verifyKeys),
	"### [log]":              later(logKeys),
	"## customers/NAME.toml": later(customerKeys),
	"### [role.NAME]":        later(roleKeys),
}

// later splits keys into those that this version reads and those that it refuses.
func later[T any](keys []key[T]) (out struct{ known, later []string }) {
	for _, k := range keys {
		if k.set == nil {
			out.later = append(out.later, k.name)
		} else {
			out.known = append(out.known, k.name)
		}
	}
	return out
}

var row = regexp.MustCompile("(?m)^\\| `(\\w+)` \\|")

var laterRow = regexp.MustCompile("(?m)^\\| (\\S+) \\| ((?:`\\w+` ?)+) \\|$")

func readDocs(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(docs)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestEveryKeyIsDocumented(t *testing.T) {
	text := readDocs(t)
	for heading, keys := range documented {
		_, body, ok := strings.Cut(text, "\n"+heading+"\n")
		if !ok {
			t.Errorf("no section %s", heading)
			continue
		}
		body, _, _ = strings.Cut(body, "\n#")
		var found []string
		for _, m := range row.FindAllStringSubmatch(body, -1) {
			found = append(found, m[1])
		}
		slices.Sort(found)
		want := slices.Sorted(slices.Values(keys.known))
		if !slices.Equal(found, want) {
			t.Errorf("%s: documented are %v, the code knows %v", heading, found, want)
		}
	}
}

func TestEveryRefusedKeyIsDocumented(t *testing.T) {
	_, body, _ := strings.Cut(readDocs(t), "\n## Not in this version\n")
	got := map[string]string{}
	for _, m := range laterRow.FindAllStringSubmatch(body, -1) {
		got[m[1]] = m[2]
	}
	for heading, keys := range documented {
		where := strings.TrimLeft(heading, "# ")
		want := ""
		if len(keys.later) > 0 {
			want = "`" + strings.Join(keys.later, "` `") + "`"
		}
		if got[where] != want {
			t.Errorf("%s: documented are %s, the code refuses %s", where, got[where], want)
		}
	}
}

func TestTheExampleLoads(t *testing.T) {
	files := map[string]string{}
	for _, block := range strings.Split(readDocs(t), "```toml\n")[1:] {
		block, _, _ = strings.Cut(block, "```")
		name, _, _ := strings.Cut(strings.TrimPrefix(block, "# "), "\n")
		files[name] = block
	}
	r := Load(dir(t, files), nil)
	if len(files) != 2 || len(r.Problems()) > 0 || len(r.Roles()) != 3 {
		t.Errorf("got %d roles of %d files, %v", len(r.Roles()), len(files), r.Problems())
	}
}
