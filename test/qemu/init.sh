#!/bin/sh
# Process 1 of the virtual machine: mounts what programs expect, runs /run.sh, tells what that left behind
# in the kernel, switches the machine off.
/bin/busybox mkdir -p /proc /sys /dev /tmp
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t debugfs debugfs /sys/kernel/debug
mount -t tracefs tracefs /sys/kernel/tracing
mount -t bpf bpf /sys/fs/bpf
echo 4 > /proc/sys/kernel/printk
for module in irqbypass kvm kvm-amd; do insmod /modules/$module.ko 2>/dev/null; done
echo BOOTED $(uname -r)
/state > /before
sh /run.sh
/state /before | sed 's/^/LEFT /'
echo FINISHED
poweroff -f
