import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { FOLDER } from '../gallery/gallery.ts';
import { compileUnchecked } from '../qemu/policy.ts';
import type { Sidecar } from '../../server/src/trace/sidecar.ts';
import { boot, buildLoader, release } from '../qemu/vm.ts';

/** Schedulers whose defaults suit the load; the loader of the tests fills no tables. */
const POLICIES = ['01_interrupt_boost', '09_overcommit_cap', '13_sticky_home'];
const SECONDS = 4;
const EVENTS =
  'sched/sched_switch sched/sched_waking sched/sched_wakeup sched/sched_migrate_task kvm/kvm_entry kvm/kvm_exit kvm/kvm_inj_virq kvm/kvm_vcpu_wakeup';

/** The machine has no disk and no network: a recording leaves it as text on the console. */
const script = `echo "SLICE $(cat /sys/kernel/debug/sched/base_slice_ns)"
echo "FEATURES $(cat /sys/kernel/debug/sched/features)"
/vmm web 20000 200 &
/vmm batch 100000 &
for i in 1 2; do (while :; do :; done) & done
sleep 2
cd /sys/kernel/tracing
echo mono > trace_clock
echo 16000 > buffer_size_kb
for event in ${EVENTS}; do echo 1 > events/$event/enable; done
record() {
  echo > trace; echo 1 > tracing_on; sleep ${SECONDS}; echo 0 > tracing_on
  gzip -1 < trace > /$1.gz; echo > trace
}
record baseline
for name in ${POLICIES.map((file) => file.slice(3)).join(' ')}; do
  /load /$name.bpf.o ${SECONDS + 4} &
  while [ "$(cat /sys/kernel/sched_ext/state)" != enabled ]; do sleep 1; done
  sleep 1
  record $name
  wait $!
done
for event in ${EVENTS}; do echo 0 > events/$event/enable; done
echo 1 > tracing_on
pkill vmm
for name in baseline ${POLICIES.map((file) => file.slice(3)).join(' ')}; do
  echo "TRACE $name"; base64 < /$name.gz; echo "END"
done`;

/** What the machine said of its scheduler; all its threads are in the root group, for there is one session. */
function sidecarOf(text: string): Sidecar {
  const features = /^FEATURES (.*)$/m.exec(text)?.[1] ?? '';
  return {
    version: 1,
    kernel: {
      release: release('newest'),
      machine: 'x86_64',
      hz: 250,
      preempt: null,
      base_slice_ns: Number(/^SLICE (\d+)$/m.exec(text)?.[1]),
      features: Object.fromEntries(
        features.split(' ').map((name) => [name.replace(/^NO_/, ''), !name.startsWith('NO_')]),
      ),
      rt_period_us: null,
      rt_runtime_us: null,
      autogroup: false,
      sched_ext: null,
    },
    cpus: [{ id: 0, core: 0, llc: 0, package: 0, node: 0, capacity: 1024 }],
    threads: [],
    cgroups: [],
  };
}

it('records schedulers of the gallery, and the kernel without them, on one load', async () => {
  const out = process.env['PVPOLICY_REALITY'] ?? join(tmpdir(), 'pvpolicy-reality');
  mkdirSync(out, { recursive: true });
  execFileSync('gcc', ['-O2', '-static', join(import.meta.dirname, '../qemu/vmm.c'), '-o', join(out, 'vmm')]);
  const objects = POLICIES.map((file) => compileUnchecked(join(FOLDER, `${file}.pvpolicy`), out));
  const files = [buildLoader(out), join(out, 'vmm'), ...objects];
  const { console: text } = await boot({
    kernel: 'newest',
    files,
    script,
    timeoutMs: 600_000,
    countsInstructions: true,
  });
  writeFileSync(join(out, 'console.txt'), text);
  const traces = [...text.matchAll(/TRACE (\w+)\n([\w+/=\n]*)END/g)];
  const sidecar = JSON.stringify(sidecarOf(text));
  for (const [, name = '', data = ''] of traces) {
    writeFileSync(join(out, `${name}.trace.gz`), Buffer.from(data.replaceAll('\n', ''), 'base64'));
    writeFileSync(join(out, `${name}.trace.gz.sidecar.json`), sidecar);
  }
  expect(traces.map(([, name]) => name)).toEqual(['baseline', ...POLICIES.map((file) => file.slice(3))]);
});
