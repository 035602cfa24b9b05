import type { Row } from './column-builder.ts';
import { exitReasonName } from './exit-reasons.ts';
import { type FieldPlace, KINDS, kindIndex } from './kinds.ts';
import { numericState } from './payload.ts';
import type { Collector } from './collector.ts';
import { ascii } from './cursor.ts';
import { viewOf } from './binary/bytes.ts';
import { NAMES, OPTIONAL, OTHER_NAMES, setter } from './binary/decode.ts';

/** So many values an event has at most; more are left out. */
const MOST = 128;

/** The values of one event, by the slot of their field: a number, or where the text is. */
export class Values {
  readonly seen = new Uint8Array(MOST);
  readonly number = new Float64Array(MOST);
  readonly from = new Int32Array(MOST);
  readonly to = new Int32Array(MOST);

  clear(): void {
    this.seen.fill(0);
  }

  get hasNumbers(): boolean {
    return this.seen.includes(NUMBER);
  }

  /** Takes a number. */
  takeNumber(slot: number, value: number): void {
    if (slot >= MOST) return;
    this.seen[slot] = NUMBER;
    this.number[slot] = value;
  }

  /** Takes the text that lies from `from` to `to`. */
  takeText(slot: number, from: number, to: number): void {
    if (slot >= MOST) return;
    this.seen[slot] = TEXT;
    this.from[slot] = from;
    this.to[slot] = to;
  }
}

const NUMBER = 1;
const TEXT = 2;

interface Bytes {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

/** Puts values into `row`; false: they cannot be. */
export type Assemble = (values: Values, text: Bytes, row: Row) => boolean;

/** Slots of the fields of events that tell the names of their fields. */
const SLOTS: ReadonlyMap<string, number> = new Map(
  [
    ...new Set([
      ...KINDS.flatMap(({ fields }) => Object.keys(fields)),
      ...Object.values(OTHER_NAMES).flat(),
      ...Object.values(NAMES),
      'icr_low',
      'isa',
    ]),
  ].map((name, slot) => [name, slot]),
);

/** The slot of a field by its name; undefined: no event has any use for it. */
export const slotOf = (field: string): number | undefined => SLOTS.get(field);

/** How the event `name` is put together, given the slots of its fields; undefined: it has no row. */
export function assembler(
  name: string,
  slotOf: (field: string) => number | undefined,
  collected: Collector,
): Assemble | undefined {
  const kind = KINDS[kindIndex(name)];
  if (!kind) return undefined;
  const parts = Object.entries(kind.fields).map(([field, place]) => ({
    set: setter(place),
    get: source(name, field, place, slotOf, collected),
  }));
  return (values, text, row) => {
    row.a = 0;
    row.b = 0;
    row.c = 0;
    row.wide = 0;
    for (let i = 0; i < parts.length; i++) {
      const { set, get } = parts[i]!;
      if (!set(row, get(values, text))) return false;
    }
    return true;
  };
}

/** The fields that name tasks, where events call them as the kernel does. */
export function namesIn(slotOf: (field: string) => number | undefined): NameSlots {
  return Object.entries(NAMES).flatMap(([pid, comm]) => {
    const [id, text] = [slotOf(pid), slotOf(comm)];
    return id === undefined || text === undefined ? [] : [{ id, text }];
  });
}

/** Slots of the id of a task, and of its name. */
export type NameSlots = readonly { readonly id: number; readonly text: number }[];

/** Names the tasks of an event. */
export function nameTasks(values: Values, text: Bytes, names: NameSlots, { tasks }: Collector): void {
  for (let i = 0; i < names.length; i++) {
    const { id, text: at } = names[i]!;
    if (values.seen[at] === TEXT && values.seen[id] === NUMBER)
      tasks.name(values.number[id]!, text, values.from[at]!, values.to[at]!);
  }
}

type Get = (values: Values, text: Bytes) => number;

/** Where the value of a column comes from. A field that the message does not have is zero, as its writer left it out. */
function source(
  name: string,
  field: string,
  place: FieldPlace,
  slotOf: (field: string) => number | undefined,
  collected: Collector,
): Get {
  const slot = [field, ...(OTHER_NAMES[field] ?? [])].map(slotOf).find((found) => found !== undefined);
  const missing = OPTIONAL[field] ?? 0;
  const get: Get = (values) =>
    slot !== undefined && values.seen[slot] === NUMBER ? values.number[slot]! : missing;
  if (place.as === 'string') return reasonSource(slot, slotOf('isa'), collected);
  if (place.as === 'state') return (values, text) => numericState(get(values, text));
  if (name === 'kvm_userspace_exit') {
    const errno = slotOf('errno');
    const error: Get = (values) =>
      errno === undefined ? 0 : Math.min(0, values.number[errno]! * values.seen[errno]!);
    if (field === 'errno') return error;
    return (values, text) => (error(values, text) < 0 ? -1 : get(values, text));
  }
  if (name === 'kvm_apic_ipi' && field === 'vec') {
    const icr = slotOf('icr_low');
    return (values, text) =>
      icr !== undefined && values.seen[icr] === NUMBER ? values.number[icr]! & 0xff : get(values, text);
  }
  // The kernel's fields there are 64 bits without a sign, and some writers have only numbers with one.
  if (place.column === 'wide') return (values, text) => unsigned(get(values, text));
  return get;
}

const unsigned = (value: number): number => (value < 0 ? value + 2 ** 64 : value);

/** The number of the text of an exit reason, which is told as text or as a number. */
function reasonSource(slot: number | undefined, isa: number | undefined, { strings }: Collector): Get {
  const known = new Map<number, number>();
  return (values, { bytes, view }) => {
    if (slot !== undefined && values.seen[slot] === TEXT)
      return strings.intern(bytes, view, values.from[slot]!, values.to[slot]!);
    const code = slot !== undefined && values.seen[slot] === NUMBER ? values.number[slot]! : NaN;
    const machine = isa !== undefined && values.seen[isa] === NUMBER ? values.number[isa]! : undefined;
    const key = code * 4 + ((machine ?? 0) & 3);
    let index = known.get(key);
    if (index === undefined) {
      const text = ascii(Number.isNaN(code) ? 'unknown' : exitReasonName(code, machine));
      index = strings.intern(text, viewOf(text), 0, text.length);
      if (known.size < 4096) known.set(key, index);
    }
    return index;
  };
}
