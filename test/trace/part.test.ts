import { expect, test } from 'vitest';
import { firstPart, wholeFrom } from '../../server/src/trace/part.ts';
import { exampleTrace } from '../support/trace.ts';

test('the first part of a trace has so many events from where every CPU has some', async () => {
  const read = await exampleTrace('eevdf-3vm.trace.gz');
  const whole = { ...read, cpuStart: Float64Array.of(0, 0) };
  const part = firstPart(whole, 1000);
  expect(part.length).toBe(1000);
  expect(part.time.length).toBe(1000);
  expect(part.durationNs).toBe(whole.time[999]);
  expect(part.time.buffer).toBe(whole.time.buffer);
  expect(firstPart(whole, whole.length)).toBe(whole);

  const late = { ...whole, cpuStart: Float64Array.of(0, whole.time[500]!, Infinity) };
  expect(wholeFrom(late)).toBe(whole.time[500]);
  expect(firstPart(late, 1000).length).toBe(whole.time.indexOf(whole.time[500]!) + 1000);
  expect(wholeFrom({ ...late, partialUntil: 1e9 })).toBe(1e9);
});
