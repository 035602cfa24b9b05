import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { checkC, emitC } from '../../../server/src/emit/c/index.ts';
import { compileObject, findClang, isClang, writeFiles } from '../../../server/src/emit/clang.ts';
import { findClang as laneClang, lane } from '../../support/lanes.ts';
import { policy } from '../../support/policy.ts';
import { load, obstacle } from '../../support/verifier.ts';

/** A policy whose hook has `line` so many times. */
function repeated(times: number, line: (i: number) => string, end = ''): string {
  const lines = Array.from({ length: times }, (_, i) => `    ${line(i)}`).join('\n');
  const state =
    'state {\n    a: u64\n    b: u64\n    l: list of u64 max 32\n    r: ring of u64 max 32\n    s: ring of u64 max 33\n}';
  const head =
    'on tracepoint sched:sched_switch(preempt, prev, next) {\n    var x: u64 = a\n    var y: u64 = b';
  return `policy often for tracing\n${state}\n${head}\n${lines}\n    b = x + y\n${end}}\n`;
}

/** What 6.18 lets in and what it does not, on both sides of each limit, by what is repeated. */
const LIMITS = {
  changes: { fits: 480, tooMany: 560, line: (i: number) => `l.push(a + ${i})` },
  sums: { fits: 220, tooMany: 260, line: () => 'a += r.sum' },
  updates: {
    fits: 80,
    tooMany: 90,
    line: (i: number) => `if a > ${i} { x = ${i} }\n    if b > ${i} { y = ${i} }`,
  },
} as const;

const found = (text: string): readonly string[] => checkC(policy(text).program).map(({ code }) => code);

test.each(Object.entries(LIMITS))('says where %s are too many for the verifier', (_, one) => {
  expect(found(repeated(one.fits, one.line))).toEqual([]);
  expect(found(repeated(one.tooMany, one.line))).toEqual(['PV6012']);
});

test('a loop that becomes an iterator is not counted round by round', () => {
  expect(found(repeated(1, () => 'for i in 0..5000 { l.push(i)\n if a > i { a += 1 } }'))).toEqual([]);
});

test('functions are counted at each call, and one of two branches', () => {
  const line = 'if a > 1 { l.push(1) } else { l.push(2) }';
  expect(found(repeated(440, () => line))).toEqual([]);
  const fn = 'fn f(n: u64) -> u64 { return r.sum + n }\n';
  const called = repeated(260, (i) => `a += f(${i})`).replace('on tracepoint', `${fn}on tracepoint`);
  expect(found(called)).toEqual(['PV6012']);
});

test('says where names of threads would not fit on the stack', () => {
  const line = (i: number): string => `if prev.comm == "name${i}" { a += 1 }`;
  expect(found(repeated(25, line))).toEqual([]);
  expect(found(repeated(40, line))).toEqual(['PV6007']);
});

lane('clang', 'the verifier of this machine', laneClang, (clangPath) => {
  const folder = mkdtempSync(join(tmpdir(), 'pvpolicy-walked-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  async function verdict(text: string): Promise<string> {
    const clang = await findClang(clangPath);
    if (!isClang(clang)) throw new Error('no clang');
    const files = emitC(policy(text).program, { sourceName: 'often.pvpolicy', source: text });
    const result = await compileObject(files, { name: 'often.pvpolicy', text }, clang);
    if (result.kind !== 'compiled') throw new Error(JSON.stringify(result).slice(0, 1000));
    await writeFiles(folder, result.objects);
    return load(join(folder, 'often.bpf.o'));
  }

  test.skipIf(obstacle() !== undefined)('lets in where nothing is said', async () => {
    const { fits, line } = LIMITS.changes;
    expect(await verdict(repeated(fits, line))).toBe('accepted');
  });

  test.skipIf(obstacle() !== undefined)('walks sums and maxima of rings one after the other', async () => {
    expect(await verdict(repeated(50, (i) => `if r.sum > ${i} { a += r.max }`))).toBe('accepted');
  });
});
