//go:build linux

package packaging

import (
	"strings"
	"testing"
)

// TestArchPackage does what pacman does, which is not here: it unpacks, and runs the functions of the package's script.
func TestArchPackage(t *testing.T) {
	b := machine(t)
	aws, key := amazon(t)
	root := func(args ...string) string { return says(b, args...) }
	pkg := put(t, b, older, "pkg.tar.zst")
	hook := func(name string) {
		t.Helper()
		b.Run(t, "bash", "-c", ". /.INSTALL; "+name+" "+older+"-1")
	}

	b.Run(t, "sh", "-c", "zstd -dcq "+pkg+" | tar -C / -x --same-permissions --same-owner")
	hook("post_install")
	expect(t, "installed", root, [][2]string{
		{"stat -c %U:%G:%a /etc/credd", "root:credd:2750"},
		{"systemctl --global is-enabled credd.socket", "enabled"},
		{"systemctl is-enabled credd.socket", "disabled"},
	})
	forAna(t, b, aws, key)
	forAll(t, b, aws, key)
	if got := saysTo(b, "ana", "credhelper", "acme/admin"); !strings.Contains(got, `"SessionToken"`) {
		t.Errorf("ana's first call: got %s", got)
	}
	b.Run(t, "systemctl", "enable", "--now", "credd.socket")
	answered(t, b, "ana", "/run/credd/agent.sock")

	pid := root("systemctl", "show", "--value", "-P", "MainPID", "credd.service")
	hook("post_upgrade")
	if got := root("systemctl", "show", "--value", "-P", "MainPID", "credd.service"); got == pid || got == "0" {
		t.Errorf("upgraded: credd has the pid %s, before %s", got, pid)
	}
	answered(t, b, "ana", "/run/credd/agent.sock")

	hook("pre_remove")
	b.Run(t, "sh", "-c", "cd / && zstd -dcq "+pkg+" | tar -t --exclude '.*' | grep -v '/$' | xargs -d '\\n' rm")
	hook("post_remove")
	expect(t, "removed", root, [][2]string{
		{"pgrep -x credd", ""},
		{"ls /run/credd", "ls: cannot access '/run/credd': No such file or directory"},
		{"ls -A /etc/credd", "credd.toml\ncustomers"},
		{"find /etc/systemd -name credd.*", ""},
	})
	if got := saysTo(b, "ana", "systemctl", "--user", "is-active", "credd.socket"); got != "inactive" {
		t.Errorf("removed: ana's socket is %s", got)
	}
}
