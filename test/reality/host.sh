#!/usr/bin/env bash
# Records what three policies do to threads of this script's own, on this machine's kernel, and what the kernel does to
# them by itself: baseline.dat, then one trace a policy, each with its sidecar. Needs root, tracefs, clang, bpftool and a
# build. What is there already is not built again, so that a calm machine can be had for the recordings alone.
#
#   test/reality/host.sh FOLDER [build]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=$(mkdir -p "$1" && cd "$1" && pwd)
seconds=5
cli="node $here/../../dist/cli.cjs"
clang=$(command -v clang-19 || command -v clang)
export PATH=$PATH:/usr/sbin

[ -x "$out/threads" ] || gcc -O2 -pthread "$here/threads.c" -o "$out/threads"
for policy in nice boost pin; do
    [ -x "$out/$policy/${policy}_by_name" ] && continue
    $cli compile "$here/${policy}_by_name.pvpolicy" -o "$out/$policy" > /dev/null
    make -s -C "$out/$policy" CLANG="$clang"
done
[ "${2-}" = build ] && exit

# record NAME: the threads for a while, the trace of all but their first second
record() {
    setsid "$out/threads" $((seconds + 4)) 4 &
    local threads=$!
    sleep 1
    $cli record -o "$out/$1.dat" --seconds "$seconds"
    wait "$threads"
}

record baseline
for policy in nice boost pin; do
    "$out/$policy/${policy}_by_name" --seconds $((seconds + 5)) > "$out/$policy.log" 2>&1 &
    agent=$!
    sleep 1
    record "$policy"
    wait "$agent" || true
done
