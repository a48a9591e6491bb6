#!/usr/bin/env bash
# Installs the root with systemd that VM tests start from, unless the cache has it, and prints its folder.
# The cache is $LUO_CACHE, else $XDG_CACHE_HOME/luointerop, else ~/.cache/luointerop.
set -euo pipefail
cache=${LUO_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/luointerop}
exec "$(dirname "$0")/../src/LuoInterop.VmTesting/Root/build-root.sh" forky "$cache/root"
