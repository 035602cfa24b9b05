import type { ByteStrings } from '../byte-strings.ts';
import type { Row } from '../column-builder.ts';
import { ascii } from '../cursor.ts';
import { type FieldPlace, KINDS, kindIndex } from '../kinds.ts';
import { NAME_SIZE, type TaskTable, isThreadId } from '../task-table.ts';
import { viewOf } from './bytes.ts';
import type { EventFormat, FormatField } from './event-format.ts';
import { exitReasons } from './exit-names.ts';
import { fastDecoder } from './decode-sched.ts';
import { taskStates } from './task-state.ts';

/** Bytes that hold records, and a view of them. */
export interface Block {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

/** Puts the record in `block` from `at` on, `length` bytes long, into `row`. False: its values cannot be. */
export type Decoder = (
  block: Block,
  at: number,
  length: number,
  row: Row,
  tasks: TaskTable,
  strings: ByteStrings,
) => boolean;

/** The value of a field, given where the record begins. */
export type Get = (view: DataView, at: number) => number;

type Step = (view: DataView, at: number, row: Row) => boolean;

/** What older kernels, and arm64, call a field. */
export const OTHER_NAMES: Readonly<Record<string, readonly string[]>> = {
  vector: ['irq'],
  rip: ['vcpu_pc'],
  guest_rip: ['vcpu_pc'],
  exit_reason: ['esr_ec'],
};
/** Fields that some kernels do not have, with what their column holds then. */
export const OPTIONAL: Readonly<Record<string, number>> = {
  vcpu_id: -1,
  rip: 0,
  soft: 0,
  reinjected: 0,
  valid: 0,
};
/** The name that a task has in the event, by the field of its id. */
export const NAMES: Readonly<Record<string, string>> = {
  pid: 'comm',
  prev_pid: 'prev_comm',
  next_pid: 'next_comm',
  parent_pid: 'parent_comm',
  child_pid: 'child_comm',
};

/** What decodes the events that `format` describes; undefined: it lacks what the columns need, or no kind is that. */
export function decoderOf(format: EventFormat, little: boolean): Decoder | undefined {
  const kind = KINDS[kindIndex(format.name)];
  if (!kind) return undefined;
  const steps: Step[] = [];
  let needed = 0;
  for (const [name, place] of Object.entries(kind.fields)) {
    const derived = derivedStep(format, name, place, little);
    const field = derived ? undefined : fieldOf(format, name);
    if (derived) steps.push(derived);
    else if (field && field.location === 'inline' && getter(field, little))
      steps.push(stepOf(place, valueOf(format, place, getter(field, little)!)));
    else if (OPTIONAL[name] === undefined) return undefined;
    else steps.push(stepOf(place, () => OPTIONAL[name]!));
  }
  for (const { name, offset, size } of format.fields.values())
    if (name in kind.fields || USED.has(name)) needed = Math.max(needed, offset + size);
  const comms = commsOf(format, little);
  const reasons = kind.name === 'kvm_exit' ? exitReasonStep(format, little) : undefined;
  const fast = fastDecoder(format, little, needed);
  if (fast) return fast;
  return (block, at, length, row, tasks, strings) => {
    if (length < needed) return false;
    row.a = 0;
    row.b = 0;
    row.c = 0;
    row.wide = 0;
    for (let i = 0; i < steps.length; i++) if (!steps[i]!(block.view, at, row)) return false;
    if (reasons) row.b = reasons(block.view, at, strings);
    for (let i = 0; i < comms.length; i++) if (!comms[i]!(block, at, length, tasks)) return false;
    return true;
  };
}

/** Reads a field as columns keep it: a state of a task in our bits. */
function valueOf(format: EventFormat, place: FieldPlace, get: Get): Get {
  if (place.as !== 'state') return get;
  const states = taskStates(format);
  return (view, at) => states(get(view, at));
}

/** Fields that are read but have no column of their name. */
const USED = new Set([...Object.values(OTHER_NAMES).flat(), ...Object.values(NAMES), 'icr_low', 'isa']);

function fieldOf(format: EventFormat, name: string): FormatField | undefined {
  const names = [name, ...(OTHER_NAMES[name] ?? [])];
  return names.map((other) => format.fields.get(other)).find((field) => field !== undefined);
}

/** Fields that the record holds in another form than the columns. */
function derivedStep(
  format: EventFormat,
  name: string,
  place: FieldPlace,
  little: boolean,
): Step | undefined {
  const get = (field: string): Get | undefined => {
    const found = format.fields.get(field);
    return found && getter(found, little);
  };
  if (name === 'exit_reason') return () => true;
  if (format.name === 'kvm_apic_ipi' && name === 'vec') {
    const icr = get('icr_low');
    return icr && stepOf(place, (view, at) => icr(view, at) & 0xff);
  }
  if (format.name !== 'kvm_userspace_exit') return undefined;
  const [reason, errno] = [get('reason'), get('errno')];
  if (!reason || !errno) return undefined;
  if (name === 'errno') return stepOf(place, (view, at) => Math.min(0, errno(view, at)));
  return stepOf(place, (view, at) => (errno(view, at) < 0 ? -1 : reason(view, at)));
}

/** Reads `field`, which is a number; undefined: it is none. */
export function getter({ offset, size, signed }: FormatField, little: boolean): Get | undefined {
  switch (size) {
    case 1:
      return signed ? (view, at) => view.getInt8(at + offset) : (view, at) => view.getUint8(at + offset);
    case 2:
      return signed
        ? (view, at) => view.getInt16(at + offset, little)
        : (view, at) => view.getUint16(at + offset, little);
    case 4:
      return signed
        ? (view, at) => view.getInt32(at + offset, little)
        : (view, at) => view.getUint32(at + offset, little);
    case 8: {
      const [low, high] = little ? [offset, offset + 4] : [offset + 4, offset];
      return signed
        ? (view, at) => view.getInt32(at + high, little) * 2 ** 32 + view.getUint32(at + low, little)
        : (view, at) => view.getUint32(at + high, little) * 2 ** 32 + view.getUint32(at + low, little);
    }
    default:
      return undefined;
  }
}

/** Puts a value where `place` says. */
function stepOf(place: FieldPlace, get: Get): Step {
  const set = setter(place);
  return (view, at, row) => set(row, get(view, at));
}

/** A function that puts a value where `place` says; it answers false where the value cannot be. */
export function setter(place: FieldPlace): (row: Row, value: number) => boolean {
  const store = storeIn(place);
  switch (place.as) {
    case 'tid':
      return (row, tid) => {
        store(row, tid);
        return isThreadId(tid);
      };
    case 'cpu':
      return (row, cpu) => {
        store(row, cpu);
        return cpu >= 0 && cpu <= 0x7fff;
      };
    case 'prio':
      return (row, prio) => {
        store(row, prio + 1);
        return prio >= -1 && prio <= 254;
      };
    case 'bool':
      return (row, value) => (store(row, value === 0 ? 0 : 1), true);
    case 'state':
    case 'int':
    case 'u32':
    case 'ns':
    case 'string':
      return (row, value) => (store(row, value), true);
  }
}

function storeIn({ column, bits, shift = 0 }: FieldPlace): (row: Row, value: number) => void {
  if (bits !== undefined) {
    const mask = 2 ** bits - 1;
    if (column === 'a') return (row, value) => void (row.a |= (value & mask) << shift);
    if (column === 'b') return (row, value) => void (row.b |= (value & mask) << shift);
    return (row, value) => void (row.c |= (value & mask) << shift);
  }
  switch (column) {
    case 'a':
      return (row, value) => void (row.a = value);
    case 'b':
      return (row, value) => void (row.b = value);
    case 'c':
      return (row, value) => void (row.c = value);
    case 'wide':
      return (row, value) => void (row.wide = value);
  }
}

type NameStep = (block: Block, at: number, length: number, tasks: TaskTable) => boolean;

function commsOf(format: EventFormat, little: boolean): readonly NameStep[] {
  return Object.entries(NAMES).flatMap(([pid, comm]) => {
    const [id, name] = [format.fields.get(pid), format.fields.get(comm)];
    const tid = id && getter(id, little);
    return tid && name ? [nameStep(tid, name, little)] : [];
  });
}

/** Names the task of an event; false: the name lies outside of the record. */
function nameStep(tid: Get, { offset, size, location }: FormatField, little: boolean): NameStep {
  if (location === 'inline' && size === NAME_SIZE)
    return (block, at, _length, tasks) => {
      tasks.nameInPlace(tid(block.view, at), block, at + offset);
      return true;
    };
  if (location === 'inline')
    return (block, at, _length, tasks) => {
      const from = at + offset;
      tasks.nameUntilZero(tid(block.view, at), block, from, from + size);
      return true;
    };
  const origin = location === 'relative' ? offset + size : 0;
  return (block, at, length, tasks) => {
    const where = block.view.getUint32(at + offset, little);
    const from = origin + (where & 0xffff);
    const to = from + (where >>> 16);
    if (to > length) return false;
    tasks.nameUntilZero(tid(block.view, at), block, at + from, at + to);
    return true;
  };
}

/** Gives the number of the name of the reason of a kvm_exit. */
function exitReasonStep(format: EventFormat, little: boolean) {
  const field = fieldOf(format, 'exit_reason');
  const isaField = format.fields.get('isa');
  const code = field && getter({ ...field, signed: false }, little);
  const isa = isaField && getter(isaField, little);
  const nameOf = exitReasons(format);
  const known = new Map<number, number>();
  return (view: DataView, at: number, strings: ByteStrings): number => {
    const reason = code ? code(view, at) : 0;
    const machine = isa?.(view, at) ?? 0;
    const key = reason * 4 + (machine & 3);
    const found = known.get(key);
    if (found !== undefined) return found;
    const name = ascii(nameOf(reason, isa ? machine : undefined));
    const index = strings.intern(name, viewOf(name), 0, name.length);
    if (known.size < 4096) known.set(key, index);
    return index;
  };
}
