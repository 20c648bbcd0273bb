package host

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"

	"credd/internal/paths"
)

const (
	serviceUnit = "credd.service"
	socketUnit  = "credd.socket"
)

// unitDirs are where packages put units, below the directory of the machine's or of the users' units.
var unitDirs = []string{"/usr/local/lib/systemd", "/usr/lib/systemd", "/lib/systemd"}

// systemd is the manager of the machine, or of the user.
type systemd struct {
	*Service
	program string   // systemctl
	scope   []string // what tells it which manager
	dir     string   // of our units
	kind    string   // user or system: the directory of units, in ours and in packages
}

func (s *Service) systemd() (manager, error) {
	ctl, ok := program(s.at("/usr/bin/systemctl"), s.at("/bin/systemctl"))
	if !ok {
		return nil, &Error{Message: "systemd runs this machine, and there is no systemctl to ask it by", Hint: "install it", Err: ErrNoManager}
	}
	if s.System {
		return &systemd{s, ctl, nil, s.at("/etc/systemd/system"), "system"}, nil
	}
	dirs, err := userUnitDirs()
	if err != nil {
		return nil, err
	}
	dir := dirs[0]
	for _, d := range dirs {
		if there(filepath.Join(d, socketUnit)) {
			dir = d
		}
	}
	return &systemd{s, ctl, []string{"--user"}, dir, "user"}, nil
}

// ctl changes something by systemctl.
func (d *systemd) ctl(ctx context.Context, args ...string) error {
	return d.do(ctx, append(append([]string{d.program}, d.scope...), args...)...)
}

func (d *systemd) install(ctx context.Context) error {
	if err := d.reachable(ctx); err != nil {
		return err
	}
	changed, err := d.place(ctx)
	if err != nil {
		return err
	}
	if changed {
		if err := d.ctl(ctx, "daemon-reload"); err != nil {
			return err
		}
	}
	now, err := d.show(ctx)
	if err != nil {
		return err
	}
	if err := d.reads(now.socket); err != nil {
		return err
	}
	if !now.socket.enabled() {
		if err := d.ctl(ctx, "enable", socketUnit); err != nil {
			return err
		}
	}
	return d.listen(ctx, now, changed)
}

// place writes the units, or steps aside for those of a package.
func (d *systemd) place(ctx context.Context) (changed bool, err error) {
	if d.packaged() != "" {
		return d.clear()
	}
	if err := d.Check(); err != nil {
		return false, err
	}
	all, err := d.files()
	if err != nil {
		return false, err
	}
	if d.System {
		if err := d.prepare(ctx); err != nil {
			return false, err
		}
	}
	for _, f := range all {
		wrote, err := d.write(f)
		if err != nil {
			return false, err
		}
		changed = changed || wrote
	}
	return changed, nil
}

// listen has the socket listen, and a daemon that runs take what changed.
func (d *systemd) listen(ctx context.Context, now shown, changed bool) error {
	switch lost, err := d.lost(ctx, now); {
	case err != nil:
		return err
	case lost:
		return d.relisten(ctx)
	case now.socket.active() && !changed:
		return nil
	case now.socket.active():
		return d.ctl(ctx, "restart", socketUnit) // and with it the daemon, if it runs
	}
	path, lock, err := d.socketAndLock()
	if err != nil {
		return err
	}
	return d.instead(ctx, path, lock, func() error { return d.ctl(ctx, "start", socketUnit) })
}

// socketAndLock are the socket that the unit listens on, and the lock of the daemon that serves it.
func (d *systemd) socketAndLock() (path, lock string, err error) {
	if d.System {
		p := paths.System()
		return d.at(p.Socket), d.at(p.Lock()), nil
	}
	path, err = paths.ServiceSocket()
	return path, path + ".lock", err
}

func (d *systemd) uninstall(ctx context.Context) error {
	if err := d.reachable(ctx); err != nil {
		return err
	}
	now, err := d.show(ctx)
	if err != nil {
		return err
	}
	if !now.socket.loaded() && !now.service.loaded() && !d.left() {
		return nil
	}
	if now.socket.loaded() || now.service.loaded() {
		if now.socket.active() || now.service.active() {
			if err := d.ctl(ctx, "stop", socketUnit, serviceUnit); err != nil {
				return err
			}
		}
		if now.socket.enabled() {
			if err := d.ctl(ctx, "disable", socketUnit); err != nil {
				return err
			}
		}
	}
	if err := d.sweep(); err != nil {
		return err
	}
	removed, err := d.clear()
	if err != nil || !removed {
		return err
	}
	return d.ctl(ctx, "daemon-reload")
}

// sweep removes the socket that systemd leaves where it listened: programs go by a socket's being there whether a user has a credd of their
// own, and whether the machine has one. One that a daemon serves stays.
func (d *systemd) sweep() error {
	path, lock, err := d.socketAndLock()
	if err != nil {
		return err
	}
	return d.unhelped(path, func() error {
		if i, err := os.Lstat(path); err != nil || i.Mode().Type() != fs.ModeSocket {
			return nil
		}
		if serves, err := held(lock); err != nil || serves {
			return err
		}
		_, err := d.remove(path)
		return err
	})
}

func (d *systemd) start(ctx context.Context) error {
	now, err := d.installed(ctx)
	if err != nil {
		return err
	}
	if lost, err := d.lost(ctx, now); err != nil {
		return err
	} else if lost {
		return d.relisten(ctx)
	}
	if now.socket.active() && now.service.active() {
		return nil
	}
	start := func() error { return d.ctl(ctx, "start", socketUnit, serviceUnit) }
	if now.socket.active() {
		return start()
	}
	path, lock, err := d.socketAndLock()
	if err != nil {
		return err
	}
	return d.instead(ctx, path, lock, start)
}

func (d *systemd) stop(ctx context.Context) error {
	now, err := d.installed(ctx)
	if err != nil || !now.socket.active() && !now.service.active() {
		return err
	}
	return d.ctl(ctx, "stop", socketUnit, serviceUnit)
}

func (d *systemd) restart(ctx context.Context) error {
	now, err := d.installed(ctx)
	if err != nil {
		return err
	}
	lost, err := d.lost(ctx, now)
	switch {
	case err != nil:
		return err
	case lost || !now.socket.active():
		return d.start(ctx)
	}
	return d.ctl(ctx, "restart", serviceUnit)
}

// installed shows the units of a service that is there.
func (d *systemd) installed(ctx context.Context) (shown, error) {
	if err := d.reachable(ctx); err != nil {
		return shown{}, err
	}
	now, err := d.show(ctx)
	if err == nil && !now.socket.loaded() {
		err = ErrNotInstalled
	}
	return now, err
}
