package cli

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// manual writes the pages and returns them by name.
func manual(t *testing.T) map[string]string {
	t.Helper()
	home(t)
	dir := filepath.Join(t.TempDir(), "man1")
	if r := run(t, "", "man", "--dir", dir); r.code != 0 || r.err != "" {
		t.Fatalf("got %+v", r)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) < 20 {
		t.Fatalf("got %q, %v", files, err)
	}
	pages := map[string]string{}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		pages[filepath.Base(f)] = string(text)
	}
	return pages
}

// groff takes every page without a warning, and shows what is in it.
func TestManPages(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "86400")
	pages := manual(t)
	for name, text := range pages {
		cmd := exec.Command("groff", "-mandoc", "-ww", "-Tutf8", "-P-cbou", "-rLL=120n")
		cmd.Stdin = strings.NewReader(text)
		var out, errs bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &errs
		if err := cmd.Run(); err != nil || errs.Len() > 0 {
			t.Errorf("%s: %v, %s", name, err, errs.String())
		}
		for _, part := range []string{"NAME", "SYNOPSIS", "DESCRIPTION", "SEE ALSO", "1970-01-02"} {
			if !strings.Contains(out.String(), part) {
				t.Errorf("%s has no %s:\n%s", name, part, out.String())
			}
		}
		for _, want := range map[string][]string{
			"credd.1":               {"COMMANDS", "EXIT STATUS", "no daemon", "credhelper(1)"},
			"credd-role-add.1":      {"credd role add CUSTOMER/ROLE --arn ARN [flags]", "--external-id-stdin", "credd-role(1)", "< id"},
			"credd-source-add.1":    {"imds          this EC2 instance", "[-- COMMAND ARGUMENT…]"},
			"credd-completion.1":    {`credd completion zsh > "${fpath[1]}/_credd"`},
			"credd-shell-init.1":    {"~/.zshrc"},
			"credhelper.1":          {"CREDD_AUTOSTART", `"/usr/local/bin/credhelper" acme/admin`},
			"credd-vault-new-key.1": {"systemd-creds encrypt"},
		}[name] {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s has no %q:\n%s", name, want, out.String())
			}
		}
	}
}

func TestManPagesAreTheSame(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "")
	a, b := manual(t), manual(t)
	for name, text := range a {
		if b[name] != text || len(a) != len(b) {
			t.Errorf("%s is another", name)
		}
	}
	if r := run(t, "", "man"); r.code != 2 || !strings.Contains(r.err, "--dir is needed") {
		t.Errorf("got %+v", r)
	}
}

func TestEveryCommandSaysWhatItDoes(t *testing.T) {
	root := newRootCmd(&Streams{Out: io.Discard, Err: io.Discard})
	var walk func(*cobra.Command)
	walk = func(cmd *cobra.Command) {
		if cmd.Short == "" || cmd.Use == "" || strings.HasSuffix(cmd.Short, ".") {
			t.Errorf("%s: use %q, short %q", cmd.CommandPath(), cmd.Use, cmd.Short)
		}
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
	}
	walk(root)
}

func TestRoff(t *testing.T) {
	for text, want := range map[string]string{
		".x":         `\&.x`,
		"'x":         `\&\(aqx`,
		`a\fB-b`:     `a\efB\-b`,
		"“é…":        `\[u201C]\[u00E9]\[u2026]`,
		"\U0001f642": `\[u1F642]`,
		"~^`\"":      `\(ti\(ha\(ga\(dq`,
	} {
		if got := roff(text); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}
