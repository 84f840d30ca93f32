#!/bin/sh
# The reference pod by hand: what peapod is measured against. One init container `true`, two long runners, a root
# filesystem by overlay for each, one network namespace with an address on a bridge; then all of it down again.
#
#   bare-pod.sh RUNTIME LAYER WORK_DIRECTORY BRIDGE
#
# RUNTIME crun or runc; LAYER an unpacked busybox root; WORK_DIRECTORY an empty one; BRIDGE a bridge that is up. Says `up`,
# waits for a line on standard input, takes all down, says `gone`.
set -eu
runtime=$1 layer=$2 work=$3 bridge=$4
pod=bench$$

clear_up() {
  for name in init one two; do
    "$runtime" delete --force "$pod-$name" || :
    umount "$work/$name/rootfs" || :
  done 2>/dev/null
  ip netns delete "$pod" || :
}
trap 'clear_up' EXIT

ip netns add "$pod"
ip -batch - <<END
link add v$pod type veth peer name eth0 netns $pod
link set v$pod master $bridge up
END
ip -netns "$pod" -batch - <<END
link set lo up
addr add 10.213.0.2/24 dev eth0
link set eth0 up
route add default via 10.213.0.1
END

make_bundle() {
  mkdir -p "$work/$1/rootfs" "$work/$1/upper" "$work/$1/work"
  mount -t overlay overlay -o "lowerdir=$layer,upperdir=$work/$1/upper,workdir=$work/$1/work" "$work/$1/rootfs"
  sed -e "s|@NETWORK@|/run/netns/$pod|" -e "s|@GROUP@|$bridge|" -e "s|@ID@|$pod-$1|" -e "s|@ARGS@|$2|" \
    "${0%/*}/bare-config.json.in" >"$work/$1/config.json"
}

# A zombie has ended: whoever is process 1 may take seconds to notice.
await_end() {
  while read -r stat <"/proc/$1/stat" && [ "${stat#*) Z }" = "$stat" ]; do :; done 2>/dev/null
}

runner='"sh", "-c", "trap '\''exit 0'\'' TERM; while :; do sleep 3600 \& wait; done"'
for name in init one two; do
  if [ $name = init ]; then make_bundle $name '"true"'; else make_bundle $name "$runner"; fi
done

"$runtime" run --bundle "$work/init" "$pod-init"
for name in one two; do
  "$runtime" run --detach --pid-file "$work/$name/pid" --bundle "$work/$name" "$pod-$name" >/dev/null 2>&1 </dev/null
done
echo up
read -r _ || :

for name in one two; do "$runtime" kill "$pod-$name" TERM; done
for name in one two; do
  await_end "$(cat "$work/$name/pid")"
  "$runtime" delete "$pod-$name"
done
for name in init one two; do umount "$work/$name/rootfs"; done
ip netns delete "$pod"
rm -rf "${work:?}"/*
trap - EXIT
echo gone
