#!/usr/bin/env bash
# Compares this checkout with a commit: builds the commit beside it, runs both builds' own benchmarks in turn on this machine,
# and lets luo-bench judge the rounds. Nothing else should run meanwhile.
# Usage: eng/bench-compare.sh LUO-BENCH COMMIT [ROUNDS] [PARTS]
set -euo pipefail
cd "$(dirname "$0")/.."
new=$(realpath "${1:?usage: eng/bench-compare.sh LUO-BENCH COMMIT [ROUNDS] [PARTS]}")
commit=$(git rev-parse --verify --quiet "${2:?no commit}^{commit}") || { echo "$2 is neither a file nor a commit" >&2; exit 2; }
rounds=${3:-6}
parts=${4:-limits memfd files catalogue}

work=$(mktemp -d)
cleanup() {
  git worktree remove --force "$work/old" 2>/dev/null || true
  rm -rf "$work"
}
trap cleanup EXIT

echo "building $commit ..."
git worktree add --quiet --detach "$work/old" "$commit"
# BenchmarkDotNet's versions count allocations differently: both builds are measured by the one of this checkout.
cp Directory.Packages.props "$work/old/"
old=$work/old/bench/LuoInterop.Benchmarks/bin/Release/net10.0/luo-bench
dotnet build -c Release --nologo -v quiet "$work/old/bench/LuoInterop.Benchmarks" >"$work/build.log" || { cat "$work/build.log" >&2; exit 1; }

mkdir "$work/runs"
measure() { # side, program, round, part
  "$2" --only "$4" --json "$work/runs/$3-$1-$4.json" >"$work/run.log" 2>&1 || { cat "$work/run.log" >&2; exit 1; }
}
for round in $(seq "$rounds"); do
  started=$SECONDS
  for part in $parts; do
    # What runs second meets a machine that the first has warmed or tired: the order changes from round to round.
    if [ $((round % 2)) = 1 ]; then
      measure old "$old" "$round" "$part"
      measure new "$new" "$round" "$part"
    else
      measure new "$new" "$round" "$part"
      measure old "$old" "$round" "$part"
    fi
  done
  echo "round $round of $rounds: $((SECONDS - started)) s"
done

echo
echo "old: $commit"
echo "new: $(git rev-parse HEAD)$(git diff --quiet HEAD -- || echo ', with changes that are not committed')"
echo
"$new" --compare-builds "$work/runs"
