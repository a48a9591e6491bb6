#!/usr/bin/env bash
# Runs the built test projects and counts. With --check it leaves out what needs a VM, a kernel build or packing.
# What needs another kernel, or many minutes, is never among them: 'make test-7.2', 'make test-cmdline', 'make test-6.1' and
# 'make test-vmm', 'make test-kernels', 'make test-languages' and 'make test-systemd' run that.
# The last line is 'N passed, N failed', with ', N skipped' where a test was skipped; in CI (CI=true) a skip is a failure.
set -uo pipefail
cd "$(dirname "$0")/.."

categories='Category!=Kernel72&Category!=KernelCommandLine&Category!=Kernel61&Category!=Soak&Category!=Kernels&Category!=Languages'
categories+='&Category!=Systemd'
[ "${1:-}" = --check ] && categories="Category!=VM&Category!=Kernel&Category!=Package&$categories"
filter=(--filter "$categories")
results=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null; rm -rf "$results"' EXIT

# Runs a project; its output goes to a file, its exit status, its time and that of processors to others.
run() {
  local TIMEFORMAT='%0R %0U %0S'
  {
    time dotnet test --no-build -c "${CONFIGURATION:-Release}" "tests/$1" "${filter[@]}" --nologo \
      --logger "trx;LogFileName=$results/$1.trx" --logger 'console;verbosity=minimal' > "$results/$1.log" 2>&1
  } 2> "$results/$1.time"
  echo $? > "$results/$1.status"
}

# Prints what a finished project said beyond the usual, and keeps its counts: passed, failed, skipped, and whether it failed.
report() {
  local code seconds user system counters total ok bad
  read -r code < "$results/$1.status"
  read -r seconds user system < "$results/$1.time"
  grep -v -e '^Test run for' -e '^A total of' -e '^No test matches' -e '^Results File' -e '^Passed! ' -e '^$' "$results/$1.log"
  if grep -q 'No test matches' "$results/$1.log"; then return; fi
  if [ ! -f "$results/$1.trx" ]; then
    echo "$1 wrote no results" >&2
    echo "0 0 0 1" > "$results/$1.counts"
    return
  fi
  counters=$(grep -o '<Counters [^>]*>' "$results/$1.trx")
  count() { sed -n "s/.* $1=\"\([0-9]*\)\".*/\1/p" <<<"$counters"; }
  total=$(count total) ok=$(count passed) bad=$(( $(count failed) + $(count error) + $(count timeout) + $(count aborted) ))
  printf '%-32s %5d passed %3d failed %3d skipped %5d s %5d s of processors\n' "$1" "$ok" "$bad" $((total - ok - bad)) "$seconds" \
    $((user + system))
  echo "$ok $bad $((total - ok - bad)) $code" > "$results/$1.counts"
}

# Takes the project that sed addresses from a list: 1 is the first, $ the last.
take() {
  flock 9
  sed -n "$2p" "$results/$1"
  sed -i "$2d" "$results/$1"
} 9> "$results/lists.lock"

# Runs the projects of one list, then what is left of the other.
work() {
  local name
  while name=$(take "$1" 1) && [ -n "$name" ] || name=$(take "$2" '$') && [ -n "$name" ]; do
    run "$name"
    { flock 9; report "$name"; } 9> "$results/report.lock"
  done
}

# Two at a time. VMs are in one list: two of them at once take much longer than one after the other. What publishes most is in the other,
# as those who publish wait for each other (tests/Shared/BuildTurn.cs). The longest of each come first.
vms=(LuoInterop.Contract.Tests LuoInterop.Litmus.Tests LuoInterop.Hunt.Tests luoctl.Tests)
others=(LuoInterop.Packages.Tests LuoInterop.Emulation.Server.Tests MiniVmm.Tests)
for project in tests/*Tests; do
  name=$(basename "$project")
  if [[ " ${vms[*]} ${others[*]} " == *" $name "* ]]; then continue; fi
  if grep -rqF 'Trait("Category", "VM")' "$project" --include='*.cs'; then vms+=("$name"); else others+=("$name"); fi
done
printf '%s\n' "${vms[@]}" > "$results/vms"
printf '%s\n' "${others[@]}" > "$results/others"
work vms others &
work others vms &
wait

status=0 passed=0 failed=0 skipped=0
while read -r ok bad left code; do
  passed=$((passed + ok)) failed=$((failed + bad)) skipped=$((skipped + left))
  [ "$code" = 0 ] || status=1
done < <(cat "$results"/*.counts)

# What failed stands above, where its project ended. It stands here once more, in short: the end of a log is read first.
for log in "$results"/*.log; do
  name=$(basename "$log" .log)
  awk -v project="$name" -v code="$(cat "$results/$name.status")" '
    /^  Failed .* \[.*\]$/ { sub(/^  Failed /, ""); print "failed: " $0; said = 1; left = 0; next }
    /^  Error Message:$/ { left = 6; next }
    /^  Stack Trace:$/ { left = 1; next }
    left > 0 { print "  " substr($0, 1, 300); left-- }
    END { if (code != 0 && !said) print "failed: " project " ended with " code }' "$log"
done

[ "$failed" = 0 ] || status=1
[ "$passed" -gt 0 ] || { echo "no test was executed" >&2; status=1; }
if [ "$skipped" -gt 0 ]; then
  if [ "${CI:-}" = true ]; then echo "$skipped tests were skipped, which CI does not allow" >&2; status=1; fi
  echo "$passed passed, $failed failed, $skipped skipped"
else
  echo "$passed passed, $failed failed"
fi
exit $status
