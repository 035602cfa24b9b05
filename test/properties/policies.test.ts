import fc from 'fast-check';
import { expect, test } from 'vitest';
import { format } from '../../grammar/format.ts';
import { printProgram } from '../../server/src/ir/print.ts';
import { emitC } from '../../server/src/emit/c/index.ts';
import { randomPolicy } from '../support/random-policy.ts';
import { runs } from '../support/runs.ts';
import { programOf } from './agreement.ts';

const RUNS = runs(40);

/** Runs `body` for random policies that are free of errors; nearly all are, or the generator has lost its way. */
function eachPolicy(body: (text: string, program: NonNullable<ReturnType<typeof programOf>>) => void): void {
  let clean = 0;
  const property = fc.property(randomPolicy, ({ text }) => {
    const program = programOf(text);
    if (!program) return;
    clean++;
    body(text, program);
  });
  fc.assert(property, { numRuns: RUNS, interruptAfterTimeLimit: 40_000 + RUNS * 500 });
  expect(clean).toBeGreaterThan(RUNS * 0.9);
}

const LIMIT = 60_000 + RUNS * 1_000;

test(
  'a formatted policy means the same, and is formatted',
  () => {
    eachPolicy((text, program) => {
      const formatted = format(text) ?? '';
      expect(format(formatted)).toBe(formatted);
      const again = programOf(formatted);
      expect(again && printProgram(again)).toBe(printProgram(program));
    });
  },
  LIMIT,
);

test(
  'the same policy gives the same C',
  () => {
    eachPolicy((text, program) => {
      const files = (): unknown => emitC(program, { sourceName: 'random.pvpolicy', source: text });
      const again = programOf(text);
      expect(again && emitC(again, { sourceName: 'random.pvpolicy', source: text })).toEqual(files());
    });
  },
  LIMIT,
);
