import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { findClang, lane, onPath } from '../support/lanes.ts';
import { FOLDER, GALLERY } from '../gallery/gallery.ts';
import { AGENT_SECONDS, agentRun, AGENTS, AGENTS_SCRIPT, buildAgents } from './gallery-agents.ts';
import { compileUnchecked } from './policy.ts';
import { boot, buildLoader, release, vmToolsPresent, type BootResult } from './vm.ts';

/** Two guests, one woken by its timer 200 times a second and one that only computes and whose vCPU's thread is called as QEMU does, and as many hogs as CPUs. */
const LOAD = `/vmm web 20000 200 & WEB=$!
/vmm 'CPU 0/KVM' 100000 0 emulate & BATCH=$!
for i in 1 2; do (while :; do :; done) & HOGS="$HOGS $!"; done
sleep 2`;

const SCHEDULERS = GALLERY.filter(({ snapshot }) => snapshot.program?.target === 'sched_ext');

/**
 * For each scheduler: load it, let it run under the load, and say whether KVM's guests still run under it; then
 * the agents, which take long to start beside hogs: the guests and the emulator's thread fill the CPUs, too.
 */
const script = `${LOAD}
for name in ${SCHEDULERS.map(({ snapshot }) => snapshot.program?.name).join(' ')}; do
  echo BEGIN $name
  /load /$name.bpf.o 3
  echo STATE $(cat /sys/kernel/sched_ext/state)
  dmesg -c | grep sched_ext
  echo END $name
done
kill $HOGS
${AGENTS_SCRIPT}`;

/** Puts what ran, and what agents were seen to do, where the page of the gallery is made from. */
function remember(text: string): void {
  const path = join(import.meta.dirname, '../gallery/measured.json');
  const measured = JSON.parse(readFileSync(path, 'utf8')) as Record<string, Record<string, string>>;
  const kernel = release('newest').replace(/\+.*/, '');
  for (const { file, snapshot } of SCHEDULERS)
    if (text.includes(`END ${snapshot.program?.name}\n`))
      measured[file] = { ...measured[file], run: `${kernel} in QEMU, 3 s under load with two guests` };
  for (const { file, name, run } of AGENTS) {
    if (agentRun(text, name).status !== '0') continue;
    const effect = run.effect ? `: ${run.effect.says}` : '';
    const says = `${kernel} in QEMU, ${AGENT_SECONDS} s under load with two guests${effect}`;
    measured[file] = { ...measured[file], run: says };
  }
  writeFileSync(path, `${JSON.stringify(measured, null, 2)}\n`);
}

lane(
  'qemu',
  'the gallery on a real kernel',
  () => (vmToolsPresent() && findClang() && onPath('bpftool') ? true : undefined),
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'pvpolicy-gallery-'));
    afterAll(() => rmSync(folder, { recursive: true, force: true }));
    let result: BootResult | undefined;

    beforeAll(async () => {
      const vmm = join(folder, 'vmm');
      execFileSync('gcc', ['-O2', '-static', join(import.meta.dirname, 'vmm.c'), '-o', vmm]);
      const objects = SCHEDULERS.map(({ file }) => compileUnchecked(join(FOLDER, file), folder));
      result = await boot({
        kernel: 'newest',
        files: [buildLoader(folder), vmm, ...objects, ...buildAgents(folder)],
        script,
        timeoutMs: 600_000,
      });
      if (process.env['PV_DUMP'])
        (await import('node:fs')).writeFileSync(process.env['PV_DUMP'], result.console);
    }, 900_000);

    afterAll(() => {
      if (process.env['UPDATE_GALLERY'] === '1') remember(result?.console ?? '');
    });

    it('brings the machine to its end', () => {
      expect(result?.finished).toBe(true);
    });

    it.each(SCHEDULERS)('runs $file under load, and lets go of it', ({ snapshot }) => {
      const name = snapshot.program?.name ?? '';
      const said =
        new RegExp(`BEGIN ${name}\n(.*?)END ${name}\n`, 's').exec(result?.console ?? '')?.[1] ?? '';
      expect(said).toContain(`"state":"enabled","ops":"${name}"`);
      expect(said).toContain('STATE disabled');
      expect(said).toContain('disabled (unregistered from user space)');
      expect(said).not.toMatch(/runtime error|stall/);
    });

    it.each(AGENTS)('runs $file with its agent under load, and undoes what it did', ({ name, run }) => {
      const { status, during, after, counted } = agentRun(result?.console ?? '', name);
      expect(status).toBe('0');
      expect(run.counts.filter((counter) => !counted.get(counter))).toEqual([]);
      if (!run.effect) return;
      expect(during.filter((sample) => run.effect?.seen.test(sample))).not.toEqual([]);
      expect(after).not.toMatch(run.effect.seen);
    });
  },
);
