//go:build linux

package box

import (
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestStayingUp takes the service of a user and that of the machine through what happens to services.
func TestStayingUp(t *testing.T) {
	for name, system := range map[string]bool{"user": false, "machine": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // most of it waits
			w := newWorld(t, system)
			for _, one := range []struct {
				name string
				run  func(*testing.T, *world)
			}{
				{"starts at the first connection", startsAtTheFirstConnection},
				{"writes levels into the journal", writesLevels},
				{"is reloaded", isReloaded},
				{"comes back after a crash", comesBack},
				{"is restarted under load", isRestartedUnderLoad},
				{"is restarted while AWS is slow", isRestartedWhileSlow},
				{"is ended by the watchdog", isEndedByTheWatchdog},
				{"stops", stops},
			} {
				t.Run(one.name, func(t *testing.T) {
					w.t = t
					one.run(t, w)
				})
			}
		})
	}
}

func startsAtTheFirstConnection(t *testing.T, w *world) {
	if pid := w.pid(); pid != 0 {
		t.Fatalf("credd runs already, with pid %d", pid)
	}
	works(t, w.helper("acme/admin"))
	if got := w.is("ActiveState") + " " + w.is("StatusText"); !strings.HasPrefix(got, "active Serving /run/") {
		t.Errorf("got %q", got)
	}
	environment := w.file("/proc/" + strconv.Itoa(w.pid()) + "/environ") // as it was at exec: what the manager passed
	if !strings.Contains(environment, "LISTEN_FDS=1") || !strings.Contains(environment, "WATCHDOG_USEC=180000000") {
		t.Errorf("got %q", environment)
	}
}

func writesLevels(t *testing.T, w *world) {
	w.customerFile("gone", "", "[role.admin]\narn = \"arn:aws:iam::"+account+":role/not-there\"\n")
	if got := w.helper("gone/admin"); got.code != 6 {
		t.Errorf("got %+v, want code 6", got)
	}
	log := w.log("json")
	for _, want := range []string{`"PRIORITY":"6"`, `"MESSAGE":"msg=serving version=`, `"PRIORITY":"7"`, `"PRIORITY":"4"`, `"MESSAGE":"msg=\"role failed\" role=gone/admin `} {
		if !strings.Contains(log, want) {
			t.Errorf("got no %s in the journal:\n%s", want, log)
		}
	}
	if got := w.Run(t, append([]string{"journalctl", "--no-pager", "--quiet", "--output=cat", "-p", "warning"}, w.journal...)...); !strings.Contains(got, "role failed") || strings.Contains(got, "msg=serving") {
		t.Errorf("warnings alone: got %q", got)
	}
	for _, bad := range []string{"time=2", "level=", "canary-external-id"} {
		if strings.Contains(log, bad) {
			t.Errorf("got %q in the journal:\n%s", bad, log)
		}
	}
}

func isReloaded(t *testing.T, w *world) {
	pid := w.pid()
	w.ctl("reload", "credd.service")
	works(t, w.helper("acme/admin"))
	if got := w.pid(); got != pid {
		t.Errorf("it was restarted: pid %d, then %d", pid, got)
	}
}

func comesBack(t *testing.T, w *world) {
	pid := w.pid()
	w.Run(t, "kill", "-9", strconv.Itoa(pid))
	works(t, w.helper("acme/admin"))
	if got := w.is("NRestarts"); got != "1" || w.pid() == pid {
		t.Errorf("got %s restarts, pid %d after %d, want 1", got, w.pid(), pid)
	}
}

// isRestartedUnderLoad restarts credd again and again while 12 at a time ask, until 200 have asked.
func isRestartedUnderLoad(t *testing.T, w *world) {
	const askers, want = 12, 200
	var asked, restarts atomic.Int32
	var all sync.WaitGroup
	for range askers {
		all.Go(func() {
			for !t.Failed() && (asked.Load() < want || restarts.Load() < 5) {
				asked.Add(1)
				works(t, w.helper("acme/admin"))
			}
		})
	}
	for !t.Failed() && (asked.Load() < want || restarts.Load() < 5) {
		w.ctl("restart", "credd.service")
		restarts.Add(1)
	}
	all.Wait()
	t.Logf("%d helpers, %d restarts", asked.Load(), restarts.Load())
}

// isRestartedWhileSlow restarts credd while 200 helpers wait for AWS, for longer than a daemon that stops waits for them.
func isRestartedWhileSlow(t *testing.T, w *world) {
	const helpers = 200
	arn := w.customer("slow", "admin")
	w.aws.SetLatency(arn, time.Minute)
	defer w.aws.SetLatency(arn, 0)
	var all sync.WaitGroup
	for range helpers {
		all.Go(func() { works(t, w.helper("slow/admin")) })
	}
	files := "/proc/" + strconv.Itoa(w.pid()) + "/fd"
	Eventually(t, "all are connected", func() bool { return len(strings.Fields(w.Run(t, "ls", files))) >= helpers })
	w.aws.SetLatency(arn, 0) // of what is asked from now on
	w.ctl("restart", "credd.service")
	all.Wait()
}

func isEndedByTheWatchdog(t *testing.T, w *world) {
	w.dropIn("[Service]\nWatchdogSec=10s\n")
	pid, restarts := w.pid(), w.is("NRestarts")
	Eventually(t, "a period passes for a daemon that lives", periods(11*time.Second))
	if got := w.pid(); got != pid {
		t.Fatalf("it was restarted while it lived: pid %d, then %d\n%s", pid, got, w.log("cat"))
	}
	w.Run(t, "kill", "-STOP", strconv.Itoa(pid))
	works(t, w.helper("acme/admin"))
	if got := w.is("NRestarts"); got == restarts || w.pid() == pid {
		t.Errorf("got %s restarts, pid %d as before", got, w.pid())
	}
	if log := w.log("cat"); !strings.Contains(log, "SIGABRT: abort") || !strings.Contains(log, "goroutine ") {
		t.Error("where it stood is not in the journal")
	}
	if limits := w.file("/proc/" + strconv.Itoa(w.pid()) + "/limits"); !regexp.MustCompile(`Max core file size +0 +0 `).MatchString(limits) {
		t.Errorf("a core dump would be written:\n%s", limits)
	}
}

// periods holds after a time.
func periods(d time.Duration) func() bool {
	end := time.Now().Add(d)
	return func() bool { return time.Now().After(end) }
}

func stops(t *testing.T, w *world) {
	w.ctl("stop", "credd.service")
	if got := w.is("Result") + " " + w.is("ActiveState"); got != "success inactive" {
		t.Errorf("got %q\n%s", got, w.log("cat"))
	}
	works(t, w.helper("acme/admin")) // its socket listens
	w.ctl("stop", "credd.socket", "credd.service")
	if got := w.helper("acme/admin"); got.code != 3 || got.out != "" {
		t.Errorf("without a socket: got %+v, want code 3", got)
	}
}
