import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { binaryCode } from '../../../server/src/emit/executor/binary.ts';
import type { Value } from '../../../server/src/emit/executor/host.ts';
import { canonical, SIGNED, UNSIGNED, wrapper, type Num } from '../../../server/src/emit/executor/number.ts';
import type { BinaryOp, IrType } from '../../../server/src/ir/ir.ts';
import { runs } from '../../support/runs.ts';

const U64 = (1n << 64n) - 1n;
const S64_MIN = -(1n << 63n);
const S64_MAX = (1n << 63n) - 1n;

/** Numbers around every edge: 0, 2^31, 2^32, 2^53, 2^63, 2^64, and anything between. */
function numbers(lo: bigint, hi: bigint): fc.Arbitrary<bigint> {
  const edges = [0n, 1n, 1n << 31n, 1n << 32n, 1n << 53n, 1n << 63n, 1n << 64n]
    .flatMap((edge) => [edge - 2n, edge - 1n, edge, edge + 1n, -edge, -edge - 1n, 1n - edge])
    .filter((edge) => edge >= lo && edge <= hi);
  return fc.oneof(
    fc.bigInt({ min: lo, max: hi }),
    fc.constantFrom(...edges),
    fc.bigInt({ min: lo < -5000n ? -5000n : lo, max: 5000n }),
  );
}

type Reference = (a: bigint, b: bigint) => bigint | boolean;

const REFERENCE: Record<BinaryOp, Reference> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  'sub-sat': (a, b) => (b > a ? 0n : a - b),
  mul: (a, b) => a * b,
  'mul-ratio': (a, b) => BigInt.asUintN(64, a * b) >> 10n,
  'div-ratio': (a, b) => (b === 0n ? 0n : BigInt.asUintN(64, a << 10n) / b),
  div: (a, b) => (b === 0n ? 0n : a / b),
  mod: (a, b) => (b === 0n ? a : a % b),
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  shl: (a, b) => a << (b & 63n),
  shr: (a, b) => a >> (b & 63n),
  eq: (a, b) => a === b,
  ne: (a, b) => a !== b,
  lt: (a, b) => a < b,
  le: (a, b) => a <= b,
  gt: (a, b) => a > b,
  ge: (a, b) => a >= b,
  before: (a, b) => BigInt.asIntN(64, a - b) < 0n,
  min: (a, b) => (b < a ? b : a),
  max: (a, b) => (a < b ? b : a),
};

const UNSIGNED_ONLY: readonly BinaryOp[] = ['sub-sat', 'mul-ratio', 'div-ratio'];

function agree(op: BinaryOp, signed: boolean, a: bigint, b: bigint): void {
  const type: IrType = { kind: 'int', bits: 64, signed, unit: 'plain' };
  const code = binaryCode(
    op,
    type,
    () => canonical(a),
    () => canonical(b),
  );
  const wanted = REFERENCE[op](a, b);
  expect(code()).toStrictEqual(typeof wanted === 'boolean' ? wanted : form(wrapped(wanted, signed)));
}

const wrapped = (value: bigint, signed: boolean): bigint =>
  signed ? BigInt.asIntN(64, value) : BigInt.asUintN(64, value);

/** The form that a value must have: never −0, never a bigint that a number could hold. */
function form(value: bigint): Value {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

describe('every operation equals the same one on bigints', () => {
  for (const op of Object.keys(REFERENCE) as BinaryOp[]) {
    test(`${op} of u64`, () => {
      const u64 = numbers(0n, U64);
      fc.assert(
        fc.property(u64, u64, (a, b) => agree(op, false, a, b)),
        { numRuns: runs(1000) },
      );
    });
    if (UNSIGNED_ONLY.includes(op)) continue;
    test(`${op} of s64`, () => {
      const s64 = numbers(S64_MIN, S64_MAX);
      fc.assert(
        fc.property(s64, s64, (a, b) => agree(op, true, a, b)),
        { numRuns: runs(1000) },
      );
    });
  }
});

test('min and max of vtime go by its wrapped order', () => {
  const vtime: IrType = { kind: 'int', bits: 64, signed: false, unit: 'vtime' };
  const late = canonical(5n);
  const early = canonical(U64 - 5n);
  const run = (op: BinaryOp): Value =>
    binaryCode(
      op,
      vtime,
      () => late,
      () => early,
    )();
  expect(run('min')).toBe(early);
  expect(run('max')).toBe(late);
});

describe('a number cut to a width', () => {
  const any = numbers(S64_MIN, U64);
  for (const bits of [8, 16, 32, 64] as const) {
    test(`${bits} bits`, () => {
      fc.assert(
        fc.property(any, (value) => {
          expect(wrapper(bits, false)(canonical(value))).toStrictEqual(form(BigInt.asUintN(bits, value)));
          expect(wrapper(bits, true)(canonical(value))).toStrictEqual(form(BigInt.asIntN(bits, value)));
        }),
      );
    });
  }
});

test('complement and negation wrap in 64 bits', () => {
  const check = (value: bigint, signed: boolean): void => {
    const { complement, negate } = signed ? SIGNED : UNSIGNED;
    const operand: Num = canonical(value);
    expect(complement(operand)).toStrictEqual(form(wrapped(~value, signed)));
    expect(negate(operand)).toStrictEqual(form(wrapped(-value, signed)));
  };
  fc.assert(fc.property(numbers(0n, U64), (value) => check(value, false)));
  fc.assert(fc.property(numbers(S64_MIN, S64_MAX), (value) => check(value, true)));
});
