import type { TableDef } from '../../ir/ir.ts';
import { integer, nanoseconds, sharedType } from './ctypes.ts';
import { mapLines, ROOM } from './maps.ts';
import type { Unit } from './unit.ts';

const KEYS: Readonly<Record<TableDef['key'], { readonly c: string; readonly doc: string }>> = {
  vm: { c: 'u32', doc: 'thread group id' },
  task: { c: 'u32', doc: 'thread id' },
  cpu: { c: 's32', doc: 'CPU' },
  string: { c: 'struct pv_comm', doc: 'name of a thread' },
};

export const tableMap = (unit: Unit, table: TableDef): string => `${unit.globals.name(table.name)}_table`;

/** The tables that the operator fills: a map and a function with the name of the table for each. */
export function tableLines(unit: Unit): string[] {
  return unit.program.tables
    .filter((table) => unit.features.has(`table ${table.name}`))
    .flatMap((table) => {
      const name = unit.globals.name(table.name);
      const map = tableMap(unit, table);
      const key = KEYS[table.key];
      const value = sharedType(table.value);
      return [
        ...mapLines({
          name: map,
          doc: `${table.doc === undefined ? `${table.name}.` : oneLine(table.doc)} By ${key.doc}; the loader fills it.`,
          type: 'HASH',
          entries: `${ROOM.table}`,
          key: key.c,
          value,
        }),
        `static __always_inline ${value} ${name}(${key.c} key)`,
        '{',
        `\t${value} *value = bpf_map_lookup_elem(&${map}, &key);`,
        '',
        `\treturn value ? *value : ${fallback(table)};`,
        '}',
        '',
      ];
    });
}

const oneLine = (doc: string): string => doc.replace(/\s+/g, ' ').replace(/[^.]$/, '$&.');

function fallback({ fallback: value, value: type }: TableDef): string {
  if (typeof value === 'boolean') return `${value}`;
  const span = type.kind === 'int' && type.unit === 'duration';
  return span ? nanoseconds(value).text : integer(value);
}
