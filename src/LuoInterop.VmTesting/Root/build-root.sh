#!/usr/bin/env bash
# Installs a Debian root with systemd, for VMs, into a cache folder.
#
#   build-root.sh SUITE CACHE [PACKAGE...]
#
# SUITE    suite of Debian, for example forky
# CACHE    folder that receives SUITE-KEY/ with root (the whole root), packages (each package and its version), and systemd (its version)
# PACKAGE  packages beside Debian's essential ones and those that every root has: systemd, what 'systemctl kexec' needs, what .NET needs
#
# The last line on standard output is the finished folder. Everything else goes to standard error. It needs root: the files keep their
# owners, and the packages are configured beneath chroot.
#
# LUO_DEBIAN_MIRROR   archive to take the packages from; the default is the one that this machine's apt uses
set -euo pipefail

suite=${1:?suite of Debian, for example forky}
cache=${2:?cache folder}
shift 2
for package in systemd systemd-sysv dbus udev kexec-tools libpam-systemd libstdc++6 "$@"; do
  case " ${packages:=} " in *" $package "*) ;; *) packages+=" $package" ;; esac
done
set -- $packages
mkdir -p "$cache"
cache=$(readlink -f "$cache")

say() { printf 'root %s: %s\n' "$suite" "$*" >&2; }
die() { say "$*"; exit 1; }

# One finished folder per suite, list of packages and recipe. Newer packages in the archive do not make it anew.
# RECIPE is raised whenever a change of this script makes a different root.
RECIPE=1
key=$(printf '%s\n' "$suite" "$RECIPE" "$@" | sha256sum | cut -c1-16)
done_folder=$cache/$suite-$key
print_finished() {
  if [ -f "$done_folder/systemd" ]; then
    printf '%s\n' "$done_folder"
    exit 0
  fi
}
print_finished

[ "$(id -u)" = 0 ] || die "a root's files keep their owners: making one, and starting VMs from it, needs root (sudo)"
command -v debootstrap >/dev/null 2>&1 || die "debootstrap is missing: apt-get install debootstrap"

exec 9>"$cache/$suite-$key.lock"
flock -n 9 || { say "this root is being made already; waiting for it"; flock 9; }
print_finished

free_mib=$(df -Pm "$cache" | awk 'NR==2 {print $4}')
[ "$free_mib" -ge 1000 ] || die "$cache has $free_mib MiB free; the root needs 1000 MiB while it is made"
. "$(dirname "$0")/debian-mirror.sh"
[ -n "$mirror" ] || die "this machine's apt has no Debian archive: set LUO_DEBIAN_MIRROR to one"
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[ -f "$keyring" ] || die "$keyring is missing: apt-get install debian-archive-keyring"

# debootstrap knows a suite by a script of its name; what is newer than debootstrap itself is made as sid is.
scripts=${DEBOOTSTRAP_DIR:-/usr/share/debootstrap}/scripts
script=$scripts/$suite
[ -e "$script" ] || script=$scripts/sid

# The lock is held: a folder of this name is what a killed run left. A tree with something mounted in it is not removed.
work=$cache/$suite-$key.build
release_mounts() {
  local at
  awk -v under="$work/" 'index($5, under) == 1 {print $5}' /proc/self/mountinfo | sort -r | while read -r at; do umount -l "$at"; done
}
clean() {
  release_mounts
  rm -rf --one-file-system "$work"
}
clean
trap clean EXIT
root=$work/out/root

# Documentation is not unpacked, and nothing is forced to the disk: an unfinished root is thrown away.
mkdir -p "$root/etc/dpkg/dpkg.cfg.d"
printf '%s\n' force-unsafe-io 'path-exclude=/usr/share/doc/*' 'path-exclude=/usr/share/man/*' 'path-exclude=/usr/share/info/*' \
  'path-exclude=/usr/share/locale/*' > "$root/etc/dpkg/dpkg.cfg.d/luo"
started=$SECONDS
say "installing $suite from $mirror"
debootstrap --variant=minbase --keyring="$keyring" --include="$(IFS=,; echo "$*")" "$suite" "$root" "$mirror" "$script" \
  > "$work/debootstrap.log" 2>&1 9>&- ||
  { tail -n 20 "$work/debootstrap.log" "$root/debootstrap/debootstrap.log" >&2 || true; die "debootstrap failed"; }
release_mounts

# What no run of a VM uses. The list of packages is kept beside the root.
chroot "$root" dpkg-query -W > "$work/out/packages"
rm -rf "$root"/usr/share/{doc,man,info,locale,bug,lintian} "$root"/var/lib/{dpkg,apt} "$root"/var/cache/* "$root"/var/log/*.log \
  "$root"/var/log/apt "$root"/boot/* "$root"/etc/ssh/ssh_host_* "$root"/etc/hostname "$root"/etc/resolv.conf "$root"/tmp/* "$root"/run/*
find "$root/usr" -name __pycache__ -prune -exec rm -rf {} +

# Each run has an identity of its own. A device's file comes from the guest's kernel.
rm -f "$root/etc/machine-id" "$root/var/lib/dbus/machine-id"
find "$root/dev" -mindepth 1 -delete

# A VM starts in seconds: nothing that suits a machine of flesh and discs. There is no terminal to log in at, no module to load, and every
# device is there before the first program.
mask() {
  local unit
  for unit in "$@"; do ln -sf /dev/null "$root/etc/systemd/$unit"; done
}
mkdir -p "$root/etc/systemd/system-generators" "$root/etc/systemd/system"
mask system/{apt-daily.timer,apt-daily-upgrade.timer,dpkg-db-backup.timer,fstrim.timer,e2scrub_all.timer,systemd-tmpfiles-clean.timer}
mask system/{modprobe@.service,systemd-modules-load.service,systemd-udev-trigger.service,systemd-firstboot.service}
mask system/{getty.target,systemd-ask-password-console.path,systemd-ask-password-wall.path,systemd-mute-console.socket}
mask system/{systemd-sysctl,systemd-remount-fs,systemd-udev-load-credentials,systemd-tmpfiles-setup-dev-early,systemd-tmpfiles-setup-dev}.service
mask system/{systemd-sysinstall.socket,systemd-factory-reset.socket,systemd-random-seed.service,kexec.service,kexec-load.service}
mask system-generators/{systemd-getty-generator,systemd-ssh-generator,systemd-gpt-auto-generator}
rm -f "$root"/etc/systemd/system/multi-user.target.wants/ssh.service "$root"/etc/systemd/system/sockets.target.wants/ssh.socket \
  "$root"/etc/systemd/system/sshd.service "$root"/etc/systemd/system/ssh.service.requires/*
ln -sf /usr/lib/systemd/system/multi-user.target "$root/etc/systemd/system/default.target"
mkdir -p "$root/host" "$root/var/log/journal"
: > "$root/etc/fstab"

# What systemd does after an update of /usr is done: it compares these files' times with that of /usr.
touch "$root/etc/.updated" "$root/var/.updated"

sed -n 's/^systemd\t//p' "$work/out/packages" > "$work/out/systemd.new"
[ -s "$work/out/systemd.new" ] || die "the packages do not contain systemd"
say "$(wc -l < "$work/out/packages") packages, $(du -sm "$root" | cut -f 1) MB, in $((SECONDS - started)) s: systemd $(cat "$work/out/systemd.new")"
mv "$work/out/systemd.new" "$work/out/systemd"
rm -rf "$done_folder"
mv "$work/out" "$done_folder"
printf '%s\n' "$done_folder"
