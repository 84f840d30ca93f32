#!/bin/sh
# shellcheck disable=SC3013 # -nt: dash, bash, busybox and zsh all have it
# What must be there before peapod or its tests can run. Sourced by the launcher and by scripts; POSIX sh.
# When everything is there it starts no process: it is on the path of every command.

say() { printf 'peapod: %s\n' "$*" >&2; }

# The Node that the lockfile pins, for this processor. Sets PINNED_NODE.
find_pinned_node() {
  for PINNED_NODE in "$1"/node_modules/node-linux-*/bin/node; do
    [ -x "$PINNED_NODE" ] && return 0
  done
  return 1
}

# need_npm_packages DIRECTORY run|all: the packages of the lockfile ("all": the developers' too) and the generated schema.
need_npm_packages() {
  stamp=$1/node_modules/.peapod-$2
  [ -e "$stamp" ] || stamp=$1/node_modules/.peapod-all
  if [ -e "$stamp" ] && [ "$stamp" -nt "$1/package-lock.json" ] &&
    [ -e "$1/src/kube/api/generated" ] && find_pinned_node "$1"; then
    return 0
  fi
  if ! command -v npm >/dev/null 2>&1; then
    say "npm is needed once, to install what package-lock.json lists; install Node.js with npm (on Debian: apt-get install npm) and run this again"
    exit 1
  fi
  if ! [ -w "$1" ]; then
    say "$1 is not writable: run this once as its owner, to install the npm packages"
    exit 1
  fi
  # One at a time: two first runs must not install into each other's half-made folder.
  (
    if command -v flock >/dev/null 2>&1; then flock 9; fi
    [ -e "$stamp" ] && [ "$stamp" -nt "$1/package-lock.json" ] && find_pinned_node "$1" || install_npm_packages "$1" "$2"
    find_pinned_node "$1"
    "$PINNED_NODE" "$1/scripts/generate-schema.ts"
  ) 9>"$1/.setup.lock" || exit 1
}

install_npm_packages() {
  say "installing npm packages (first run; takes a minute)"
  omit=
  [ "$2" = all ] || omit=--omit=dev
  log=$(mktemp)
  # shellcheck disable=SC2086 # an empty $omit must vanish
  if ! (cd "$1" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error $omit) >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    say "npm ci failed; the lines above say why. Once that is mended, run this again"
    exit 1
  fi
  rm -f "$log"
  if ! find_pinned_node "$1"; then
    say "the package of the pinned Node is missing for this machine ($(uname -m)); peapod runs on x86_64 and arm64 Linux"
    exit 1
  fi
  : >"$1/node_modules/.peapod-$2"
}

has_program() {
  command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ] || [ -x "/sbin/$1" ] || [ -x "/usr/local/sbin/$1" ]
}

# need_system_packages [PROGRAM=PACKAGE ...]: what containers need, and the tests' own needs when given.
need_system_packages() {
  missing=
  if ! has_program crun && ! has_program runc; then missing="$missing $(oci_runtime_package)"; fi
  # crun refuses machines that mix cgroup v1 and v2; runc runs there.
  if [ -d /sys/fs/cgroup/unified ] && ! has_program runc; then missing="$missing runc"; fi
  has_program conmon || missing="$missing conmon"
  has_program busybox || missing="$missing busybox-static"
  has_program nft || missing="$missing nftables"
  for need in "$@"; do
    has_program "${need%%=*}" || missing="$missing ${need#*=}"
  done
  [ -z "$missing" ] || install_system_packages "$missing"
}

oci_runtime_package() {
  if [ -d /sys/fs/cgroup/unified ]; then echo runc; else echo crun; fi
}

install_system_packages() {
  # shellcheck disable=SC2086 # a list of words
  packages=$(printf '%s\n' $1 | sort -u | tr '\n' ' ')
  packages=${packages% }
  command="apt-get update && apt-get install -y --no-install-recommends $packages"
  say "missing system packages: $packages"
  if ! command -v apt-get >/dev/null 2>&1; then
    say "install them with this machine's package manager, then run this again (there is no apt-get here)"
    exit 1
  fi
  if [ "$(id -u)" -ne 0 ]; then
    say "install them with: sudo sh -c '$command'"
    exit 1
  fi
  if [ -t 0 ] && [ -t 2 ]; then
    printf 'peapod: install them now with "%s"? [y/N] ' "$command" >&2
    read -r answer || answer=
    case $answer in
      y | Y | yes | Yes) ;;
      *)
        say "install them with: $command"
        exit 1
        ;;
    esac
  fi
  say "installing them: $command"
  log=$(mktemp)
  if ! DEBIAN_FRONTEND=noninteractive sh -c "$command" >"$log" 2>&1 </dev/null; then
    tail -n 20 "$log" >&2
    rm -f "$log"
    say "that failed; the lines above say why. Once it is mended, run: $command"
    exit 1
  fi
  rm -f "$log"
}
