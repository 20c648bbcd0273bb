//go:build linux

package e2e

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"credd/internal/agent/api"
	"credd/internal/ipc/socket"
)

// awsFiles are the files that an import of tenProfiles changes.
var awsFiles = []string{".aws/config", ".aws/credentials", ".config/credd/credd.toml"}

// asItWas remembers files, and returns what checks that they are the same again.
func (w *world) asItWas() func() {
	before := map[string]string{}
	for _, name := range awsFiles {
		before[name] = w.read(name)
	}
	return func() {
		w.t.Helper()
		for name, text := range before {
			if got := w.read(name); got != text {
				w.t.Errorf("%s is\n%s\nwant\n%s", name, got, text)
			}
		}
	}
}

// TestImportAgainWithKeys moves the keys later: the source of the roles is the profile of the key until then.
func TestImportAgainWithKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tenProfiles(w)
	back := w.asItWas()
	w.credd("import", "--yes").want(t, 0, "acme-admin     role acme/admin")
	w.helper("acme/admin").want(t, 0, "ASIA")
	w.credd("status").want(t, 0, "access key "+w.key.ID+" of profile work is in clear in "+w.path(".aws/credentials"))
	w.credd("import", "--keys", "--yes").want(t, 0, "work           source work", "source work of type profile becomes one of type keys")
	w.credd("forget", "--all").want(t, 0)
	w.helper("acme/admin").want(t, 0, "ASIA")
	w.helper("@work").want(t, 0, "ASIA")
	w.credd("use", "--shell", "bash", "--no-warm", "work").want(t, 0, "'AWS_PROFILE=work'", "'CREDD_ROLE=@work'")
	if got := w.holders(w.key.Secret); got != nil {
		t.Errorf("the secret is still in %q", got)
	}
	w.credd("import", "--undo", "--yes").want(t, 0, "source work reads profile work again", "an earlier import can be taken back too")
	w.helper("acme/admin").want(t, 0, "ASIA")
	w.credd("import", "--undo", "--yes").want(t, 0)
	back()
	w.credd("source", "remove", "work", "--yes").want(t, 4, "no key of it in the vault")
}

// TestImportsAtOnce runs many imports, and then many undos, at the same time: of each one is made.
func TestImportsAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tenProfiles(w)
	w.serve()
	back := w.asItWas()
	atOnce := func(args ...string) (done int) {
		t.Helper()
		results := make(chan result)
		for range 4 {
			go func() { results <- w.credd(append([]string{"import", "--yes"}, args...)...) }()
		}
		for range 4 {
			r := <-results
			switch all := r.out + r.err; {
			case r.code == 0 && contains(all, "imported:"), r.code == 0 && contains(all, "the import is taken back"):
				done++
			case r.code == 0 && contains(all, "there is no"), r.code == 0 && contains(all, "nothing to import"):
			case r.code == 2 && contains(all, "another credd import is under way", "wait until it has ended"):
			case r.code == 2 && contains(all, "changed since it was read; nothing was changed"):
			case r.code != 0 && contains(all, "somebody else has taken the import back meanwhile"):
			default:
				t.Errorf("got %d, %s%s", r.code, r.out, r.err)
			}
		}
		return done
	}
	if done := atOnce("--keys"); done != 1 {
		t.Errorf("%d imports were made", done)
	}
	w.helper("acme/admin").want(t, 0, "ASIA")
	if done := atOnce("--undo"); done != 1 {
		t.Errorf("%d imports were taken back", done)
	}
	back()
}

// TestImportThroughALink takes over a config that is a link into a git tree, and that others may read.
func TestImportThroughALink(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tenProfiles(w)
	git := func(args ...string) string {
		t.Helper()
		cmd := w.command("git", append([]string{"-C", w.path("dots"), "-c", "user.name=ana", "-c", "user.email=ana@example.com"}, args...)...)
		return runCmd(t, cmd).out
	}
	w.write("dots/aws", w.read(".aws/config"))
	check(t, os.Chmod(w.path("dots/aws"), 0o644))
	check(t, os.Remove(w.path(".aws/config")))
	check(t, os.Symlink("../dots/aws", w.path(".aws/config")))
	git("init", "-q")
	git("add", ".")
	git("commit", "-qm", "mine")
	w.credd("import", "--yes").want(t, 0)
	if got := git("status", "--porcelain"); got != " M aws\n" {
		t.Errorf("git says %q", got)
	}
	w.credd("import", "--undo", "--yes").want(t, 0)
	if got := git("status", "--porcelain"); got != "" {
		t.Errorf("git says %q after the undo", got)
	}
	to, err := os.Readlink(w.path(".aws/config"))
	check(t, err)
	info, err := os.Stat(w.path("dots/aws"))
	check(t, err)
	if to != "../dots/aws" || info.Mode() != 0o644 {
		t.Errorf("got a link to %s, of mode %v", to, info.Mode())
	}
}

// TestImportOfWhatCannotBeWritten changes nothing, whichever file it is.
func TestImportOfWhatCannotBeWritten(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tenProfiles(w)
	w.serve()
	back := w.asItWas()
	for name, want := range map[string]string{
		".aws/config": "the file is read-only; nothing was changed", ".aws/credentials": "the file is read-only; nothing was changed",
	} {
		check(t, os.Chmod(w.path(name), 0o400))
		r := w.credd("import", "--keys", "--yes")
		r.want(t, 2, want, "chmod u+w "+w.path(name))
		if strings.Contains(r.err, "--undo") {
			t.Errorf("there is nothing to undo: %s", r.err)
		}
		back()
		check(t, os.Chmod(w.path(name), 0o600))
		if left, _ := filepath.Glob(w.path(".config/credd/customers/*")); left != nil {
			t.Errorf("left: %q", left)
		}
	}
	w.credd("import", "--undo", "--yes").want(t, 0, "there is no import to take back")
	w.credd("source", "remove", "work", "--yes").want(t, 4, "no key of it in the vault")
}

// kept asks the daemon for what the vault keeps of an import.
func (w *world) kept(item string) error {
	return w.call(api.Request{Do: api.DoKept, Name: item}, &api.Kept{})
}

// hasKey says whether the vault has the key of a source.
func (w *world) hasKey(source string) bool {
	var key api.KeyID
	check(w.t, w.call(api.Request{Do: api.DoKeyID, Name: source}, &key))
	return key.ID != ""
}

// call puts a request to the daemon.
func (w *world) call(req api.Request, out any) error {
	ctx, cancel := context.WithTimeout(w.t.Context(), patient)
	defer cancel()
	c, err := socket.Dial(ctx, w.sock)
	if err != nil {
		return err
	}
	return api.Call(ctx, c, req, out)
}

// TestImportLeavesNoSecret looks at all that an import writes and shows: its arguments, the journal, the trail, logs and what
// is shown.
func TestImportLeavesNoSecret(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tenProfiles(w)
	var shown strings.Builder
	item := "" // of the vault
	for _, args := range [][]string{{"--dry-run", "--keys"}, {"--keys", "--yes"}, {"--undo", "--dry-run"}, {"--undo", "--yes"}, {"--keys", "--yes"}, {"--finish", "--yes"}} {
		r := w.credd(append([]string{"import"}, args...)...)
		r.want(t, 0)
		shown.WriteString(r.out + r.err)
		if journal := w.path(".local/state/credd/import.json"); args[0] == "--keys" {
			info, err := os.Stat(journal)
			check(t, err)
			if info.Mode() != 0o600 {
				t.Errorf("the journal has mode %v", info.Mode())
			}
			var f struct{ Runs []struct{ ID string } }
			check(t, json.Unmarshal([]byte(w.read(".local/state/credd/import.json")), &f))
			item = "import." + f.Runs[0].ID + ".0"
			check(t, w.kept(item))
		}
	}
	for _, secret := range []string{w.key.Secret, "canary-id"} {
		if strings.Contains(shown.String(), secret) {
			t.Errorf("a secret is shown:\n%s", shown.String())
		}
	}
	if got := w.holders(w.key.Secret); got != nil {
		t.Errorf("the secret is in %q", got)
	}
	if _, err := os.Stat(w.path(".local/state/credd/import.json")); err == nil {
		t.Error("the journal is there after --finish")
	}
	if err := w.kept(item); err == nil || !strings.Contains(err.Error(), "keeps nothing of this import") {
		t.Errorf("after --finish the vault: %v", err)
	}
}
