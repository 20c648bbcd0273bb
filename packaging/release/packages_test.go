//go:build linux

package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestPackagesHaveWhatTheTableSays reads packages of each format back: every file of the table with its bytes, mode, owner and time,
// and no other.
func TestPackagesHaveWhatTheTableSays(t *testing.T) {
	r := small(t, commit)
	for _, arch := range []string{"amd64", "arm64"} {
		on := target{"linux", arch}
		check(t, r.packages(on))
		for _, f := range formats {
			got := read(t, filepath.Join(r.out, r.file(on, f.ext)), f.name)
			wanted, err := r.contents(f, on)
			check(t, err)
			for _, w := range wanted {
				text, _ := os.ReadFile(w.Src)
				want := entry{int64(w.Info.Mode), w.Info.Owner, w.Info.Group, string(text), r.at}
				if g, found := got[w.Dst]; !found {
					t.Errorf("%s %s: %s is not in it", f.name, arch, w.Dst)
				} else if g != want {
					t.Errorf("%s %s: %s: got %v, want %v", f.name, arch, w.Dst, g, want)
				}
			}
			for name, e := range got {
				told := slices.ContainsFunc(wanted, func(w content) bool { return w.Dst == name || strings.HasPrefix(w.Dst, name+"/") })
				if !told && !strings.HasPrefix(name, "/.") { // the format's own
					t.Errorf("%s %s: %s is in it", f.name, arch, name)
				}
				if !e.at.Equal(r.at) && name != "/.PKGINFO" { // of Alpine's, which has none
					t.Errorf("%s %s: %s has the time %s", f.name, arch, name, e.at)
				}
			}
		}
	}
}

// TestPackagesSayWhatTheyAre looks at what each format's own words say.
func TestPackagesSayWhatTheyAre(t *testing.T) {
	r := small(t, commit)
	on := target{"linux", "arm64"}
	check(t, r.packages(on))
	path := func(ext string) string { return filepath.Join(r.out, r.file(on, ext)) }
	for _, c := range []struct{ name, got, want string }{
		{"deb", string(output(t, "dpkg-deb", "--show", "--showformat", "${Package} ${Version} ${Architecture} ${Maintainer}", path("deb"))),
			"credd 1.2.0~rc.1-1 arm64 Ana <ana@credd.example>"},
		{"rpm", string(output(t, "rpm", "-qp", "--queryformat", "%{NAME} %{VERSION}-%{RELEASE} %{ARCH} %{LICENSE} %{BUILDHOST} %{BUILDTIME}", path("rpm"))),
			"credd 1.2.0~rc.1-1 aarch64 MIT localhost 1795828443"},
		{"apk", fields(read(t, path("apk"), "apk")["/.PKGINFO"].data, "pkgname", "pkgver", "arch", "license"), "credd 1.2.0_rc1-r0 aarch64 MIT"},
		{"archlinux", fields(read(t, path("pkg.tar.zst"), "archlinux")["/.PKGINFO"].data, "pkgname", "pkgver", "arch", "license"), "credd 1.2.0rc.1-1 aarch64 MIT"},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, c.got, c.want)
		}
	}
	for _, script := range []string{".pre-install", ".post-install", ".post-upgrade", ".pre-deinstall"} {
		if read(t, path("apk"), "apk")["/"+script].data == "" {
			t.Errorf("apk: no %s", script)
		}
	}
	install := read(t, path("pkg.tar.zst"), "archlinux")["/.INSTALL"].data
	for _, step := range []string{"post_install", "post_upgrade", "pre_remove", "post_remove"} {
		if !strings.Contains(install, step+"()") {
			t.Errorf("archlinux: no %s", step)
		}
	}
	cmd := exec.Command("sh", "-n")
	cmd.Stdin = strings.NewReader(strings.ReplaceAll(install, "function ", ""))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("archlinux: %v\n%s", err, out)
	}
}

// fields are values of lines such as "pkgver = 1".
func fields(text string, names ...string) string {
	var values []string
	for _, name := range names {
		_, rest, _ := strings.Cut("\n"+text, "\n"+name+" = ")
		value, _, _ := strings.Cut(rest, "\n")
		values = append(values, value)
	}
	return strings.Join(values, " ")
}

func TestScriptsAreShell(t *testing.T) {
	scripts, err := filepath.Glob("../scripts/*/*")
	check(t, err)
	n := 0
	for _, f := range formats {
		n += len(f.scripts)
	}
	if len(scripts) != n {
		t.Errorf("got %d scripts, the table has %d", len(scripts), n)
	}
	for _, s := range scripts {
		if out, err := exec.Command("sh", "-n", s).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", s, err, out)
		}
	}
}

// TestTheSameGivesTheSame makes a release twice, in other folders: all bytes are the same, and all that has a time in it is not if
// the time is another. compare tells a byte that differs.
func TestTheSameGivesTheSame(t *testing.T) {
	one, two, later := small(t, commit), small(t, commit), small(t, commit.Add(time.Second))
	for _, r := range []*release{one, two, later} {
		r.publish(t)
	}
	var out bytes.Buffer
	if err := compare(one.out, two.out, "*", &out); err != nil {
		t.Errorf("%v\n%s", err, &out)
	}
	files, err := os.ReadDir(one.out)
	check(t, err)
	if len(files) != 6+2*len(formats)+3 {
		t.Errorf("got %d files", len(files))
	}
	for _, f := range files {
		out.Reset()
		if err := compare(one.out, later.out, f.Name(), &out); !errors.Is(err, errDiffer) || !strings.HasPrefix(out.String(), f.Name()+": ") {
			t.Errorf("a second later: got %v, %s", err, &out)
		}
	}

	name := filepath.Join(two.out, one.file(targets[0], "deb"))
	data, err := os.ReadFile(name)
	check(t, err)
	data[len(data)/2] ^= 1
	check(t, os.WriteFile(name, data, 0o644))
	check(t, os.Remove(filepath.Join(two.out, "credd.rb")))
	check(t, os.Remove(filepath.Join(one.out, "credd.json")))
	out.Reset()
	err = compare(one.out, two.out, "*", &out)
	for _, want := range []string{filepath.Base(name) + ": ", "credd.rb: only in the first", "credd.json: only in the second", "3 differ"} {
		if !errors.Is(err, errDiffer) || !strings.Contains(out.String(), want) {
			t.Errorf("got %v, %s, want %q", err, &out, want)
		}
	}
	if err := compare(one.out, two.out, "nothing*", &out); !errors.Is(err, errDiffer) {
		t.Errorf("of no file: got %v", err)
	}
}

func TestManifestsNameWhatIsPublished(t *testing.T) {
	r := small(t, commit)
	r.publish(t)
	sums, err := os.ReadFile(filepath.Join(r.out, "SHA256SUMS"))
	check(t, err)
	sum := func(name string) string {
		data, err := os.ReadFile(filepath.Join(r.out, name))
		check(t, err)
		s := sha256.Sum256(data)
		return hex.EncodeToString(s[:])
	}
	const base = "https://downloads.example/credd/v1.2.0-rc.1/"

	text, err := os.ReadFile(filepath.Join(r.out, "credd.json"))
	check(t, err)
	var scoop struct {
		Version      string
		Bin          []string
		Architecture map[string]struct {
			URL, Hash string
			Folder    string `json:"extract_dir"`
		}
	}
	check(t, json.Unmarshal(text, &scoop))
	for word, arch := range map[string]string{"64bit": "amd64", "arm64": "arm64"} {
		name := "credd_1.2.0-rc.1_windows_" + arch + ".zip"
		if a := scoop.Architecture[word]; a.URL != base+name || a.Hash != sum(name) || a.Folder+".zip" != name {
			t.Errorf("%s: got %v", word, a)
		}
	}
	if scoop.Version != "1.2.0-rc.1" || !slices.Equal(scoop.Bin, []string{"credd.exe", "credhelper.exe"}) {
		t.Errorf("got %v", scoop)
	}

	formula, err := os.ReadFile(filepath.Join(r.out, "credd.rb"))
	check(t, err)
	for _, on := range []string{"darwin_arm64", "darwin_amd64", "linux_arm64", "linux_amd64"} {
		name := "credd_1.2.0-rc.1_" + on + ".tar.gz"
		if want := "url \"" + base + name + "\"\n      sha256 \"" + sum(name) + "\"\n"; !strings.Contains(string(formula), want) {
			t.Errorf("the formula has no %s:\n%s", want, formula)
		}
	}
	if ruby, err := exec.LookPath("ruby"); err == nil {
		if out, err := exec.Command(ruby, "-c", filepath.Join(r.out, "credd.rb")).CombinedOutput(); err != nil {
			t.Errorf("the formula: %v\n%s", err, out)
		}
	}

	cmd := exec.Command("sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS")
	cmd.Dir = r.out
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	files, err := os.ReadDir(r.out)
	check(t, err)
	if got := strings.Count(string(sums), "\n"); got != len(files)-1 {
		t.Errorf("got %d checksums of %d files", got, len(files)-1)
	}
}

func TestRubyEvaluatesNothing(t *testing.T) {
	if got, want := ruby("a \"b\" \\ #{`id`}\n"), `"a \"b\" \\ \#{`+"`id`"+`}\n"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestUnderstoodArguments(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "1795828443")
	for _, c := range []struct {
		args []string
		want string // of the error, or ""
	}{
		{[]string{"--version", "1.2.0"}, ""},
		{[]string{"--version", "1.2.0", "--only", "linux/amd64,darwin/arm64"}, ""},
		{[]string{"--version", "1.2"}, "is no version"},
		{[]string{"--version", "1.2.0", "--only", "linux/arm"}, "linux/arm is no target"},
		{[]string{"--version", "1.2.0", "dist"}, "dist is not understood"},
	} {
		r, err := parse(c.args)
		if c.want == "" && (err != nil || !r.at.Equal(commit)) {
			t.Errorf("%q: got %v", c.args, err)
		}
		if c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%q: got %v, want %q", c.args, err, c.want)
		}
	}
}
