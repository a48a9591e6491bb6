#!/usr/bin/env bash
# Measures what native executables save: sizes, and the times of starts on this host, each the median of 21; with --vm also the
# demo's whole live update on Linux in a VM, the median of 3. Prints the table of docs/native.md.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for project in src/luoctl samples/LuoInterop.Demo; do
  dotnet publish -c Release --nologo -v quiet -o "$folder/native" $project >&2
  dotnet publish -c Release --nologo -v quiet -o "$folder/dotnet" -p:PublishAot=false $project >&2
done

median() { # RUNS COMMAND...: milliseconds
  local runs=$1 start i
  shift
  for ((i = 0; i < runs; i++)); do
    start=$(date +%s%N)
    "$@" >/dev/null
    echo $((($(date +%s%N) - start) / 1000000))
  done | sort -n | sed -n "$((runs / 2 + 1))p"
}
row() { printf '| %s | %s | %s |\n' "$@"; }
bytes() {
  row "size of $1 in bytes (the assemblies without the runtime)" "$(stat -c %s "$folder/native/$1")" \
    "$(cat "$folder"/dotnet/{LuoInterop*,System.CommandLine,"$1"}.dll | wc -c)"
}
time_of() { # WHAT RUNS PROGRAM WORDS...
  local what=$1 runs=$2 program=$3
  shift 3
  row "$what, ms" "$(median "$runs" "$folder/native/$program" "$@")" "$(median "$runs" dotnet "$folder/dotnet/$program.dll" "$@")"
}

row 'what' 'native' '`dotnet PROGRAM.dll`'
row '---' '---' '---'
bytes luoctl
bytes luo-demo
time_of '`luoctl --version`' 21 luoctl --version
time_of '`luoctl --help`' 21 luoctl --help
time_of '`luoctl replay tests/litmus/selftests`' 21 luoctl replay tests/litmus/selftests
time_of '`luo-demo --ram 8`, emulated' 21 luo-demo --ram 8
if [ "${1:-}" = --vm ]; then
  time_of '`luo-demo --on vm --ram 64`, all in all' 3 luo-demo --on vm --ram 64
fi
