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
  callsOf,
  cOf,
  executorAnswers,
  kernelAnswers,
  programOf,
  wrappers,
  type Call,
  type Outcome,
  type Tools,
  type Trial,
} from './agreement.ts';
import { FOUND } from './found.ts';

/** How many policies; thousands by hand: `PVPOLICY_RUNS=5000 npx vitest run test/properties`. */
const RUNS = Number(process.env['PVPOLICY_RUNS'] ?? 24);
/** The first batch's seed; each later one has the next. */
const SEED = Number(process.env['PVPOLICY_SEED'] ?? 1);
const BATCH = 8;
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
  readonly calls: readonly Call[];
}

const cases: fc.Arbitrary<Case> = fc
  .tuple(randomPolicy, fc.array(fc.nat(0xffff), { minLength: 30, maxLength: 300, size: 'max' }))
  .map(([policy, tape]) => ({ policy, calls: callsOf(policy, tape, ROUNDS) }));

const totals = { generated: 0, clean: 0, compiled: 0, accepted: 0, agreed: 0, calls: 0 };

lane('clang', 'policies in the kernel, which needs root', compilers, ({ clang, gcc }) => {
  const folder = mkdtempSync(join(tmpdir(), 'pvpolicy-runner-'));
  const agree = join(folder, 'agree');
  const tools: Tools = { clang, agree };
  const source = fileURLToPath(new URL('agree.c', import.meta.url));
  execFileSync(gcc, ['-O2', '-Wall', source, '-o', agree, '-lbpf', '-lelf', '-lz']);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('those that once were wrong compute what the executor computes', async () => {
    await hold(
      tools,
      FOUND.map(({ text, functions, readers, calls }) => ({ policy: { text, functions, readers }, calls })),
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
  const ready = batch.flatMap(({ policy, calls }): Ready[] => {
    totals.generated++;
    const { text, functions, readers } = policy;
    const program = programOf(text);
    if (!program) return [];
    totals.clean++;
    const more = wrappers(program, [...functions, ...readers]);
    const files = cOf(program, text).map((file) =>
      file.name.endsWith('.c') ? { ...file, text: file.text + more } : file,
    );
    return [{ files, calls, text, program }];
  });
  const outcomes = await kernelAnswers(tools, ready);
  for (const [i, trial] of ready.entries()) compare(trial, outcomes[i]);
}

/** Counts what the kernel did with a policy; throws where it refused it, or computed something else. */
function compare({ files, calls, text, program }: Ready, outcome: Outcome | undefined): void {
  const shown = `\n--- policy\n${text}\n--- C\n${files[0]?.text ?? ''}`;
  if (outcome?.kind !== 'ran') throw new Error(`refused by ${outcome?.by}: ${outcome?.log}${shown}`);
  totals.compiled++;
  totals.accepted++;
  totals.calls += calls.length;
  const wanted = executorAnswers(program, calls).map((answer) => answer.toString(16));
  const at = calls.findIndex((_, i) => wanted[i] !== outcome.answers[i]);
  if (at >= 0) {
    const call = `${calls[at]?.name}(${calls[at]?.args.join(', ')}), call ${at}`;
    throw new Error(`${call}: executor ${wanted[at]}, kernel ${outcome.answers[at]}${shown}`);
  }
  totals.agreed++;
}
