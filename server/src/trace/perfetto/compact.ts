import type { Collector } from '../collector.ts';
import type { Row } from '../column-builder.ts';
import { kindIndex } from '../kinds.ts';
import { numericState } from '../payload.ts';
import { isThreadId } from '../task-table.ts';
import { viewOf } from '../binary/bytes.ts';
import { COMPACT } from './messages.ts';
import type { ProtoReader } from './protobuf.ts';

export const UNREADABLE = 'the values of an event cannot be; the event is counted, but left out';
const FIRST_SWITCH = 'a switch does not say who left the CPU, and nothing before it does: it is left out';
const CHANGE = kindIndex('sched_switch');
const WAKE = kindIndex('sched_waking');

/** Switches and wake-ups of one CPU as columns (CompactSched): an entry an event in each. */
export interface Compact {
  /** ns since the base. */
  readonly switchTime: readonly number[];
  readonly wakingTime: readonly number[];
  /** The other columns, by the number of their field. */
  readonly columns: ReadonlyMap<number, readonly number[]>;
  readonly names: readonly Uint8Array[];
}

/** Who runs on a CPU, and with what priority; −1: nothing has told it. */
export interface Running {
  readonly tid: number;
  readonly prio: number;
}

/** Reads a CompactSched; undefined: its columns do not go together. `since` gives ns since the base from a time. */
export function readCompact(
  message: ProtoReader,
  since: (low: number, high: number) => number,
): Compact | undefined {
  const columns = new Map<number, readonly number[]>();
  const names: Uint8Array[] = [];
  while (message.next()) {
    if (!message.isBlock) continue;
    if (message.field === COMPACT.names) names.push(message.bytes.subarray(message.from, message.to));
    else if (message.field === COMPACT.switchTime || message.field === COMPACT.wakingTime)
      columns.set(message.field, times(message.message(), since));
    else columns.set(message.field, packed(message.message()));
  }
  const lengthOf = (field: number): number => columns.get(field)?.length ?? 0;
  const fits = (fields: readonly number[], length: number): boolean =>
    fields.every((field) => lengthOf(field) === length);
  const { switchTime, wakingTime, names: _, ...rest } = COMPACT;
  const flags = lengthOf(rest.wakingFlags);
  const changes = [rest.switchPrevState, rest.switchNextPid, rest.switchNextPrio, rest.switchNextComm];
  const wakings = [rest.wakingPid, rest.wakingTarget, rest.wakingPrio, rest.wakingComm];
  if (!fits(changes, lengthOf(switchTime)) || !fits(wakings, lengthOf(wakingTime))) return undefined;
  if (flags > 0 && flags !== lengthOf(wakingTime)) return undefined;
  return {
    switchTime: columns.get(switchTime) ?? [],
    wakingTime: columns.get(wakingTime) ?? [],
    columns,
    names,
  };
}

/** Times, each after the first as the distance from the one before. */
function times(block: ProtoReader, since: (low: number, high: number) => number): number[] {
  const all: number[] = [];
  let time = 0;
  while (block.nextPacked()) {
    time = all.length === 0 ? since(block.low, block.high) : time + block.int;
    all.push(time);
  }
  return all;
}

function packed(block: ProtoReader): number[] {
  const all: number[] = [];
  while (block.nextPacked()) all.push(block.int);
  return all;
}

/** Where compact events go. */
interface Target {
  readonly collected: Collector;
  readonly row: Row;
  /** By CPU. */
  readonly running: Running[];
  /** Numbers of the events in the collector. */
  readonly names: { readonly change: number; readonly waking: number };
  readonly append: (kind: number, time: number, tid: number, flags: number) => void;
  readonly cpu: number;
  readonly offset: number;
}

/** Puts compact events into rows, in the order of time: who wakes others does so before it leaves. */
export function takeCompact(compact: Compact, to: Target): void {
  const { switchTime, wakingTime } = compact;
  let [change, waking] = [0, 0];
  while (change < switchTime.length || waking < wakingTime.length) {
    if ((wakingTime[waking] ?? Infinity) <= (switchTime[change] ?? Infinity))
      takeWaking(compact, waking++, to);
    else takeSwitch(compact, change++, to);
  }
}

function takeSwitch({ switchTime, columns, names }: Compact, at: number, to: Target): void {
  const { collected, row, running, cpu, offset } = to;
  const value = (field: number): number => columns.get(field)?.[at] ?? 0;
  const [time, next, prio] = [switchTime[at]!, value(COMPACT.switchNextPid), value(COMPACT.switchNextPrio)];
  collected.saw(to.names.change, time, cpu);
  if (!isThreadId(next) || prio < -1 || prio > 254) {
    collected.skip(UNREADABLE, undefined, offset);
    return;
  }
  const prev = running[cpu];
  running[cpu] = { tid: next, prio };
  name(collected, next, names[value(COMPACT.switchNextComm)], time);
  if (!prev || prev.tid < 0) {
    collected.notes.add(FIRST_SWITCH, undefined, offset);
    return;
  }
  row.a = prev.tid;
  row.b = next;
  row.c =
    (prev.prio + 1) | ((prio + 1) << 8) | ((numericState(value(COMPACT.switchPrevState)) & 0x7fff) << 16);
  row.wide = 0;
  to.append(CHANGE, time, prev.tid, -1);
}

function takeWaking({ wakingTime, columns, names }: Compact, at: number, to: Target): void {
  const { collected, row, running, cpu, offset } = to;
  const value = (field: number): number => columns.get(field)?.[at] ?? 0;
  const [pid, prio, target] = [
    value(COMPACT.wakingPid),
    value(COMPACT.wakingPrio),
    value(COMPACT.wakingTarget),
  ];
  const time = wakingTime[at]!;
  collected.saw(to.names.waking, time, cpu);
  if (!isThreadId(pid) || prio < -1 || prio > 254 || target < 0 || target > 0x7fff) {
    collected.skip(UNREADABLE, undefined, offset);
    return;
  }
  name(collected, pid, names[value(COMPACT.wakingComm)], time);
  row.a = pid;
  row.b = target;
  row.c = prio + 1;
  row.wide = 0;
  to.append(WAKE, time, running[cpu]?.tid ?? -1, columns.get(COMPACT.wakingFlags)?.[at] ?? -1);
}

function name({ tasks }: Collector, tid: number, comm: Uint8Array | undefined, time: number): void {
  tasks.now = time;
  tasks.mention(tid);
  if (comm) tasks.name(tid, { bytes: comm, view: viewOf(comm) }, 0, comm.length);
}
