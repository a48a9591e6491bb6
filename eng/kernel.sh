#!/usr/bin/env bash
# Builds the kernel that the VM tests use, or with a fragment of tests/kernels another one, unless the cache has it, and
# prints its folder: kernel.sh [SERIES [FRAGMENT]].
# The cache is $LUO_CACHE, else $XDG_CACHE_HOME/luointerop, else ~/.cache/luointerop.
set -euo pipefail
recipe=$(dirname "$0")/../src/LuoInterop.VmTesting/Kernel
config=$recipe/luo-kernel.config
[ -z "${2:-}" ] || config=$(dirname "$0")/../tests/kernels/$2
cache=${LUO_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/luointerop}
# The kernel's own tests of live update are wanted too, also where the kernel was compiled without them.
export LUO_KERNEL_SELFTESTS=1
exec "$recipe/build-kernel.sh" "${1:-7.3}" "$config" "$cache/kernel"
