#!/usr/bin/env bash
# Downloads kernels that Debian built (amd64, its cloud variant, arm64), their configurations, and systemd's stub for EFI into the
# cache, about 45 MB, and prints their folder. The machine's own package lists stay as they are. LUO_DEBIAN_SUITE chooses the suite:
# one whose kernels are in packages linux-binary-*.
set -euo pipefail

suite=${LUO_DEBIAN_SUITE:-forky}
cache=${LUO_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/luointerop}/debian-kernels/$suite
if [ -f "$cache/done" ]; then echo "$cache"; exit; fi
mirror=${LUO_DEBIAN_MIRROR:-$(apt-get indextargets --format '$(ORIGIN) $(LABEL) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
  awk '$1 == "Debian" && $2 == "Debian" && !uri {uri = $3} END {print uri}')}
[ -n "$mirror" ] || { echo "this machine's apt has no Debian archive: set LUO_DEBIAN_MIRROR to one" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$cache"

# apt_for ARCHITECTURE TOOL WORDS...: apt with lists of its own.
apt_for() {
  local state=$work/$1 tool=$2
  local options=(-q -o "APT::Architecture=$1" -o "APT::Architectures::=$1" -o "Dir::Etc::sourcelist=$state/sources.list"
    -o "Dir::Etc::sourceparts=$state/empty" -o "Dir::Etc::preferencesparts=$state/empty" -o "Dir::Etc::preferences=$state/none"
    -o "Dir::State::lists=$state/lists" -o "Dir::State::status=$state/status" -o "Dir::Cache=$state/cache"
    -o APT::Sandbox::User=root -o Acquire::Retries=5 -o Acquire::Languages=none)
  if [ ! -d "$state" ]; then
    mkdir -p "$state/lists/partial" "$state/cache/archives/partial" "$state/empty"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" > "$state/sources.list"
    : > "$state/status"
    apt-get "${options[@]}" update >&2
  fi
  shift 2
  (cd "$state" && "$tool" "${options[@]}" "$@")
}

# unpack ARCHITECTURE PACKAGE: its files are in $work/root afterwards.
unpack() {
  apt_for "$1" apt-get download "$2" >&2
  local package
  package=$(ls "$work/$1/$2"_*.deb)
  echo "$(basename "$package"): $(stat -c %s "$package") bytes" >&2
  dpkg-deb -x "$package" "$work/root"
}

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
