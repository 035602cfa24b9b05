import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Program } from '../../server/src/ir/ir.ts';
import { Choices } from '../support/random-choices.ts';
import { lane } from '../support/lanes.ts';
import { randomSchedExtPolicy, type RandomPolicy } from '../support/random-policy.ts';
import { runs, SEED } from '../support/runs.ts';
import {
  callOf,
  cOf,
  executorAnswers,
  kernelAnswers,
  mainOf,
  programOf,
  runOf,
  type Call,
  type Run,
  type Tools,
  type Trial,
} from './agreement.ts';
import { compare, compilers, holdAll, none, toolsFrom, type Totals } from './lane.ts';
import { OPS_FOUND, OPS_SELDOM } from './ops-found.ts';
import { madeTexts, meeting, opCalls, opsHost, scriptFrom } from './ops-machine.ts';
import { FORMS, withOps, type Form } from './ops-text.ts';

/** How many schedulers. */
const RUNS = runs(48);
const ROUNDS = 6;

/** A scheduler, the number that everything which happens to it is made of, and which kernel functions there are. */
interface Case {
  readonly policy: RandomPolicy;
  readonly seed: number;
  readonly form: Form;
}

const CASES: fc.Arbitrary<Case> = fc.record({
  policy: randomSchedExtPolicy,
  seed: fc.nat(0xffffff),
  form: fc.constantFrom(...FORMS),
});

lane('clang', 'operations of schedulers in the kernel, which needs root', compilers, (found) => {
  const tools = toolsFrom(found);

  test('of the gallery do, call by call, what the executor does', async () => {
    const totals = { ...none(), operations: 0 };
    const gallery = join(import.meta.dirname, '../../examples/gallery');
    const texts = readdirSync(gallery).map((name) => readFileSync(join(gallery, name), 'utf8'));
    const cases = texts.filter(isTried).map(ofText);
    expect(cases.length).toBeGreaterThan(10);
    await hold(tools, totals, cases);
    console.info(`operations of the gallery: ${JSON.stringify(totals)}`);
    expect(totals.agreed).toBe(cases.length);
  });

  test('that once were wrong, or are seldom had, do, call by call, what the executor does', async () => {
    const totals = { ...none(), operations: 0 };
    const texts = [...OPS_FOUND, ...OPS_SELDOM];
    await hold(tools, totals, texts.map(ofText));
    expect(totals.agreed).toBe(texts.length);
  });

  test(
    'of random ones do, call by call, what the executor does',
    async () => {
      const totals = { ...none(), operations: 0 };
      await holdAll(CASES, RUNS, SEED, (batch) => hold(tools, totals, batch));
      console.info(`operations of random schedulers: ${JSON.stringify(totals)}`);
      expect(totals.clean).toBeGreaterThan(totals.generated * 0.9);
    },
    90_000 + RUNS * 4_000,
  );
});

/** Schedulers that read nothing of a thread which the test does not set: its leader is another thread. */
const isTried = (text: string): boolean =>
  /^policy \w+ for sched_ext/m.test(text) && !text.includes('.group_leader');

/** Only what it calls is seen of it. */
const ofText = (text: string, seed: number): Case => ({
  policy: {
    ...{ text: text.replace(/^policy \w+/m, 'policy random'), guest: undefined },
    ...{ functions: [], readers: [], tables: [], stored: [], hints: [], blocks: [] },
  },
  seed,
  form: FORMS[seed % FORMS.length] ?? 'new',
});

/** What happens to a policy, and what is answered to its calls. */
interface Happening extends Run {
  readonly script: readonly bigint[];
}

function happening(policy: RandomPolicy, program: Program, seed: number): Happening {
  const { readers, functions, blocks } = policy;
  const c = new Choices(numbers(seed));
  const script = scriptFrom(c);
  const looks = (): readonly Call[] => readers.map((reader) => callOf(c, reader));
  const { rows, hints, calls: slots } = runOf(policy, policy, numbers(seed + 1), 0);
  const others = [...functions.map((fn) => callOf(c, fn)), ...blocks.map((name) => ({ name, args: [] }))];
  const calls = [
    ...opCalls(program, c, ROUNDS / 2, looks),
    ...others.flatMap((call) => [call, ...looks()]),
    ...opCalls(program, c, ROUNDS / 2, looks),
    ...slots,
  ];
  return { rows, hints, script, calls };
}

/** A tape that a number makes (the generator of Numerical Recipes). */
function numbers(seed: number): readonly number[] {
  let state = seed;
  const next = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) >>> 16;
  return Array.from({ length: 20_000 }, next);
}

/** The policy for kernels in which every function has its last form (kernel/renames.ts). */
const ofNewest = (text: string): string =>
  text.replace(/^policy random for sched_ext$/m, '$&\nrequires kernel >= 7.1');

type OpTotals = Totals & { operations: number };

async function hold(tools: Tools, totals: OpTotals, batch: readonly Case[]): Promise<void> {
  const ready = batch.flatMap(({ policy, seed, form }): (Trial & { readonly run: Happening })[] => {
    totals.generated++;
    const text = form === 'only' ? ofNewest(policy.text) : policy.text;
    const program = programOf(text);
    if (!program) return [];
    totals.clean++;
    totals.sides++;
    const tried = { ...policy, functions: [...policy.functions, ...policy.readers] };
    const files = cOf(program, text).map((file) =>
      file.name === mainOf('host') ? { ...file, text: withOps(file.text, program, tried, form) } : file,
    );
    const run = happening(policy, program, seed);
    return [{ files, run, text, program, side: 'host', first: meeting(run.script), shown: madeTexts }];
  });
  const outcomes = await kernelAnswers(tools, ready);
  for (const [i, trial] of ready.entries()) {
    const { program, text, run } = trial;
    totals.operations += run.calls.filter(({ name }) => name.startsWith('op_')).length;
    compare(trial, outcomes[i], totals, () =>
      executorAnswers(program, 'host', text, run, (host) => opsHost(host, program, run.script)),
    );
  }
}
