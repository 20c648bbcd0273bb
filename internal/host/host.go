// Package host makes credd a service of the machine, and tells the service manager how it is.
//
// A service is the user's own unless System is set: a keyring belongs to a login session. Files of ours are written whole, are
// the same after a second time, and all go again; a unit that a package brought is started and stopped, never written over.
package host

import (
	"context"
	"errors"
	"io"
)

// ErrNotInstalled is returned for a service that is not there.
var ErrNotInstalled = errors.New("credd is not installed as a service")

// ErrNoManager is wrapped where there is no service manager, or none that answers.
var ErrNoManager = errors.New("there is no service manager to ask")

// Service is credd as a service of this machine's service manager.
type Service struct {
	System  bool   // of the machine, for all its users; else the user's own
	Program string // credd's whole path

	Tell func(line string) // each thing that was written, removed or run

	run  func(ctx context.Context, argv []string) (string, error) // of a manager's program; nil runs it
	root string                                                   // of all paths but those of the user; "" for the machine's
}

// Status is how a service is.
type Status struct {
	Manager   string   `json:"manager"` // systemd, launchd, Task Scheduler, Windows services, OpenRC, System V
	Installed bool     `json:"installed"`
	Packaged  bool     `json:"packaged"`  // by a package, not by us
	Listening bool     `json:"listening"` // the manager holds the socket and starts credd at its first use
	Running   bool     `json:"running"`
	AtLogin   bool     `json:"at_login"` // or at boot: it, or its socket, is there by itself
	Lingers   bool     `json:"lingers"`  // a user's: it lives on after the last logout
	PID       int      `json:"pid,omitempty"`
	Files     []string `json:"files"`             // of the service, that are there
	Program   string   `json:"program,omitempty"` // that the files name
	Outdated  bool     `json:"outdated"`          // this credd would write them differently, or not beside those of a package
}

// Install writes the service's files and starts it, or its socket. A second time it changes only what differs.
func (s *Service) Install(ctx context.Context) error { return s.install(ctx) }

// Uninstall ends the service and removes what Install wrote. Configuration, vault and audit log stay.
func (s *Service) Uninstall(ctx context.Context) error { return s.uninstall(ctx) }

// Start starts the daemon, and the socket where the manager holds it.
func (s *Service) Start(ctx context.Context) error { return s.start(ctx) }

// Stop ends the daemon, and the socket where the manager holds it, until the next start.
func (s *Service) Stop(ctx context.Context) error { return s.stop(ctx) }

// Restart ends the daemon and starts it again. A socket that the manager holds stays, so no caller fails.
func (s *Service) Restart(ctx context.Context) error { return s.restart(ctx) }

// Status asks the manager.
func (s *Service) Status(ctx context.Context) (Status, error) { return s.status(ctx) }

// Logs copies the last lines of the service's log to out, and with follow goes on until ctx ends.
func (s *Service) Logs(ctx context.Context, lines int, follow bool, out io.Writer) error {
	return s.logs(ctx, lines, follow, out)
}
