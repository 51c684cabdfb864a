#!/bin/sh
# First process of the initial file system under QEMU: the host's root through 9p, read-only, with a throw-away overlay on it.
B=/bin/busybox
fail() { echo "touchstone-e2e: $1"; $B poweroff -f; }
$B mount -t devtmpfs dev /dev; $B mount -t proc proc /proc; $B mount -t sysfs sysfs /sys
for m in $($B cat /mods/order); do $B insmod "/mods/$m" || echo "insmod $m failed"; done
$B mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,ro,cache=loose host /host || fail "no host file system"
$B mount -t tmpfs -o mode=755 tmpfs /rw; $B mkdir /rw/u /rw/w
$B mount -t overlay -o lowerdir=/host,upperdir=/rw/u,workdir=/rw/w overlay /new || fail "no overlay"
$B mount --move /dev /new/dev; $B mount --move /proc /new/proc; $B mount --move /sys /new/sys
$B mount -t tmpfs -o mode=755 tmpfs /new/run; $B mkdir -p /new/run/ctl
$B mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,cache=none ctl /new/run/ctl || fail "no control folder"
exec $B switch_root /new /bin/bash /run/ctl/guest.sh </dev/console >/dev/console 2>&1
