import fc from 'fast-check';
import { expect, test } from 'vitest';
import { lane } from '../support/lanes.ts';
import {
  randomPolicy,
  randomPvschedPolicy,
  randomSchedExtPolicy,
  type RandomPolicy,
} from '../support/random-policy.ts';
import { runs, SEED } from '../support/runs.ts';
import {
  cOf,
  executorAnswers,
  kernelAnswers,
  mainOf,
  programOf,
  runOf,
  type Run,
  type Side,
  type Tools,
  type Trial,
} from './agreement.ts';
import { FOUND } from './found.ts';
import { compare, compilers, holdAll, none, toolsFrom, type Totals } from './lane.ts';
import { withWrappers } from './wrappers.ts';

/** How many policies. */
const RUNS = runs(160);
const ROUNDS = 12;

/** A policy, and what happens to each side that it has. */
interface Case {
  readonly policy: RandomPolicy;
  readonly runs: Readonly<Partial<Record<Side, Run>>>;
}

const casesOf = (policies: fc.Arbitrary<RandomPolicy>): fc.Arbitrary<Case> =>
  fc
    .tuple(policies, fc.array(fc.nat(0xffff), { minLength: 30, maxLength: 300, size: 'max' }))
    .map(([policy, tape]) => ({
      policy,
      runs: {
        host: runOf(policy, policy, tape, ROUNDS),
        ...(policy.guest ? { guest: runOf(policy, policy.guest, tape, ROUNDS) } : {}),
      },
    }));

const TARGETS = [
  ['tracing', casesOf(randomPolicy), RUNS],
  ['sched_ext', casesOf(randomSchedExtPolicy), Math.ceil(RUNS / 5)],
  ['pvsched', casesOf(randomPvschedPolicy), Math.ceil(RUNS / 10)],
] as const;

lane('clang', 'policies in the kernel, which needs root', compilers, (found) => {
  const tools = toolsFrom(found);

  test('those that once were wrong compute what the executor computes', async () => {
    const totals = none();
    await hold(
      tools,
      totals,
      FOUND.map(({ calls, ...policy }) => ({
        policy: { ...policy, tables: [], stored: [], hints: [], blocks: [], guest: undefined },
        runs: { host: { rows: [], hints: [], calls } },
      })),
    );
    expect(totals.agreed).toBe(FOUND.length);
  });

  test.each(TARGETS)(
    'random ones for %s compile without a warning, are accepted, and compute what the executor computes',
    async (target, cases, count) => {
      const totals = none();
      await holdAll(cases, count, SEED, (batch) => hold(tools, totals, batch));
      console.info(`random policies for ${target}: ${JSON.stringify(totals)}`);
      expect(totals.clean).toBeGreaterThan(totals.generated * 0.9);
    },
    90_000 + RUNS * 2_000,
  );
});

async function hold(tools: Tools, totals: Totals, batch: readonly Case[]): Promise<void> {
  const ready = batch.flatMap(({ policy, runs }): Trial[] => {
    totals.generated++;
    const { text } = policy;
    const program = programOf(text);
    if (!program) return [];
    totals.clean++;
    const made = cOf(program, text);
    return (['host', 'guest'] as const).flatMap((side): Trial[] => {
      const [run, tried] = [runs[side], side === 'host' ? policy : policy.guest];
      if (run === undefined || tried === undefined) return [];
      totals.sides++;
      const functions = [...tried.functions, ...tried.readers];
      const files = made.map((file) =>
        file.name === mainOf(side)
          ? { ...file, text: withWrappers(file.text, program, side, { ...tried, functions }) }
          : file,
      );
      return [{ files, run, text, program, side }];
    });
  });
  const outcomes = await kernelAnswers(tools, ready);
  for (const [i, trial] of ready.entries()) {
    const { program, side, text, run } = trial;
    compare(trial, outcomes[i], totals, () => executorAnswers(program, side, text, run));
  }
}
