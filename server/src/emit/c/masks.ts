import type { Expr, Intrinsic } from '../../ir/ir.ts';
import { asTruth, atMost, atom, fetchOnce, hoist, LEVEL, type Body, type C } from './body.ts';
import { widthOf, type Width } from './ctypes.ts';
import { exprC } from './expressions.ts';
import { guardsOf } from './operators.ts';
import { helper } from './unit.ts';

const BOOL: Width = widthOf({ kind: 'bool' });

type Ask = Extract<Intrinsic, 'mask-empty' | 'mask-count' | 'mask-any' | 'mask-first'>;

/** A mask that is computed from others. */
type ComputedMask = Expr & { readonly kind: 'intrinsic' } & {
  readonly name: 'mask-and' | 'mask-or' | 'mask-xor' | 'mask-not';
};

export type LiteralMask = Expr & { readonly kind: 'intrinsic' } & { readonly name: 'mask-literal' };

/** One of two masks, at least one of which is made. */
type ChosenMask = Expr & { readonly kind: 'select' };

/** One that the operator gave: its bits in words. */
type GivenMask = Expr & { readonly kind: 'param' };

export type MadeMask = LiteralMask | ComputedMask | ChosenMask | GivenMask;

/** Does the policy put the mask together, rather than take one that the kernel has? */
export function isMade(expr: Expr): expr is MadeMask {
  if (expr.type.kind !== 'cpumask') return false;
  if (expr.kind === 'select') return isMade(expr.then) || isMade(expr.otherwise);
  return expr.kind === 'param' || (expr.kind === 'intrinsic' && expr.name.startsWith('mask-'));
}

export const isLiteral = (expr: Expr): expr is LiteralMask =>
  expr.kind === 'intrinsic' && expr.name === 'mask-literal';

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
  text: `(const struct cpumask *)${name}`,
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
  if (made.kind === 'param') {
    const call = `${helper(unit, 'pv_mask_of')}(${unit.globals.name(made.name)})`;
    return hoist(body, wanted, (name) => `struct bpf_cpumask *${name} pv_auto(mask) = ${call};`);
  }
  const parts = made.args.map((arg) => maskC(body, arg));
  const call = `${helper(unit, FUNCTIONS[made.name])}(${parts.map((part) => part.text).join(', ')})`;
  const guards = guardsOf(parts);
  const value = guards.length === 0 ? call : `${guards.join(' && ')} ? ${call} : NULL`;
  return hoist(body, wanted, (name) => `struct bpf_cpumask *${name} pv_auto(mask) = ${value};`);
}

/** Both masks are made, and the wanted one is copied: what is made is released by its own variable. */
function hoistChoice(body: Body, made: ChosenMask, wanted: string): string {
  const copy = (part: C): string => {
    const guards = part.guards ?? [];
    const call = `${helper(body.unit, 'pv_mask_and')}(${part.text}, ${part.text})`;
    return guards.length === 0 ? call : `(${guards.join(' && ')} ? ${call} : NULL)`;
  };
  const [then, otherwise] = [maskC(body, made.then), maskC(body, made.otherwise)].map(copy);
  const condition = atMost(asTruth(exprC(body, made.condition)), LEVEL.logicalOr);
  const value = `${condition} ? ${then} : ${otherwise}`;
  return hoist(body, wanted, (name) => `struct bpf_cpumask *${name} pv_auto(mask) = ${value};`);
}

const FUNCTIONS = {
  'mask-and': 'pv_mask_and',
  'mask-or': 'pv_mask_or',
  'mask-xor': 'pv_mask_xor',
  'mask-not': 'pv_mask_not',
} as const;

function hoistLiteral(body: Body, literal: LiteralMask, wanted: string): string {
  const ends = ([lo, hi]: readonly [Expr, Expr]): readonly [string, string] => [
    exprC(body, lo).text,
    exprC(body, hi).text,
  ];
  const [first, ...rest] = rangesOf(literal).map(ends);
  const mask = hoist(
    body,
    wanted,
    (name) => `struct bpf_cpumask *${name} pv_auto(mask) = ${newMask(body, first)};`,
  );
  for (const [lo, hi] of rest) {
    const add = `${addMask(body, lo === hi)}(${lo === hi ? `${lo}, ${mask}` : `${mask}, ${lo}, ${hi}`});`;
    body.before.push({ text: `if (${mask})`, origin: body.line }, { text: `\t${add}`, origin: body.line });
  }
  return mask;
}

/** The function that adds one CPU, or a range. */
function addMask({ unit }: Body, one: boolean): string {
  if (!one) return helper(unit, 'pv_mask_add');
  unit.kfuncs.add('bpf_cpumask_set_cpu');
  return 'bpf_cpumask_set_cpu';
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

/** The pairs lo, hi of a literal mask. */
export function rangesOf(literal: LiteralMask): readonly (readonly [Expr, Expr])[] {
  const pairs: (readonly [Expr, Expr])[] = [];
  for (let i = 0; i + 1 < literal.args.length; i += 2) {
    const [lo, hi] = [literal.args[i], literal.args[i + 1]];
    if (lo && hi) pairs.push([lo, hi]);
  }
  return pairs;
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
  if (!isMade(mask)) {
    const c = maskC(body, mask);
    unit.kfuncs.add('bpf_cpumask_test_cpu');
    const test = `bpf_cpumask_test_cpu(${cpu}, ${c.text})`;
    const guards = c.guards ?? [];
    if (guards.length === 0) return atom(test, BOOL);
    return { text: `${guards.join(' && ')} && ${test}`, level: LEVEL.logicalAnd, width: BOOL };
  }
  if (isLiteral(mask)) return literalHas(body, mask, cpu);
  if (mask.kind === 'select') return choiceHas(body, mask, cpu);
  if (mask.kind === 'param')
    return atom(`${helper(unit, 'pv_words_have')}(${unit.globals.name(mask.name)}, ${cpu})`, BOOL);
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
  return { text: `${guards.join(' && ')} ? ${call}(${c.text}) : ${none}`, level: LEVEL.conditional, width };
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
