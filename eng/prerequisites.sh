#!/usr/bin/env bash
# Sees to what building needs: the .NET SDK and a C compiler; with --vm what the kernel build and QEMU need; with --virtualization that,
# and a QEMU whose translated processors can be trusted with virtual machines; with --native what a native executable is linked with;
# with --drgn the debugger that luoctl is measured beside; with --languages the compilers of Go and Rust; with --fleet Ansible and ssh;
# with --tests that of --native, libfdt, groff, what kernels are packed with, kexec-tools, Python, memcached and clients of it, and with
# --vm too the C headers of arm64, makedumpfile and debootstrap.
# As root on Debian or Ubuntu it installs missing packages; otherwise it says exactly what to install, and fails.
set -euo pipefail

packages=()
need() { command -v "$1" >/dev/null 2>&1 || packages+=("$2"); }
need make make
need gcc gcc
need nm binutils
[ -f /usr/include/stdlib.h ] || packages+=(libc6-dev)
case " $* " in *" --virtualization "*) set -- "$@" --vm ;; esac
if [[ " $* " == *" --vm "* ]]; then
  need qemu-system-x86_64 qemu-system-x86
  need flex flex; need bison bison; need bc bc; need rsync rsync; need xz xz-utils; need perl perl
  compgen -G '/usr/include/libelf.h' >/dev/null || packages+=(libelf-dev)
  compgen -G '/usr/include/openssl/opensslv.h' >/dev/null || packages+=(libssl-dev)
  [ -n "${LUO_KERNEL_SOURCE:-}" ] || [ -f /usr/share/keyrings/debian-archive-keyring.gpg ] || packages+=(debian-archive-keyring)
fi
if [[ " $* " == *" --native "* || " $* " == *" --tests "* ]]; then
  [ -f /usr/include/zlib.h ] || packages+=(zlib1g-dev)
fi
if [[ " $* " == *" --tests "* ]]; then
  [ -f /usr/include/libfdt.h ] || packages+=(libfdt-dev)
  # Kernels are packed with these.
  need bzip2 bzip2; need lzma xz-utils; need lzop lzop; need lz4 lz4; need zstd zstd
  need groff groff-base
  # Programs on the emulated kernel.
  need python3 python3
  [ -x /usr/sbin/kexec ] || packages+=(kexec-tools)
  # The judge of the cache server's protocol.
  need memcached memcached
  # Its clients.
  need memccp libmemcached-tools
  /usr/bin/python3 -c 'import pymemcache' 2>/dev/null || packages+=(python3-pymemcache)
  if [[ " $* " == *" --vm "* ]]; then
    need aarch64-linux-gnu-gcc gcc-aarch64-linux-gnu
    [ -f /usr/aarch64-linux-gnu/include/stdlib.h ] || packages+=(libc6-dev-arm64-cross)
    need makedumpfile makedumpfile
    # The root with systemd that a VM is started from.
    [ -x /usr/sbin/debootstrap ] || packages+=(debootstrap)
  fi
fi

if [[ " $* " == *" --fleet "* ]]; then
  need ansible-playbook ansible-core; need ssh openssh-client
fi

if [[ " $* " == *" --languages "* ]]; then
  need go golang-go; need rustc rustc
fi

if [[ " $* " == *" --drgn "* ]]; then
  /usr/bin/python3 -c 'import drgn' 2>/dev/null || packages+=(python3-drgn)
  need strings binutils; need zstd zstd; need xz xz-utils
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

# QEMU 7.2 forgets the shadow of an STI at VMRUN, so that a guest misses interrupts that it waits for (docs/vmm-checklist.md). Debian 12 has
# 10.0 among its backports, where its packages come from; they are named for this one installation only.
if [[ " $* " == *" --virtualization "* ]]; then
  version=$(qemu-system-x86_64 --version | sed -n 's/^QEMU emulator version \([0-9]*\).*/\1/p')
  if [ "${version:-0}" -lt 10 ]; then
    if [ "$(id -u)" = 0 ] && grep -qs '^VERSION_CODENAME=bookworm' /etc/os-release; then
      echo "installing: QEMU 10 from bookworm-backports"
      sources=$(mktemp -d)
      trap 'rm -rf "$sources"' EXIT
      mirror=$(apt-get indextargets --format '$(RELEASE) $(REPO_URI)' 'Created-By: Packages' | sed -n 's/^bookworm //p' | head -n 1)
      printf "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror %s main\n" \
        bookworm bookworm-backports > "$sources/list"
      mkdir -p "$sources/lists/partial"
      lists=(-o Dir::Etc::SourceList="$sources/list" -o Dir::Etc::SourceParts=/dev/null -o Dir::State::Lists="$sources/lists"
        -o APT::Sandbox::User=root)
      DEBIAN_FRONTEND=noninteractive apt-get -q "${lists[@]}" update &&
        DEBIAN_FRONTEND=noninteractive apt-get -q "${lists[@]}" install -y --no-install-recommends -t bookworm-backports qemu-system-x86 ||
        echo "warning: QEMU 10 could not be installed; guests in the VM can miss interrupts under QEMU $version" >&2
    else
      echo "warning: guests in the VM can miss interrupts under QEMU ${version:-?}; install QEMU 10 or newer" >&2
    fi
  fi
fi

if ! dotnet --list-sdks 2>/dev/null | grep -q '^10\.'; then
  echo "the .NET 10 SDK is missing: install the package dotnet-sdk-10.0 or see https://dotnet.microsoft.com/download/dotnet/10.0" >&2
  exit 1
fi
