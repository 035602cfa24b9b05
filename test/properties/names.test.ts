import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { BPF_FLAGS } from '../../server/src/emit/c/makefile.ts';
import { filesOf, snapshot } from '../../server/src/pipeline.ts';
import { DEFAULTS } from '../../server/src/workspace/settings.ts';
import { awkwardNames, pvschedPolicy, schedExtPolicy, tracingPolicy } from '../support/awkward-names.ts';
import { findClang, lane, onPath } from '../support/lanes.ts';
import { runs, SEED } from '../support/runs.ts';

/** How many policies of each target; from PVPOLICY_RUNS=50 on every name is in one. */
const POLICIES = runs(3);

const TARGETS = { tracing: tracingPolicy, sched_ext: schedExtPolicy, pvsched: pvschedPolicy };

const folder = mkdtempSync(join(tmpdir(), 'pvpolicy-names-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The names in an order of their own for each seed. */
function shuffled(names: readonly string[], seed: number): readonly string[] {
  let state = seed;
  const random = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0);
  return names
    .map((name) => [random(), name] as const)
    .toSorted(([a], [b]) => a - b)
    .map(([, name]) => name);
}

type Template = (name: string, n: () => string) => string;

/**
 * A policy without errors: names of which the checker says that they cannot stand there (words of the language, built-ins) are
 * replaced by harmless ones. What it says is the diagnostic that awkward names are due.
 */
function cleanPolicy(template: Template, policyName: string, names: readonly string[]): string {
  const harmless = new Set<string>();
  for (let tries = 0; tries < 200; tries++) {
    let at = 0;
    const next = (): string => {
      const name = names[at++ % names.length] ?? '';
      return harmless.has(name) ? `plain_${at}` : name;
    };
    const text = template(policyName, next);
    const wrong = snapshot(text, DEFAULTS).diagnostics.filter(({ severity }) => severity === 'error');
    if (wrong.length === 0) return text;
    const found = wrong
      .flatMap(({ span, message }) => [
        text.slice(span.start, span.end),
        ...(message.match(/[A-Za-z_]\w*/g) ?? []),
      ])
      .filter((word) => names.includes(word) && !harmless.has(word));
    const line = text.slice(0, wrong[0]?.span.start).split('\n').length - 1;
    const onLine = (text.split('\n')[line] ?? '').match(/[A-Za-z_]\w*/g) ?? [];
    const guilty = found.length > 0 ? found : onLine.filter((word) => names.includes(word));
    if (guilty.length === 0) throw new Error(`${wrong[0]?.message}\n${text}`);
    for (const word of guilty) harmless.add(word);
  }
  throw new Error('no such policy is free of errors');
}

lane(
  'clang',
  'awkward names',
  () => {
    const [clang, gcc, bpftool] = [findClang(), onPath('gcc'), onPath('bpftool')];
    return clang && gcc && bpftool ? { clang, gcc, bpftool } : undefined;
  },
  ({ clang, gcc, bpftool }) => {
    async function compile(text: string, name: string): Promise<void> {
      const work = join(folder, name);
      mkdirSync(work);
      const options = { cwd: work, encoding: 'utf8', stdio: 'pipe' } as const;
      const files = (await filesOf(snapshot(text, DEFAULTS), `${name}.pvpolicy`)) ?? [];
      for (const file of files) writeFileSync(join(work, file.name), file.text);
      const include = ['-idirafter', '/usr/include/x86_64-linux-gnu'];
      for (const file of files.filter((one) => one.name.endsWith('.bpf.c'))) {
        const part = file.name.slice(0, -'.bpf.c'.length);
        const flags = ['-target', 'bpf', ...BPF_FLAGS, '-Werror', ...include];
        execFileSync(clang, [...flags, '-c', file.name, '-o', `${part}.bpf.o`], options);
        const skeleton = ['gen', 'skeleton', `${part}.bpf.o`, 'name', `${part.replace('.', '_')}_bpf`];
        writeFileSync(join(work, `${part}.skel.h`), execFileSync(bpftool, skeleton, options));
        execFileSync(gcc, ['-O1', '-Wall', '-Wextra', '-Werror', '-fsyntax-only', `${part}.c`], options);
      }
      rmSync(work, { recursive: true });
    }

    test.each(Object.entries(TARGETS))(
      'in policies for %s become correct C',
      async (target, template) => {
        const names = shuffled(awkwardNames(), SEED);
        expect(names.length).toBeGreaterThan(2000);
        const slots = 60;
        for (let i = 0; i < POLICIES; i++) {
          const from = (i * slots) % names.length;
          const text = cleanPolicy(template, `names_${target}_${i}`, names.slice(from, from + slots));
          await compile(text, `names_${target}_${i}`).catch((error: unknown) => {
            throw new Error(`${String((error as { stderr?: string }).stderr ?? error)}\n${text}`);
          });
        }
      },
      60_000 + POLICIES * 10_000,
    );
  },
);
