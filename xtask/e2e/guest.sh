#!/bin/bash
# The machine's own part of the start, the same under User-Mode Linux and QEMU; the rest is the runner's (xtask, from the host's file system).
export TOUCHSTONE_E2E_INSIDE=1
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb
echo > /run/ctl/alive
[ -e /proc/sys/kernel/modprobe ] && echo "" > /proc/sys/kernel/modprobe   # all modules are loaded: no helper processes
mkdir -p /dev/shm /dev/pts
mount -t tmpfs tmpfs /dev/shm; mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /var/lib/bluetooth
mount -t debugfs debugfs /sys/kernel/debug 2>/dev/null
busybox ip link set lo up
mkdir -p /run/dbus
"$(cat /run/ctl/runner)" e2e --inside /run/ctl/plan.json </dev/null
echo $? > /run/ctl/exit
sync
busybox poweroff -f
