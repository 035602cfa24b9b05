import { type Cursor, ascii } from './cursor.ts';
import { TASK_STATE } from './kinds.ts';
import { type PayloadReader, numericState, readCpu, readPrio, readTid } from './payload.ts';
import { pluginSwitch, pluginWake } from './payload-plugin.ts';
import type { Row } from './column-builder.ts';
import type { TaskTable } from './task-table.ts';

const COMM = ascii('comm=');
const PID = ascii(' pid=');
const PRIO = ascii(' prio=');
const SUCCESS = ascii(' success=');
const TARGET_CPU = ascii(' target_cpu=');
const PREV_COMM = ascii('prev_comm=');
const PREV_PID = ascii(' prev_pid=');
const PREV_PRIO = ascii(' prev_prio=');
const PREV_STATE = ascii(' prev_state=');
const ARROW = ascii(' ==>');
const NEXT_COMM = ascii(' next_comm=');
const NEXT_PID = ascii(' next_pid=');
const NEXT_PRIO = ascii(' next_prio=');
const ORIG_CPU = ascii(' orig_cpu=');
const DEST_CPU = ascii(' dest_cpu=');
const PARENT_COMM = ascii('parent_comm=');
const PARENT_PID = ascii(' parent_pid=');
const CHILD_COMM = ascii(' child_comm=');
const CHILD_PID = ascii(' child_pid=');
const FILENAME = ascii('filename=');
const OLD_PID = ascii(' old_pid=');
const RUNTIME = ascii(' runtime=');
const OLDPRIO = ascii(' oldprio=');
const NEWPRIO = ascii(' newprio=');

/** `sched_switch`: as the kernel prints it, as raw fields, or as trace-cmd's plugin prints it. */
export const schedSwitch: PayloadReader = (cursor, row, tasks, strings) => {
  if (!cursor.skip(PREV_COMM)) return pluginSwitch(cursor, row, tasks, strings);
  const { bytes } = cursor;
  const prevComm = cursor.at;
  const prevCommEnd = prevTask(cursor, row);
  if (prevCommEnd < 0) return false;
  const state = taskState(cursor);
  cursor.skip(ARROW);
  cursor.expect(NEXT_COMM);
  const nextComm = cursor.at;
  const nextCommEnd = cursor.lastIndexOf(NEXT_PID);
  if (nextCommEnd < 0) return false;
  cursor.at = nextCommEnd + NEXT_PID.length;
  row.b = readTid(cursor);
  cursor.expect(NEXT_PRIO);
  row.c |= (readPrio(cursor) << 8) | (state << 16);
  if (!cursor.ok) return false;
  tasks.name(row.a, bytes, prevComm, prevCommEnd);
  tasks.name(row.b, bytes, nextComm, nextCommEnd);
  return true;
};

/**
 * Finds the end of the name that starts at the cursor, reads ` prev_pid=N prev_prio=N` into `row` and stops behind
 * ` prev_state=`. The first place where all three fit is the right one: a name has 15 bytes at most.
 */
function prevTask(cursor: Cursor, row: Row): number {
  for (let end = cursor.indexOf(PREV_PID, cursor.at); end >= 0; end = cursor.indexOf(PREV_PID, end + 1)) {
    cursor.at = end + PREV_PID.length;
    cursor.ok = true;
    row.a = readTid(cursor);
    cursor.expect(PREV_PRIO);
    row.c = readPrio(cursor);
    cursor.expect(PREV_STATE);
    if (cursor.ok) return end;
  }
  return -1;
}

/** The state in which a task leaves its CPU, as TASK_STATE: letters, or the number of the raw form. */
function taskState(cursor: Cursor): number {
  const { bytes, end } = cursor;
  const first = bytes[cursor.at]!;
  if (first >= 0x30 && first <= 0x39) return numericState(cursor.int());
  let state = 0;
  let at = cursor.at;
  for (; at < end && bytes[at] !== 0x20; at++) state |= letterState(bytes[at]!);
  if (at === cursor.at) cursor.ok = false;
  cursor.at = at;
  return state;
}

/** The letters that `sched_switch` prints (include/trace/events/sched.h). */
function letterState(letter: number): number {
  switch (String.fromCharCode(letter)) {
    case 'S':
      return TASK_STATE.interruptible;
    case 'D':
      return TASK_STATE.uninterruptible;
    case 'T':
      return TASK_STATE.stopped;
    case 't':
      return TASK_STATE.traced;
    case 'X':
    case 'x': // TASK_DEAD before 4.14
      return TASK_STATE.dead;
    case 'Z':
      return TASK_STATE.zombie;
    case 'P':
      return TASK_STATE.parked;
    case 'I':
      return TASK_STATE.idle;
    case '+':
      return TASK_STATE.preempted;
    default: // R, the separator |, and K, W, N, which before 4.14 only qualified another letter
      return 0;
  }
}

/**
 * `comm=NAME pid=N`, up to behind N; gives N and names the task. A name may contain ` pid=`, but what follows the
 * name contains it just once.
 */
function commAndPid(cursor: Cursor, tasks: TaskTable): number {
  cursor.expect(COMM);
  const from = cursor.at;
  const to = cursor.lastIndexOf(PID);
  if (to < 0) cursor.ok = false;
  if (!cursor.ok) return 0;
  cursor.at = to + PID.length;
  const pid = readTid(cursor);
  if (cursor.ok) tasks.name(pid, cursor.bytes, from, to);
  return pid;
}

/** `sched_waking`, `sched_wakeup`, `sched_wakeup_new`; `success=` until 4.x. */
export const schedWake: PayloadReader = (cursor, row, tasks, strings) => {
  if (!cursor.matches(COMM, cursor.at)) return pluginWake(cursor, row, tasks, strings);
  row.a = commAndPid(cursor, tasks);
  cursor.expect(PRIO);
  row.c = readPrio(cursor);
  if (cursor.skip(SUCCESS)) cursor.int();
  cursor.expect(TARGET_CPU);
  row.b = readCpu(cursor);
  return cursor.ok;
};

export const schedMigrateTask: PayloadReader = (cursor, row, tasks) => {
  row.a = commAndPid(cursor, tasks);
  cursor.expect(PRIO);
  row.c = readPrio(cursor);
  cursor.expect(ORIG_CPU);
  row.b = readCpu(cursor);
  cursor.expect(DEST_CPU);
  row.b |= readCpu(cursor) << 16;
  return cursor.ok;
};

export const schedProcessFork: PayloadReader = (cursor, row, tasks) => {
  const { bytes } = cursor;
  const raw = cursor.skip(PARENT_COMM);
  if (!raw) cursor.expect(COMM);
  const pidKey = raw ? PARENT_PID : PID;
  const from = cursor.at;
  for (let to = cursor.indexOf(pidKey, from); to >= 0; to = cursor.indexOf(pidKey, to + 1)) {
    cursor.at = to + pidKey.length;
    cursor.ok = true;
    row.a = readTid(cursor);
    if (!cursor.ok || !cursor.skip(CHILD_COMM)) continue;
    const childFrom = cursor.at;
    const childTo = cursor.lastIndexOf(CHILD_PID);
    if (childTo < 0) return false;
    cursor.at = childTo + CHILD_PID.length;
    row.b = readTid(cursor);
    if (!cursor.ok) return false;
    tasks.name(row.a, bytes, from, to);
    tasks.name(row.b, bytes, childFrom, childTo);
    return true;
  }
  return false;
};

/** `filename=PATH pid=N old_pid=N`; the path may contain anything, so it is read from its end. */
export const schedProcessExec: PayloadReader = (cursor, row) => {
  cursor.expect(FILENAME);
  const pid = cursor.lastIndexOf(PID);
  if (pid < 0) return false;
  cursor.at = pid + PID.length;
  row.a = readTid(cursor);
  cursor.expect(OLD_PID);
  row.b = readTid(cursor);
  return cursor.ok;
};

/** Also ` group_dead=` since 6.18, which has no column. */
export const schedProcessExit: PayloadReader = (cursor, row, tasks) => {
  row.a = commAndPid(cursor, tasks);
  cursor.expect(PRIO);
  row.c = readPrio(cursor);
  return cursor.ok;
};

/** Also ` vruntime=` before 6.7, which has no column. */
export const schedStatRuntime: PayloadReader = (cursor, row, tasks) => {
  row.a = commAndPid(cursor, tasks);
  cursor.expect(RUNTIME);
  row.wide = cursor.int();
  return cursor.ok;
};

export const schedPiSetprio: PayloadReader = (cursor, row, tasks) => {
  row.a = commAndPid(cursor, tasks);
  cursor.expect(OLDPRIO);
  row.b = readPrio(cursor);
  cursor.expect(NEWPRIO);
  row.c = readPrio(cursor);
  return cursor.ok;
};
