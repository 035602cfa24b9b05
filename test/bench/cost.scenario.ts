// What generated programs cost beside those that a careful engineer writes (cost/*.bpf.c), as the kernel counts it.
// Prints a table; asserts no time.
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { BPF_FLAGS } from '../../server/src/emit/c/makefile.ts';
import { findClang, lane, onPath } from '../support/lanes.ts';
import { boot, buildStatic, vmToolsPresent } from '../qemu/vm.ts';
import { writeC } from '../qemu/policy.ts';

const EXAMPLES = join(import.meta.dirname, '../../examples');
const HAND = join(import.meta.dirname, 'cost');
const VERSIONS = ['generated', 'hand'] as const;
type Version = (typeof VERSIONS)[number];

/** Policies that have been written by hand, too: those whose hooks this kernel's own can run, and schedulers. */
const HERE: Readonly<Record<string, string>> = {
  spin_guard: 'spin_guard',
  irq_boost: 'irq_boost',
  halt_poll: 'gallery/04_halt_poll',
};
const SCHEDULERS: Readonly<Record<string, string>> = {
  vm_share: 'vm_share',
  latency_class: 'gallery/07_latency_class',
};

/** An emulated machine that counts instructions has this clock. */
const NS_PER_INSTRUCTION = 2;

/** Load on its one CPU: threads that compute, and one that sleeps and wakes. */
const LOAD = `for i in 1 2 3 4; do (while :; do :; done) & done
(while :; do usleep 3000; done) &`;

interface Built {
  /** As it is loaded. */
  readonly object: string;
  /** With calls.h instead of its operations. */
  readonly measured: string;
  /** Bytes, without debugging information. */
  readonly size: number;
}

/** What cost.c printed, by the program's or the call's name. */
interface Costs {
  readonly verified: Map<string, number>;
  readonly ns: Map<string, number>;
}

const rows: string[][] = [['policy', 'what', 'generated', 'hand-written', 'ratio']];
const ratio = (generated: number, hand: number): string => (generated / hand).toFixed(2);

function compare(policy: string, what: string, values: Readonly<Record<Version, number>>, digits = 0): void {
  const [generated, hand] = VERSIONS.map((version) => values[version]) as [number, number];
  rows.push([policy, what, generated.toFixed(digits), hand.toFixed(digits), ratio(generated, hand)]);
}

/** What only the generated one has. */
const alone = (policy: string, what: string, value: number): unknown =>
  rows.push([policy, what, `${value}`, '', '']);

lane(
  'qemu',
  'what generated programs cost',
  () =>
    vmToolsPresent() && findClang() && onPath('bpftool') && process.getuid?.() === 0
      ? findClang()
      : undefined,
  (clang) => {
    const folder = mkdtempSync(join(tmpdir(), 'pvpolicy-cost-'));
    afterAll(() => {
      rmSync(folder, { recursive: true, force: true });
      console.info(table(rows));
    });
    const cost = buildStatic(join(HAND, 'cost.c'), folder);

    function build(name: string, version: Version): Built {
      const work = join(folder, version, name);
      writeC(policyFor(name, folder), join(folder, version));
      for (const file of readdirSync(HAND)) {
        if (version === 'hand' || file.endsWith('.h')) copyFileSync(join(HAND, file), join(work, file));
      }
      const text = readFileSync(join(work, `${name}.bpf.c`), 'utf8');
      writeFileSync(join(work, 'measured.bpf.c'), withCalls(text, name, version));
      const compile = (source: string): string => {
        const options = { cwd: work, stdio: 'pipe' } as const;
        const flags = ['-target', 'bpf', ...BPF_FLAGS, '-idirafter', '/usr/include/x86_64-linux-gnu'];
        execFileSync(clang, [...flags, '-c', `${source}.bpf.c`, '-o', `${source}.o`], options);
        const object = join(work, `${version}_${source}.bpf.o`);
        execFileSync(onPath('bpftool') ?? '', ['gen', 'object', object, `${source}.o`], options);
        return object;
      };
      const object = compile(name);
      return {
        object,
        measured: name in SCHEDULERS ? object : compile('measured'),
        size: statSync(object).size,
      };
    }

    it.each(Object.keys(HERE))('%s, on this kernel', (name) => {
      const built = { generated: build(name, 'generated'), hand: build(name, 'hand') };
      const costs = { generated: none(), hand: none() };
      // In turns, so that a busy machine is busy for both.
      for (let round = 0; round < 5; round++) {
        for (const version of VERSIONS) {
          read(execFileSync(cost, [built[version].measured], { encoding: 'utf8' }), costs[version]);
        }
      }
      tell(name, built, costs, 'ns a call');
    });

    it('schedulers, on a kernel with sched_ext that is emulated and counts instructions', async () => {
      const built = Object.keys(SCHEDULERS).map((name) => ({
        name,
        built: { generated: build(name, 'generated'), hand: build(name, 'hand') },
      }));
      const turn = built.flatMap(({ name }) =>
        VERSIONS.map((version) => `echo TURN ${name} ${version}; /cost /${version}_${name}.bpf.o 3`),
      );
      const { console: text, finished } = await boot({
        kernel: 'newest',
        files: [cost, ...built.flatMap(({ built: both }) => VERSIONS.map((version) => both[version].object))],
        // Twice: only what runs first makes the state of threads.
        script: [LOAD, ...turn, ...turn].join('\n'),
        countsInstructions: true,
        timeoutMs: 290_000,
      });
      expect(finished).toBe(true);
      for (const { name, built: both } of built) {
        const costs = { generated: none(), hand: none() };
        for (const [, of, version, said] of text.matchAll(/^TURN (\w+) (\w+)([^]*?)(?=^TURN|^FINISHED)/gm)) {
          if (of === name) read(said ?? '', costs[version as Version], NS_PER_INSTRUCTION);
        }
        tell(name, both, costs, 'instructions of the machine a call');
      }
    });
  },
);

/** The example; of sched_ext for the kernels that the hand-written program is for, which calls no older names. */
function policyFor(name: string, folder: string): string {
  const path = join(EXAMPLES, `${HERE[name] ?? SCHEDULERS[name]}.pvpolicy`);
  const text = readFileSync(path, 'utf8');
  const head = `policy ${name} for sched_ext`;
  if (!text.includes(`${head}\n`)) return path;
  const narrowed = join(folder, `${name}.pvpolicy`);
  writeFileSync(narrowed, text.replace(`${head}\n`, `${head} requires kernel >= 7.1\n`));
  return narrowed;
}

/** The C with calls.h behind it, and without operations that this kernel may not have. */
function withCalls(text: string, name: string, version: Version): string {
  const bare = text
    .replace(/SEC\("struct_ops/g, 'SEC("?struct_ops')
    .replace(/SEC\("\.struct_ops(?:\.link)?"\)\nstruct \w+ \w+ = \{[^]*?\n\};\n/, '');
  const hand = version === 'hand' ? '#define HAND\n' : '';
  return `${bare}\n${hand}#define ${name.toUpperCase()}\n#include "calls.h"\n`;
}

const none = (): Costs => ({ verified: new Map(), ns: new Map() });

/** Adds what cost.c printed, its times divided by `unit`: of repeated figures the lowest. */
function read(output: string, { verified, ns }: Costs, unit = 1): void {
  for (const [, name, count] of output.matchAll(/^program (\w+) (\d+)/gm)) {
    verified.set(name ?? '', Number(count));
  }
  const lowest = (name: string, value: number): Map<string, number> =>
    ns.set(name, Math.min(value / unit, ns.get(name) ?? Infinity));
  for (const [, name, value] of output.matchAll(/^run (\w+) ([\d.]+)/gm)) lowest(name ?? '', Number(value));
  for (const [, name, value] of output.matchAll(/^attached (\w+) \d+ ([\d.]+)/gm))
    lowest(name ?? '', Number(value));
}

/**
 * The policy's own programs. Operations that this kernel does not have are counted as what calls them for measuring, which
 * nothing else of them is.
 */
function hooksOf(verified: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const hooks = [...verified].filter(([name]) => !/^(prepare|measure)_/.test(name));
  const called = [...verified].filter(([name]) =>
    /^measure_[b-z]_(exit_not_boosted|boost_and_end)$/.test(name),
  );
  return new Map([...hooks, ...called]);
}

function tell(
  name: string,
  built: Readonly<Record<Version, Built>>,
  costs: Readonly<Record<Version, Costs>>,
  unit: string,
): void {
  const of = (value: (version: Version) => number): Record<Version, number> => ({
    generated: value('generated'),
    hand: value('hand'),
  });
  const [generated, hand] = [hooksOf(costs.generated.verified), hooksOf(costs.hand.verified)];
  const both = [...generated.keys()].filter((program) => hand.has(program));
  // Every program has its twin, or is one that only the generated has.
  expect([...hand.keys()].filter((program) => !both.includes(program))).toEqual([]);
  const total = (version: Version): number =>
    both.reduce((sum, program) => sum + (costs[version].verified.get(program) ?? 0), 0);
  compare(name, 'instructions that the verifier walks', of(total));
  for (const program of both) {
    const twins = of((version) => costs[version].verified.get(program) ?? NaN);
    if (process.env['SHOW']) compare(name, `  ${program}`, twins);
  }
  for (const [program, count] of generated)
    if (!hand.has(program)) alone(name, `the same, of ${program}, which the hand-written has not`, count);
  compare(
    name,
    'bytes of the object',
    of((version) => built[version].size),
  );
  const calls = [...costs.generated.ns.keys()].filter((call) => costs.hand.ns.has(call));
  expect(calls.length).toBeGreaterThan(2);
  for (const call of calls.toSorted()) {
    const words = call
      .replace(/^[a-z]_/, '')
      .replace(new RegExp(`^${name}_`), '')
      .replaceAll('_', ' ');
    compare(
      name,
      `${words}, ${unit}`,
      of((version) => costs[version].ns.get(call) ?? NaN),
      1,
    );
  }
}

function table(lines: readonly (readonly string[])[]): string {
  const widths = (lines[0] ?? []).map((_, i) => Math.max(...lines.map((line) => line[i]?.length ?? 0)));
  return lines
    .map((line) =>
      line.map((cell, i) => (i < 2 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  '),
    )
    .join('\n');
}
