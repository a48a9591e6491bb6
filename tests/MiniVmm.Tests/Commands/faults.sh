# What becomes of guests whose processes are killed, whose disk is full, that are handed on 50 times, and that a signal updates, through
# three kernels: the payload of FaultsTests. $M is the program.
set -eu
stage=$(luo-guest stage)
. "$STEPS"

members() { ls "/proc/$1/task" | wc -l; }
memfds() { ls -l "/proc/$1/fd" | grep -c memfd: || true; }
anonymous() { sed -n 's/^RssAnon:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$1/status"; }
available() { sed -n 's/^MemAvailable: *\([0-9]*\) kB/\1/p' /proc/meminfo; }
belongings() { p=$(pid_of "$1"); echo "$(descriptors "$1") $(memfds "$p") $(members "$p") $(anonymous "$p") $(available)"; }
pattern() { $M run --name "$1" --guest pattern --memory 64M --console socket </dev/null >/dev/null & await is "$1" running; }

case $stage in
1)
    # killed while it runs
    pattern vm1
    kill -9 "$(pid_of vm1)"
    await gone vm1
    ls -A /run/minivmm >/tmp/left; luo-guest file 1.left-by-kill /tmp/left
    step list-after-kill $M list --json
    step pause-after-kill $M pause --name vm1
    pattern vm1

    # killed when it is prepared and stands still: the last look before the jump
    step update-killed $M update /run/luo/bzImage --initrd /run/luo/initrd --before-jump "kill -9 $(pid_of vm1)"
    await gone vm1
    pattern vm1
    step status-again $M status --json

    # one command of two is killed: the other guest runs on
    pattern vm2
    step update-two-killed $M update /run/luo/bzImage --initrd /run/luo/initrd --before-jump "kill -9 $(pid_of vm2)"
    await is vm1 running
    step update-command-killed sh -c "$M update /run/luo/bzImage --initrd /run/luo/initrd \
        --before-jump 'kill -9 \$PPID; sleep 2' || echo killed"
    await is vm1 running
    step status-survivor $M status --json

    # a full disk
    mkdir /tmp/full
    mount -t tmpfs -o nr_inodes=1,mode=700 tmpfs /tmp/full
    step full-no-lock $M run --name vm3 --guest pattern --memory 64M --console none --run-folder /tmp/full
    mount -o remount,nr_inodes=2 /tmp/full
    step full-no-socket $M run --name vm3 --guest pattern --memory 64M --console none --run-folder /tmp/full
    step full-json sh -c "$M status --json >/dev/full"
    ls -A /tmp/full >/tmp/left; luo-guest file 1.left-on-full /tmp/left

    # more memory than may be committed; without the limit the kernel would kill whom it likes
    echo 2 >/proc/sys/vm/overcommit_memory
    step no-memory $M run --name vm3 --guest pattern --memory 8G --console none
    echo 0 >/proc/sys/vm/overcommit_memory
    step status-after-no-memory $M status --json

    # 50 handoffs
    $M handoff --name vm1 >/dev/null 2>&1
    $M handoff --name vm1 >/dev/null 2>&1
    sleep 2
    before=$(belongings vm1)
    for i in $(seq 50); do $M handoff --name vm1 >/dev/null 2>&1; done
    sleep 2
    luo-guest value handoffs "$before $(belongings vm1)"
    step status-handed-over $M status --json

    # the next kernel is loaded, and a signal starts it
    pattern vm4
    luo-guest load
    luo-guest flush
    kill -USR1 "$(pid_of vm1)"
    sleep 600
    ;;
2)
    # killed between retrieve and finish: it is the process's, and goes with it
    mv /dev/kvm /dev/kvm.away
    $M resume --name vm1 --console socket </dev/null >/dev/null 2>/tmp/full-of-words &
    await is vm1 failed
    kill -9 "$(pid_of vm1)"
    await gone vm1

    # held, and handed to another program: one that cannot resume it either, then one that can
    $M resume --name vm4 --console socket </dev/null >/dev/null 2>&1 &
    await is vm4 failed
    step handoff-held-refused $M handoff --name vm4
    await is vm4 failed
    mv /dev/kvm.away /dev/kvm
    step handoff-held $M handoff --name vm4
    await is vm4 running
    step status-held $M status --name vm4 --json
    $M stop --name vm4
    step resume-of-a-killed $M resume --name vm1
    pattern vm1
    step status-anew $M status --json
    $M stop --name vm1
    $M run --name linux --kernel /run/luo/bzImage --initrd /run/luo/files/guest-initrd --memory 96M --cpus 2 \
        --cmdline "console=ttyS0 no_timer_check panic=-1 quiet minivmm.lines=20" </dev/null &
    await is linux running
    sleep 20
    update
    ;;
3)
    $M resume --name linux --clock hide </dev/null &
    host=$!
    await is linux running
    sleep 10
    step stop $M stop --name linux
    wait $host || true
    ;;
esac
