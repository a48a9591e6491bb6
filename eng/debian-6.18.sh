#!/usr/bin/env bash
# Downloads Debian's own Linux 6.18 (its cloud variant for amd64, which has no KHO) into the cache, about 49 MB of which 14 are kept,
# and prints the path of its image; the configuration lies beside it.
set -euo pipefail

suite=trixie-backports
package=${LUO_DEBIAN_618:-linux-image-6.18.15+deb13-cloud-amd64}
cache=${LUO_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/luointerop}/debian-kernels/$package
if [ -f "$cache/vmlinuz" ]; then echo "$cache/vmlinuz"; exit; fi
. "$(dirname "$0")/debian-archive.sh"
unpack amd64 "$package"
mkdir -p "$cache"
cp "$(find "$work/root" -name 'config-*' -type f | head -n 1)" "$cache/config"
cp "$(find "$work/root" -name 'vmlinuz-*' -type f | head -n 1)" "$cache/vmlinuz.new"
mv "$cache/vmlinuz.new" "$cache/vmlinuz"
echo "$cache/vmlinuz"
