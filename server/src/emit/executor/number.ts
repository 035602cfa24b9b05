/**
 * Whole numbers of 64 bits that are fast where they are small: a JS number while it is exact (at most 2^53 − 1 away
 * from zero), else a bigint. Every value has one form only, so `===` compares values; `<` compares mixed forms too.
 */
export type Num = number | bigint;

export const MAX = Number.MAX_SAFE_INTEGER;
const MAX_BIG = BigInt(MAX);
const TWO32 = 4294967296;

/** The one form of a bigint. */
export function canonical(value: bigint): Num {
  return value <= MAX_BIG && value >= -MAX_BIG ? Number(value) : value;
}

export const u64 = (value: bigint): Num => canonical(BigInt.asUintN(64, value));
export const s64 = (value: bigint): Num => canonical(BigInt.asIntN(64, value));

/** A function that cuts a number to a width and gives it a sign. */
export function wrapper(bits: 8 | 16 | 32 | 64, signed: boolean): (value: Num) => Num {
  if (signed) {
    switch (bits) {
      case 8:
        return (x) => (typeof x === 'number' ? (x << 24) >> 24 : Number(BigInt.asIntN(8, x)));
      case 16:
        return (x) => (typeof x === 'number' ? (x << 16) >> 16 : Number(BigInt.asIntN(16, x)));
      case 32:
        return (x) => (typeof x === 'number' ? x | 0 : Number(BigInt.asIntN(32, x)));
      case 64:
        return (x) => (typeof x === 'number' ? x : s64(x));
    }
  }
  switch (bits) {
    case 8:
      return (x) => (typeof x === 'number' ? x & 0xff : Number(BigInt.asUintN(8, x)));
    case 16:
      return (x) => (typeof x === 'number' ? x & 0xffff : Number(BigInt.asUintN(16, x)));
    case 32:
      return (x) => (typeof x === 'number' ? x >>> 0 : Number(BigInt.asUintN(32, x)));
    case 64:
      return (x) => (typeof x === 'number' && x >= 0 ? x : u64(BigInt(x)));
  }
}

type Operation = (a: Num, b: Num) => Num;
type Comparison = (a: Num, b: Num) => boolean;

/** Operations whose result depends on whether the operands are signed. */
export interface Arithmetic {
  readonly add: Operation;
  readonly sub: Operation;
  readonly mul: Operation;
  readonly div: Operation;
  readonly mod: Operation;
  readonly and: Operation;
  readonly or: Operation;
  readonly xor: Operation;
  readonly shl: Operation;
  readonly shr: Operation;
  readonly negate: (a: Num) => Num;
  readonly complement: (a: Num) => Num;
}

const both = (a: Num, b: Num): boolean => typeof a === 'number' && typeof b === 'number';

/** Quotient towards zero; division by zero gives 0 as in BPF. `+ 0` turns −0 into 0. */
function quotient(a: Num, b: Num, wrap: (value: bigint) => Num): Num {
  if (typeof a === 'number' && typeof b === 'number') return b === 0 ? 0 : (a - (a % b)) / b + 0;
  return b === 0 ? 0 : wrap(BigInt(a) / BigInt(b));
}

/** Remainder with the sign of the dividend; modulo by zero gives the dividend as in BPF. */
function remainder(a: Num, b: Num, wrap: (value: bigint) => Num): Num {
  if (b === 0) return a;
  return typeof a === 'number' && typeof b === 'number' ? (a % b) + 0 : wrap(BigInt(a) % BigInt(b));
}

const high = (x: number): number => (x - (x >>> 0)) / TWO32;

function bits(wrap: (value: bigint) => Num): Pick<Arithmetic, 'and' | 'or' | 'xor'> {
  // Two numbers from 0 to 2^53 split into halves that JS's 32-bit operators take.
  const split = (a: Num, b: Num): boolean => both(a, b) && a >= 0 && b >= 0;
  return {
    and: (a, b) =>
      split(a, b)
        ? (high(a as number) & high(b as number)) * TWO32 + ((Number(a) & Number(b)) >>> 0)
        : wrap(BigInt(a) & BigInt(b)),
    or: (a, b) =>
      split(a, b)
        ? (high(a as number) | high(b as number)) * TWO32 + ((Number(a) | Number(b)) >>> 0)
        : wrap(BigInt(a) | BigInt(b)),
    xor: (a, b) =>
      split(a, b)
        ? (high(a as number) ^ high(b as number)) * TWO32 + ((Number(a) ^ Number(b)) >>> 0)
        : wrap(BigInt(a) ^ BigInt(b)),
  };
}

/** A shift count modulo 64. */
const count = (b: Num): number =>
  typeof b === 'number' && b >= 0 ? b % 64 : Number(BigInt.asUintN(6, BigInt(b)));

/** By the exponent: computing one takes longer than all the rest of a shift. */
const POWERS_OF_2 = Float64Array.from({ length: 64 }, (_, n) => 2 ** n);

function arithmetic(wrap: (value: bigint) => Num, inRange: (x: number) => boolean): Arithmetic {
  return {
    add: (a, b) => {
      if (typeof a === 'number' && typeof b === 'number') {
        const sum = a + b;
        if (inRange(sum)) return sum;
      }
      return wrap(BigInt(a) + BigInt(b));
    },
    sub: (a, b) => {
      if (typeof a === 'number' && typeof b === 'number') {
        const difference = a - b;
        if (inRange(difference)) return difference;
      }
      return wrap(BigInt(a) - BigInt(b));
    },
    mul: (a, b) => {
      if (typeof a === 'number' && typeof b === 'number') {
        const product = a * b;
        if (inRange(product)) return product + 0;
      }
      return wrap(BigInt(a) * BigInt(b));
    },
    div: (a, b) => quotient(a, b, wrap),
    mod: (a, b) => remainder(a, b, wrap),
    ...bits(wrap),
    shl: (a, b) => {
      const n = count(b);
      if (typeof a === 'number') {
        const shifted = a * POWERS_OF_2[n]!;
        if (inRange(shifted)) return shifted;
      }
      return wrap(BigInt(a) << BigInt(n));
    },
    shr: (a, b) => {
      const n = count(b);
      return typeof a === 'number' ? Math.floor(a / POWERS_OF_2[n]!) : wrap(BigInt(a) >> BigInt(n));
    },
    negate: (a) => (typeof a === 'number' && inRange(-a) ? 0 - a : wrap(-BigInt(a))),
    complement: (a) => (typeof a === 'number' && inRange(-1 - a) ? -1 - a : wrap(~BigInt(a))),
  };
}

/** Of u64: a negative intermediate wraps to a number near 2^64. */
export const UNSIGNED = arithmetic(u64, (x) => x >= 0 && x <= MAX);
/** Of s64. */
export const SIGNED = arithmetic(s64, (x) => x >= -MAX && x <= MAX);

/** a − b, or 0 where b > a; of u64. */
export const saturatingSub: Operation = (a, b) => {
  if (typeof a === 'number' && typeof b === 'number') return a > b ? a - b : 0;
  return a > b ? canonical(BigInt(a) - BigInt(b)) : 0;
};

/** (a × b) >> 10 of the wrapped 64-bit product: the part `a` (in 1/1024) of `b`. */
export const mulRatio: Operation = (a, b) => {
  const product = UNSIGNED.mul(a, b);
  return typeof product === 'number' ? Math.floor(product / 1024) : canonical(product >> 10n);
};

/** (a << 10) / b of the wrapped 64-bit shift: the ratio of `a` to `b`, 0 where b is 0. */
export const divRatio: Operation = (a, b) => UNSIGNED.div(UNSIGNED.shl(a, 10), b);

/** (s64)(a − b) < 0: is `a` before `b` on a clock of 64 bits that wraps? */
export const before: Comparison = (a, b) =>
  typeof a === 'number' && typeof b === 'number' ? a < b : BigInt.asIntN(64, BigInt(a) - BigInt(b)) < 0n;
