#!/bin/sh
# A machine within the machine for podman: process, mount and network namespaces of its own, so that nothing of its
# bridges, firewall rules, locks and processes touches this one, and all of it ends with process 1 in there. Besides,
# podman needs what a bare machine may lack: a process 1 that takes notice of ended processes at once, and a syslog.
#
#   unshare --pid --fork --mount --net --propagation private sh podman-box.sh DIRECTORY
set -eu
mkdir "$1/dev" "$1/devwork"
mount -t proc proc /proc
mount -t tmpfs tmpfs /run
mount -t overlay overlay -o "lowerdir=/dev,upperdir=$1/dev,workdir=$1/devwork" /dev
mount -t tmpfs tmpfs /dev/shm
ip link set lo up
busybox syslogd -O /dev/null
echo ready
exec catatonit -P
