import type { Expr, Place, Stmt } from '../../ir/ir.ts';
import type { Code } from './binary.ts';
import { cellCode, compileExpr, feedbackCell, siteOf, type CellCode, type Unit } from './compile-expr.ts';
import type { Run } from './compile-stmt.ts';
import type { Value } from './host.ts';
import { fitting, updateOf } from './store-ops.ts';
import { rowOf } from './store.ts';

/** Compiles `place op= value`. The value is computed before the place is looked at. */
export function compileStore(unit: Unit, stmt: Stmt & { kind: 'store' }): Run {
  const { place } = stmt;
  const value = compileExpr(unit, stmt.value);
  switch (place.kind) {
    case 'state':
      return intoCell(cellCode(unit, place.instance, place.field), stmt, value);
    case 'feedback':
      return intoCell(feedbackCell(unit, place.vcpu, place.field), stmt, value);
    case 'kernel':
      return intoKernel(unit, place, stmt, value);
    case 'tunable':
      throw new Error('a tunable is changed by the operator alone');
    case 'hint':
      throw new Error('the page of hints is written by the guest, which does not run here');
  }
}

function intoCell({ column, store, entity }: CellCode, stmt: Stmt & { kind: 'store' }, value: Code): Run {
  const update = updateOf(stmt);
  if (update) {
    return () => {
      const operand = value();
      const at = rowOf(store, entity());
      column[at] = update(column[at] as Value, operand);
      return 0;
    };
  }
  if (isWhole(stmt.value, stmt.place)) {
    return () => {
      const stored = value();
      column[rowOf(store, entity())] = stored;
      return 0;
    };
  }
  const fit = fitting(stmt.place.type);
  return () => {
    const stored = fit(value());
    column[rowOf(store, entity())] = stored;
    return 0;
  };
}

/** Does the value fit the place as it is? */
function isWhole(value: Expr, place: Place): boolean {
  const [from, to] = [value.type, place.type];
  return from.kind !== 'int' || to.kind !== 'int' || (from.signed === to.signed && from.bits <= to.bits);
}

function intoKernel(
  unit: Unit,
  place: Place & { kind: 'kernel' },
  stmt: Stmt & { kind: 'store' },
  value: Code,
): Run {
  const site = siteOf(unit, stmt);
  const field = unit.machine.host.kernelField(place.object.type, place.path, place.type, site);
  const object = compileExpr(unit, place.object) as () => number;
  const update = updateOf(stmt);
  const fit = fitting(place.type);
  return () => {
    const operand = value();
    const at = object();
    field.store(at, update ? update(field.load(at), operand) : fit(operand));
    return 0;
  };
}
