import type { EnumDef, IrType } from '../../ir/ir.ts';
import { CONSTANTS } from '../../kernel/catalogue.ts';
import { atom, LEVEL, type Body, type C } from './body.ts';
import { integer, nanoseconds, SCHED_CLASSES, widthOf, type Width } from './ctypes.ts';
import { constantName, literal, upper } from './names.ts';

/** C for a constant, as people write it: times in their units, enumerators by name. */
export function constC(body: Body, value: bigint | boolean | string, type: IrType): C {
  if (typeof value === 'boolean') return atom(`${value}`, widthOf(type));
  if (typeof value === 'string') return atom(stringC(value), 'none');
  if (type.kind !== 'int') return number(value, integer(value));
  const { unit } = type;
  if (unit === 'duration' || unit === 'instant' || unit === 'vtime') {
    const span = nanoseconds(value);
    return span.atom ? number(value, span.text) : { text: span.text, level: LEVEL.mul, width: widthOf(type) };
  }
  if (unit === 'ratio') return { ...number(value, ratio(value)), width: 'literal' };
  if (unit === 'sched_class') return schedClass(body, value);
  if (typeof unit === 'object' && 'enum' in unit) return enumerator(body, unit.enum, value);
  return number(value, integer(value));
}

function number(value: bigint, text: string): C {
  const fits = value < 1n << 31n && value >= -(1n << 31n);
  const width: Width = fits ? 'literal' : { bits: 64, signed: value < 1n << 63n };
  return { text, level: value < 0n ? LEVEL.unary : LEVEL.atom, width };
}

/** A string is at most 15 characters, as the names of threads are. */
export const stringC = (text: string): string => `(struct pv_comm){ .text = ${literal(cutTo(text, 15))} }`;

/** As much of the text as has room in so many bytes, in whole characters. */
function cutTo(text: string, bytes: number): string {
  const encoder = new TextEncoder();
  let result = '';
  for (const character of text) {
    if (encoder.encode(result + character).length > bytes) break;
    result += character;
  }
  return result;
}

/** A ratio in 1/1024 as people read it. */
export const percent = (ratio: bigint): string => `${Number(((ratio * 10000n) / 1024n + 5n) / 10n) / 10}%`;

/** C for a ratio. */
export const ratio = (value: bigint): string => `${integer(value)} /* ${percent(value)} */`;

function schedClass(body: Body, value: bigint): C {
  const name = SCHED_CLASSES.get(value);
  if (name === undefined) return number(value, integer(value));
  body.unit.constants.set(name, { enumName: undefined, value });
  return atom(name, 'literal');
}

function enumerator(body: Body, name: string, value: bigint): C {
  const def = body.unit.program.enums.find((candidate) => candidate.name === name);
  const member = def?.members.find((candidate) => candidate.value === value);
  return def && member ? atom(enumeratorName(def, member.name), 'literal') : number(value, integer(value));
}

/** `class.batch` as CLASS_BATCH. */
export const enumeratorName = (def: EnumDef, member: string): string =>
  constantName(
    upper(def.name),
    member,
    def.members.map(({ name }) => name),
  );

/** Has every supported kernel the constant (6.12 is the oldest)? */
export function isEverywhere(name: string): boolean {
  const row = CONSTANTS.find((candidate) => candidate.name === name);
  return row !== undefined && (row.since === undefined || row.since === '6.12');
}
