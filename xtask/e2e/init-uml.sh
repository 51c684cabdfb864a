#!/bin/bash
# First process in User-Mode Linux, whose root is the host's (hostfs), read-only: put a throw-away overlay on it and go there.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
fail() { echo "touchstone-e2e: $1"; busybox poweroff -f; }
argument() { sed -n "s/.*$1=\([^ ]*\).*/\1/p" /proc/cmdline; }
mount -t proc proc /proc; mount -t sysfs sysfs /sys
mods=$(argument e2e_modules)
while read -r m; do busybox insmod "$mods/$m" || echo "insmod $m failed"; done < "$mods/order"
mount -t tmpfs tmpfs /mnt; mkdir /mnt/{upper,work,new}
new=/mnt/new
mount -t overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work overlay $new || fail "no overlay"
mount -t proc proc $new/proc; mount -t sysfs sysfs $new/sys; mount -t devtmpfs dev $new/dev
mount -t tmpfs -o mode=755 tmpfs $new/run; mkdir -p $new/run/ctl
mount -t hostfs -o "$(argument e2e_control)" none $new/run/ctl || fail "no control folder"
exec chroot $new /bin/bash /run/ctl/guest.sh
