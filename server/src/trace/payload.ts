import type { ByteStrings } from './byte-strings.ts';
import type { Row } from './column-builder.ts';
import type { Cursor, Key } from './cursor.ts';
import { TASK_STATE } from './kinds.ts';
import { type TaskTable, isThreadId } from './task-table.ts';

/**
 * Reads the payload of one kind of event, to which the cursor points, into `row`. False, or `cursor.ok` cleared: it
 * has no form that a kernel or tool is known to print.
 */
export type PayloadReader = (cursor: Cursor, row: Row, tasks: TaskTable, strings: ByteStrings) => boolean;

/** Reads the thread id behind `key`. */
export function readTid(cursor: Cursor, key: Key): number {
  const value = cursor.intAfter(key);
  if (!isThreadId(value)) cursor.ok = false;
  return value;
}

/** Reads the CPU number behind `key`; the columns have 15 bits for it. */
export function readCpu(cursor: Cursor, key: Key): number {
  const value = cursor.intAfter(key);
  if (value < 0 || value > 0x7fff) cursor.ok = false;
  return value;
}

/** Reads the kernel priority behind `key` and gives it as columns keep it. */
export function readPrio(cursor: Cursor, key: Key): number {
  return storedPrio(cursor, cursor.intAfter(key));
}

/** A kernel priority, −1 (deadline) to 139 (nice 19), as columns keep it: plus one. */
export function storedPrio(cursor: Cursor, prio: number): number {
  if (prio < -1 || prio > 254) cursor.ok = false;
  return prio + 1;
}

/**
 * TASK_STATE of a recorded `prev_state`: since 4.14 these are the reported bits themselves. Older kernels recorded
 * `task->state`: preempted was one bit of its own from 1024 up, and 128 (wake-kill) came together with 2.
 */
export function numericState(value: number): number {
  if (value < 0) return TASK_STATE.preempted;
  if (value <= TASK_STATE.preempted)
    return value > TASK_STATE.idle && value < TASK_STATE.preempted ? value & 0x7f : value;
  const oneBit = (value & (value - 1)) === 0;
  return oneBit ? TASK_STATE.preempted : value & 0x7f;
}
