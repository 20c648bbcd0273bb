//go:build !windows

package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fakeLaunchd answers as launchctl does.
type fakeLaunchd struct {
	loaded, disabled, noSession bool
	refuses                     int // what bootstrap ends with
	pid                         int
	busy                        int // so many times bootstrap says 5, and bootout needs so many looks
	ran                         []string
}

func (f *fakeLaunchd) run(_ context.Context, argv []string) (string, error) {
	const target = "gui/501/credd"
	line := strings.Join(argv[1:], " ")
	if argv[1] != "print" && argv[1] != "print-disabled" {
		f.ran = append(f.ran, line)
	}
	switch {
	case argv[0] != launchctl:
		return "", fmt.Errorf("what is %s?", argv[0])
	case f.noSession:
		return "", exits(launchdNoSession)
	case line == "print "+target:
		return f.print()
	case line == "print-disabled gui/501":
		return fmt.Sprintf("\n\tdisabled services = {\n\t\t\"other\" => disabled\n\t\t\"credd\" => %s\n\t}\n", map[bool]string{true: "disabled", false: "enabled"}[f.disabled]), nil
	case line == "enable "+target:
		f.disabled = false
	case strings.HasPrefix(line, "bootstrap gui/501 /"):
		switch {
		case f.refuses > 0:
			return "", exits(f.refuses)
		case f.busy > 0:
			f.busy--
			return "", exits(launchdBusy)
		case f.loaded:
			return "", exits(launchdDone)
		}
		f.loaded = true
	case line == "bootout "+target && !f.loaded:
		return "", exits(launchdNoProcess)
	case line == "bootout "+target:
		f.pid = 0
		if f.busy == 0 {
			f.loaded = false
			return "", nil
		}
		return "", exits(launchdEnding)
	case line == "kickstart "+target && f.loaded:
		f.pid = 77
	case line == "kill SIGTERM "+target && f.pid != 0:
		f.pid = 0
	default:
		return "", exits(64)
	}
	return "", nil
}

func (f *fakeLaunchd) print() (string, error) {
	if f.loaded && f.busy > 0 && slices.Contains(f.ran, "bootout gui/501/credd") {
		if f.busy--; f.busy == 0 {
			f.loaded = false
		}
	}
	if !f.loaded {
		return "", exits(launchdNoJob)
	}
	return printed(f.pid), nil
}

// printed is what macOS prints of a job, shortened.
func printed(pid int) string {
	state := "not running"
	if pid != 0 {
		state = fmt.Sprintf("running\n\n\tprogram = /usr/local/bin/credd\n\tpid = %d", pid)
	}
	return "gui/501/credd = {\n\tactive count = 1\n\tpath = /Users/ana/Library/LaunchAgents/credd.plist\n\ttype = LaunchAgent\n\tstate = " + state + `
	arguments = {
		/usr/local/bin/credd
		state = of an argument
	}
	sockets = {
		"Listeners" = {
			type = stream
			state = active
			pid = 1
		}
	}
	runs = 3
	last exit code = 0
}
`
}

// exits is the error of a program that ended with code.
func exits(code int) error { return exec.Command("/bin/sh", "-c", fmt.Sprint("exit ", code)).Run() }

func agentJob(t *testing.T, f *fakeLaunchd) (job, *[]string) {
	t.Helper()
	told := new([]string)
	s := &Service{Tell: func(line string) { *told = append(*told, line) }, run: f.run}
	return job{s, "gui/501", "credd", filepath.Join(t.TempDir(), "LaunchAgents", "credd.plist")}, told
}

func TestParsePrint(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       jobState
	}{
		{"running", printed(123), jobState{loaded: true, running: true, pid: 123}},
		{"not running", printed(0), jobState{loaded: true}},
		{"nothing", "", jobState{loaded: true}},
		{"something else", "state = running\npid = 1\n\t\tstate = running\n\tpid = x\n\tstate: running\n", jobState{loaded: true}},
	} {
		if got := parsePrint(c.text); got != c.want {
			t.Errorf("%s: got %+v, want %+v", c.name, got, c.want)
		}
	}
}

func TestPut(t *testing.T) {
	const bootstrap, bootout, enable = "bootstrap gui/501 PLIST", "bootout gui/501/credd", "enable gui/501/credd"
	for _, c := range []struct {
		name string
		fake fakeLaunchd
		has  string // what is in the property list before
		want []string
	}{
		{"new", fakeLaunchd{}, "", []string{bootstrap}},
		{"again", fakeLaunchd{loaded: true}, "new", nil},
		{"there and not loaded", fakeLaunchd{}, "new", []string{bootstrap}},
		{"another text", fakeLaunchd{loaded: true, pid: 7}, "old", []string{bootout, bootstrap}},
		{"launchd is slow to end it", fakeLaunchd{loaded: true, busy: 3}, "old", []string{bootout, bootstrap}},
		{"launchd is busy", fakeLaunchd{busy: 2}, "", []string{bootstrap, bootstrap, bootstrap}},
		{"turned off", fakeLaunchd{disabled: true}, "", []string{enable, bootstrap}},
	} {
		t.Run(c.name, func(t *testing.T) {
			j, told := agentJob(t, &c.fake)
			if c.has != "" {
				if err := os.MkdirAll(filepath.Dir(j.plist), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(j.plist, []byte(c.has), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			opened := 0
			err := j.put(t.Context(), []byte("new"), func(load func() error) error { opened++; return load() })
			if err != nil || !c.fake.loaded {
				t.Fatalf("loaded %v, %v", c.fake.loaded, err)
			}
			var ran []string
			for _, line := range c.fake.ran {
				ran = append(ran, strings.ReplaceAll(line, j.plist, "PLIST"))
			}
			if diff := cmp.Diff(ran, c.want); diff != "" {
				t.Errorf("ran: got-, want+\n%s", diff)
			}
			if want := min(len(c.want), 1); opened != want {
				t.Errorf("opened %d times, want %d", opened, want)
			}
			if text, err := os.ReadFile(j.plist); string(text) != "new" || err != nil {
				t.Errorf("got %q, %v", text, err)
			}
			if c.has == "new" == slices.Contains(*told, "wrote "+j.plist) {
				t.Errorf("told %q", *told)
			}
		})
	}
}

func TestJobLife(t *testing.T) {
	f := &fakeLaunchd{}
	j, _ := agentJob(t, f)
	ctx := t.Context()
	for name, do := range map[string]func(context.Context) error{"start": j.startJob, "stop": j.stopJob, "restart": j.restartJob} {
		if err := do(ctx); !errors.Is(err, ErrNotInstalled) {
			t.Errorf("%s: got %v, want %v", name, err, ErrNotInstalled)
		}
	}
	is := func(want Status) {
		t.Helper()
		want.Manager = "launchd"
		got, err := j.statusOf(ctx)
		if diff := cmp.Diff(got, want); diff != "" || err != nil {
			t.Errorf("%v, got-, want+\n%s", err, diff)
		}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	is(Status{Files: []string{}})
	must(j.put(ctx, []byte("x"), func(load func() error) error { return load() }))
	is(Status{Installed: true, Listening: true, AtLogin: true, Files: []string{j.plist}})
	must(j.startJob(ctx))
	must(j.startJob(ctx))
	is(Status{Installed: true, Listening: true, AtLogin: true, Running: true, PID: 77, Files: []string{j.plist}})
	must(j.restartJob(ctx))
	must(j.stopJob(ctx))
	must(j.stopJob(ctx))
	f.disabled = true
	is(Status{Installed: true, Files: []string{j.plist}})
	must(j.restartJob(ctx))
	is(Status{Installed: true, Listening: true, Running: true, PID: 77, Files: []string{j.plist}})
	want := []string{"bootstrap gui/501 " + j.plist, "kickstart gui/501/credd", "kill SIGTERM gui/501/credd", "kickstart gui/501/credd", "bootout gui/501/credd",
		"bootstrap gui/501 " + j.plist, "kickstart gui/501/credd"}
	if diff := cmp.Diff(f.ran, want); diff != "" {
		t.Errorf("ran: got-, want+\n%s", diff)
	}
}

func TestWhatLaunchdDoesNotTakeGoesAgain(t *testing.T) {
	for _, c := range []struct {
		name string
		fake fakeLaunchd
		want string
	}{
		{"nobody at the screen", fakeLaunchd{noSession: true}, "no session"},
		{"nobody at the screen, which only bootstrap tells", fakeLaunchd{refuses: launchdNoSession}, "no session"},
		{"a property list that it does not like", fakeLaunchd{refuses: 78}, "exit status 78"},
	} {
		t.Run(c.name, func(t *testing.T) {
			j, _ := agentJob(t, &c.fake)
			err := j.put(t.Context(), []byte("x"), func(load func() error) error { return load() })
			if err == nil || !strings.Contains(err.Error(), c.want) || there(j.plist) {
				t.Errorf("got %v, and the property list is there: %v", err, there(j.plist))
			}
			if c.want == "no session" && !errors.Is(err, ErrNoManager) {
				t.Errorf("got %v, want %v in it", err, ErrNoManager)
			}
		})
	}
}

func TestLoadedAlready(t *testing.T) {
	for _, code := range []int{launchdBusy, launchdDone} {
		f := &fakeLaunchd{loaded: true, refuses: code}
		j, _ := agentJob(t, f)
		if err := j.load(t.Context()); err != nil || len(f.ran) != 1 {
			t.Errorf("%d: got %v, ran %v", code, err, f.ran)
		}
	}
}
