# Runs in a mount namespace of its own, which takes the machine's files with it when its last process ends.
# Arguments: the machine's name, and the control groups that it has to itself. stdin ends when the machine is to.
set -eu
name=$1
shift

# Ends the machine, from outside of its groups, when stdin does: also if the test was killed.
exec 3<&0 </dev/null
(
	set +e # groups are still in use, and gone the next moment
	read -r _ <&3
	for group; do
		while [ -d "$group" ]; do
			find "$group" -name cgroup.procs -exec cat {} + | xargs -r kill -9
			find "$group" -depth -type d -exec rmdir {} +
			sleep 0.02
		done
	done
) >/dev/null 2>&1 &
exec 3<&-
for group; do echo $$ >"$group/cgroup.procs"; done

mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs /mnt
mkdir /mnt/up /mnt/work /mnt/root
mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/up,workdir=/mnt/work /mnt/root
mount -t tmpfs -o mode=755 tmpfs /run # systemd-nspawn leaves files there when it is killed

root=/mnt/root
: >"$root/etc/machine-id"
rm -rf "$root"/var/log/journal
for unit in postgresql ssh sshd cron systemd-timesyncd systemd-resolved systemd-networkd networkd-dispatcher docker containerd \
	snapd unattended-upgrades e2scrub_reap; do
	ln -sf /dev/null "$root/etc/systemd/system/$unit.service"
done
for unit in apt-daily apt-daily-upgrade dpkg-db-backup e2scrub_all fstrim man-db systemd-tmpfiles-clean; do
	ln -sf /dev/null "$root/etc/systemd/system/$unit.timer"
done

exec systemd-nspawn -q --register=no --keep-unit --console=pipe --link-journal=no --resolv-conf=off --timezone=off -M "$name" -D "$root" \
	--boot systemd.unit=multi-user.target
