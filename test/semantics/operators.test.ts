import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { foldBinary, foldCast } from '../../server/src/semantics/fold.ts';
import { FORBIDDEN, OPERATIONS, operation } from '../../server/src/semantics/operators.ts';
import { DURATION, INSTANT, RATIO, S64, U64, VTIME, type Type } from '../../server/src/semantics/types.ts';
import { checked } from './support.ts';

const u64 = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
const s64 = fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n });
const fold = (
  op: Parameters<typeof foldBinary>[0],
  l: bigint,
  r: bigint,
  left: Type = U64,
  right = left,
): unknown => foldBinary(op, l, left, r, right);

describe('the table of operators', () => {
  it('has each pair of operands once', () => {
    const keys = OPERATIONS.map((o) => `${o.left} ${o.op} ${o.right}`);
    expect(keys.length).toBe(new Set(keys).size);
  });

  it('explains only what it does not allow', () => {
    const allowed = new Set(OPERATIONS.map((o) => `${o.left} ${o.op} ${o.right}`));
    const both = FORBIDDEN.flatMap((f) => f.ops.map((op) => `${f.left} ${op} ${f.right}`)).filter((k) =>
      allowed.has(k),
    );
    expect(both).toEqual([]);
  });

  it('keeps the clocks apart', () => {
    expect(operation('-', INSTANT, INSTANT)?.result).toBe('duration');
    expect(operation('+', INSTANT, INSTANT)).toBeUndefined();
    expect(operation('<', INSTANT, VTIME)).toBeUndefined();
    expect(operation('*', RATIO, DURATION)?.result).toBe('duration');
  });
});

describe('values at compile time', () => {
  it('are 64 bits wide and wrap', () => {
    fc.assert(
      fc.property(u64, u64, (a, b) => {
        expect(fold('+', a, b)).toBe(BigInt.asUintN(64, a + b));
        expect(fold('-', a, b)).toBe(BigInt.asUintN(64, a - b));
        expect(fold('*', a, b)).toBe(BigInt.asUintN(64, a * b));
      }),
    );
    fc.assert(
      fc.property(s64, s64, (a, b) => {
        expect(fold('*', a, b, S64)).toBe(BigInt.asIntN(64, a * b));
      }),
    );
  });

  it('saturate where a clock or a ratio would fall below zero', () => {
    fc.assert(
      fc.property(u64, u64, (a, b) => {
        for (const type of [DURATION, INSTANT, RATIO]) expect(fold('-', a, b, type)).toBe(a > b ? a - b : 0n);
      }),
    );
  });

  it('order virtual time around the wrap', () => {
    fc.assert(
      fc.property(u64, fc.bigInt({ min: 1n, max: (1n << 62n) - 1n }), (a, d) => {
        const b = BigInt.asUintN(64, a + d);
        expect(fold('<', a, b, VTIME)).toBe(true);
        expect(fold('-', b, a, VTIME)).toBe(d);
        expect(fold('-', a, b, VTIME)).toBe(0n);
      }),
    );
  });

  it('divide as BPF does', () => {
    expect(fold('/', 7n, 0n)).toBe(0n);
    expect(fold('%', 7n, 0n)).toBe(7n);
    expect(fold('/', -7n, 2n, S64)).toBe(-3n);
    expect(fold('%', -7n, 2n, S64)).toBe(-1n);
    expect(fold('/', -(1n << 63n), -1n, S64)).toBe(-(1n << 63n));
  });

  it('scale by ratios of 1/1024', () => {
    expect(fold('*', 256n, 1_000_000n, RATIO, DURATION)).toBe(250_000n);
    expect(fold('/', 1_000_000n, 512n, DURATION, RATIO)).toBe(2_000_000n);
    expect(fold('*', 512n, 512n, RATIO)).toBe(256n);
  });

  it('are cut or clamped by casts', () => {
    expect(foldCast(300n, { kind: 'int', bits: 8, signed: false })).toBe(44n);
    expect(foldCast(200n, { kind: 'int', bits: 8, signed: true })).toBe(-56n);
    expect(foldCast(200n, { kind: 'rt_prio' })).toBe(99n);
    expect(foldCast(-200n, { kind: 'nice' })).toBe(-20n);
    expect(foldCast(true, U64)).toBe(1n);
  });

  it.each([
    ['2 + 3 * 4', 14n],
    ['-5 + 2', -3n],
    ['3ms - 5ms', 0n],
    ['25% * 4ms', 1_000_000n],
    ['1 << 4 | 1', 17n],
    ['min(3, 4) + max(3, 4)', 7n],
    ['cpus(0, 2..3)', 13n],
    ['1 < 2 ? 5 : 6', 5n],
    ['300 as u8', 44n],
    ['ratio(1ms, 4ms)', 256n],
    ['0xffffffffffffffff + 1', 0n],
  ])('%s', (source, value) => {
    const model = checked(`policy c for tracing\nconst A = ${source}\n`);
    const symbol = model.globals.host.get('A');
    expect(symbol?.kind === 'const' ? symbol.value : symbol).toBe(value);
  });
});
