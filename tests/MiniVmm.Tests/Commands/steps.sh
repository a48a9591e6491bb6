# What the scripts of CommandsTests and FaultsTests share. $stage is the number of the kernel, $M the program.
say() { echo "script | $*" >&2; }

# step NAME COMMAND...: the command succeeds, what it writes goes to the host under the name
step() {
    name=$1; shift
    code=0
    "$@" >/tmp/out 2>&1 || code=$?
    echo "exit $code" >>/tmp/out
    luo-guest file "$stage.$name" /tmp/out
}

# waits until a command succeeds, and gives up where it does not in any time that a busy host could take
await() {
    tries=0
    while ! "$@" >/dev/null 2>&1; do
        tries=$((tries + 1))
        if [ $tries -gt 600 ]; then
            say "waited in vain for: $*"
            $M status >&2 || true
            exit 1
        fi
        sleep 0.2
    done
}

is() { $M status --name "$1" --json | grep -q "\"state\": \"$2\""; }

pid_of() { $M status --name "$1" --json | sed -n 's/.*"pid": \([0-9]*\).*/\1/p'; }

descriptors() { ls "/proc/$(pid_of "$1")/fd" | wc -l; }

next_command_line() { echo "$(sed 's/luo.stage=[0-9]*//g' /proc/cmdline) luo.stage=$((stage + 1))"; }

update() {
    $M update /run/luo/bzImage --initrd /run/luo/initrd --cmdline "$(next_command_line)" --before-jump "luo-guest flush" "$@"
}

gone() { ! is "$1" "[a-z]*"; }
