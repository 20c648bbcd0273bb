//go:build linux

package box

import "testing"

// mostExposed is what systemd-analyze security may say of the machine's unit, of 100: below it is a unit that systemd calls OK.
const mostExposed = "20"

func TestUnitsAreRight(t *testing.T) {
	t.Parallel()
	b := Up(t)
	installed(t, b)
	b.User(t, "ana", 1500)
	b.As(t, "ana", "credd", "service", "install")
	b.Run(t, "credd", "service", "install", "--system")
	for name, got := range map[string]answer{
		"machine": say(t, b.Command("systemd-analyze", "verify", "--man=no", "credd.service", "credd.socket")),
		"user":    say(t, b.CommandAs("ana", "systemd-analyze", "verify", "--user", "--man=no", "credd.service", "credd.socket")),
	} {
		if got != (answer{}) { // it exits with 0 on keys that it does not know
			t.Errorf("%s: got %+v, want nothing", name, got)
		}
	}
	b.Write(t, "/tmp/bad/credd.service", b.Read(t, "/etc/systemd/system/credd.service")+"\n[Service]\nProtectEverything=yes\n", 0o644)
	if got := say(t, b.Command("systemd-analyze", "verify", "--man=no", "/tmp/bad/credd.service")); got.err == "" {
		t.Error("a key that systemd does not know: got nothing, so the check above says nothing")
	}
	got := say(t, b.Command("systemd-analyze", "security", "--no-pager", "--offline=yes", "--threshold="+mostExposed, "/etc/systemd/system/credd.service"))
	if got.code != 0 {
		t.Errorf("too exposed:\n%s%s", got.out, got.err)
	}
}
