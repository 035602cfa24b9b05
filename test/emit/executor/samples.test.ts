import { expect, test } from 'vitest';
import { sampleOf } from '../../../server/src/emit/executor/samples.ts';

test('a sample that a double cannot hold stays below the next power of two', () => {
  expect(sampleOf((1n << 64n) - 1n)).toBeLessThan(2 ** 64);
  expect(sampleOf((1n << 55n) - 1n)).toBeLessThan(2 ** 55);
  expect(sampleOf((1n << 54n) + 1n)).toBe(2 ** 54);
  expect(sampleOf(1n << 63n)).toBe(2 ** 63);
  expect(sampleOf(2 ** 53 - 1)).toBe(2 ** 53 - 1);
});
