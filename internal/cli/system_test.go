package cli

import (
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"credd/internal/agent/roster"
	"credd/internal/paths"
)

// leaves are the commands that do something, by their paths.
func leaves() map[string]*cobra.Command {
	root := newRootCmd(&Streams{Out: io.Discard, Err: io.Discard})
	all := map[string]*cobra.Command{}
	var walk func(*cobra.Command)
	walk = func(cmd *cobra.Command) {
		if !cmd.HasSubCommands() {
			_, path, _ := strings.Cut(cmd.CommandPath(), " ")
			all[path] = cmd
		}
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
	}
	walk(root)
	return all
}

func TestTheTableOfCommandsIsOfCommands(t *testing.T) {
	all := leaves()
	for path := range reaches {
		of := func(have string) bool { return have == path || strings.HasPrefix(have, path+" ") }
		if path != "" && path != "help" && !strings.HasPrefix(path, "__") && !slices.ContainsFunc(keysOf(all), of) {
			t.Errorf("there is no command %s", path)
		}
	}
}

func keysOf(all map[string]*cobra.Command) (keys []string) {
	for k := range all {
		keys = append(keys, k)
	}
	return keys
}

// Whoever asks the credd of a machine may do what the table says; a command that is not in it is closed, and is told who may.
func TestCommandsOfAGuest(t *testing.T) {
	home(t)
	t.Setenv("CREDD_SOCK", paths.System().Socket)
	open := 0
	for path, cmd := range leaves() {
		s := &Streams{}
		err := s.begin(cmd)
		switch reachOf(cmd) {
		case manages:
			if e := sorted(err); err == nil || e.code != 8 || !strings.Contains(e.hint, "sudo credd --system "+path+" …") {
				t.Errorf("%s: got %v", path, err)
			}
		case owns, serves:
			if e := sorted(err); err == nil || e.code != 2 || e.hint != "unset CREDD_SOCK" {
				t.Errorf("%s: got %v", path, err)
			}
		default:
			if open++; err != nil {
				t.Errorf("%s: got %v", path, err)
			}
		}
	}
	if open < 20 {
		t.Errorf("only %d commands are open", open)
	}
}

// --system shows where it has a meaning, and is refused where it has none.
func TestWhoTakesSystem(t *testing.T) {
	home(t)
	for path, cmd := range leaves() {
		of := reachOf(cmd)
		shown := cmd.LocalNonPersistentFlags().Lookup(systemFlag) != nil
		if want := of == manages || of == asks || of == serves; shown != want {
			t.Errorf("%s: --system shows: %v, want %v", path, shown, want)
		}
		if err := (&Streams{system: true}).begin(cmd); (of == owns || of == adopts) != (err != nil && strings.Contains(err.Error(), "takes no --system")) {
			t.Errorf("%s: got %v", path, err)
		}
	}
	for _, args := range [][]string{{"--system", "role", "list"}, {"role", "--system", "list"}, {"role", "list", "--system"}} {
		if r := run(t, "", args...); r.code != 0 || strings.Contains(r.out, "acme/admin") {
			t.Errorf("%v: got %+v, want no role of the user's own", args, r)
		}
	}
	r := run(t, "", "--system", "role", "remove", "acme/none")
	if want := "this machine has no credd"; !isThere(paths.System().Config) && (r.code != 2 || !strings.Contains(r.err, want)) {
		t.Errorf("got %+v", r)
	}
}

func TestAllowFlags(t *testing.T) {
	config := home(t)
	before, err := os.ReadFile(config + "/customers/acme.toml")
	if err != nil {
		t.Fatal(err)
	}
	r := run(t, "", "role", "add", "acme/x", "--arn", "arn:aws:iam::012345678901:role/X", "--allow-user", "ana")
	if r.code != 2 || !strings.Contains(r.err, "nobody but you can ask yours") {
		t.Errorf("got %+v", r)
	}
	if after, err := os.ReadFile(config + "/customers/acme.toml"); err != nil || string(after) != string(before) {
		t.Errorf("got %s, %v", after, err)
	}
	for _, c := range []struct {
		allow *roster.Allow
		text  string
	}{
		{nil, ""}, {&roster.Allow{}, "nobody"}, {&roster.Allow{Users: []string{"ana"}}, "user ana"},
		{&roster.Allow{Users: []string{"ana", "1001"}, Groups: []string{"dev"}}, "users ana, 1001; group dev"},
	} {
		if got := allowText(c.allow); got != c.text {
			t.Errorf("%+v: got %q, want %q", c.allow, got, c.text)
		}
		n := roster.NewRole{Name: "acme/deploy", ARN: "arn:aws:iam::012345678901:role/Deploy", Allow: c.allow}
		if c.text == "nobody" || c.text == "" {
			continue
		}
		if _, err := roster.AddRole(config, n); err != nil {
			t.Fatal(err)
		}
		role, err := roster.Load(config, nil).Role("acme/deploy")
		if err != nil || allowText(role.Allow) != c.text {
			t.Errorf("got %+v, %v", role, err)
		}
		if _, err := roster.RemoveRole(config, "acme/deploy"); err != nil {
			t.Fatal(err)
		}
	}
}

func TestHintsAreAboutTheSameCredd(t *testing.T) {
	t.Setenv("SUDO_UID", "")
	for text, want := range map[string]string{
		"see: credd role list; credd login work": "see: credd --system role list; credd --system login work",
		"credd profiles sync":                    "credd profiles sync",
		"sudo credd service start --system":      "sudo credd service start --system",
		"credd --system audit":                   "credd --system audit",
	} {
		if got := (&Streams{system: true}).mine(text); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if got := (&Streams{}).mine(text); got != text {
			t.Errorf("got %q, want %q", got, text)
		}
	}
	t.Setenv("SUDO_UID", "1500")
	if got := (&Streams{system: true}).mine("see: credd role list"); os.Getuid() == 0 && got != "see: sudo credd --system role list" {
		t.Errorf("by sudo: got %q", got)
	}
}
