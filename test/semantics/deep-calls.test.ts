import { expect, it } from 'vitest';
import { snapshot } from '../../server/src/pipeline.ts';
import { DEFAULTS } from '../../server/src/workspace/settings.ts';

/** A policy whose functions call one another in a chain of this length. */
function chain(length: number): string {
  const functions = Array.from({ length }, (_, i) => {
    const result = i === length - 1 ? 'x' : `f${i + 1}(x + 1)`;
    return `fn f${i}(x: u64) -> u64 { return ${result} }\n`;
  });
  return `policy deep for tracing\ncounter c\n${functions.join('')}on tracepoint sched:sched_switch(preempt) {\n    if f0(1) > 3 { c += 1 }\n}\n`;
}

it('follows a chain of calls as deep as it may be', () => {
  const { diagnostics, program } = snapshot(chain(390), DEFAULTS);
  expect(diagnostics.map(({ code }) => code)).toEqual(['PV6007']);
  expect(program).toBeDefined();
});

it.each([401, 1200, 5000])('refuses a chain of %i calls with one message', (length) => {
  expect(snapshot(chain(length), DEFAULTS).diagnostics.map(({ code }) => code)).toEqual(['PV2035']);
});
