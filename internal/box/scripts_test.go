//go:build linux

package box

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// chroot is a copy of this machine's root that no service manager runs in. It ends, with all that it started, with its shell.
const chroot = `
set -eu
mount --make-rprivate /
mount -t tmpfs tmpfs /mnt
mkdir /mnt/up /mnt/work /mnt/root
cd /mnt
mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/up,workdir=/mnt/work root
mount -t proc proc root/proc
mount --rbind /dev root/dev
mount -t tmpfs -o mode=755 tmpfs root/run
mount -t tmpfs -o mode=1777 tmpfs root/tmp
install "$1/credd" root/usr/bin/
rm -f root/etc/inittab
if [ -n "$2" ]; then
	mkdir root/var/tmp/debs
	cp "$2"/*.deb root/var/tmp/debs/
	chroot root sh -c 'dpkg --force-all --install /var/tmp/debs/*.deb' >/dev/null 2>&1 || true # it is not asked to be whole
	test -x root/sbin/openrc-run
fi
exec chroot root env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C sh -c "$3"
`

// story takes a service through its life, and tells what is there on the way.
const story = `
say() { echo "== $1"; }
say install; credd service install --system
say again; credd service install --system
say links; ls /etc/rc?.d/*credd /etc/runlevels/default/credd 2>/dev/null | wc -l
stat -c '%A %U:%G %n' /etc/credd /etc/credd/credd.toml /var/lib/credd /run/credd /run/credd/agent.sock
say serves; credd status --system
say restart; credd service restart --system; credd service status --system --json
say logs
for _ in $(seq 300); do # it listens before it tells of it
	n=$(credd service logs --system | grep -c msg=serving)
	[ "$n" != 2 ] || break
	sleep 0.1
done
echo "$n"
say stop; credd service stop --system; credd service status --system --json
say start; credd service start --system; credd service start --system
say uninstall; credd service uninstall --system
say left; ls /etc/rc?.d/*credd /etc/runlevels/*/credd /etc/init.d/credd /run/credd /run/credd.pid /var/log/credd.log 2>/dev/null | cat
pgrep -x credd | wc -l
`

func TestAServiceOfScripts(t *testing.T) {
	dir, err := binaries()
	if err != nil {
		t.Fatal(err)
	}
	openrc, err := filepath.Abs("../../.cache/openrc")
	if err != nil {
		t.Fatal(err)
	}
	if debs, _ := filepath.Glob(openrc + "/*.deb"); len(debs) < 3 {
		t.Fatalf("no packages of OpenRC in %s: scripts/tools loads them", openrc)
	}
	const inittab = "echo 'si::sysinit:/sbin/openrc sysinit' >/etc/inittab; mkdir -p /run/openrc; : >/run/openrc/softlevel;"
	for name, c := range map[string]struct{ debs, prepare, enabled string }{
		"System V": {"", "", "7\n"}, // run levels
		"OpenRC":   {openrc, inittab, "1\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command("unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", chroot, "chroot", dir, c.debs, c.prepare+story)
			cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}
			var errs strings.Builder
			cmd.Stderr = &errs
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("%v\n%s", err, &errs)
			}
			told := map[string]string{}
			for _, part := range strings.Split("\n"+string(out), "\n== ")[1:] {
				step, text, _ := strings.Cut(part, "\n")
				told[step] = text + "\n"
			}
			for step, want := range map[string][]string{
				"install":   {"useradd --system ", "made /etc/credd\n", "wrote /etc/init.d/credd, and entered it at " + name + "\n", "ran /etc/init.d/credd start\n", name + " runs credd, from now on and after each boot\n"},
				"again":     {"nothing to do: credd is a service of " + name + " already\n"},
				"links":     {c.enabled, "drwxr-s--- root:credd /etc/credd\n", "-rw-r----- root:credd /etc/credd/credd.toml\n", "drwx------ credd:credd /var/lib/credd\n", "drwxr-xr-x credd:credd /run/credd\n", "srw-rw-rw- credd:credd /run/credd/agent.sock\n"},
				"serves":    {" in /etc/credd\n"},
				"restart":   {"ran /etc/init.d/credd restart\n", `"running": true`, `"pid": `},
				"logs":      {"2\n"},
				"stop":      {"ran /etc/init.d/credd stop\n", `"running": false`, `"installed": true`},
				"start":     {"ran /etc/init.d/credd start\nnothing to do: it runs already\n"},
				"uninstall": {"ran /etc/init.d/credd stop\nremoved /etc/init.d/credd, and its entry at " + name + "\n", "removed /var/log/credd.log\n"},
			} {
				for _, w := range want {
					if !strings.Contains(told[step], w) {
						t.Errorf("%s: got no %q in\n%s", step, w, told[step])
					}
				}
			}
			if strings.Contains(told["restart"], "other_pid") {
				t.Errorf("restart: got\n%s", told["restart"])
			}
			if got := strings.TrimSpace(told["left"]); got != "0" {
				t.Errorf("left: got\n%s", got)
			}
		})
	}
}
