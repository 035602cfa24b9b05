import type { FieldDef, FieldType, IrType } from '../../ir/ir.ts';
import type { Value } from './host.ts';

/** A list of at most `max` values, or the newest `max` values of a ring with the oldest at `first`. */
export interface Items {
  values: Value[];
  first: number;
}

/** A moving average: nothing has been averaged yet while `primed` is false. */
export interface Average {
  value: Value;
  primed: boolean;
}

export type Cell = Value | Items | Average;

/** State of one scope: a row an entity, a column a field. Rows are zero at first use. */
export interface Store {
  readonly fields: readonly FieldDef[];
  readonly columns: readonly Cell[][];
  readonly rows: Map<number, number>;
  readonly free: number[];
  size: number;
  /** The entity asked for last and its row: most code asks for one entity several times. */
  lastEntity: number;
  lastRow: number;
}

export function newStore(fields: readonly FieldDef[]): Store {
  return {
    fields,
    columns: fields.map(() => []),
    rows: new Map(),
    free: [],
    size: 0,
    lastEntity: NaN,
    lastRow: -1,
  };
}

/** Row of `entity`, made where it has none. */
export function rowOf(store: Store, entity: number): number {
  if (entity === store.lastEntity) return store.lastRow;
  let row = store.rows.get(entity);
  if (row === undefined) {
    row = store.free.pop() ?? store.size++;
    store.rows.set(entity, row);
    for (const [i, column] of store.columns.entries()) column[row] = zeroCell(store.fields[i]);
  }
  store.lastEntity = entity;
  store.lastRow = row;
  return row;
}

/** Forgets `entity`: its next use finds zeros again. */
export function dropEntity(store: Store, entity: number): void {
  const row = store.rows.get(entity);
  if (row === undefined) return;
  store.rows.delete(entity);
  store.free.push(row);
  store.lastEntity = NaN;
}

function zeroCell(field: FieldDef | undefined): Cell {
  if (!field) throw new Error('a column without a field');
  return zeroOf(field.type);
}

function zeroOf(type: FieldType): Cell {
  switch (type.kind) {
    case 'scalar':
      return zeroValue(type.type);
    case 'ewma':
      return { value: 0, primed: false };
    case 'list':
    case 'ring':
      return { values: [], first: 0 };
  }
}

/** What memory full of zeros means as a value of `type`. */
export function zeroValue(type: IrType): Value {
  switch (type.kind) {
    case 'bool':
      return false;
    case 'cpumask':
      return 0n;
    case 'string':
      return '';
    case 'optional':
      return undefined;
    default:
      return 0;
  }
}

/** The state of `entity` as plain values; undefined where it has none yet. */
export function snapshot(store: Store, entity: number): Readonly<Record<string, Value>> | undefined {
  const row = store.rows.get(entity);
  if (row === undefined) return undefined;
  return Object.fromEntries(
    store.fields.map((field, i): [string, Value] => [field.name, cellValue(store.columns[i]?.[row])]),
  );
}

/** A cell as a plain value, for decisions and reports. */
export function cellValue(cell: Cell): Value {
  if (isCollection(cell)) {
    return 'primed' in cell
      ? cell.value
      : [...cell.values.slice(cell.first), ...cell.values.slice(0, cell.first)];
  }
  return cell;
}

const isCollection = (cell: Cell): cell is Items | Average =>
  typeof cell === 'object' && !Array.isArray(cell);
