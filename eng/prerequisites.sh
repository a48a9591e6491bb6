#!/usr/bin/env bash
# Sees to what building and testing need: the .NET SDK, a C compiler, libfdt, and with --vm what the kernel build and QEMU need.
# As root on Debian or Ubuntu it installs missing packages; otherwise it says exactly what to install, and fails.
set -euo pipefail

packages=()
need() { command -v "$1" >/dev/null 2>&1 || packages+=("$2"); }
need make make
need gcc gcc
need nm binutils
[ -f /usr/include/stdlib.h ] || packages+=(libc6-dev)
[ -f /usr/include/libfdt.h ] || packages+=(libfdt-dev)
if [ "${1:-}" = --vm ]; then
  need qemu-system-x86_64 qemu-system-x86
  need flex flex; need bison bison; need bc bc; need rsync rsync; need xz xz-utils; need perl perl
  compgen -G '/usr/include/libelf.h' >/dev/null || packages+=(libelf-dev)
  compgen -G '/usr/include/openssl/opensslv.h' >/dev/null || packages+=(libssl-dev)
  [ -n "${LUO_KERNEL_SOURCE:-}" ] || [ -f /usr/share/keyrings/debian-archive-keyring.gpg ] || packages+=(debian-archive-keyring)
fi

if [ ${#packages[@]} -gt 0 ]; then
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "missing packages: ${packages[*]}" >&2
    echo "install them and try again:  sudo apt-get install ${packages[*]}" >&2
    exit 1
  fi
  echo "installing: ${packages[*]}"
  export DEBIAN_FRONTEND=noninteractive
  apt-get -q update
  apt-get -q install -y --no-install-recommends "${packages[@]}"
fi

if ! dotnet --list-sdks 2>/dev/null | grep -q '^10\.'; then
  echo "the .NET 10 SDK is missing: install the package dotnet-sdk-10.0 or see https://dotnet.microsoft.com/download/dotnet/10.0" >&2
  exit 1
fi
