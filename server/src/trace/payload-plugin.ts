import type { Row } from './column-builder.ts';
import { type Cursor, ascii, key } from './cursor.ts';
import { numericState, type PayloadReader, readCpu, storedPrio } from './payload.ts';
import { type TaskTable, isThreadId } from './task-table.ts';

const ARROW = key(' ==> ');
/** `comm:pid [prio] S` is shorter than this; a name may contain an arrow, so each one up to here is tried. */
const LONGEST_TASK = 64;
const OPEN = 0x5b;
const CLOSE = 0x5d;
const SUCCESS = key(' success=');
const CPU = key(' CPU:');

/**
 * The letters of trace-cmd's sched_switch plugin, by the bit of the recorded number. It is the table of kernels
 * before 4.14 and misnames the upper bits of later ones (32 prints X, 128 prints W), so letters are taken back to
 * bits. Preempted (256) prints R: in this form it cannot be told from runnable.
 */
const LETTERS = ascii('SDTtZXxW');

/** `comm:pid [prio] S ==> comm:pid [prio]` */
export const pluginSwitch: PayloadReader = (cursor, row, tasks) => {
  const { bytes, at: start, end } = cursor;
  const latest = start + LONGEST_TASK;
  for (
    let arrow = cursor.indexOf(ARROW, start);
    arrow >= 0 && arrow < latest;
    arrow = cursor.indexOf(ARROW, arrow + 1)
  ) {
    let letters = arrow;
    while (letters > start && bytes[letters - 1] !== 0x20) letters--;
    cursor.reset(bytes, start, letters - 1);
    row.a = pluginTask(cursor, row, tasks);
    const prio = row.c;
    const fits = cursor.ok && cursor.at === cursor.end;
    cursor.reset(bytes, arrow + ARROW.length, end);
    if (!fits) continue;
    row.b = pluginTask(cursor, row, tasks);
    row.c = prio | (row.c << 8) | (stateOf(bytes, letters, arrow) << 16);
    return cursor.ok && cursor.at === end;
  }
  return false;
};

/** `comm:pid [prio] CPU:000`, with ` success=1` before the CPU for kernels that had it. */
export const pluginWake: PayloadReader = (cursor, row, tasks) => {
  row.a = pluginTask(cursor, row, tasks);
  if (cursor.skip(SUCCESS)) cursor.int();
  row.b = readCpu(cursor, CPU);
  return cursor.ok;
};

/** Reads `comm:pid [prio]`: gives the pid, leaves the stored priority in `row.c` and stops behind the bracket. */
function pluginTask(cursor: Cursor, row: Row, tasks: TaskTable): number {
  const { bytes, at: from } = cursor;
  const bracket = cursor.lastIndexOfByte(OPEN) - 1;
  let digits = bracket;
  while (digits > from && bytes[digits - 1]! >= 0x30 && bytes[digits - 1]! <= 0x39) digits--;
  if (bracket <= from || bytes[bracket] !== 0x20 || bytes[digits - 1] !== 0x3a) {
    cursor.ok = false;
    return 0;
  }
  cursor.at = digits;
  const pid = cursor.int();
  if (!isThreadId(pid)) cursor.ok = false;
  cursor.at = bracket + 2;
  row.c = storedPrio(cursor, cursor.int());
  cursor.expectByte(CLOSE);
  if (cursor.ok) tasks.name(pid, cursor, from, digits - 1);
  return pid;
}

function stateOf(bytes: Uint8Array, from: number, to: number): number {
  let state = 0;
  for (let i = from; i < to; i++) {
    const bit = LETTERS.indexOf(bytes[i]!);
    if (bit >= 0) state |= 1 << bit;
  }
  return numericState(state);
}
