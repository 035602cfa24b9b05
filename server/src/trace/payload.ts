import type { ByteStrings } from './byte-strings.ts';
import type { Row } from './column-builder.ts';
import type { Cursor } from './cursor.ts';
import { TASK_STATE } from './kinds.ts';
import { type TaskTable, isThreadId } from './task-table.ts';

/**
 * Reads the payload of one kind of event, to which the cursor points, into `row`. False, or `cursor.ok` cleared: it
 * has no form that a kernel or tool is known to print.
 */
export type PayloadReader = (cursor: Cursor, row: Row, tasks: TaskTable, strings: ByteStrings) => boolean;

/** Reads a thread id. */
export function readTid(cursor: Cursor): number {
  const value = cursor.int();
  if (!isThreadId(value)) cursor.ok = false;
  return value;
}

/** Reads a CPU number; the columns have 15 bits for it. */
export function readCpu(cursor: Cursor): number {
  const value = cursor.int();
  if (value < 0 || value > 0x7fff) cursor.ok = false;
  return value;
}

/** Reads a kernel priority, −1 (deadline) to 139 (nice 19), and gives it as columns keep it: plus one. */
export function readPrio(cursor: Cursor): number {
  const value = cursor.int();
  if (value < -1 || value > 254) cursor.ok = false;
  return value + 1;
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
