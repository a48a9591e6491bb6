#!/bin/sh
# Carries a text through two kexecs, and adds to it in each kernel: carry.sh PROGRAM, the built carry.c, which makes the ioctls.
set -e
line=$(cat /proc/cmdline)
case $line in
*luo_stage=*) stage=${line##*luo_stage=} ;;
*) stage=1 ;;
esac
[ -e /dev/liveupdate ]
if [ "$stage" = 1 ]; then text="kernel 1"; else text="$("$1" take carry), kernel $stage"; fi
if [ "$stage" = 3 ]; then
  echo "$text"
  exit 0
fi
"$1" hold carry "$text"
kexec -l -s --command-line="$line luo_stage=$((stage + 1))" "$LUO_KERNEL"
kexec -e
