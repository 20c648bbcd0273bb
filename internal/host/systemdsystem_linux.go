package host

import (
	"context"

	"credd/packaging/units"
)

const sysusersFile = "/etc/sysusers.d/credd.conf"

// prepare makes the user that the machine's daemon runs as, and its directories.
func (d *systemd) prepare(ctx context.Context) error {
	data, err := units.Render("system/credd.sysusers", d.Program)
	if err != nil {
		return err
	}
	if _, err := d.write(file{d.at(sysusersFile), data, 0o644}); err != nil {
		return err
	}
	sysusers, ok := program(d.at("/usr/bin/systemd-sysusers"), d.at("/bin/systemd-sysusers"))
	if !ok {
		return &Error{Message: "there is no systemd-sysusers to make the user " + account + " by", Hint: "sudo useradd --system --user-group " + account + ", and then again"}
	}
	return d.directories(ctx, func() error { return d.do(ctx, sysusers, sysusersFile) })
}
