import { execFileSync } from 'node:child_process';
import { accessSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import type { Program } from '../../server/src/ir/ir.ts';
import { findClang, lane, onPath } from '../support/lanes.ts';
import { randomPolicy, type RandomPolicy } from '../support/random-policy.ts';
import {
  cOf,
  executorAnswers,
  firstDifference,
  kernelAnswers,
  programOf,
  runOf,
  type Outcome,
  type Run,
  type Tools,
  type Trial,
} from './agreement.ts';
import { FOUND } from './found.ts';
import { runnerText } from './machine.ts';
import { withWrappers } from './wrappers.ts';

/** How many policies; thousands by hand: `PVPOLICY_RUNS=5000 npx vitest run test/properties`. */
const RUNS = Number(process.env['PVPOLICY_RUNS'] ?? 200);
/** The first batch's seed; each later one has the next. */
const SEED = Number(process.env['PVPOLICY_SEED'] ?? 1);
const BATCH = 16;
const ROUNDS = 12;

/** Loading needs root, a kernel with BTF, a compiler for BPF, and one and libbpf for what loads. */
function compilers(): { readonly clang: string; readonly gcc: string } | undefined {
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

interface Case {
  readonly policy: RandomPolicy;
  readonly run: Run;
}

const cases: fc.Arbitrary<Case> = fc
  .tuple(randomPolicy, fc.array(fc.nat(0xffff), { minLength: 30, maxLength: 300, size: 'max' }))
  .map(([policy, tape]) => ({ policy, run: runOf(policy, tape, ROUNDS) }));

const totals = { generated: 0, clean: 0, compiled: 0, accepted: 0, agreed: 0, calls: 0 };

lane('clang', 'policies in the kernel, which needs root', compilers, ({ clang, gcc }) => {
  const folder = mkdtempSync(join(tmpdir(), 'pvpolicy-runner-'));
  const agree = join(folder, 'agree');
  const tools: Tools = { clang, agree };
  const source = fileURLToPath(new URL('agree.c', import.meta.url));
  execFileSync(gcc, ['-O2', '-Wall', source, '-o', agree, '-lbpf', '-lelf', '-lz', '-lpthread']);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('those that once were wrong compute what the executor computes', async () => {
    await hold(
      tools,
      FOUND.map(({ calls, ...policy }) => ({
        policy: { ...policy, tables: [], stored: [] },
        run: { rows: [], calls },
      })),
    );
    expect(totals.agreed).toBe(FOUND.length);
  });

  test(
    'random ones compile without a warning, are accepted, and compute what the executor computes',
    async () => {
      Object.assign(totals, { generated: 0, clean: 0, compiled: 0, accepted: 0, agreed: 0, calls: 0 });
      for (let done = 0, seed = SEED; done < RUNS; done += BATCH, seed++) {
        await hold(tools, fc.sample(cases, { seed, numRuns: BATCH })).catch(async (error: unknown) => {
          await reportSmallest(tools, seed);
          throw error;
        });
      }
      console.info(`random policies: ${JSON.stringify(totals)}`);
      expect(totals.clean).toBeGreaterThan(totals.generated * 0.9);
    },
    90_000 + RUNS * 2_000,
  );
});

/** Makes the policy of this batch that fails smaller for some time, and throws with what is left of it. */
const reportSmallest = (tools: Tools, seed: number): Promise<void> =>
  fc.assert(
    fc.asyncProperty(cases, (one) => hold(tools, [one])),
    { seed, numRuns: BATCH, interruptAfterTimeLimit: 60_000 },
  );

interface Ready extends Trial {
  readonly program: Program;
}

async function hold(tools: Tools, batch: readonly Case[]): Promise<void> {
  const ready = batch.flatMap(({ policy, run }): Ready[] => {
    totals.generated++;
    const { text, functions, readers, stored } = policy;
    const program = programOf(text);
    if (!program) return [];
    totals.clean++;
    const files = cOf(program, text).map((file) =>
      file.name.endsWith('.c')
        ? { ...file, text: withWrappers(file.text, program, [...functions, ...readers], stored) }
        : file,
    );
    return [{ files, run, text, program }];
  });
  const outcomes = await kernelAnswers(tools, ready);
  for (const [i, trial] of ready.entries()) compare(trial, outcomes[i]);
}

/** Counts what the kernel did with a policy; throws where it refused it, or computed something else. */
function compare({ files, run, text, program }: Ready, outcome: Outcome | undefined): void {
  const { calls } = run;
  const shown = `\n--- policy\n${text}\n--- C\n${files[0]?.text ?? ''}`;
  if (outcome?.kind !== 'ran') throw new Error(`refused by ${outcome?.by}: ${outcome?.log}${shown}`);
  totals.compiled++;
  totals.accepted++;
  totals.calls += calls.length;
  const wanted = executorAnswers(program, text, run);
  const at = firstDifference(wanted, outcome.answers);
  if (at >= 0) {
    const call = `${calls[at]?.name}(${calls[at]?.args.map(runnerText).join(', ')}), call ${at}`;
    throw new Error(`${call}: executor ${wanted[at]}, kernel ${outcome.answers[at]}${shown}`);
  }
  totals.agreed++;
}
