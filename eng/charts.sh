#!/usr/bin/env bash
# Draws the charts of the newest results: bench/results/*.json and *-vm-*.tsv become bench/results/*.svg.
# gnuplot is needed for this alone; as root on Debian or Ubuntu it is installed, otherwise this says what to install, and fails.
# Usage: eng/charts.sh LUO-BENCH [RESULTS]
set -euo pipefail
cd "$(dirname "$0")/.."
tool=${1:?usage: eng/charts.sh LUO-BENCH [RESULTS]}
results=${2:-bench/results}

if ! command -v gnuplot >/dev/null 2>&1; then
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "gnuplot is missing; install it and try again:  sudo apt-get install gnuplot-nox" >&2
    exit 1
  fi
  echo "installing: gnuplot-nox"
  export DEBIAN_FRONTEND=noninteractive
  apt-get -q update
  apt-get -q install -y --no-install-recommends gnuplot-nox
fi

draw() { # script, folder of tables, their first words, title: writes RESULTS/SCRIPT.svg
  gnuplot -e "data='$2/$3'; subtitle='$4'" bench/charts/style.gp "bench/charts/$1.gp" >"$results/$1.svg.new"
  mv "$results/$1.svg.new" "$results/$1.svg"
  echo "drawn: $results/$1.svg"
}

# Names begin with the date: the last is the newest.
drawn=no
host=$(ls "$results"/*-host.json 2>/dev/null | tail -n 1 || true)
if [ -n "$host" ]; then
  tables=$(mktemp -d)
  trap 'rm -rf "$tables"' EXIT
  "$tool" --tsv "$host" "$tables" >/dev/null
  for chart in host-handover host-calls host-counts host-arrays host-ratio; do
    draw "$chart" "$tables" host "$(basename "$host" .json)"
  done
  drawn=yes
fi

calls=$(ls "$results"/*-vm-calls.tsv 2>/dev/null | tail -n 1 || true)
if [ -n "$calls" ]; then
  run=$(basename "$calls" -calls.tsv)
  draw vm-calls "$results" "$run" "$run"
  for chart in size memory sessions disk; do
    case $chart in
      size | memory) table=size-4k ;;
      *) table=$chart ;;
    esac
    [ ! -f "$results/$run-$table.tsv" ] || draw "vm-$chart" "$results" "$run" "$run"
  done
  drawn=yes
fi

blackouts=$(ls "$results"/*-vmm-blackout-linux.tsv 2>/dev/null | tail -n 1 || true)
if [ -n "$blackouts" ]; then
  run=$(basename "$blackouts" -blackout-linux.tsv)
  draw vmm-blackout "$results" "$run" "$run"
  drawn=yes
fi

if [ $drawn = no ]; then
  echo "no results in $results: run 'make bench' or 'make bench-vm' first" >&2
  exit 1
fi
