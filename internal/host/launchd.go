//go:build !windows

package host

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"
)

const (
	launchctl = "/bin/launchctl"

	launchdPatience = 30 * time.Second       // for a job to end: launchd kills it after 20 s
	busyPatience    = 5 * time.Second        // for launchd to be done with a job that ended; a property list that it does not like is the same to it
	launchdPoll     = 100 * time.Millisecond // between looks at a job
)

// Exit codes of launchctl, as `launchctl error N` explains them.
const (
	launchdNoProcess = 3 // of bootout: there is no such job
	launchdBusy      = 5 // of bootstrap: for a moment after bootout, or the job is loaded already
	launchdEnding    = 36
	launchdDone      = 37 // it is loaded, or runs, already
	launchdNoDomain  = 112
	launchdNoJob     = 113
	launchdNoSession = 125 // the domain is of a session that is not there
)

// job is credd as a job of launchd. It asks launchctl alone, so that it is tested where there is no launchd.
type job struct {
	*Service
	domain string // gui/501, or system
	label  string
	plist  string // its property list
}

func (j job) target() string { return j.domain + "/" + j.label }

// jobState is what launchd says of a job. The zero value is of one that it has not loaded.
type jobState struct {
	loaded, running bool
	pid             int
}

// look asks launchd for the job.
func (j job) look(ctx context.Context) (jobState, error) {
	out, err := j.ask(ctx, launchctl, "print", j.target())
	switch exitCode(err) {
	case launchdNoJob:
		return jobState{}, nil
	case launchdNoDomain, launchdNoSession:
		return jobState{}, j.noSession(err)
	}
	if err != nil {
		return jobState{}, err
	}
	return parsePrint(out), nil
}

// parsePrint reads the output of `launchctl print` of a job: its own lines have one tab before them, those of parts have more. Apple calls
// it no interface, so nothing depends on it but what is told, and whether to wait.
func parsePrint(text string) jobState {
	st := jobState{loaded: true}
	for line := range strings.Lines(text) {
		line, own := strings.CutPrefix(strings.TrimRight(line, "\r\n"), "\t")
		name, value, ok := strings.Cut(line, " = ")
		if !own || !ok {
			continue
		}
		switch name {
		case "state":
			st.running = value == "running"
		case "pid":
			st.pid, _ = strconv.Atoi(value)
		}
	}
	return st
}

// disabled reports whether somebody told launchd not to load the job at login, or at boot.
func (j job) disabled(ctx context.Context) bool {
	out, err := j.ask(ctx, launchctl, "print-disabled", j.domain)
	if err != nil {
		return false
	}
	for line := range strings.Lines(out) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " => ")
		if name == strconv.Quote(j.label) {
			return value == "disabled" || value == "true"
		}
	}
	return false
}

// load makes launchd open the job's socket.
func (j job) load(ctx context.Context) error {
	err := j.do(ctx, launchctl, "bootstrap", j.domain, j.plist)
	if exitCode(err) == launchdBusy {
		busy, cancel := context.WithTimeout(ctx, busyPatience)
		defer cancel()
		j.until(busy, func(st jobState) bool {
			if err = nil; !st.loaded {
				err = j.do(ctx, launchctl, "bootstrap", j.domain, j.plist)
			}
			return exitCode(err) != launchdBusy
		})
	}
	switch exitCode(err) {
	case launchdDone:
		return nil
	case launchdNoDomain, launchdNoSession:
		return j.noSession(err)
	}
	return err
}

// unload ends the job and closes its socket. It waits until launchd has forgotten it.
func (j job) unload(ctx context.Context) error {
	err := j.do(ctx, launchctl, "bootout", j.target())
	switch exitCode(err) {
	case launchdNoProcess, launchdNoJob:
		return nil
	case launchdEnding:
		err = nil
	}
	if err != nil {
		return err
	}
	return j.until(ctx, func(st jobState) bool { return !st.loaded })
}

// kickstart starts the daemon now, without a first use.
func (j job) kickstart(ctx context.Context) error {
	if err := j.do(ctx, launchctl, "kickstart", j.target()); err != nil && exitCode(err) != launchdDone {
		return err
	}
	return nil
}

// until waits until the job is as it should be.
func (j job) until(ctx context.Context, so func(jobState) bool) error {
	ctx, cancel := context.WithTimeout(ctx, launchdPatience)
	defer cancel()
	for {
		if st, err := j.look(ctx); err == nil && so(st) {
			return nil
		}
		select {
		case <-ctx.Done():
			return &Error{Message: "launchd does not get done with " + j.target(), Hint: "see: launchctl print " + j.target(), Err: ctx.Err()}
		case <-time.After(launchdPoll):
		}
	}
}

func (j job) noSession(err error) error {
	return &Error{Message: "launchd has no session of this user: who is not logged in at the screen has no services", Err: errors.Join(ErrNoManager, err),
		Hint: "log in there and try again; over ssh credhelper starts credd by itself; one for all users of the machine: sudo credd service install --system"}
}

// startJob loads the job if need be, and starts the daemon.
func (j job) startJob(ctx context.Context) error {
	st, err := j.look(ctx)
	if err != nil {
		return err
	}
	if !st.loaded {
		if !there(j.plist) {
			return ErrNotInstalled
		}
		if err := j.load(ctx); err != nil {
			return err
		}
	}
	if st.running {
		return nil
	}
	return j.kickstart(ctx)
}

func (j job) stopJob(ctx context.Context) error {
	st, err := j.look(ctx)
	if err != nil || !st.loaded && there(j.plist) {
		return err
	}
	if !st.loaded {
		return ErrNotInstalled
	}
	return j.unload(ctx)
}

// restartJob lets the daemon end by itself: `kickstart -k` may kill it. The socket stays launchd's throughout, and a caller that comes
// first has started it already.
func (j job) restartJob(ctx context.Context) error {
	st, err := j.look(ctx)
	if err != nil {
		return err
	}
	if st.running {
		if err := j.do(ctx, launchctl, "kill", "SIGTERM", j.target()); err != nil {
			return err
		}
		if err := j.until(ctx, func(now jobState) bool { return now.pid != st.pid || !now.running }); err != nil {
			return err
		}
	}
	return j.startJob(ctx)
}

// statusOf tells how the job is.
func (j job) statusOf(ctx context.Context) (Status, error) {
	s := Status{Manager: "launchd", Files: []string{}}
	if there(j.plist) {
		s.Installed, s.Files = true, append(s.Files, j.plist)
	}
	st, err := j.look(ctx)
	if err != nil {
		return s, err
	}
	s.Listening, s.Running, s.PID = st.loaded, st.running, st.pid
	s.AtLogin = s.Installed && !j.disabled(ctx)
	return s, nil
}

// put writes the job's property list and makes launchd hold to it. open is called when launchd is about to open the socket, and calls load.
// One that launchd does not take goes again: at the next login it would be there unannounced.
func (j job) put(ctx context.Context, text []byte, open func(load func() error) error) error {
	st, err := j.look(ctx)
	if err != nil {
		return err
	}
	isNew := !there(j.plist)
	changed, err := j.write(file{j.plist, text, 0o644}) // launchd takes none that others may write
	if err != nil || st.loaded && !changed {
		return err
	}
	if st.loaded {
		if err := j.unload(ctx); err != nil {
			return err
		}
	}
	if j.disabled(ctx) {
		if err := j.do(ctx, launchctl, "enable", j.target()); err != nil {
			return err
		}
	}
	err = open(func() error { return j.load(ctx) })
	if err != nil && isNew {
		_, rerr := j.remove(j.plist)
		return errors.Join(err, rerr)
	}
	return err
}
