#!/bin/sh
# Runs the pinned Node with the given arguments, with every npm package in place.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
. "$here/scripts/setup.sh"
need_npm_packages "$here"
cd "$here"
find_pinned_node "$here"
exec "$PINNED_NODE" --disable-warning=ExperimentalWarning "$@"
