#!/bin/sh
# The one command for all tests: unit tests first, then those on the real machine. `npm test -- FILE…` runs only those.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
cd "$here"
. scripts/setup.sh
need_npm_packages "$here"
need_system_packages docker-registry=docker-registry skopeo=skopeo curl=curl
find_pinned_node "$here"
PATH=$(dirname "$PINNED_NODE"):$PATH:/usr/sbin:/sbin
export PATH
keep_compiled_modules "$here"
run() { "$PINNED_NODE" --disable-warning=ExperimentalWarning --test "$@"; }

if [ $# -gt 0 ]; then
  run "$@"
  exit
fi

echo "== unit tests"
# More at a time than there are processors: some wait.
# shellcheck disable=SC2046 # file names of this project hold no spaces
run --test-concurrency=4 $(find src test scripts -name '*.test.ts' ! -name '*.real.test.ts' | sort)
echo "== tests on the real machine"
# shellcheck disable=SC2046
run --test-concurrency=2 $(find src test scripts -name '*.real.test.ts' | sort)
