#!/usr/bin/env bash
# Runs commands at the same time, each an argument of its own for a shell: side-by-side.sh COMMAND...
# The first that fails ends the others, and its status is this one's. Interrupted, it ends all of them.
set -uo pipefail
set -m
groups=()
end_all() { for group in "${groups[@]}"; do kill -- "-$group" 2>/dev/null; done; }
trap 'end_all; exit 130' INT
trap 'end_all; exit 143' TERM
for command in "$@"; do
  bash -c "$command" &
  groups+=($!)
done
for _ in "${groups[@]}"; do
  wait -n
  status=$?
  if [ $status != 0 ]; then
    end_all
    exit $status
  fi
done
