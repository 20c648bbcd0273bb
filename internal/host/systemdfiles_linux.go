package host

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"credd/packaging/units"
)

// packaged returns where a package put the units, "" for nowhere.
func (d *systemd) packaged() string {
	for _, dir := range unitDirs {
		if dir = filepath.Join(d.at(dir), d.kind); there(filepath.Join(dir, socketUnit)) {
			return dir
		}
	}
	return ""
}

// files are the units as they have to be.
func (d *systemd) files() ([]file, error) {
	var all []file
	for _, unit := range []string{serviceUnit, socketUnit} {
		data, err := units.Render(d.kind+"/"+unit, d.Program)
		if err != nil {
			return nil, &Error{Message: err.Error(), Hint: d.installHint()}
		}
		all = append(all, file{filepath.Join(d.dir, unit), data, 0o644})
	}
	return all, nil
}

// left reports whether a file of ours is there, of which the manager does not know yet.
func (d *systemd) left() bool {
	return len(d.written()) > 0
}

// own are the files that install writes, where no package brings them. Those in /etc/credd are the user's.
func (d *systemd) own() []string {
	all := []string{filepath.Join(d.dir, serviceUnit), filepath.Join(d.dir, socketUnit)}
	if d.System {
		all = append(all, d.at(sysusersFile))
	}
	return all
}

// written are those of own that are there. A link is not ours: with one to nothing a user masks a unit.
func (d *systemd) written() (all []string) {
	for _, path := range d.own() {
		if i, err := os.Lstat(path); err == nil && i.Mode().IsRegular() {
			all = append(all, path)
		}
	}
	return all
}

// clear removes our files, and the directories that are empty then.
func (d *systemd) clear() (removed bool, err error) {
	for _, path := range d.written() {
		gone, err := d.remove(path)
		if err != nil {
			return removed, err
		}
		removed = removed || gone
	}
	up := filepath.Dir(d.dir)
	empty := []string{filepath.Join(d.dir, "sockets.target.wants"), d.dir, up, filepath.Dir(up)}
	if d.System {
		empty = []string{filepath.Dir(d.at(sysusersFile))}
	}
	for _, dir := range empty {
		if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
			break // others have files there
		}
	}
	return removed, nil
}
