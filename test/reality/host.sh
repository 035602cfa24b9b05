#!/usr/bin/env bash
# Records what three policies do to threads of this script's own, on this machine's kernel, and what the kernel does to
# them by itself: baseline.trace.gz, then one trace a policy. Needs root, tracefs, clang, bpftool and a build.
#
#   test/reality/host.sh FOLDER
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=$(mkdir -p "$1" && cd "$1" && pwd)
seconds=5
trace=/sys/kernel/tracing/instances/pvpolicy-reality
clang=$(command -v clang-19 || command -v clang)
export PATH=$PATH:/usr/sbin

gcc -O2 -pthread "$here/threads.c" -o "$out/threads"
for policy in nice boost pin; do
    node "$here/../../dist/cli.cjs" compile "$here/${policy}_by_name.pvpolicy" -o "$out/$policy" > /dev/null
    make -s -C "$out/$policy" CLANG="$clang"
done

mkdir -p "$trace"
trap 'echo 0 > "$trace/tracing_on"; rmdir "$trace"' EXIT
echo mono > "$trace/trace_clock"
echo 20000 > "$trace/buffer_size_kb"
for event in sched_switch sched_waking sched_wakeup sched_wakeup_new sched_migrate_task; do
    echo 1 > "$trace/events/sched/$event/enable"
done

# record NAME: the threads for a while, the trace of all but their first second
record() {
    "$out/threads" $((seconds + 1)) 4 &
    local threads=$!
    sleep 1
    echo > "$trace/trace"
    echo 1 > "$trace/tracing_on"
    sleep "$seconds"
    echo 0 > "$trace/tracing_on"
    cat "$trace/trace" | gzip -9n > "$out/$1.trace.gz"
    wait "$threads"
}

record baseline
for policy in nice boost pin; do
    "$out/$policy/${policy}_by_name" --seconds $((seconds + 3)) > "$out/$policy.log" 2>&1 &
    agent=$!
    sleep 1
    record "$policy"
    wait "$agent" || true
done
