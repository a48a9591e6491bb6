# Shows how far make is: how many objects are compiled, of how many, and how long the rest takes. Sourced by build-kernel.sh.
#
# What make has done is counted in its log, a line an object. How many there will be is known beforehand (CONFIG's .objects);
# without that no share is shown. Objects differ in size: the time left is the time so far by the share that is left.
progress_pid=

# progress_line DONE EXPECTED SECONDS: one line for people.
progress_line() {
  local done_=$1 expected=$2 seconds=$3 percent left
  if [ -z "$expected" ]; then
    say "compiling: $done_ objects, $((seconds / 60)) min $((seconds % 60)) s"
    return
  fi
  # The count is of another point release: near the end it may be passed.
  if [ "$done_" -gt "$expected" ]; then expected=$done_; fi
  percent=$((expected == 0 ? 0 : done_ * 100 / expected))
  left='the time left is not known yet'
  if [ "$percent" -ge 2 ]; then
    left=$((seconds * (expected - done_) / done_))
    if [ "$left" -ge 90 ]; then left="about $(((left + 30) / 60)) min left"; else left="about $left s left"; fi
  fi
  say "compiling: $done_ of $expected objects, $percent %, $left"
}

# progress_begin LOG EXPECTED: counts beside the caller, until progress_end or the caller's end.
progress_begin() {
  progress_watch "$1" "$2" $$ &
  progress_pid=$!
}

progress_watch() {
  local log=$1 expected=$2 caller=$3 started=$SECONDS shown_at=$SECONDS shown=0 done_ step
  step=$(((${expected:-1000} + 9) / 10))
  trap 'exit 0' TERM INT
  # Neither the lock nor the folder's name on the standard output is this process' to hold.
  exec 9>&- >/dev/null
  while sleep "${LUO_KERNEL_PROGRESS_SECONDS:-1}" && kill -0 "$caller" 2>/dev/null; do
    done_=$(grep -cE '^  (CC|AS) ' "$log" 2>/dev/null || true)
    if [ "${LUO_KERNEL_PROGRESS:-}" = each ]; then
      progress_line "${done_:-0}" "$expected" $((SECONDS - started))
    elif [ -t 2 ]; then
      printf '\r%s\033[K' "$(progress_line "${done_:-0}" "$expected" $((SECONDS - started)) 2>&1)" >&2
    elif [ $((SECONDS - shown_at)) -ge 30 ] || [ $((done_ / step)) -gt $((shown / step)) ]; then
      progress_line "${done_:-0}" "$expected" $((SECONDS - started))
      shown_at=$SECONDS shown=$done_
    fi
  done
}

progress_end() {
  [ -n "$progress_pid" ] || return 0
  kill "$progress_pid" 2>/dev/null || true
  wait "$progress_pid" 2>/dev/null || true
  progress_pid=
  if [ -t 2 ] && [ "${LUO_KERNEL_PROGRESS:-}" != each ]; then printf '\r\033[K' >&2; fi
}
