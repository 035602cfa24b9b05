import { describe, expect, test } from 'vitest';
import { coveredBy } from '../../client/src/testing/covered.ts';

const TEXT = `policy p for pvsched
on pvsched vmexit(v) {
    if v.boosted && !wanted(v) {
        defer unboost(v)
    } else if late(v) { return }
    match v.mode {
        RUN => n += 1
        IDLE => return; LATE | 7 => {
        }
    }
}
`;

const replay = (times: number) => ({
  hooks: [{ hook: 'on pvsched vmexit', line: 2, fired: 295 * times }],
  lines: [
    { line: 3, hits: 295 * times },
    { line: 4, hits: 7 * times },
    { line: 5, hits: 288 * times },
    { line: 6, hits: 295 * times },
  ],
  branches: [
    { line: 3, taken: [7 * times, 288 * times] },
    { line: 5, taken: [0, 288 * times] },
    {
      line: 6,
      taken: [200 * times, 90 * times, 5 * times, 0],
      arms: [
        { line: 7, pattern: 'RUN' },
        { line: 8, pattern: 'IDLE' },
        { line: 8, pattern: 'LATE | 7' },
      ],
    },
  ],
});

describe('coverage', () => {
  const { lines, hooks } = coveredBy([replay(1), replay(10)], TEXT);
  const on = (line: number) => lines.find((one) => one.line === line);

  test('has for a line how often it ran, and for its ways how often each was taken', () => {
    expect(on(3)).toEqual({
      line: 3,
      hits: 11 * 295,
      ways: [
        { name: 'then', taken: 77, at: { line: 3, column: 31 } },
        { name: 'else', taken: 11 * 288 },
      ],
    });
    expect(on(4)).toEqual({ line: 4, hits: 77, ways: [] });
    expect(hooks).toEqual([{ hook: 'on pvsched vmexit', line: 2, fired: 11 * 295 }]);
  });

  test('puts the block of an else-if where it begins, and the arms of a match behind their arrows', () => {
    expect(on(5)?.ways).toEqual([
      { name: 'then', taken: 0, at: { line: 5, column: 22 } },
      { name: 'else', taken: 11 * 288 },
    ]);
    expect(on(6)?.ways).toEqual([
      { name: 'RUN', taken: 2200, at: { line: 7, column: 14 } },
      { name: 'IDLE', taken: 990, at: { line: 8, column: 15 } },
      { name: 'LATE | 7', taken: 55, at: { line: 8, column: 35 } },
    ]);
    const replayed = replay(1);
    const branches = replayed.branches.map((one) => (one.line === 6 ? { ...one, taken: [0, 0, 0, 3] } : one));
    const ways = coveredBy([{ ...replayed, branches }], TEXT).lines.find(({ line }) => line === 6)?.ways;
    expect(ways?.at(-1)).toEqual({ name: 'none of the arms', taken: 3 });
  });

  test('puts an else where its block begins, whatever braces texts and comments have', () => {
    const text =
      'if a { // }\n    log "}{x}"\n} else {\n    log "{"\n}\nif b { c() } else { d() }\nif c && // {\n    d {\n}\n';
    const branches = [1, 6, 7].map((line) => ({ line, taken: [1, 2] }));
    const ran = coveredBy(
      [{ hooks: [], lines: branches.map(({ line }) => ({ line, hits: 3 })), branches }],
      text,
    );
    expect(ran.lines.map(({ ways }) => ways.map(({ at }) => at))).toEqual([
      [
        { line: 1, column: 5 },
        { line: 3, column: 7 },
      ],
      [
        { line: 6, column: 5 },
        { line: 6, column: 18 },
      ],
      // Where the condition goes on below, its block is no part of its line.
      [undefined, undefined],
    ]);
  });

  test('keeps the lines of a text that has changed since', () => {
    expect(coveredBy([replay(1)], '').lines.map(({ line, hits }) => [line, hits])).toEqual([
      [3, 295],
      [4, 7],
      [5, 288],
      [6, 295],
    ]);
  });
});
