import type { Block } from '../binary/decode.ts';
import type { Row } from '../column-builder.ts';
import type { Collector } from '../collector.ts';
import { kindIndex } from '../kinds.ts';
import { numericState } from '../payload.ts';
import { isThreadId } from '../task-table.ts';
import { COMPACT } from './messages.ts';
import type { ProtoReader } from './protobuf.ts';

export const UNREADABLE = 'the values of an event cannot be; the event is counted, but left out';
const FIRST_SWITCH = 'a switch does not say who left the CPU, and nothing before it does: it is left out';
const CHANGE = kindIndex('sched_switch');
const WAKE = kindIndex('sched_waking');

/** Who runs on a CPU, and with what priority. */
export interface Running {
  readonly tid: number;
  readonly prio: number;
}

/** Nothing has told who runs. */
export const NOBODY: Running = { tid: -1, prio: -1 };

/** Where compact events go. */
export interface Target {
  readonly collected: Collector;
  readonly row: Row;
  /** The bytes that the message lies in. */
  readonly text: Block;
  /** By CPU. */
  readonly running: Running[];
  /** Numbers of the events in the collector. */
  readonly names: { readonly change: number; readonly waking: number };
  /** ns since the base from a time, in halves. */
  readonly since: (low: number, high: number) => number;
  /** Counts an event of the name with this number at `time`. */
  readonly saw: (name: number, time: number) => void;
  readonly append: (kind: number, tid: number, flags: number) => void;
  readonly cpu: number;
  readonly offset: number;
}

/**
 * Puts the switches and wake-ups of a CompactSched into rows, in the order of time: who wakes others does so before it
 * leaves. They are of one CPU, and written as columns, an entry an event in each. False: the columns do not go together.
 */
export function takeCompact(message: ProtoReader, to: Target): boolean {
  const columns = new Columns(message);
  const { switchTime, wakingTime, names: _, ...rest } = COMPACT;
  const changes = [rest.switchPrevState, rest.switchNextPid, rest.switchNextPrio, rest.switchNextComm];
  const wakings = [rest.wakingPid, rest.wakingTarget, rest.wakingPrio, rest.wakingComm];
  if (!columns.fit(switchTime, changes) || !columns.fit(wakingTime, wakings)) return false;
  // Not all recorders write the flags.
  if (columns.has(rest.wakingFlags) && !columns.fit(wakingTime, [rest.wakingFlags])) return false;
  const nextChange = columns.times(switchTime, to.since);
  const nextWaking = columns.times(wakingTime, to.since);
  let [change, waking] = [nextChange(), nextWaking()];
  while (change !== undefined || waking !== undefined) {
    if (waking !== undefined && (change === undefined || waking <= change)) {
      takeWaking(columns, waking, to);
      waking = nextWaking();
    } else if (change !== undefined) {
      takeSwitch(columns, change, to);
      change = nextChange();
    }
  }
  return true;
}

/** The columns of a CompactSched, each of which is read from its start to its end. */
class Columns {
  private readonly columns = new Map<number, ProtoReader>();
  private readonly lengths = new Map<number, number>();
  /** Where each name begins and ends, one after the other. */
  private readonly names: number[] = [];

  constructor(message: ProtoReader) {
    while (message.next()) {
      const { field, bytes, from, to } = message;
      if (!message.isBlock) continue;
      if (field === COMPACT.names) this.names.push(from, to);
      else {
        this.columns.set(field, message.message());
        this.lengths.set(field, varintsIn(bytes, from, to));
      }
    }
  }

  has(field: number): boolean {
    return this.columns.has(field);
  }

  /** Have `others` as many values as the column of the times? */
  fit(time: number, others: readonly number[]): boolean {
    const length = (field: number): number => this.lengths.get(field) ?? 0;
    return others.every((field) => length(field) === length(time));
  }

  /** The next value of a column; −1 where there is no such column. */
  next(field: number): number {
    const column = this.columns.get(field);
    return column?.nextPacked() ? column.int : -1;
  }

  /** Gives one time after the other, which are written as the distance from the one before; undefined: there are no more. */
  times(field: number, since: Target['since']): () => number | undefined {
    const column = this.columns.get(field);
    let time: number | undefined;
    return () => {
      if (!column?.nextPacked()) return undefined;
      return (time = time === undefined ? since(column.low, column.high) : time + column.int);
    };
  }

  /** Names the thread `tid` as a column says next. */
  name(field: number, tid: number, { collected: { tasks }, text }: Target): void {
    const at = 2 * this.next(field);
    const [from, to] = [this.names[at], this.names[at + 1]];
    tasks.mention(tid);
    if (from !== undefined && to !== undefined) tasks.name(tid, text, from, to);
  }
}

/** How many varints a block is made of: each ends with a byte below 0x80. */
function varintsIn(bytes: Uint8Array, from: number, to: number): number {
  let count = 0;
  for (let at = from; at < to; at++) if (bytes[at]! < 0x80) count++;
  return count;
}

function takeSwitch(columns: Columns, time: number, to: Target): void {
  const { collected, row, running, cpu, offset } = to;
  const state = columns.next(COMPACT.switchPrevState);
  const next = columns.next(COMPACT.switchNextPid);
  const prio = columns.next(COMPACT.switchNextPrio);
  to.saw(to.names.change, time);
  columns.name(COMPACT.switchNextComm, next, to);
  if (!isThreadId(next) || !isPrio(prio)) {
    running[cpu] = NOBODY;
    collected.skip(UNREADABLE, undefined, offset);
    return;
  }
  const prev = running[cpu] ?? NOBODY;
  running[cpu] = { tid: next, prio };
  if (prev === NOBODY) {
    collected.notes.add(FIRST_SWITCH, undefined, offset);
    return;
  }
  row.a = prev.tid;
  row.b = next;
  row.c = (prev.prio + 1) | ((prio + 1) << 8) | ((numericState(state) & 0x7fff) << 16);
  row.wide = 0;
  to.append(CHANGE, prev.tid, -1);
}

function takeWaking(columns: Columns, time: number, to: Target): void {
  const { collected, row, running, cpu, offset } = to;
  const pid = columns.next(COMPACT.wakingPid);
  const target = columns.next(COMPACT.wakingTarget);
  const prio = columns.next(COMPACT.wakingPrio);
  const flags = columns.next(COMPACT.wakingFlags);
  to.saw(to.names.waking, time);
  columns.name(COMPACT.wakingComm, pid, to);
  if (!isThreadId(pid) || !isPrio(prio) || target < 0 || target > 0x7fff) {
    collected.skip(UNREADABLE, undefined, offset);
    return;
  }
  row.a = pid;
  row.b = target;
  row.c = prio + 1;
  row.wide = 0;
  to.append(WAKE, running[cpu]?.tid ?? -1, flags);
}

/** Can the columns of a trace hold the priority? */
const isPrio = (prio: number): boolean => prio >= -1 && prio <= 254;
