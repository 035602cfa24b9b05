// What the agent does to VMs as a whole, on a VM that KVM runs inside the virtual machine: seen, and undone.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { findClang, lane, onPath } from '../support/lanes.ts';
import { buildStaticAgent } from './policy.ts';
import { boot, buildStatic, vmToolsPresent } from './vm.ts';

const CGROUP = '/sys/fs/cgroup/machine';

/**
 * Two seconds of a VM at a time: the CPU time of the process, in hundredths of a second (`used`), how often KVM polled
 * before it let a vCPU sleep (`polled`), and what the two settings hold.
 */
const SCRIPT = `mount -t cgroup2 none /sys/fs/cgroup
echo +cpu > /sys/fs/cgroup/cgroup.subtree_control
mkdir ${CGROUP}
echo 20000000 > /sys/module/kvm/parameters/halt_poll_ns
start() { /vmm "CPU 0/KVM" "$@" & V=$!; echo $V > ${CGROUP}/cgroup.procs; }
show() {
	set -- $1 $(cut -d' ' -f14,15 /proc/$V/stat | sed 's/.*) //') $(cat /sys/kernel/debug/kvm/halt_attempted_poll)
	sleep 2
	now="$(cut -d' ' -f14,15 /proc/$V/stat)"
	echo "SHOW $1 used $(( $(echo $now | sed 's/ /+/') - $2 - $3 )) polled $(( $(cat /sys/kernel/debug/kvm/halt_attempted_poll) - $4 )) max $(cat ${CGROUP}/cpu.max | tr ' ' /) poll $(cat /sys/module/kvm/parameters/halt_poll_ns)"
}
capped() { ! grep -q max ${CGROUP}/cpu.max; }
free() { ! capped; }
till() { for i in $(seq 100); do $1 && break; sleep 0.2; done; sleep 1; }
agent() { /run_vm_acts "$@" & A=$!; till capped; }
start 1000000; sleep 1
show before
agent --json; show during; kill $A; wait $A; echo STATUS $?
show after
agent; kill -9 $A; till free; show killed
kill -9 $V; wait $V
start 1000 100; sleep 1
show polling
agent; show limited; kill $A; wait $A; sleep 1
show again
echo 200000 > /sys/module/kvm/parameters/halt_poll_ns`;

interface Shown {
  readonly used: number;
  readonly polled: number;
  readonly max: string;
  readonly poll: number;
}

lane(
  'qemu',
  'what agents do to VMs, in a virtual machine',
  () => (vmToolsPresent() && findClang() && onPath('bpftool') ? true : undefined),
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'pvpolicy-vms-'));
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    it('caps a VM, limits its polling, and undoes both at the end and when it is killed', async () => {
      const [agent = ''] = buildStaticAgent(join(import.meta.dirname, 'vm_acts.pvpolicy'), folder);
      const vmm = buildStatic(join(import.meta.dirname, 'vmm.c'), folder);
      const { console: text, finished } = await boot({
        kernel: 'newest',
        files: [agent, vmm],
        script: SCRIPT,
        timeoutMs: 480_000,
      });
      if (process.env['SHOW']) console.log(text);
      const line = /SHOW (\w+) used (\d+) polled (\d+) max (\S+) poll (\d+)/g;
      const shown = Object.fromEntries(
        [...text.matchAll(line)].map(([, when = '', used, polled, max = '', poll]): [string, Shown] => [
          when,
          { used: Number(used), polled: Number(polled), max, poll: Number(poll) },
        ]),
      );
      console.info(
        `2 s of a VM (CPU time in 1/100 s, halts polled, cpu.max, halt_poll_ns): ${JSON.stringify(shown)}`,
      );
      const [free, capped] = ['max/100000', '25000/100000'];
      expect(shown).toMatchObject({
        before: { max: free, poll: 20_000_000 },
        during: { max: capped, poll: 0 },
        after: { max: free, poll: 20_000_000 },
        killed: { max: free, poll: 20_000_000 },
        polling: { max: free },
        limited: { max: capped, polled: 0 },
        again: { max: free },
      });
      const used = (when: string): number => shown[when]?.used ?? NaN;
      expect(used('during')).toBeLessThan(used('before') / 2);
      expect(used('after')).toBeGreaterThan(used('during') * 2);
      expect(shown['polling']?.polled).toBeGreaterThan(20);
      expect(shown['again']?.polled).toBeGreaterThan(20);
      // None of Debian's kernels is built with CONFIG_SCHED_CORE: what can be seen of a tag is that the agent says so.
      expect(text).toContain('the kernel is built without core scheduling (CONFIG_SCHED_CORE)');
      expect(text).toContain('STATUS 0');
      expect(finished).toBe(true);
    });
  },
);
