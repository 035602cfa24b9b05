import { expect, test } from 'vitest';
import { StartClock } from '../../client/src/start-clock.ts';

test('the stages of client and server are told in the order in which they were reached', () => {
  const clock = new StartClock();
  expect(clock.note('forked')).toBe(true);
  expect(clock.note('shown')).toBe(true);
  expect(clock.note('shown')).toBe(false);
  const now = performance.timeOrigin + performance.now();
  const told = clock.describe({ booted: now + 1000, loaded: now + 2000.4 });
  const [, up = '', loaded = ''] =
    /^server forked \d+, diagnostics shown \d+, server up (\d+), server loaded (\d+)$/u.exec(told) ?? [];
  expect(Number(up)).toBeGreaterThanOrEqual(1000);
  // Each is rounded.
  expect(Math.abs(Number(loaded) - Number(up) - 1000.4)).toBeLessThan(1.01);
  expect(clock.shown).toBeGreaterThanOrEqual(0);
});
