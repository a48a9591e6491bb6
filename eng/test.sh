#!/usr/bin/env bash
# Runs the built test projects and counts. With --check it leaves out what needs a VM, a kernel build or packing.
# The last line is 'N passed, N failed', with ', N skipped' where a test was skipped; in CI (CI=true) a skip is a failure.
set -uo pipefail
cd "$(dirname "$0")/.."

filter=()
[ "${1:-}" = --check ] && filter=(--filter 'Category!=VM&Category!=Kernel&Category!=Package')
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT

status=0 passed=0 failed=0 skipped=0
for project in tests/*Tests; do
  name=$(basename "$project")
  started=$SECONDS
  dotnet test --no-build -c Release "$project" "${filter[@]}" --nologo --logger "trx;LogFileName=$results/$name.trx" \
    --logger 'console;verbosity=quiet' 2>&1 | grep -v -e '^Test run for' -e '^A total of' -e '^Results File' -e '^$' | tee "$results/$name.log"
  [ "${PIPESTATUS[0]}" = 0 ] || status=1
  if [ ! -f "$results/$name.trx" ]; then
    if grep -q 'No test matches' "$results/$name.log"; then continue; fi
    echo "$name wrote no results" >&2
    status=1
    continue
  fi
  counters=$(grep -o '<Counters [^>]*>' "$results/$name.trx")
  count() { sed -n "s/.* $1=\"\([0-9]*\)\".*/\1/p" <<<"$counters"; }
  total=$(count total) ok=$(count passed) bad=$(( $(count failed) + $(count error) + $(count timeout) + $(count aborted) ))
  passed=$((passed + ok)) failed=$((failed + bad)) skipped=$((skipped + total - ok - bad))
  printf '%-32s %5d passed %3d failed %3d skipped %5d s\n' "$name" "$ok" "$bad" $((total - ok - bad)) $((SECONDS - started))
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
