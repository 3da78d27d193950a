#!/bin/sh
# Makes configure. Needed after a clone, not after unpacking a release.
set -e
cd "$(dirname "$0")"
mkdir -p m4 build-aux
autoreconf --install --force "$@"
