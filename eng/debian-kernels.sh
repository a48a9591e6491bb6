#!/usr/bin/env bash
# Downloads kernels that Debian built (amd64, its cloud variant, arm64), their configurations, and systemd's stub for EFI into the
# cache, about 45 MB, and prints their folder. The machine's own package lists stay as they are. LUO_DEBIAN_SUITE chooses the suite:
# one whose kernels are in packages linux-binary-*.
set -euo pipefail

suite=${LUO_DEBIAN_SUITE:-forky}
cache=${LUO_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/luointerop}/debian-kernels/$suite
if [ -f "$cache/done" ]; then echo "$cache"; exit; fi
. "$(dirname "$0")/debian-archive.sh"
mkdir -p "$cache"

for kernel in amd64:amd64 amd64:cloud-amd64 arm64:arm64; do
  architecture=${kernel%%:*} flavour=${kernel#*:}
  release=$(apt_for "$architecture" apt-cache depends "linux-image-$flavour" | sed -n 's/^ *Depends: linux-image-\([0-9].*\)/\1/p')
  rm -rf "$work/root"
  unpack "$architecture" "linux-binary-$release"
  unpack "$architecture" "linux-base-$release"
  cp "$(find "$work/root" -name 'vmlinu[xz]*' -type f | head -n 1)" "$cache/$flavour"
  cp "$(find "$work/root" -name 'config*' -type f | head -n 1)" "$cache/$flavour.config"
done
rm -rf "$work/root"
unpack amd64 systemd-boot-efi
cp "$work/root/usr/lib/systemd/boot/efi/linuxx64.efi.stub" "$cache/stub"
touch "$cache/done"
echo "$cache"
