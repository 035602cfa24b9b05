import { execFileSync } from 'node:child_process';
import { accessSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll } from 'vitest';
import { findClang, onPath } from '../support/lanes.ts';
import { firstDifference, mainOf, type Outcome, type Tools, type Trial } from './agreement.ts';
import { runnerText } from './machine.ts';

/** Loading needs root, a kernel with BTF, a compiler for BPF, and one and libbpf for what loads. */
export function compilers(): { readonly clang: string; readonly gcc: string } | undefined {
  const clang = findClang();
  const gcc = onPath('gcc', 'cc');
  if (clang === undefined || gcc === undefined || process.getuid?.() !== 0) return undefined;
  try {
    for (const path of ['/sys/kernel/btf/vmlinux', '/usr/include/bpf/libbpf.h']) accessSync(path);
    return { clang, gcc };
  } catch {
    return undefined;
  }
}

/** Makes the runner (agree.c), which goes after the tests. */
export function toolsFrom({ clang, gcc }: { readonly clang: string; readonly gcc: string }): Tools {
  const folder = mkdtempSync(join(tmpdir(), 'pvpolicy-runner-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const agree = join(folder, 'agree');
  const source = fileURLToPath(new URL('agree.c', import.meta.url));
  execFileSync(gcc, ['-O2', '-Wall', source, '-o', agree, '-lbpf', '-lelf', '-lz', '-lpthread']);
  return { clang, agree };
}

/** What became of policies. */
export interface Totals {
  generated: number;
  clean: number;
  sides: number;
  compiled: number;
  accepted: number;
  agreed: number;
  calls: number;
}

export const none = (): Totals => ({
  ...{ generated: 0, clean: 0, sides: 0 },
  ...{ compiled: 0, accepted: 0, agreed: 0, calls: 0 },
});

/** Policies of one batch: each batch has a seed of its own, by which it is made again to find the smallest that fails. */
export const BATCH = 16;

/** Holds `count` cases in batches; throws with the smallest that was found of one that fails. */
export async function holdAll<Case>(
  cases: fc.Arbitrary<Case>,
  count: number,
  firstSeed: number,
  hold: (batch: readonly Case[]) => Promise<void>,
): Promise<void> {
  for (let done = 0, seed = firstSeed; done < count; done += BATCH, seed++) {
    const batch = fc.sample(cases, { seed, numRuns: BATCH });
    await hold(batch).catch(async (error: unknown) => {
      // Smaller for some time.
      await fc.assert(
        fc.asyncProperty(cases, (one) => hold([one])),
        { seed, numRuns: BATCH, interruptAfterTimeLimit: 60_000 },
      );
      throw error;
    });
  }
}

/** Counts what the kernel did with a policy; throws where it refused it, or did not answer what is wanted. */
export function compare(
  { files, run: { calls }, text, side }: Trial,
  outcome: Outcome | undefined,
  totals: Totals,
  answers: () => readonly string[],
): void {
  const main = files.find(({ name }) => name === mainOf(side));
  const shown = `\n--- policy\n${text}\n--- C\n${main?.text ?? ''}`;
  if (outcome?.kind !== 'ran') throw new Error(`refused by ${outcome?.by}: ${outcome?.log}${shown}`);
  totals.compiled++;
  totals.accepted++;
  totals.calls += calls.length;
  const wanted = answers();
  const at = firstDifference(wanted, outcome.answers);
  if (at >= 0) {
    const call = `${calls[at]?.name}(${calls[at]?.args.map(runnerText).join(', ')}), call ${at}`;
    throw new Error(`${call}: executor ${wanted[at]}, kernel ${outcome.answers[at]}${shown}`);
  }
  totals.agreed++;
}
