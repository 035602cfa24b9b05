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

const ROOT = join(import.meta.dirname, '../..');
const HAND = join(import.meta.dirname, 'cost');
const VERSIONS = ['generated', 'hand'] as const;
type Version = (typeof VERSIONS)[number];

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
        if (version === 'hand' || file === 'calls.h') copyFileSync(join(HAND, file), join(work, file));
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
        measured: name === 'vm_share' ? object : compile('measured'),
        size: statSync(object).size,
      };
    }

    it.each(['spin_guard', 'irq_boost'])('%s, on this kernel', (name) => {
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

    it('vm_share, on a kernel with sched_ext', async () => {
      const built = { generated: build('vm_share', 'generated'), hand: build('vm_share', 'hand') };
      const turn = VERSIONS.map((version) => `echo TURN ${version}; /cost /${version}_vm_share.bpf.o 5`).join(
        '\n',
      );
      const { console: text, finished } = await boot({
        kernel: 'newest',
        files: [cost, built.generated.object, built.hand.object],
        script: `for i in 1 2 3 4; do (while :; do :; done) & done\n${turn}\n${turn}`,
        timeoutMs: 240_000,
      });
      expect(finished).toBe(true);
      const costs = { generated: none(), hand: none() };
      for (const [, version, said] of text.matchAll(/^TURN (\w+)([^]*?)(?=^TURN|^FINISHED)/gm)) {
        read(said ?? '', costs[version as Version]);
      }
      tell('vm_share', built, costs, 'ns a call, emulated');
    });
  },
);

/** The example; of sched_ext for the kernels that the hand-written program is for, which calls no older names. */
function policyFor(name: string, folder: string): string {
  const path = join(ROOT, 'examples', `${name}.pvpolicy`);
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

/** Adds what cost.c printed: of repeated figures the lowest. */
function read(output: string, { verified, ns }: Costs): void {
  for (const [, name, count] of output.matchAll(/^program (\w+) (\d+)/gm)) {
    if (!/^prepare_/.test(name ?? '')) verified.set(name ?? '', Number(count));
  }
  const lowest = (name: string, value: number): Map<string, number> =>
    ns.set(name, Math.min(value, ns.get(name) ?? Infinity));
  for (const [, name, value] of output.matchAll(/^run (\w+) ([\d.]+)/gm)) lowest(name ?? '', Number(value));
  for (const [, name, value] of output.matchAll(/^attached (\w+) \d+ ([\d.]+)/gm))
    lowest(name ?? '', Number(value));
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
  const total = (version: Version): number =>
    [...costs[version].verified.values()].reduce((a, b) => a + b, 0);
  if (process.env['SHOW']) console.log(VERSIONS.map((version) => [version, ...costs[version].verified]));
  compare(name, 'instructions that the verifier walks', of(total));
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
      .replace(/^vm_share_/, '')
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
