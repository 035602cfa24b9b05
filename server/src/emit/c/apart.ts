import type { Expr, Stmt } from '../../ir/ir.ts';
import { freshName, inBlock, keepBlock, type Body } from './body.ts';
import { isMade } from './mask-kinds.ts';
import { indent, type Line } from './printer.ts';
import { exprsOf, operandsOf } from './walk.ts';

/*
 * Masks that are made for one statement stand in a block of their own: they are given back at once, and the verifier does not
 * walk what follows once for each that there may be no memory for.
 */

/** Does C make a mask for the statement itself? Whether a CPU is in one is asked of its parts. */
export const makesMasks = (stmt: Stmt): boolean => exprsOf(stmt).some(makes);

function makes(expr: Expr): boolean {
  if (isMade(expr)) return true;
  if (expr.kind !== 'intrinsic' || expr.name !== 'mask-has') return operandsOf(expr).some(makes);
  return expr.args.some((arg) => (arg.type.kind === 'cpumask' ? partsMake(arg) : makes(arg)));
}

const partsMake = (set: Expr): boolean =>
  isMade(set)
    ? operandsOf(set).some((part) => (part.type.kind === 'cpumask' ? partsMake(part) : makes(part)))
    : makes(set);

const at = (body: Body, text: string): Line => ({ text, origin: body.line });

interface Apart<T> {
  readonly value: T;
  /** What has to come before, in a block; undefined where no mask was made, and the block at hand has it. */
  readonly before: readonly Line[] | undefined;
}

function apart<T>(body: Body, print: () => T): Apart<T> {
  const outer = body.before;
  body.before = [];
  const [value, block] = inBlock(body, () => [print(), body.blocks.at(-1)] as const);
  const { before } = body;
  body.before = outer;
  if (before.some(({ text }) => text.includes(' pv_auto(mask) '))) return { value, before };
  if (block) keepBlock(body, block);
  outer.push(...before);
  return { value, before: undefined };
}

const enclosed = (lines: readonly Line[]): Line[] => [
  { text: '{', origin: 'any' },
  ...indent(lines).map((line) => ({ ...line, apart: true as const })),
  { text: '}', origin: 'any' },
];

/** The lines of a statement, with its masks; those of the last one of a block go with the block. */
export function scoped(body: Body, stmt: Stmt, print: () => Line[]): Line[] {
  if (body.last || !makesMasks(stmt)) return print();
  const { value, before } = apart(body, print);
  return before ? enclosed([...before, ...value]) : value;
}

/** A value of the statement: its C, or a variable that gets it beforehand. */
export function computed(body: Body, stmt: Stmt, wanted: string, print: () => string): string {
  if (!makesMasks(stmt)) return print();
  const { value, before } = apart(body, print);
  if (!before) return value;
  const name = freshName(body, wanted);
  body.before.push(at(body, `bool ${name};`), ...enclosed([...before, at(body, `${name} = ${value};`)]));
  return name;
}

/**
 * The lines of a declaration with its value; `declare` gives the declaration alone and the name. Without `stmt` its masks stay to
 * the end of the block at hand.
 */
export function declared(
  body: Body,
  stmt: Stmt | undefined,
  declare: () => readonly [string, string],
  print: () => string,
): Line[] {
  const { value, before } =
    stmt && makesMasks(stmt) ? apart(body, print) : { value: print(), before: undefined };
  const [declaration, name] = declare();
  if (!before) return [at(body, `${declaration} = ${value};`)];
  return [at(body, `${declaration};`), ...enclosed([...before, at(body, `${name} = ${value};`)])];
}
