import { describe, expect, test } from 'vitest';
import { newProgress } from '../../server/src/cli/progress.ts';

/** A stream as wide as `columns`; undefined: it is no terminal. */
function streamOf(columns: number | undefined) {
  const written: string[] = [];
  const write = (text: string): boolean => written.push(text) > 0;
  const stream = { isTTY: columns !== undefined, columns, write } as unknown as NodeJS.WriteStream;
  return { stream, written };
}

const CLEAR = '\r\u001b[K';

describe('progress', () => {
  test('tells what is known so far at once, in one line of the terminal, and removes it', () => {
    const { stream, written } = streamOf(30);
    const progress = newProgress(stream);
    expect(progress.seen).toBe(true);
    progress.tell('in the first 0.921 s: boost 12×, unboost 11×');
    progress.end();
    expect(written).toEqual([`${CLEAR}in the first 0.921 s: boost 1`, CLEAR]);
  });

  test('shows nothing where nobody looks, nor of what is quick', () => {
    const { stream, written } = streamOf(undefined);
    const progress = newProgress(stream);
    progress.tell('boost 12×');
    progress.show('simulating', 0.5);
    progress.end();
    const seen = streamOf(80);
    const quick = newProgress(seen.stream);
    quick.show('simulating', 0.5);
    quick.end();
    expect([progress.seen, ...written, ...seen.written]).toEqual([false]);
  });
});
