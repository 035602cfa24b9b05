import type { Stmt } from '../../ir/ir.ts';
import { clear, pushList, pushRing, removeFrom, updateAverage } from './collections.ts';
import { cellCode, compileExpr, type Unit } from './compile-expr.ts';
import { DONE, type Run } from './compile-stmt.ts';
import type { Value } from './host.ts';
import type { Num } from './number.ts';
import { rowOf, type Average, type Items } from './store.ts';

/** `field.update(x)`, `list.push(x)`, `list.remove(x)`, `ring.push(x)`, `list.clear()` */
export function compileCollect(unit: Unit, stmt: Stmt & { kind: 'collect' }): Run {
  const { column, store, entity } = cellCode(unit, stmt.instance, stmt.field);
  const type = store.fields.find(({ name }) => name === stmt.field)?.type;
  const value = stmt.value ? compileExpr(unit, stmt.value) : () => undefined;
  const change = (): ((value: Value) => void) => {
    switch (type?.kind) {
      case 'ewma': {
        const alpha = Number(type.alpha);
        return (sample) =>
          updateAverage(column[rowOf(store, entity())] as Average, sample as Num, alpha, type.type);
      }
      case 'list':
      case 'ring': {
        const items = (): Items => column[rowOf(store, entity())] as Items;
        if (stmt.op === 'clear') return () => clear(items());
        if (stmt.op === 'remove') return (v) => removeFrom(items(), v);
        return type.kind === 'list'
          ? (v) => pushList(items(), v, type.max)
          : (v) => pushRing(items(), v, type.max);
      }
      default:
        throw new Error(`${stmt.field} is no collection`);
    }
  };
  const apply = change();
  return () => {
    apply(value());
    return DONE;
  };
}
