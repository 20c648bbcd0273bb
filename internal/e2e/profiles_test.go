//go:build linux

package e2e

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// The profiles that credd writes work as they are in the clients, wherever credd is installed.
func TestWrittenProfilesWork(t *testing.T) {
	t.Parallel()
	odd, err := os.MkdirTemp("", "credd-odd-")
	check(t, err)
	t.Cleanup(func() { os.RemoveAll(odd) })
	all := clients(t)
	for name, dir := range map[string]string{
		"a blank":   bin,
		"all kinds": filepath.Join(odd, "it's \"$HOME\" `id` #1 ;2 naïve 東京 & back\\slash"),
	} {
		w := newWorld(t)
		w.customer("acme", "readonly")
		w.write(".config/credd/credd.toml", w.read(".config/credd/credd.toml")+"\n[network]\nendpoint_url = \""+w.aws.URL()+"\"\n")
		before := w.read(".aws/config")
		check(t, os.MkdirAll(dir, 0o700))
		for _, b := range []string{"credd", "credhelper"} {
			if dir != bin {
				install(t, filepath.Join(bin, b), filepath.Join(dir, b))
			}
		}
		r := runCmd(t, w.command(filepath.Join(dir, "credd"), "profiles", "sync"))
		if r.code != 0 || !strings.Contains(r.out, "added 1 profile: acme/readonly") {
			t.Fatalf("%s: got %+v", name, r)
		}
		w.serve()
		for _, c := range all {
			t.Run(name+", "+c.name, func(t *testing.T) {
				r := runCmd(t, c.command(w, "acme/readonly"))
				if want := fmt.Sprintf("arn:aws:sts::%s:assumed-role/acme-readonly/northwind-acme", account); r.code != 0 || strings.TrimSpace(r.out) != want {
					t.Errorf("got %d, %s%s\nwant %s, by\n%s", r.code, r.out, r.err, want, w.read(".aws/config"))
				}
			})
		}
		if r := runCmd(t, w.command(filepath.Join(dir, "credd"), "profiles", "list")); !strings.Contains(r.out, "acme/readonly  managed") {
			t.Errorf("%s: got %+v", name, r)
		}
		r = runCmd(t, w.command(filepath.Join(dir, "credd"), "profiles", "remove"))
		if got := w.read(".aws/config"); r.code != 0 || got != before {
			t.Errorf("%s: got %+v and\n%s", name, r, got)
		}
	}
}

// install copies a binary.
func install(t *testing.T, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	check(t, err)
	check(t, os.WriteFile(to, b, 0o755))
}

// syncs returns a command that writes the profiles of a configuration of its own, with the given customers.
func (w *world) syncs(name string, customers ...string) func() *exec.Cmd {
	config := filepath.Join(".configs", name)
	w.write(filepath.Join(config, "credd", "credd.toml"), "version = 1\n[source.work]\ntype = \"profile\"\nprofile = \"work\"\n[defaults]\nsource = \"work\"\nregion = \"eu-west-1\"\n")
	for _, c := range customers {
		w.write(filepath.Join(config, "credd", "customers", c+".toml"), "version = 1\n[role.admin]\narn = \"arn:aws:iam::"+account+":role/Admin\"\n")
	}
	return func() *exec.Cmd {
		cmd := w.command("credd", "profiles", "sync")
		cmd.Env = append(slices.Clone(w.env), "XDG_CONFIG_HOME="+w.path(".configs/"+name))
		return cmd
	}
}

// Twenty syncs at once, each of other roles, while a person saves the file in both ways that editors have: no line of theirs is lost.
func TestCrowdOfSyncs(t *testing.T) {
	t.Parallel()
	const crowd, rounds = 20, 3
	w := newWorld(t)
	w.write(".aws/config", "# by hand\n[profile mine]\nregion = eu-west-1\n# last, without an end")
	var commands []func() *exec.Cmd
	for i := range crowd {
		commands = append(commands, w.syncs(fmt.Sprint("c", i), fmt.Sprint("customer", i), fmt.Sprint("customer", i+1)))
	}
	saved := make(chan []string)
	stop := make(chan struct{})
	go func() { saved <- w.saves(stop) }()
	for range rounds {
		var all sync.WaitGroup
		for _, command := range commands {
			all.Go(func() {
				if r := runCmd(t, command()); r.code != 0 || r.err != "" {
					t.Errorf("got %d\n%s%s", r.code, r.out, r.err)
				}
			})
		}
		all.Wait()
	}
	close(stop)
	lines := <-saved
	if len(lines) < 15 {
		t.Errorf("only %d lines were saved meanwhile", len(lines))
	}
	if r := runCmd(t, commands[0]()); r.code != 0 {
		t.Fatalf("got %+v", r)
	}
	text := w.read(".aws/config")
	for _, line := range append(lines, "# by hand", "[profile mine]", "region = eu-west-1", "# last, without an end") {
		if n := strings.Count("\n"+text, "\n"+line+"\n"); n < 1 || n > 1 && !strings.HasPrefix(line, "region") {
			t.Errorf("line %q is there %d times", line, n)
		}
	}
	for _, part := range []string{"# credd profiles: begin", "# credd profiles: end", "[profile customer0/admin]", "[profile customer1/admin]"} {
		if n := strings.Count(text, part); n != 1 {
			t.Errorf("%s is there %d times", part, n)
		}
	}
	if strings.Count(text, "[profile ") != 3 {
		t.Error("there are profiles of other syncs")
	}
	if t.Failed() {
		t.Log(text)
	}
	w.noLitter()
}

// saves is a person who adds lines to the config and looks whether they are there: by writing into it, by a new file in its place, and
// by appending. It returns the lines.
func (w *world) saves(stop chan struct{}) (lines []string) {
	file := w.path(".aws/config")
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	seen := time.Now()
	for {
		select {
		case <-stop:
			return lines
		case <-tick.C:
		}
		text, err := os.ReadFile(file)
		if err != nil {
			w.t.Errorf("there is no file at a time: %v", err)
			return lines
		}
		if i := slices.IndexFunc(lines, func(l string) bool { return !strings.Contains(string(text), l+"\n") }); i >= 0 {
			if time.Since(seen) > patient {
				w.t.Errorf("%s was saved and is gone:\n%s", lines[i], text)
				return lines
			}
			continue
		}
		line := fmt.Sprintf("# line %d of a person", len(lines))
		if err := saveBy[len(lines)%len(saveBy)](file, string(text), line+"\n"); err != nil {
			w.t.Error(err)
			return lines
		}
		lines, seen = append(lines, line), time.Now()
	}
}

// saveBy are the ways in which programs save a file.
var saveBy = []func(file, text, line string) error{
	func(file, text, line string) error { return os.WriteFile(file, []byte(line+text), 0o600) },
	func(file, text, line string) error {
		return errors.Join(os.WriteFile(file+"~", []byte(line+text), 0o600), os.Rename(file+"~", file))
	},
	func(file, text, line string) error {
		f, err := os.OpenFile(file, os.O_WRONLY|os.O_APPEND, 0)
		if err != nil {
			return err
		}
		if !strings.HasSuffix(text, "\n") {
			line = "\n" + line
		}
		_, err = f.WriteString(line)
		return errors.Join(err, f.Close())
	},
}

func (w *world) noLitter() {
	w.t.Helper()
	left, err := filepath.Glob(w.path(".aws/.credd-*"))
	check(w.t, err)
	if len(left) > 0 {
		w.t.Errorf("left behind: %v", left)
	}
}

// A sync that is killed leaves the old file or the new one, whole, and the next sync works and tidies up.
func TestKilledSync(t *testing.T) {
	t.Parallel()
	const moments = 80
	w := newWorld(t)
	var many []string
	for i := range 300 {
		many = append(many, fmt.Sprint("customer", i))
	}
	one, all := w.syncs("one", "acme"), w.syncs("all", many...)
	start := time.Now()
	whole := map[string]string{}
	for name, command := range map[string]func() *exec.Cmd{"one": one, "all": all} {
		if r := runCmd(t, command()); r.code != 0 {
			t.Fatalf("got %+v", r)
		}
		whole[name] = w.read(".aws/config")
	}
	took := time.Since(start) // of both, so that some end before they are killed
	killed, old, now := 0, 0, 0
	for i := range moments {
		cmd, before, after := one(), whole["all"], whole["one"]
		if i%2 == 1 {
			cmd, before, after = all(), after, before
		}
		w.write(".aws/config", before)
		cmd.Stdout, cmd.Stderr = io.Discard, io.Discard
		check(t, cmd.Start())
		moment := took*time.Duration(i)/moments + time.Duration(rand.IntN(1000))*time.Microsecond
		if i%4 < 2 {
			moment = patient
		}
		stop, stopped := make(chan struct{}), make(chan struct{})
		go func() {
			w.killAt(cmd.Process, moment, stop)
			close(stopped)
		}()
		if cmd.Wait() != nil {
			killed++
		}
		close(stop)
		<-stopped
		switch text := w.read(".aws/config"); text {
		case before:
			old++
		case after:
			now++
		default:
			t.Fatalf("killed at %d of %d: torn:\n%s", i, moments, text)
		}
	}
	t.Logf("killed %d of %d, then found %d old and %d new", killed, moments, old, now)
	if killed < moments/4 || old == 0 {
		t.Errorf("killed %d, found %d old", killed, old)
	}
	w.write(".aws/config", "")
	if r := runCmd(t, one()); r.code != 0 || !strings.Contains(r.out, "added 1 profile: acme/admin") {
		t.Errorf("got %+v", r)
	}
	w.noLitter()
}

// killAt kills a sync at a moment, or soon after its new file is there beside the old one, about to take its place.
func (w *world) killAt(p *os.Process, moment time.Duration, stop chan struct{}) {
	files := func() []string {
		names, _ := filepath.Glob(w.path(".aws/.credd-*"))
		return names
	}
	before := files() // of those that were killed
	timer := time.NewTimer(moment)
	defer timer.Stop()
	for {
		select {
		case <-stop:
			return
		case <-timer.C:
			p.Kill()
			return
		default:
		}
		if slices.ContainsFunc(files(), func(f string) bool { return !slices.Contains(before, f) }) {
			for range rand.IntN(2000) { // a part of the time that it takes
				runtime.Gosched()
			}
			p.Kill()
			return
		}
	}
}

// With [profiles] sync the daemon keeps the block in step with the customers' files and with what people do to the config.
func TestTheDaemonKeepsProfiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.customer("acme", "admin")
	settings := w.read(".config/credd/credd.toml")
	w.write(".config/credd/credd.toml", settings+"\n[profiles]\nsync = true\nname = \"{role}-at-{customer}\"\n")
	before := w.read(".aws/config")
	w.env = append(w.env, "AWS_CONFIG_FILE="+w.path("of-a-shell")) // which the daemon does not take
	d := w.serve()
	holds := func(parts ...string) func() bool {
		return func() bool {
			text := w.read(".aws/config")
			return strings.HasPrefix(text, before) && contains(text, parts...)
		}
	}
	w.eventually("the profile is there", holds("[profile admin-at-acme]\n"))
	w.customer("globex", "ops")
	w.eventually("a new customer has a profile", holds("[profile ops-at-globex]\n", "[profile admin-at-acme]\n"))

	w.write(".aws/config", before)
	w.eventually("a block that was deleted is back", holds("[profile ops-at-globex]\n"))
	w.write(".aws/config", before+"[profile ops-at-globex]\nregion = x\n")
	w.eventually("the clash shows", func() bool {
		return contains(strings.Join(w.status().Warnings, "\n"), ".aws/config:4: profile ops-at-globex")
	})
	if text := w.read(".aws/config"); !strings.HasPrefix(text, before+"[profile ops-at-globex]\nregion = x\n") {
		t.Errorf("got\n%s", text)
	}
	w.write(".aws/config", before+"# credd profiles: begin\n[profile x]\n")
	w.eventually("the damage shows", func() bool {
		return contains(strings.Join(w.status().Warnings, "\n"), "do not follow", ".aws/config:4: credd's block begins here and has no end; write this line")
	})
	check(t, os.Remove(w.path(".config/credd/customers/globex.toml")))
	w.write(".aws/config", before)
	w.eventually("all is well", func() bool { // but for the key in ~/.aws/credentials, of which status warns too
		return holds("[profile admin-at-acme]\n")() && !contains(strings.Join(w.status().Warnings, "\n"), ".aws/config")
	})
	if text := w.read(".aws/config"); strings.Contains(text, "globex") {
		t.Errorf("got\n%s", text)
	}

	w.write(".config/credd/credd.toml", settings)
	check(t, os.Remove(w.path(".config/credd/customers/acme.toml")))
	w.eventually("the settings are read", func() bool { return len(w.status().Problems) == 0 && w.status().Customers == 0 })
	if !strings.Contains(w.read(".aws/config"), "[profile admin-at-acme]") {
		t.Error("sync is off, and the profile went")
	}
	if n := strings.Count(w.read("credd.log"), "msg=profiles file="); n > 8 {
		t.Errorf("the file was written %d times: it follows itself", n)
	}
	if _, err := os.Stat(w.path("of-a-shell")); err == nil {
		t.Error("the daemon wrote the file of AWS_CONFIG_FILE")
	}
	w.noLitter()
	check(t, d.cmd.Process.Signal(os.Interrupt))
	select {
	case <-d.ended:
	case <-time.After(patient):
		t.Error("the daemon does not end")
	}
}
