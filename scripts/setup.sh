#!/bin/sh
# shellcheck disable=SC3013 # -nt: dash, bash, busybox and zsh all have it
# What must be there before peapod or its tests can run. Sourced by the launcher and by scripts; POSIX sh.
# When everything is there it starts no process: it is on the path of every command.

# Folders of system programs that are often absent from a plain user's PATH.
SYSTEM_FOLDERS='/usr/local/sbin /usr/sbin /sbin'
CGROUPS=/sys/fs/cgroup
APT_LOCK=/run/peapod-setup.lock

say() { printf 'peapod: %s\n' "$*" >&2; }

fail() {
  say "$@"
  exit 1
}

# The Node that the lockfile pins, for this processor. Sets PINNED_NODE.
find_pinned_node() {
  for PINNED_NODE in "$1"/node_modules/node-linux-*/bin/node; do
    [ -x "$PINNED_NODE" ] && return 0
  done
  return 1
}

# Has Node keep what it compiles: it then starts in a third of the time. Whoever can write there has others run their
# code: the folder is its owner's alone. Where it can't be made Node does without.
keep_compiled_modules() {
  : "${NODE_COMPILE_CACHE=$1/node_modules/.cache/compiled}"
  # shellcheck disable=SC2174 # the deepest folder is the one that counts
  [ -d "$NODE_COMPILE_CACHE" ] || mkdir -p -m 700 "$NODE_COMPILE_CACHE" 2>/dev/null || :
  export NODE_COMPILE_CACHE
}

# need_npm_packages DIRECTORY: the packages of its lockfile, the pinned Node among them, and the generated schema.
need_npm_packages() {
  if npm_packages_are_there "$1" && schema_is_there "$1"; then return 0; fi
  [ -w "$1" ] || fail "$(cd "$1" && pwd) is not writable: run this once as its owner, to install the npm packages"
  # One at a time: two first runs must not install into each other's half-made folder.
  (
    wait_for_lock 9
    npm_packages_are_there "$1" || install_npm_packages "$1"
    schema_is_there "$1" || "$PINNED_NODE" "$1/scripts/generate-schema.ts" ||
      fail "reading Kubernetes' types failed; the lines above say why"
  ) 9>"$1/.setup.lock" || exit 1
}

# The stamp is made last: an installation that was interrupted has none.
npm_packages_are_there() {
  [ "$1/node_modules/.peapod-installed" -nt "$1/package-lock.json" ] && find_pinned_node "$1"
}

schema_is_there() {
  schema=$1/src/kube/api/generated/docs.json
  [ -e "$schema" ] &&
    ! [ "$1/node_modules/.peapod-installed" -nt "$schema" ] &&
    ! [ "$1/scripts/generate-schema.ts" -nt "$schema" ]
}

install_npm_packages() {
  command -v npm >/dev/null 2>&1 ||
    fail "npm is needed once, to install what package-lock.json lists; install Node.js with npm (on Debian and Ubuntu: apt-get install npm) and run this again"
  say "installing npm packages (only the first time; takes a minute)"
  rm -f "$1/node_modules/.peapod-installed"
  log=$(mktemp)
  # --include: whatever NODE_ENV and the user's own npm settings leave out.
  if ! (cd "$1" && npm ci --include=dev --include=optional --ignore-scripts --no-audit --no-fund --loglevel=error) >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    fail "npm ci failed; the lines above say why. Once that is mended, run this again"
  fi
  rm -f "$log"
  if ! find_pinned_node "$1" || ! "$PINNED_NODE" --version >/dev/null; then
    fail "the pinned Node does not run on this machine ($(uname -s) $(uname -m)); peapod needs Linux with glibc on x86_64 or arm64"
  fi
  : >"$1/node_modules/.peapod-installed"
}

# wait_for_lock FD: until no other process holds the file that is open there. Without flock(1) nothing is waited for.
wait_for_lock() {
  command -v flock >/dev/null 2>&1 || return 0
  flock -n "$1" && return 0
  say "another process is installing the same; waiting for it"
  flock "$1"
}

# need_system_packages [PROGRAM=PACKAGE ...]: what containers need, and the programs that are named.
need_system_packages() {
  find_missing_packages "$@"
  [ -z "$missing" ] && return 0
  command="apt-get update && apt-get install -y --no-install-recommends$missing"
  say "missing system packages:$missing"
  may_install "$command"
  (
    wait_for_lock 9
    find_missing_packages "$@"
    [ -z "$missing" ] || install_system_packages "$command"
    find_missing_packages "$@"
    [ -z "$missing" ] || fail "these are still missing:$missing; look at what this says: $command"
  ) 9>"$APT_LOCK" || exit 1
}

# Sets missing: each package with a space before it.
find_missing_packages() {
  missing=
  if ! has_program runc; then
    if crun_refuses_cgroups; then
      missing=' runc'
    elif ! has_program crun; then
      missing=' crun'
    fi
  fi
  for need in conmon=conmon busybox=busybox-static nft=nftables "$@"; do
    has_program "${need%%=*}" || missing="$missing ${need#*=}"
  done
}

# crun refuses machines that mix cgroup v1 with v2 controllers; runc runs there.
crun_refuses_cgroups() {
  controllers=
  [ ! -r "$CGROUPS/unified/cgroup.controllers" ] || read -r controllers <"$CGROUPS/unified/cgroup.controllers" || :
  [ -n "$controllers" ]
}

has_program() {
  command -v "$1" >/dev/null 2>&1 && return 0
  for folder in $SYSTEM_FOLDERS; do
    [ -x "$folder/$1" ] && return 0
  done
  return 1
}

# may_install COMMAND: exits unless it may be run: by root, and when a person is there, after a yes.
may_install() {
  command -v apt-get >/dev/null 2>&1 ||
    fail "install them with this machine's package manager, then run this again (there is no apt-get here)"
  [ "$(id -u)" -eq 0 ] || fail "install them with: sudo sh -c '$1'"
  [ -t 2 ] || return 0
  printf 'peapod: install them now with "%s"? [y/N] ' "$1" >&2
  answer=
  # Not from standard input: that may be a manifest.
  { read -r answer </dev/tty; } 2>/dev/null || :
  case $answer in
    y | Y | yes | Yes | YES) ;;
    *) fail "install them with: $1" ;;
  esac
}

install_system_packages() {
  say "installing them: $1"
  log=$(mktemp)
  # 9>&-: what a package starts must not hold our lock.
  if ! DEBIAN_FRONTEND=noninteractive sh -c "$1" >"$log" 2>&1 </dev/null 9>&-; then
    tail -n 20 "$log" >&2
    rm -f "$log"
    fail "that failed; the lines above say why. Once it is mended, run: $1"
  fi
  rm -f "$log"
}
