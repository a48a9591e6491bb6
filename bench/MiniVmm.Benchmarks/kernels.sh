#!/bin/sh
# Runs in every kernel of the VM: resumes the item of the plan that this kernel belongs to; at its end, starts the next.
# A line of the plan: how many live updates, its name, its command.
echo "moment script"
read -r line </proc/cmdline
stage=${line##*luo.stage=}
stage=${stage%% *}

# Asks QEMU's monitor until the state has come, whose guest stands still then.
wait_until_loaded() {
  while :; do
    echo 'info status'
    while read -r answer; do
      case $answer in
        *inmigrate*) ;;
        'VM status: paused'*) return ;;
      esac
    done </tmp/monitor
    sleep 0.05
  done
}

# What people do without live update: QEMU's state goes to a disk, and comes back from it.
qemu() { # updates, MiB, vCPUs, seconds until the guest is ready, words for the guest
  step=$((stage - first))
  : >/tmp/monitor
  [ "$step" -gt 0 ] && incoming='-incoming exec:cat</dev/vda' || incoming=
  {
    # What was stopped when it was saved stays so until it is told to run, which counts only when all of it has come.
    if [ "$step" -gt 0 ]; then
      wait_until_loaded
      echo "moment loaded" >&2
      echo cont
    fi
    sleep "$4"
    if [ "$step" -lt "$1" ]; then
      luo-guest load
      echo 'migrate_set_parameter max-bandwidth 100G'
      echo "moment stop" >&2
      echo stop
      echo 'migrate "exec:dd of=/dev/vda bs=1M conv=fsync 2>/dev/null"'
    fi
    echo quit
  } | qemu-system-x86_64 -nodefaults -no-user-config -display none -monitor stdio -machine pc -accel kvm \
    -cpu host,-xsave,-avx,-avx2,-tsc-deadline -m "$2" -smp "$3" $incoming \
    -chardev file,id=console,path=/dev/fd/3 -serial chardev:console \
    -kernel /run/luo/files/guest-kernel -initrd /run/luo/files/guest-initrd \
    -append "console=ttyS0 no_timer_check panic=-1 loglevel=4 $5" 3>&1 >/tmp/monitor 2>&1
  if [ "$step" -lt "$1" ]; then
    echo "moment saved"
    luo-guest jump
    exit 1
  fi
}

# A guest under the program's own commands, as in a system. Nothing else is started while one is being resumed.
command() { # updates, program
  step=$((stage - first))
  if [ "$step" -eq 0 ]; then
    "$2" run --name vm1 --guest pattern --memory 256M --cpus 2 --console none &
    sleep 4
    go_on "$1" "$2"
  else
    "$2" resume --name vm1 --console none 2>&1 | {
      while read -r said; do
        echo "$said"
        case $said in
          *'resumed after live update'*) break ;;
        esac
      done
      luo-guest value status "$("$2" status --json)"
      go_on "$1" "$2"
    }
  fi
}

go_on() { # updates, program
  if [ "$step" -lt "$1" ]; then
    luo-guest load
    "$2" update
    exit 1
  fi
  "$2" stop --name vm1
}

first=1
while read -r updates name command; do
  last=$((first + updates))
  if [ "$stage" -le "$last" ]; then
    echo "item $name"
    eval "$command" </dev/null || exit
  fi
  first=$last
done </run/luo/files/plan
