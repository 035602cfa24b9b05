import type { Expr, IrType, Stmt } from '../../ir/ir.ts';
import { declared } from './apart.ts';
import { declareLocal, localName, type Body, type C } from './body.ts';
import { bareKernelCall, cleanupOf } from './calls.ts';
import { exprC } from './expressions.ts';
import { isMade } from './mask-kinds.ts';
import { hoistMask } from './masks.ts';
import type { Line } from './printer.ts';
import { opaque } from './unit.ts';

/** The declaration; nothing where the local is another name for what there is. */
export function letLines(body: Body, stmt: Stmt & { kind: 'let' }): Line[] {
  const { local, value } = stmt;
  const one = (text: string): Line[] => [{ text, origin: body.line }];
  if (local.type.kind === 'cpumask' && isMade(value)) {
    const name = hoistMask(body, value, local.name);
    body.names.set(local.id, name);
    body.ownedMasks.add(local.id);
    // The declaration is the statement.
    return body.before.splice(-1);
  }
  if (value.kind === 'local' && body.ownedMasks.has(value.local.id)) {
    // Another name for the same mask, which lives as long as the block that made it.
    body.names.set(local.id, localName(body, value.local));
    body.ownedMasks.add(local.id);
    return [];
  }
  const known = value.kind === 'const' && local.type.kind === 'int' && body.carried.has(local.id);
  const auto = cleanupOf(body, value);
  if (auto === undefined && !known) {
    const declare = (): readonly [string, string] => [declareLocal(body, local), localName(body, local)];
    return declared(body, stmt, declare, () => valueText(body, value, local.id));
  }
  const text = known ? opaque(body.unit, valueText(body, value)) : valueText(body, value, local.id);
  return one(`${declareLocal(body, local)}${auto === undefined ? '' : ` ${auto}`} = ${text};`);
}

/** The value of a declaration, which takes over the reference that a call may give. */
export function valueText(body: Body, value: Expr, local?: number): string {
  if (value.kind === 'kernel-call') return bareKernelCall(body, value).text;
  const c = exprC(body, value);
  const pointer = value.type.kind === 'task' || value.type.kind === 'cpumask';
  if (local !== undefined && c.guards !== undefined && pointer) body.doubted.add(local);
  return testedText(c, value.type);
}

/** Masks are fields of threads that may be gone: without one there is none. */
export function testedText({ text, guards = [] }: C, type: IrType): string {
  if (type.kind !== 'cpumask' || guards.length === 0 || guards.includes(text)) return text;
  return `${guards.join(' && ')} ? ${text} : NULL`;
}

/** Out-parameters are declared first, then the call's own result. */
export function tupleLines(body: Body, stmt: Stmt & { kind: 'let-tuple' }): Line[] {
  const [first, ...outs] = stmt.locals;
  if (stmt.value.kind !== 'kernel-call' || first === undefined)
    throw new Error('only kernel calls give tuples');
  const declared = outs.map((local) => {
    const zero = local.type.kind === 'bool' ? 'false' : '0';
    return { text: `${declareLocal(body, local)} = ${zero};`, origin: body.line } as const;
  });
  const call = bareKernelCall(
    body,
    stmt.value,
    outs.map((local) => `&${localName(body, local)}`),
  );
  return [...declared, { text: `${declareLocal(body, first)} = ${call.text};`, origin: body.line }];
}
