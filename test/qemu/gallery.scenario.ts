import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { findClang, lane, onPath } from '../support/lanes.ts';
import { FOLDER, GALLERY, type Entry } from '../gallery/gallery.ts';
import {
  AGENT_SECONDS,
  agentRun,
  AGENTS,
  agentsScript,
  buildAgents,
  GUESTS,
  shortcomings,
  type Agent,
} from './gallery-agents.ts';
import { compileUnchecked } from './policy.ts';
import { boot, buildLoader, release, vmToolsPresent, type BootResult } from './vm.ts';

/** Two guests, and as many hogs as CPUs. */
const LOAD = `${GUESTS}
for i in 1 2; do (while :; do :; done) & done
sleep 2`;

const nameOf = ({ snapshot }: Entry): string => snapshot.program?.name ?? '';

const SCHEDULERS = GALLERY.filter(({ snapshot }) => snapshot.program?.target === 'sched_ext');

/** For each scheduler: load it, let it run under the load, and say whether KVM's guests still run under it. */
const schedulersScript = (schedulers: readonly Entry[]): string => `${LOAD}
for name in ${schedulers.map(nameOf).join(' ')}; do
  echo BEGIN $name
  /load /$name.bpf.o 3
  echo STATE $(cat /sys/kernel/sched_ext/state)
  dmesg -c | grep sched_ext
  echo END $name
done`;

/** What the kernel is to say of a scheduler that ran and was let go, and did not. */
function unsaid(text: string, name: string): readonly string[] {
  const told = new RegExp(`BEGIN ${name}\n(.*?)END ${name}\n`, 's').exec(text)?.[1] ?? '';
  const says = [
    `"state":"enabled","ops":"${name}"`,
    'STATE disabled',
    'disabled (unregistered from user space)',
  ];
  const complaint = /.*(?:runtime error|stall).*/.exec(told)?.[0];
  return [...says.filter((line) => !told.includes(line)), ...(complaint === undefined ? [] : [complaint])];
}

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
    let machines: readonly BootResult[] = [];
    const said = (): string => machines.map(({ console: text }) => text).join('\n');

    // One machine for the schedulers, and beside it one for the agents, which take long to start beside hogs: the guests and
    // the emulator's thread fill the CPUs, too.
    beforeAll(async () => {
      const vmm = join(folder, 'vmm');
      execFileSync('gcc', ['-O2', '-static', join(import.meta.dirname, 'vmm.c'), '-o', vmm]);
      const objects = SCHEDULERS.map(({ file }) => compileUnchecked(join(FOLDER, file), folder));
      const agents = buildAgents(folder);
      const machine = (files: readonly string[], script: string): Promise<BootResult> =>
        boot({ kernel: 'newest', files: [vmm, ...files], script, timeoutMs: 600_000 });
      const run = async (
        schedulers: readonly Entry[],
        tried: readonly Agent[],
        seconds?: number,
      ): Promise<readonly BootResult[]> =>
        await Promise.all([
          ...(schedulers.length > 0
            ? [machine([buildLoader(folder), ...objects], schedulersScript(schedulers))]
            : []),
          ...(tried.length > 0
            ? [machine(agents, `${GUESTS}\nsleep 2\n${agentsScript(tried, seconds)}`)]
            : []),
        ]);
      machines = await run(SCHEDULERS, AGENTS);
      // On a busy machine seconds of an emulated one may be too few; what falls short twice is broken.
      const schedulers = SCHEDULERS.filter((entry) => unsaid(said(), nameOf(entry)).length > 0);
      const late = AGENTS.filter((agent) => shortcomings(said(), agent).length > 0);
      if (schedulers.length + late.length > 0)
        console.info(`run again: ${[...schedulers.map(nameOf), ...late.map(({ name }) => name)].join(', ')}`);
      // Of two runs the first in the text counts.
      machines = [...(await run(schedulers, late, 3 * AGENT_SECONDS)), ...machines];
      if (process.env['PV_DUMP']) (await import('node:fs')).writeFileSync(process.env['PV_DUMP'], said());
    }, 1_300_000);

    afterAll(() => {
      if (process.env['UPDATE_GALLERY'] === '1') remember(said());
    });

    it('brings the machines to their end', () => {
      expect(machines.filter(({ finished }) => !finished)).toEqual([]);
    });

    it.each(SCHEDULERS)('runs $file under load, and lets go of it', (entry) => {
      expect(unsaid(said(), nameOf(entry))).toEqual([]);
    });

    it.each(AGENTS)('runs $file with its agent under load, and undoes what it did', (agent) => {
      expect(shortcomings(said(), agent)).toEqual([]);
    });
  },
);
