//go:build linux

package packaging

import (
	"strings"
	"testing"

	"credd/internal/box"
)

// TestLint asks lintian and rpmlint, in a box: rpmlint unpacks where it is. What they say and is meant so is listed, with reasons, in
// packaging/linux.
func TestLint(t *testing.T) {
	b := box.Up(t)
	for line := range strings.Lines(says(b, "lintian", "--allow-root", put(t, b, older, "deb"))) {
		if strings.HasPrefix(line, "E:") || strings.HasPrefix(line, "W:") {
			t.Errorf("lintian: %s", line)
		}
	}
	b.Copy(t, "linux/rpmlint.toml", "/var/tmp/rpmlint.toml")
	if got := says(b, "rpmlint", "--config", "/var/tmp/rpmlint.toml", put(t, b, older, "rpm")); !strings.Contains(got, "1 packages and 0 specfiles checked; 0 errors, 0 warnings") {
		t.Errorf("rpmlint: %s", got)
	}

	// They find what is wrong: a package without its list of exceptions has errors.
	b.Run(t, "sh", "-c", "cd /var/tmp && dpkg-deb -R credd_*.deb bare && rm bare/usr/share/lintian/overrides/credd && dpkg-deb -b bare bare.deb")
	if got := says(b, "lintian", "--allow-root", "/var/tmp/bare.deb"); !strings.Contains(got, "E: credd: statically-linked-binary") {
		t.Errorf("lintian does not see a static binary: %s", got)
	}
	if got := says(b, "rpmlint", "/var/tmp/"+"credd_"+older+"_linux_"+arch+".rpm"); !strings.Contains(got, "E: no-signature") {
		t.Errorf("rpmlint does not see that nobody signed: %s", got)
	}
}
