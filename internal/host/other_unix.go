//go:build !windows

package host

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"credd/internal/disk"
	"credd/internal/ipc/socket"
)

const (
	endPatience  = 20 * time.Second      // for a daemon to give its last answers
	endPoll      = 20 * time.Millisecond // between looks whether it has ended
	lockPatience = 15 * time.Second      // for helpers that are starting one
)

// instead ends the daemon that serves the socket and is not the service's, and calls then before a helper can start another one.
// lock is the file that a daemon locks for its life.
func (s *Service) instead(ctx context.Context, path, lock string, then func() error) error {
	return s.unhelped(path, func() error { return s.insteadAlone(ctx, path, lock, then) })
}

// unhelped does something while no helper starts a daemon at path: see package start.
func (s *Service) unhelped(path string, do func() error) error {
	if !s.System && there(filepath.Dir(path)) {
		free, err := disk.Lock(filepath.Join(filepath.Dir(path), "start.lock"), lockPatience)
		if err != nil {
			return err
		}
		defer free.Close()
	}
	return do()
}

func (s *Service) insteadAlone(ctx context.Context, path, lock string, then func() error) error {
	switch running, err := held(lock); {
	case err != nil:
		return err
	case !running:
		return then()
	}
	pid, err := Other(ctx, path)
	if err != nil || pid <= 1 || socket.Manages(pid) || !hasOwnerOf(pid, lock) {
		return &Error{Message: "a credd that is not the service's runs, and does not serve " + path, Hint: "end it, and then again; see: credd status", Err: err}
	}
	if err := end(ctx, pid, lock); err != nil {
		return err
	}
	s.tell(fmt.Sprintf("ended the credd with pid %d, which was not the service's: its sessions are fetched again when they are asked for", pid))
	return then()
}

// hasOwnerOf reports whether a process runs as who owns the lock. A socket tells who began to listen, which its daemon's user can pass on:
// root would end whoever has that number now. Without /proc it is not known.
func hasOwnerOf(pid int, lock string) bool {
	var process, file syscall.Stat_t
	if syscall.Stat("/proc/"+strconv.Itoa(pid), &process) != nil {
		return true
	}
	return syscall.Lstat(lock, &file) == nil && process.Uid == file.Uid
}

// held reports whether a daemon has its lock.
func held(lock string) (bool, error) {
	if !there(lock) {
		return false, nil
	}
	f, err := disk.TryLock(lock)
	if errors.Is(err, disk.ErrLocked) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	return false, f.Close()
}

// end tells a daemon to end and waits until it has given up its lock.
func end(ctx context.Context, pid int, lock string) error {
	ctx, cancel := context.WithTimeout(ctx, endPatience)
	defer cancel()
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("end the credd with pid %d: %w", pid, err)
	}
	for {
		if running, err := held(lock); err != nil || !running {
			return err
		}
		select {
		case <-ctx.Done():
			return &Error{Message: fmt.Sprintf("the credd with pid %d was told to end and does not", pid), Hint: fmt.Sprintf("kill -KILL %d, and then again", pid), Err: ctx.Err()}
		case <-time.After(endPoll):
		}
	}
}
