import { expect, test } from 'vitest';
import { inTurns, nextTurn } from '../../server/src/lsp/turns.ts';

/** Work of so many parts, each of which takes a millisecond; counts those that were done. */
function* busy(parts: number, done: { count: number }): Generator<undefined, string, undefined> {
  for (; done.count < parts; done.count++) {
    const end = performance.now() + 1;
    while (performance.now() < end);
    yield;
  }
  return 'ready';
}

test('work is done in turns, between which others have theirs', async () => {
  const done = { count: 0 };
  const seen: number[] = [];
  const look = (): void => {
    seen.push(done.count);
    if (done.count < 60) nextTurn(look);
  };
  nextTurn(look);
  expect(await inTurns(busy(60, done), () => true)).toBe('ready');
  const between = seen.filter((count) => count > 0 && count < 60);
  expect(between.length).toBeGreaterThan(2);
});

test('work that nobody wants any more ends before its next turn', async () => {
  const done = { count: 0 };
  let asked = 0;
  expect(await inTurns(busy(1000, done), () => asked++ < 3)).toBeUndefined();
  expect(done.count).toBeGreaterThan(0);
  expect(done.count).toBeLessThan(1000);
});

test('a mistake in the work is the answer to who waits for it', async () => {
  const broken = function* (): Generator<undefined, string, undefined> {
    yield;
    throw new Error('broken');
  };
  await expect(inTurns(broken(), () => true)).rejects.toThrow('broken');
});

test('a turn can be taken back', async () => {
  let ran = false;
  nextTurn(() => (ran = true))();
  await new Promise<void>((resolve) => void nextTurn(resolve));
  expect(ran).toBe(false);
});
