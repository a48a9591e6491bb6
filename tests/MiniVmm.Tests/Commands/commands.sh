# What a person does with minivmm, through three kernels: the payload of CommandsTests. $M is the program; fd 1 has the guest's console.
set -eu
stage=$(luo-guest stage)

. "$STEPS"

case $stage in
1)
    $M run --name vm1 --kernel /run/luo/bzImage --initrd /run/luo/files/guest-initrd --memory 96M --cpus 2 \
        --cmdline "console=ttyS0 no_timer_check panic=-1 quiet minivmm.lines=20" </dev/null &
    await is vm1 running
    $M run --name vm2 --guest pattern --memory 64M --console socket </dev/null >/dev/null &
    await is vm2 running
    step same-name $M run --name vm2 --guest pattern --console none
    step list $M list
    step pause $M pause --name vm2
    step pause-again $M pause --name vm2
    step status-paused $M status --json
    step update-paused $M update /run/luo/bzImage
    step unpause $M unpause --name vm2
    step update-one $M update /run/luo/bzImage --name vm1
    step update-no-image $M update
    step update-bad-image $M update /run/luo/files/guest-initrd
    step status-after-refusals $M status --json
    step handoff-1 $M handoff --name vm1
    before=$(descriptors vm1)
    step handoff-2 $M handoff --name vm1
    step handoff-3 $M handoff --name vm1
    luo-guest value descriptors "$before $(descriptors vm1)"
    step handoff-refused $M handoff --name vm1 --program /bin/false
    step status-handed-over $M status --json
    sleep 3
    update
    ;;
2)
    $M resume --name vm1 </dev/null &
    await is vm1 running
    mv /dev/kvm /dev/kvm.away
    $M resume --name vm2 --console socket </dev/null >/dev/null &
    await is vm2 failed
    step status-failed $M status --json
    step update-failed $M update /run/luo/bzImage
    step retry-in-vain $M resume --name vm2 --retry
    mv /dev/kvm.away /dev/kvm
    step retry $M resume --name vm2 --retry
    step status $M status --json
    step list $M list
    step resume-again $M resume --name vm1
    step handoff $M handoff --name vm2
    sleep 3
    update
    ;;
3)
    $M resume --all </dev/null >/tmp/all &
    host=$!
    await is vm1 running
    await is vm2 running
    step status $M status --json
    sleep 3
    step stop $M stop --name vm1
    step stop-2 $M stop --name vm2
    code=0; wait $host || code=$?
    luo-guest value host-exit $code
    cat /tmp/all
    $M run --name vm3 --guest pattern --memory 64M --console none </dev/null &
    host=$!
    await is vm3 running
    kill -TERM $host
    code=0; wait $host || code=$?
    luo-guest value signal-exit $code
    step list $M list
    ls -A /run/minivmm >/tmp/out; luo-guest file left /tmp/out
    ;;
esac
