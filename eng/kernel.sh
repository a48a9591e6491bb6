#!/usr/bin/env bash
# Builds the kernel that the VM tests use, unless the cache has it, and prints its folder.
# The cache is $LUO_CACHE, else $XDG_CACHE_HOME/luointerop, else ~/.cache/luointerop.
set -euo pipefail
recipe=$(dirname "$0")/../src/LuoInterop.VmTesting/Kernel
cache=${LUO_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/luointerop}
exec "$recipe/build-kernel.sh" "${1:-7.3}" "$recipe/luo-kernel.config" "$cache/kernel"
