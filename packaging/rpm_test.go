//go:build linux

package packaging

import (
	"strings"
	"testing"
)

// TestRPMPackage is the same with rpm, in a machine whose own packages rpm knows nothing of: --nodeps stands for them.
func TestRPMPackage(t *testing.T) {
	b := machine(t)
	aws, key := amazon(t)
	root := func(args ...string) string { return says(b, args...) }
	b.Run(t, "rpm", "--initdb")
	b.Run(t, "mkdir", "-p", "/usr/share/licenses", "/usr/share/zsh/site-functions") // of other packages, where rpm is at home
	files := filesOf(t, b)

	b.Run(t, "rpm", "--install", "--nodeps", put(t, b, older, "rpm"))
	expect(t, "installed", root, [][2]string{
		{"rpm --verify --nodeps credd", ""},
		{"rpm --query --queryformat %{VERSION} credd", older},
		{"stat -c %U:%G:%a /etc/credd", "root:credd:2750"},
		{"systemctl --global is-enabled credd.socket", "enabled"},
		{"systemctl is-enabled credd.socket", "disabled"},
		{"pgrep -x credd", ""},
	})
	forAll(t, b, aws, key)
	b.Run(t, "systemctl", "enable", "--now", "credd.socket")
	answered(t, b, "ana", "/run/credd/agent.sock")
	kept := root("cat", "/etc/credd/credd.toml", "/etc/credd/customers/acme.toml")
	pid := root("systemctl", "show", "--value", "-P", "MainPID", "credd.service")

	b.Run(t, "rpm", "--upgrade", "--nodeps", put(t, b, newer, "rpm"))
	expect(t, "upgraded", root, [][2]string{
		{"rpm --query --queryformat %{VERSION} credd", newer},
		{"cat /etc/credd/credd.toml /etc/credd/customers/acme.toml", kept},
		{"stat -c %U:%G:%a /etc/credd", "root:credd:2750"},
		{"systemctl is-enabled credd.socket", "enabled"},
		{"systemctl --global is-enabled credd.socket", "enabled"},
		{"systemctl is-active credd.service", "active"},
	})
	if got := root("systemctl", "show", "--value", "-P", "MainPID", "credd.service"); got == pid || got == "0" {
		t.Errorf("upgraded: credd has the pid %s, before %s", got, pid)
	}
	answered(t, b, "ana", "/run/credd/agent.sock")

	b.Run(t, "rpm", "--erase", "--nodeps", "credd")
	expect(t, "erased", root, [][2]string{
		{"cat /etc/credd/credd.toml /etc/credd/customers/acme.toml", kept},
		{"stat -c %U:%a /var/lib/credd/audit.log", "credd:600"},
		{"systemctl is-active credd.socket", "inactive"},
		{"pgrep -x credd", ""},
	})
	b.Run(t, "sh", "-c", "rm -rf /etc/credd /var/lib/credd /var/tmp/credd_*")
	for f := range filesOf(t, b) {
		if !files[f] && !strings.HasPrefix(f, "/var/lib/rpm") {
			t.Errorf("left: %s", f)
		}
	}
}
