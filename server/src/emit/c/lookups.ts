import type { Expr, Program, Stmt } from '../../ir/ir.ts';
import { fetchOnce, type Body } from './body.ts';
import { entityKey, forEachExpr, forEachStmt } from './walk.ts';

/** Counters and histograms, kept for whom. */
type Stat = Stmt & { kind: 'count' | 'record' };

/** For what the number is kept. */
export function keptPer({ counters, histograms }: Program, stmt: Stat): Program['counters'][number]['per'] {
  const kept = stmt.kind === 'count' ? counters : histograms;
  const name = stmt.kind === 'count' ? stmt.counter : stmt.histogram;
  return kept.find((candidate) => candidate.name === name)?.per ?? 'global';
}

/** How often a body asks for the numbers of one, and for one page of hints, by the key of the lookup. */
export function lookupsOf(program: Program, code: readonly Stmt[]): ReadonlyMap<string, number> {
  const lookups = new Map<string, number>();
  const add = (key: string): unknown => lookups.set(key, (lookups.get(key) ?? 0) + 1);
  forEachStmt(code, (stmt) => {
    if (stmt.kind === 'count' || stmt.kind === 'record') add(statsKey(keptPer(program, stmt), stmt.entity));
    if (stmt.kind === 'store' && stmt.place.kind === 'hint') add(hintKey(undefined));
  });
  forEachExpr(code, (expr) => {
    if (expr.kind === 'load-hint') add(hintKey(expr.vcpu));
    if (expr.kind === 'load' && expr.place.kind === 'hint') add(hintKey(undefined));
  });
  return lookups;
}

export const statsKey = (per: string, entity: Expr | undefined): string =>
  `stats ${per} ${entityKey(entity)}`;

/** `vcpu`: whose; undefined: the guest's own. */
export const hintKey = (vcpu: Expr | undefined): string => `hint ${entityKey(vcpu)}`;

/** The pointer that `call` gives: the call itself where the block needs it once, else a variable of the `type`. */
export function lookUp(
  body: Body,
  key: string,
  entity: Expr | undefined,
  { type, name, call }: { readonly type: string; readonly name: string; readonly call: string },
): string {
  const { blocks } = body;
  const times = blocks.findLast(({ lookups }) => lookups !== undefined)?.lookups?.get(key);
  if (times === 1 && !blocks.some(({ fetched }) => fetched.has(key))) return call;
  return fetchOnce(body, key, entity, name, (variable) => `${type} *${variable} = ${call};`);
}
