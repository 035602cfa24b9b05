import { NAME_SIZE, isThreadId } from '../task-table.ts';
import type { Decoder } from './decode.ts';
import type { EventFormat } from './event-format.ts';
import { taskStates } from './task-state.ts';

/**
 * Decoders of the commonest events, written out for the layout that kernels have: numbers of 32 bits and names inside
 * the record. undefined: it is another event or another layout. `needed`: the bytes that a record has at least.
 */
export function fastDecoder(format: EventFormat, little: boolean, needed: number): Decoder | undefined {
  switch (format.name) {
    case 'sched_switch':
      return switchDecoder(format, little, needed);
    case 'sched_waking':
    case 'sched_wakeup':
    case 'sched_wakeup_new':
      return wakeDecoder(format, little, needed);
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

function switchDecoder(format: EventFormat, little: boolean, needed: number): Decoder | undefined {
  const numbers = places(format, 4, ['prev_pid', 'next_pid', 'prev_prio', 'next_prio']);
  const names = places(format, NAME_SIZE, ['prev_comm', 'next_comm']);
  const state = format.fields.get('prev_state');
  if (!numbers || !names || state?.size !== 8 || state.location !== 'inline' || !state.signed)
    return undefined;
  const [prevAt = 0, nextAt = 0, prevPrioAt = 0, nextPrioAt = 0] = numbers;
  const [prevNameAt = 0, nextNameAt = 0] = names;
  const [lowAt, highAt] = little ? [state.offset, state.offset + 4] : [state.offset + 4, state.offset];
  const states = taskStates(format);
  return (block, at, length, row, tasks) => {
    if (length < needed) return false;
    const { view } = block;
    const prev = view.getInt32(at + prevAt, little);
    const next = view.getInt32(at + nextAt, little);
    const prevPrio = view.getInt32(at + prevPrioAt, little);
    const nextPrio = view.getInt32(at + nextPrioAt, little);
    if (!isThreadId(prev) || !isThreadId(next) || !isPrio(prevPrio) || !isPrio(nextPrio)) return false;
    const recorded = view.getInt32(at + highAt, little) * 2 ** 32 + view.getUint32(at + lowAt, little);
    row.a = prev;
    row.b = next;
    row.c = (prevPrio + 1) | ((nextPrio + 1) << 8) | ((states(recorded) & 0x7fff) << 16);
    row.wide = 0;
    tasks.nameInPlace(prev, block, at + prevNameAt);
    tasks.nameInPlace(next, block, at + nextNameAt);
    return true;
  };
}

function wakeDecoder(format: EventFormat, little: boolean, needed: number): Decoder | undefined {
  const numbers = places(format, 4, ['pid', 'target_cpu', 'prio']);
  const names = places(format, NAME_SIZE, ['comm']);
  if (!numbers || !names) return undefined;
  const [pidAt = 0, cpuAt = 0, prioAt = 0] = numbers;
  const [nameAt = 0] = names;
  return (block, at, length, row, tasks) => {
    if (length < needed) return false;
    const { view } = block;
    const pid = view.getInt32(at + pidAt, little);
    const cpu = view.getInt32(at + cpuAt, little);
    const prio = view.getInt32(at + prioAt, little);
    if (!isThreadId(pid) || cpu < 0 || cpu > 0x7fff || !isPrio(prio)) return false;
    row.a = pid;
    row.b = cpu;
    row.c = prio + 1;
    row.wide = 0;
    tasks.nameInPlace(pid, block, at + nameAt);
    return true;
  };
}
