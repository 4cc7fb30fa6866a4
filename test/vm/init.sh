#!/bin/sh
# The first process of a test machine: puts the host's root, read-only, under a file system in memory, and runs what the
# kernel's command line says there. Nothing that happens in the machine reaches the host but what is written to ttyS1.
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
for module in /modules/*; do insmod "$module" || echo "cannot load $module"; done
mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144,cache=loose,ro root /host || echo "cannot mount the host's root"
mount -t tmpfs tmpfs /memory
mkdir -p /memory/upper /memory/work
mount -t overlay -o lowerdir=/host,upperdir=/memory/upper,workdir=/memory/work overlay /root || echo "cannot mount the overlay"
mount -t proc proc /root/proc
mount -t sysfs sysfs /root/sys
mount -t devtmpfs devtmpfs /root/dev
mkdir -p /root/dev/pts /root/dev/shm
mount -t tmpfs tmpfs /root/run
mount -t tmpfs tmpfs /root/tmp
mkdir -p /root/run/netns
mount -t bpf bpf /root/sys/fs/bpf
mount -t cgroup2 cgroup2 /root/sys/fs/cgroup
for word in $(cat /proc/cmdline); do
	case $word in
	httpeek.modules=*) mkdir -p /root/lib/modules && mount --bind "/root${word#*=}" /root/lib/modules ;;
	httpeek.run=*) program=${word#*=} ;;
	httpeek.node=*) node=${word#*=} ;;
	esac
done
exec switch_root /root /bin/bash -c "
	export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
	ip link set lo up
	\"$node\" \"$program\" > /dev/ttyS1
	sync
	echo o > /proc/sysrq-trigger
	sleep 10"
