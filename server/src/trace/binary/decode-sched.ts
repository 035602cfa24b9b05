import { NAME_SIZE, isThreadId } from '../task-table.ts';
import type { Decoder } from './decode.ts';
import type { EventFormat } from './event-format.ts';
import { taskStates } from './task-state.ts';

/**
 * Decoders of the commonest events, written out for the layout that kernels have: little-endian numbers of 32 bits and
 * names inside the record. undefined: it is another event or another layout. `needed`: the bytes that a record has at
 * least.
 */
export function fastDecoder(format: EventFormat, little: boolean, needed: number): Decoder | undefined {
  // Reading by an order that is known when this is compiled costs less.
  if (!little) return undefined;
  switch (format.name) {
    case 'sched_switch':
      return switchDecoder(format, needed);
    case 'sched_waking':
    case 'sched_wakeup':
    case 'sched_wakeup_new':
      return wakeDecoder(format, needed);
    case 'sched_stat_runtime':
      return runtimeDecoder(format, needed);
    default:
      return undefined;
  }
}

/** Where the fields are, all of which have this size. */
function places(format: EventFormat, size: number, names: readonly string[]): number[] | undefined {
  const found = names.map((name) => format.fields.get(name));
  const all = found.flatMap((field) =>
    field?.size === size && field.location === 'inline' && (size !== 4 || field.signed) ? [field.offset] : [],
  );
  return all.length === names.length ? all : undefined;
}

const isPrio = (prio: number): boolean => prio >= -1 && prio <= 254;

function switchDecoder(format: EventFormat, needed: number): Decoder | undefined {
  const numbers = places(format, 4, ['prev_pid', 'next_pid', 'prev_prio', 'next_prio']);
  const names = places(format, NAME_SIZE, ['prev_comm', 'next_comm']);
  const state = format.fields.get('prev_state');
  if (!numbers || !names || state?.size !== 8 || state.location !== 'inline' || !state.signed)
    return undefined;
  const [prevAt = 0, nextAt = 0, prevPrioAt = 0, nextPrioAt = 0] = numbers;
  const [prevNameAt = 0, nextNameAt = 0] = names;
  const [lowAt, highAt] = [state.offset, state.offset + 4];
  const states = taskStates(format);
  return (block, at, length, row, tasks) => {
    if (length < needed) return false;
    const { view } = block;
    const prev = view.getInt32(at + prevAt, true);
    const next = view.getInt32(at + nextAt, true);
    const prevPrio = view.getInt32(at + prevPrioAt, true);
    const nextPrio = view.getInt32(at + nextPrioAt, true);
    if (!isThreadId(prev) || !isThreadId(next) || !isPrio(prevPrio) || !isPrio(nextPrio)) return false;
    const recorded = view.getInt32(at + highAt, true) * 2 ** 32 + view.getUint32(at + lowAt, true);
    row.a = prev;
    row.b = next;
    row.c = (prevPrio + 1) | ((nextPrio + 1) << 8) | ((states(recorded) & 0x7fff) << 16);
    row.wide = 0;
    tasks.nameInPlace(prev, block, at + prevNameAt);
    tasks.nameInPlace(next, block, at + nextNameAt);
    return true;
  };
}

function wakeDecoder(format: EventFormat, needed: number): Decoder | undefined {
  const numbers = places(format, 4, ['pid', 'target_cpu', 'prio']);
  const names = places(format, NAME_SIZE, ['comm']);
  if (!numbers || !names) return undefined;
  const [pidAt = 0, cpuAt = 0, prioAt = 0] = numbers;
  const [nameAt = 0] = names;
  return (block, at, length, row, tasks) => {
    if (length < needed) return false;
    const { view } = block;
    const pid = view.getInt32(at + pidAt, true);
    const cpu = view.getInt32(at + cpuAt, true);
    const prio = view.getInt32(at + prioAt, true);
    if (!isThreadId(pid) || cpu < 0 || cpu > 0x7fff || !isPrio(prio)) return false;
    row.a = pid;
    row.b = cpu;
    row.c = prio + 1;
    row.wide = 0;
    tasks.nameInPlace(pid, block, at + nameAt);
    return true;
  };
}

/** The name is behind the fields, at a place that the record says, as in 6.18 (include/trace/events/sched.h). */
function runtimeDecoder(format: EventFormat, needed: number): Decoder | undefined {
  const numbers = places(format, 4, ['pid']);
  const runtimes = places(format, 8, ['runtime']);
  const comm = format.fields.get('comm');
  if (!numbers || !runtimes || format.fields.get('runtime')?.signed || comm?.location !== 'record')
    return undefined;
  const [pidAt = 0, runtimeAt = 0] = [...numbers, ...runtimes];
  const commAt = comm.offset;
  return (block, at, length, row, tasks) => {
    if (length < needed) return false;
    const { view } = block;
    const pid = view.getInt32(at + pidAt, true);
    const where = view.getUint32(at + commAt, true);
    const from = where & 0xffff;
    const to = from + (where >>> 16);
    if (!isThreadId(pid) || to > length) return false;
    row.a = pid;
    row.b = 0;
    row.c = 0;
    row.wide = view.getUint32(at + runtimeAt + 4, true) * 2 ** 32 + view.getUint32(at + runtimeAt, true);
    tasks.nameUntilZero(pid, block, at + from, at + to);
    return true;
  };
}
