#!/bin/busybox sh
# SPDX-License-Identifier: BSD-2-Clause
#
# shellcheck shell=dash disable=SC1091,SC2154
#
# guest-init.sh - the first process in the guest of scripts/boot-kernel.sh. busybox runs it from the
# initramfs. It mounts the host's root with an overlay above it, runs /command there, and powers
# off.

/bin/busybox mkdir -p /proc /sys /dev /host /layer /new
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
for module in /modules/*; do insmod "$module"; done
. /settings # sets modules and directory

mount -t tmpfs layer /layer
mkdir /layer/work
mv /files /layer/upper
mount -t 9p -o trans=virtio,version=9p2000.L,msize=524288,cache=loose,ro root /host || poweroff -f
mount -t overlay -o lowerdir=/host,upperdir=/layer/upper,workdir=/layer/work overlay /new || poweroff -f

for kept in proc sys dev; do mount --move /$kept /new/$kept; done
mkdir -p /new/dev/shm /new/dev/pts
ln -s /proc/self/fd /new/dev/fd
mount -t tmpfs shm /new/dev/shm
mount -t devpts pts /new/dev/pts
mount -t tmpfs tmp /new/tmp
mount -t tmpfs run /new/run
mkdir -p /new/run/netns /new/run/weft-guest /new/usr/lib/modules
mount -o bind "/host$modules" /new/usr/lib/modules
# The host's /tmp and /run are not visible in the guest, except for the working directory of the
# command if it lies in one of them.
case $directory in
/tmp/* | /run/*)
	mkdir -p "/new$directory"
	mount -o bind "/host$directory" "/new$directory"
	;;
esac

cp /command /new/run/weft-guest/command
cat >/new/run/weft-guest/main <<MAIN
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8
ip link set lo up
mount -t bpf bpf /sys/fs/bpf
mount -t cgroup2 cgroup /sys/fs/cgroup
modprobe -a veth tun
cd "$directory" && bash /run/weft-guest/command
echo "weft-guest-status \$?"
busybox poweroff -f
MAIN
# chroot does not suffice: a process that enters a mount namespace, and the kernel when it loads a
# module, use the root directory of the first process.
exec switch_root /new /bin/bash /run/weft-guest/main
