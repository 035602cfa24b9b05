import type { Expr, Intrinsic } from '../../ir/ir.ts';
import { asTruth, atMost, atom, fetchOnce, hoist, LEVEL, type Body, type C } from './body.ts';
import { widthOf, type Width } from './ctypes.ts';
import { exprC } from './expressions.ts';
import { guardsOf } from './operators.ts';
import {
  isKept,
  isLiteral,
  isMade,
  rangesOf,
  type ChosenMask,
  type Complement,
  type ComputedMask,
  type KeptMask,
  type LiteralMask,
  type MadeMask,
  type Pair,
} from './mask-kinds.ts';
import { placeC } from './places.ts';
import { helper } from './unit.ts';

const BOOL: Width = widthOf({ kind: 'bool' });

/** What the kernel's functions take for a mask that the policy made. */
const AS_KERNEL = '(const struct cpumask *)';

type Ask = Extract<Intrinsic, 'mask-empty' | 'mask-count' | 'mask-any' | 'mask-first'>;

/** C for the words that a mask is kept in. */
export const wordsOf = (body: Body, mask: KeptMask): string =>
  mask.kind === 'param' ? body.unit.globals.name(mask.name) : placeC(body, mask.place);

/**
 * C for a mask as a `const struct cpumask *`. One that the policy puts together is made beforehand; there may be no
 * memory for it, so that its pointer has to be tested (`guards`).
 */
export function maskC(body: Body, mask: Expr): C {
  if (isMade(mask)) return ownedMask(hoistMask(body, mask, 'mask'));
  return exprC(body, mask);
}

/** A mask that the policy made, by the name of its variable. */
export const ownedMask = (name: string): C => ({
  text: `${AS_KERNEL}${name}`,
  level: LEVEL.unary,
  width: 'none',
  guards: [name],
});

/** Makes the mask before the statement at hand, released at the end of the block; gives the variable. */
export function hoistMask(body: Body, made: MadeMask, wanted: string): string {
  const { unit } = body;
  helper(unit, 'pv_put_mask');
  unit.structs.mention('bpf_cpumask');
  if (isLiteral(made)) return hoistLiteral(body, made, wanted);
  if (made.kind === 'select') return hoistChoice(body, made, wanted);
  if (isKept(made)) {
    const call = `${helper(unit, 'pv_mask_of')}(${wordsOf(body, made)})`;
    return hoist(body, wanted, (name) => `struct bpf_cpumask *${name} pv_auto(mask) = ${call};`);
  }
  return isComplement(made) ? hoistComplement(body, made, wanted) : hoistPair(body, made, wanted);
}

const isComplement = (made: ComputedMask): made is Complement => made.name === 'mask-not';

/** Declares a mask that `call` makes where all its parts are there. */
function hoistCall(body: Body, parts: readonly C[], call: string, wanted: string): string {
  const guards = guardsOf(parts);
  const value = guards.length === 0 ? call : `${guards.join(' && ')} ? ${call} : NULL`;
  return hoist(body, wanted, (name) => `struct bpf_cpumask *${name} pv_auto(mask) = ${value};`);
}

function hoistComplement(body: Body, made: Complement, wanted: string): string {
  const [arg] = made.args;
  if (arg === undefined) return fail();
  if (isKept(arg)) return hoistCall(body, [], notOf(body, arg), wanted);
  const of = maskC(body, arg);
  return hoistCall(body, [of], `${helper(body.unit, 'pv_mask_not')}(${of.text})`, wanted);
}

/** The CPUs that are not in a mask that is kept in words. */
const notOf = (body: Body, mask: KeptMask): string =>
  `${helper(body.unit, 'pv_mask_not_of')}(${wordsOf(body, mask)})`;

/** One mask of two. What is made of either side is changed in place: each further mask is one more that there may be no memory for. */
function hoistPair(body: Body, made: Pair, wanted: string): string {
  const [left, right] = made.args;
  if (!left || !right) return fail();
  const bits = bitsIn(made.name, left, right) ?? bitsIn(made.name, right, left);
  if (bits) {
    const name = isMade(bits.of) ? hoistMask(body, bits.of, wanted) : hoistCopy(body, bits.of, wanted);
    changeBits(body, name, bits.literal, bits.set);
    return name;
  }
  const [base, other] = isMade(left) ? [left, right] : [right, left];
  const plain = isMade(other) ? undefined : maskC(body, other);
  if (!isMade(base) || (plain?.guards ?? []).length > 0) {
    const parts = [left, right].map((arg) => (arg === other && plain) || maskC(body, arg));
    const call = `${helper(body.unit, FUNCTIONS[made.name])}(${parts.map((part) => part.text).join(', ')})`;
    return hoistCall(body, parts, call, wanted);
  }
  const name = hoistMask(body, base, wanted);
  const second = plain ?? maskC(body, other);
  const kfunc = `bpf_cpumask_${made.name.slice('mask-'.length)}`;
  body.unit.kfuncs.add(kfunc);
  const test = [name, ...(second.guards ?? [])].join(' && ');
  const change = `${kfunc}(${name}, ${AS_KERNEL}${name}, ${second.text});`;
  const lines = [`if (${test})`, `\t${change}`];
  // Without the other mask there is none of both.
  if (plain === undefined) {
    body.unit.kfuncs.add('bpf_cpumask_clear');
    lines.push(`else if (${name})`, `\tbpf_cpumask_clear(${name});`);
  }
  body.before.push(...lines.map((text) => ({ text, origin: body.line }) as const));
  return name;
}

/** CPUs that are added to a mask, or taken out of it: `m | cpus(…)`, `m & ~cpus(…)`. */
function bitsIn(
  op: string,
  of: Expr,
  by: Expr,
): { readonly of: Expr; readonly literal: LiteralMask; readonly set: boolean } | undefined {
  if (op === 'mask-or' && isLiteral(by)) return { of, literal: by, set: true };
  const [inner] = by.kind === 'intrinsic' && by.name === 'mask-not' ? by.args : [];
  return op === 'mask-and' && inner && isLiteral(inner) ? { of, literal: inner, set: false } : undefined;
}

function hoistCopy(body: Body, mask: Expr, wanted: string): string {
  const of = maskC(body, mask);
  return hoistCall(body, [of], `${helper(body.unit, 'pv_mask_copy')}(${of.text})`, wanted);
}

/** Sets or clears the CPUs of a literal in the mask that the variable holds. */
function changeBits(body: Body, mask: string, literal: LiteralMask, set: boolean): void {
  for (const [lo, hi] of rangesOf(literal).map((range) => endsOf(body, range))) {
    const one = lo === hi;
    const name = bitsFunction(body, one, set);
    const change = one ? `${name}(${lo}, ${mask});` : `${name}(${mask}, ${lo}, ${hi});`;
    body.before.push({ text: `if (${mask})`, origin: body.line }, { text: `\t${change}`, origin: body.line });
  }
}

/** The function that sets or clears one CPU, or a range. */
function bitsFunction({ unit }: Body, one: boolean, set: boolean): string {
  if (!one) return helper(unit, set ? 'pv_mask_add' : 'pv_mask_drop');
  const name = set ? 'bpf_cpumask_set_cpu' : 'bpf_cpumask_clear_cpu';
  unit.kfuncs.add(name);
  return name;
}

const endsOf = (body: Body, [lo, hi]: readonly [Expr, Expr]): readonly [string, string] => [
  exprC(body, lo).text,
  exprC(body, hi).text,
];

/** The wanted mask is made, or copied where it is made of several parts: those are released by their own variables. */
function hoistChoice(body: Body, made: ChosenMask, wanted: string): string {
  const [then, otherwise] = [made.then, made.otherwise].map((part) => freshText(body, part));
  const condition = atMost(asTruth(exprC(body, made.condition)), LEVEL.logicalOr);
  const value = `${condition} ? ${then} : ${otherwise}`;
  return hoist(body, wanted, (name) => `struct bpf_cpumask *${name} pv_auto(mask) = ${value};`);
}

/** An expression that makes the mask anew. */
function freshText(body: Body, mask: Expr): string {
  if (isKept(mask)) return `${helper(body.unit, 'pv_mask_of')}(${wordsOf(body, mask)})`;
  if (mask.kind === 'intrinsic' && mask.name === 'mask-not' && mask.args[0] && isKept(mask.args[0]))
    return notOf(body, mask.args[0]);
  if (isMade(mask) && isLiteral(mask)) {
    const [range, ...more] = rangesOf(mask);
    if (more.length === 0) return newMask(body, range && endsOf(body, range));
  }
  const of = maskC(body, mask);
  const guards = of.guards ?? [];
  const call = `${helper(body.unit, 'pv_mask_copy')}(${of.text})`;
  return guards.length === 0 ? call : `(${guards.join(' && ')} ? ${call} : NULL)`;
}

const FUNCTIONS = {
  'mask-and': 'pv_mask_and',
  'mask-or': 'pv_mask_or',
  'mask-xor': 'pv_mask_xor',
} as const;

function hoistLiteral(body: Body, literal: LiteralMask, wanted: string): string {
  const [first, ...rest] = rangesOf(literal);
  const start = newMask(body, first === undefined ? undefined : endsOf(body, first));
  const mask = hoist(body, wanted, (name) => `struct bpf_cpumask *${name} pv_auto(mask) = ${start};`);
  const others = { ...literal, args: rest.flat() };
  changeBits(body, mask, others, true);
  return mask;
}

/** A call that makes a mask of no CPU, one CPU, or a range. */
function newMask({ unit }: Body, range: readonly [string, string] | undefined): string {
  if (range === undefined) {
    unit.kfuncs.add('bpf_cpumask_create');
    return 'bpf_cpumask_create()';
  }
  const [lo, hi] = range;
  return lo === hi ? `${helper(unit, 'pv_mask_cpu')}(${lo})` : `${helper(unit, 'pv_mask_new')}(${lo}, ${hi})`;
}

/** Is the CPU in the mask? Asked of the parts, so that no mask has to be made. */
export function maskHasC(body: Body, mask: Expr, cpu: Expr): C {
  const c = exprC(body, cpu);
  const simple = cpu.kind === 'local' || cpu.kind === 'const' || cpu.kind === 'param';
  const name = simple
    ? c.text
    : fetchOnce(body, `cpu ${c.text}`, cpu, 'cpu', (variable) => `s32 ${variable} = ${c.text};`);
  return hasC(body, mask, name);
}

/** The test whether the CPU that the C variable `cpu` holds is in the mask. */
export function hasC(body: Body, mask: Expr, cpu: string): C {
  const { unit } = body;
  if (!isMade(mask)) return memberC(body, maskC(body, mask), cpu);
  if (isLiteral(mask)) return literalHas(body, mask, cpu);
  if (mask.kind === 'select') return choiceHas(body, mask, cpu);
  if (isKept(mask)) return atom(`${helper(unit, 'pv_words_have')}(${wordsOf(body, mask)}, ${cpu})`, BOOL);
  const [left, right] = mask.args.map((arg) => hasC(body, arg, cpu));
  switch (mask.name) {
    case 'mask-and':
      return both(left, '&&', right, LEVEL.logicalAnd);
    case 'mask-or':
      return both(left, '||', right, LEVEL.logicalOr);
    case 'mask-xor':
      return both(left, '!=', right, LEVEL.equality);
    case 'mask-not':
      return left ? { text: `!${atMost(left, LEVEL.unary)}`, level: LEVEL.unary, width: BOOL } : fail();
  }
}

/** The same of a mask that is there. */
export function memberC(body: Body, mask: C, cpu: string, looping = body.loops > 0): C {
  body.unit.kfuncs.add('bpf_cpumask_test_cpu');
  const test = `bpf_cpumask_test_cpu(${cpu}, ${mask.text})`;
  const guards = mask.guards ?? [];
  if (guards.length === 0) return atom(test, BOOL);
  return {
    text: `${testsOf(body, guards, looping)} && ${test}`,
    level: LEVEL.logicalAnd,
    width: BOOL,
  };
}

/**
 * The test of pointers. In a loop clang would test them before it, and keep what came of that apart from the pointers: the
 * verifier sees no connection.
 */
function testsOf({ unit }: Body, guards: readonly string[], looping: boolean): string {
  return guards.map((name) => (looping ? `${helper(unit, 'pv_there')}(${name})` : name)).join(' && ');
}

function choiceHas(body: Body, mask: ChosenMask, cpu: string): C {
  const condition = atMost(asTruth(exprC(body, mask.condition)), LEVEL.logicalOr);
  const [then, otherwise] = [hasC(body, mask.then, cpu), hasC(body, mask.otherwise, cpu)];
  const text = `${condition} ? ${atMost(then, LEVEL.logicalOr)} : ${atMost(otherwise, LEVEL.logicalOr)}`;
  return { text, level: LEVEL.conditional, width: BOOL };
}

const fail = (): never => {
  throw new Error('a mask lacks an operand');
};

function both(left: C | undefined, op: string, right: C | undefined, level: number): C {
  if (!left || !right) return fail();
  const tight = op === '!=' ? LEVEL.unary : LEVEL.or;
  return { text: `${atMost(left, tight)} ${op} ${atMost(right, tight)}`, level, width: BOOL };
}

function literalHas(body: Body, literal: LiteralMask, cpu: string): C {
  const tests = rangesOf(literal).map(([lo, hi]): C => {
    const [from, to] = [exprC(body, lo).text, exprC(body, hi).text];
    return from === to
      ? { text: `${cpu} == ${from}`, level: LEVEL.equality, width: BOOL }
      : { text: `${cpu} >= ${from} && ${cpu} <= ${to}`, level: LEVEL.logicalAnd, width: BOOL };
  });
  const [only] = tests;
  if (only === undefined) return atom('false', BOOL);
  if (tests.length === 1) return only;
  const text = tests.map((test) => atMost(test, LEVEL.or)).join(' || ');
  return { text, level: LEVEL.logicalOr, width: BOOL };
}

/** `.empty`, `.count`, `.any`, `.first` of a mask; of one that could not be made as of the empty one. */
export function maskAskC(body: Body, ask: Ask, mask: Expr): C {
  const { unit } = body;
  const c = maskC(body, mask);
  const [call, none, width] = question(ask);
  if (call.startsWith('bpf_')) unit.kfuncs.add(call);
  else helper(unit, call as 'pv_mask_any' | 'pv_mask_first');
  const guards = c.guards ?? [];
  if (guards.length === 0) return atom(`${call}(${c.text})`, width);
  const tests = testsOf(body, guards, body.loops > 0);
  return { text: `${tests} ? ${call}(${c.text}) : ${none}`, level: LEVEL.conditional, width };
}

function question(ask: Ask): readonly [string, string, Width] {
  switch (ask) {
    case 'mask-empty':
      return ['bpf_cpumask_empty', 'true', BOOL];
    case 'mask-count':
      return ['bpf_cpumask_weight', '0', { bits: 32, signed: false }];
    case 'mask-any':
      return ['pv_mask_any', '-1', { bits: 32, signed: true }];
    case 'mask-first':
      return ['pv_mask_first', '-1', { bits: 32, signed: true }];
  }
}
