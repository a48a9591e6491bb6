#!/usr/bin/env bash
# Builds a Linux kernel with KHO and LUO for QEMU, from Debian's source package, into a cache folder.
#
#   build-kernel.sh SERIES CONFIG CACHE
#
# SERIES  kernel series as Debian names its source package, for example 7.3 (package linux-source-7.3)
# CONFIG  kconfig fragment that is merged over tinyconfig; every line of it must hold afterwards. The file that its
#         CONFIG_BOOT_CONFIG_EMBED_FILE names lies beside it
# CACHE   folder that receives SERIES-KEY/ with bzImage, config, release, the installed headers, and the kernel's own tests of live
#         update as 'selftests' (an empty folder where the series has none)
#
# The last line on standard output is the finished folder. Everything else goes to standard error.
#
# LUO_DEBIAN_MIRROR   archive to take the source from; the default is the one that this machine's apt uses
# LUO_KERNEL_PROGRESS 'each' writes the count of objects as a line of its own every second; otherwise a terminal has one line that
#                     is written anew, and what is no terminal gets a line every 10 % or 30 s
# LUO_KERNEL_SELFTESTS if set, a finished folder of an older recipe gets its 'selftests': the source is taken again, nothing is compiled
# LUO_KERNEL_SOURCE   a kernel source tarball, used instead of Debian's package
set -euo pipefail

series=${1:?kernel series, for example 7.3}
config=$(readlink -f "${2:?kconfig fragment}")
cache=${3:?cache folder}
mkdir -p "$cache"
cache=$(readlink -f "$cache")

# What the caller's environment would otherwise change in the kernel's own makefiles.
unset ARCH CROSS_COMPILE KBUILD_OUTPUT KCONFIG_CONFIG MAKEFLAGS MAKELEVEL MFLAGS

say() { printf 'kernel %s: %s\n' "$series" "$*" >&2; }
die() { say "$*"; exit 1; }
. "$(dirname "$0")/build-progress.sh"

# The suite of Debian that carries each series.
case $series in
  7.3) suite=trixie-backports ;;
  7.2) suite=forky ;;
  6.1) suite=bookworm ;;
  *) [ -n "${LUO_KERNEL_SOURCE:-}" ] || die "no Debian suite is known for this series; set LUO_KERNEL_SOURCE to a source tarball" ;;
esac

# One finished folder per series, fragment and recipe. A newer point release in the archive does not rebuild it.
# RECIPE is raised whenever a change of this script makes a different kernel.
RECIPE=2
embedded=$(sed -n 's/^CONFIG_BOOT_CONFIG_EMBED_FILE="\(.*\)"$/\1/p' "$config")
[ -z "$embedded" ] || embedded=$(dirname "$config")/$embedded
key=$(printf '%s\n' "$series" "$RECIPE" "${LUO_KERNEL_SOURCE:-}" | cat - "$config" ${embedded:+"$embedded"} | sha256sum | cut -c1-16)
done_folder=$cache/$series-$key
is_compiled() { [ -f "$done_folder/bzImage" ] && [ -d "$done_folder/headers/include/linux" ]; }
lacks_selftests() { [ -n "${LUO_KERNEL_SELFTESTS:-}" ] && [ ! -d "$done_folder/selftests" ] && [ -w "$done_folder" ]; }
print_finished() {
  if is_compiled && ! lacks_selftests; then
    printf '%s\n' "$done_folder"
    exit 0
  fi
}
print_finished

[ "$(uname -m)" = x86_64 ] || die "the build makes an x86-64 kernel on an x86-64 machine only; this one is $(uname -m)"
case $cache in
  *[[:space:]:]*) die "the kernel's makefiles take no folder with a space or a colon ($cache): set LUO_CACHE to another one" ;;
esac

# One builder a cache folder: a second one waits and then finds the result.
exec 9>"$cache/$series-$key.lock"
flock -n 9 || { say "another build of this kernel is running; waiting for it"; flock 9; }
print_finished

# A compiled kernel lacks its selftests at most.
adds_selftests=
is_compiled && adds_selftests=yes

missing=()
need() { command -v "$1" >/dev/null 2>&1 || missing+=("$2"); }
need xz xz-utils
needed_mib=1500
if [ -z "$adds_selftests" ]; then
  needed_mib=6000
  need gcc gcc; need make make; need flex flex; need bison bison; need bc bc; need rsync rsync; need perl perl
  printf '#include <libelf.h>\n' | gcc -E - >/dev/null 2>&1 || missing+=(libelf-dev)
  printf '#include <openssl/opensslv.h>\n' | gcc -E - >/dev/null 2>&1 || missing+=(libssl-dev)
fi
if [ ${#missing[@]} -gt 0 ]; then die "missing packages: ${missing[*]}. Install them: apt-get install ${missing[*]}"; fi

free_mib=$(df -Pm "$cache" | awk 'NR==2 {print $4}')
[ "$free_mib" -ge "$needed_mib" ] || die "$cache has $free_mib MiB free; the build needs $needed_mib MiB"

# The lock is held: a folder of this name is what a killed build left.
work=$cache/$series-$key.build
rm -rf "$work"
mkdir "$work"
# A compiler that is ended by the same signal may still write while the folder is removed.
clean() {
  local status=$?
  progress_end
  rm -rf "$work" 2>/dev/null || { sleep 1; rm -rf "$work"; }
  if [ -n "$adds_selftests" ] && [ $status != 0 ]; then
    say "the kernel's selftests could not be added to $done_folder; the kernel can be used without them"
    printf '%s\n' "$done_folder"
    exit 0
  fi
}
trap clean EXIT

if [ -n "${LUO_KERNEL_SOURCE:-}" ]; then
  tarball=$(readlink -f "$LUO_KERNEL_SOURCE")
else
  command -v apt-get >/dev/null 2>&1 && command -v dpkg >/dev/null 2>&1 ||
    die "the source is taken with apt, which this machine lacks; set LUO_KERNEL_SOURCE to a tarball of Linux $series"
  . "$(dirname "$0")/../Root/debian-mirror.sh"
  [ -n "$mirror" ] || die "this machine's apt has no Debian archive (Ubuntu's does not have the package): set LUO_DEBIAN_MIRROR to one, or LUO_KERNEL_SOURCE to a tarball of Linux $series"
  keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  [ -f "$keyring" ] || die "$keyring is missing: apt-get install debian-archive-keyring"
  # A private apt state: the machine's own sources and lists stay as they are.
  mkdir -p "$work/apt/lists/partial" "$work/apt/cache/archives/partial" "$work/apt/empty"
  printf 'deb [signed-by=%s] %s %s main\n' "$keyring" "$mirror" "$suite" > "$work/apt/sources.list"
  apt_options=(-o "Dir::Etc::sourcelist=$work/apt/sources.list" -o "Dir::Etc::sourceparts=$work/apt/empty"
    -o "Dir::Etc::preferencesparts=$work/apt/empty" -o "Dir::Etc::preferences=$work/apt/none"
    -o "Dir::State::lists=$work/apt/lists" -o "Dir::Cache=$work/apt/cache" -o APT::Sandbox::User=root
    -o Acquire::Retries=5 -o Acquire::Languages=none)
  say "downloading Debian's source package from $suite"
  apt-get "${apt_options[@]}" -q update >&2
  (cd "$work" && apt-get "${apt_options[@]}" -q download "linux-source-$series" >&2) ||
    die "linux-source-$series could not be taken from $suite (a suite drops it when it goes on to the next series); set LUO_DEBIAN_MIRROR to an archive that has it, or LUO_KERNEL_SOURCE to a tarball of Linux $series"
  dpkg -x "$work"/linux-source-*.deb "$work/deb"
  tarball=$(echo "$work"/deb/usr/src/linux-source-*.tar.xz)
fi

# The kernel's own tests of live update, and the headers that they include.
take_selftests() {
  mkdir -p "$2"
  if [ -d "$1/liveupdate" ]; then cp -r "$1/liveupdate" "$1"/kselftest*.h "$2"; fi
}

say "unpacking"
mkdir "$work/src"
if [ -n "$adds_selftests" ]; then
  # A name that the archive lacks is no damage of it.
  tar xf "$tarball" -C "$work/src" --strip-components=1 --wildcards '*/tools/testing/selftests/liveupdate' \
    '*/tools/testing/selftests/kselftest*.h' 2>"$work/tar.log" ||
    ! grep -v -e 'Not found in archive' -e 'Exiting with failure status' "$work/tar.log" >&2 || die "the source could not be unpacked"
  take_selftests "$work/src/tools/testing/selftests" "$work/selftests"
  mv "$work/selftests" "$done_folder/selftests"
  say "the kernel's selftests were added"
  printf '%s\n' "$done_folder"
  exit 0
fi
tar xf "$tarball" -C "$work/src" --strip-components=1
cd "$work/src"

[ -z "$embedded" ] || cp "$embedded" .
say "configuring"
make -s tinyconfig >&2
scripts/kconfig/merge_config.sh -m .config "$config" >/dev/null
make -s olddefconfig >&2
while IFS= read -r line; do
  case $line in
    CONFIG_*=n) if grep -q "^${line%=n}=[ym]" .config; then die "the kernel did not take '$line'"; fi ;;
    CONFIG_*) grep -qxF "$line" .config || die "the kernel did not take '$line'" ;;
  esac
done < "$config"

release=$(make -s kernelrelease)
say "compiling Linux $release with $(nproc) jobs (minutes)"
started=$SECONDS
# CONFIG's .objects, where it has one, says how many are to be expected.
expected=$(cat "${config%.config}.objects" 2>/dev/null || true)
progress_begin "$work/build.log" "$expected"
make -j"$(nproc)" bzImage >"$work/build.log" || { tail -n 40 "$work/build.log" >&2; die "the build failed"; }
progress_end
objects=$(grep -cE '^  (CC|AS) ' "$work/build.log")
say "compiled $objects objects in $((SECONDS - started)) s"
if [ -n "$expected" ] && [ $((objects * 10)) -gt $((expected * 11)) -o $((objects * 10)) -lt $((expected * 9)) ]; then
  say "${config%.config}.objects says $expected objects: put $objects there"
fi
mkdir "$work/out"
printf '%s\n' "$objects" > "$work/out/objects"
make -s headers_install INSTALL_HDR_PATH="$work/out/headers" >&2
cp arch/x86/boot/bzImage "$work/out/bzImage"
cp .config "$work/out/config"
printf '%s\n' "$release" > "$work/out/release"
basename "$tarball" > "$work/out/source"
take_selftests tools/testing/selftests "$work/out/selftests"
rm -rf "$done_folder"
mv "$work/out" "$done_folder"
say "Linux $release is ready"
printf '%s\n' "$done_folder"
