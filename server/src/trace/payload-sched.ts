import { type Cursor, key } from './cursor.ts';
import { TASK_STATE } from './kinds.ts';
import { type PayloadReader, numericState, readCpu, readPrio, readTid } from './payload.ts';
import { pluginSwitch, pluginWake } from './payload-plugin.ts';
import type { TaskTable } from './task-table.ts';

const COMM = key('comm=');
const PID = key(' pid=');
const PRIO = key(' prio=');
const SUCCESS = key(' success=');
const TARGET_CPU = key(' target_cpu=');
const PREV_COMM = key('prev_comm=');
const PREV_PID = key(' prev_pid=');
const PREV_PRIO = key(' prev_prio=');
const PREV_STATE = key(' prev_state=');
const ARROW = key(' ==>');
const NEXT_COMM = key(' next_comm=');
const NEXT_PID = key(' next_pid=');
const NEXT_PRIO = key(' next_prio=');
const ORIG_CPU = key(' orig_cpu=');
const DEST_CPU = key(' dest_cpu=');
const PARENT_COMM = key('parent_comm=');
const PARENT_PID = key(' parent_pid=');
const CHILD_COMM = key(' child_comm=');
const CHILD_PID = key(' child_pid=');
const FILENAME = key('filename=');
const OLD_PID = key(' old_pid=');
const RUNTIME = key(' runtime=');
const OLDPRIO = key(' oldprio=');
const NEWPRIO = key(' newprio=');

/** `sched_switch`: as the kernel prints it, as raw fields, or as trace-cmd's plugin prints it. */
export const schedSwitch: PayloadReader = (cursor, row, tasks, strings) => {
  if (!cursor.skip(PREV_COMM)) return pluginSwitch(cursor, row, tasks, strings);
  const prevComm = cursor.at;
  const prevCommEnd = cursor.endOfName(PREV_PID);
  if (prevCommEnd < 0) return false;
  cursor.at = prevCommEnd;
  row.a = readTid(cursor, PREV_PID);
  const prevPrio = readPrio(cursor, PREV_PRIO);
  cursor.expect(PREV_STATE);
  const state = taskState(cursor);
  cursor.skip(ARROW);
  cursor.expect(NEXT_COMM);
  const nextComm = cursor.at;
  const nextCommEnd = cursor.endOfName(NEXT_PID);
  if (nextCommEnd < 0) return false;
  cursor.at = nextCommEnd;
  row.b = readTid(cursor, NEXT_PID);
  row.c = prevPrio | (readPrio(cursor, NEXT_PRIO) << 8) | (state << 16);
  if (!cursor.ok) return false;
  tasks.name(row.a, cursor, prevComm, prevCommEnd);
  tasks.name(row.b, cursor, nextComm, nextCommEnd);
  return true;
};

/** The state in which a task leaves its CPU, as TASK_STATE: letters, or the number of the raw form. */
function taskState(cursor: Cursor): number {
  const { bytes, end } = cursor;
  const first = bytes[cursor.at]!;
  if (first >= 0x30 && first <= 0x39) return numericState(cursor.int());
  let state = 0;
  let at = cursor.at;
  for (; at < end && bytes[at] !== 0x20; at++) state |= LETTER_STATES[bytes[at]!]!;
  if (at === cursor.at) cursor.ok = false;
  cursor.at = at;
  return state;
}

/**
 * TASK_STATE by the letter that `sched_switch` prints (include/trace/events/sched.h). 0 for R, for the separator |,
 * and for K, W and N, which before 4.14 only qualified another letter; x was TASK_DEAD then.
 */
export const LETTER_STATES = letterStates({
  S: TASK_STATE.interruptible,
  D: TASK_STATE.uninterruptible,
  T: TASK_STATE.stopped,
  t: TASK_STATE.traced,
  X: TASK_STATE.dead,
  x: TASK_STATE.dead,
  Z: TASK_STATE.zombie,
  P: TASK_STATE.parked,
  I: TASK_STATE.idle,
  '+': TASK_STATE.preempted,
});

function letterStates(states: Readonly<Record<string, number>>): Uint16Array {
  const table = new Uint16Array(256);
  for (const [letter, state] of Object.entries(states)) table[letter.charCodeAt(0)] = state;
  return table;
}

/** `comm=NAME pid=N`, up to behind N; gives N and names the task. */
function commAndPid(cursor: Cursor, tasks: TaskTable): number {
  cursor.expect(COMM);
  const from = cursor.at;
  const to = cursor.endOfName(PID);
  if (to < 0) cursor.ok = false;
  if (!cursor.ok) return 0;
  cursor.at = to;
  const pid = readTid(cursor, PID);
  if (cursor.ok) tasks.name(pid, cursor, from, to);
  return pid;
}

/** `sched_waking`, `sched_wakeup`, `sched_wakeup_new`; `success=` until 4.x. */
export const schedWake: PayloadReader = (cursor, row, tasks, strings) => {
  if (!cursor.matches(COMM, cursor.at)) return pluginWake(cursor, row, tasks, strings);
  row.a = commAndPid(cursor, tasks);
  row.c = readPrio(cursor, PRIO);
  if (cursor.skip(SUCCESS)) cursor.int();
  row.b = readCpu(cursor, TARGET_CPU);
  return cursor.ok;
};

export const schedMigrateTask: PayloadReader = (cursor, row, tasks) => {
  row.a = commAndPid(cursor, tasks);
  row.c = readPrio(cursor, PRIO);
  row.b = readCpu(cursor, ORIG_CPU);
  row.b |= readCpu(cursor, DEST_CPU) << 16;
  return cursor.ok;
};

export const schedProcessFork: PayloadReader = (cursor, row, tasks) => {
  const raw = cursor.skip(PARENT_COMM);
  if (!raw) cursor.expect(COMM);
  const pidKey = raw ? PARENT_PID : PID;
  const from = cursor.at;
  const to = cursor.endOfName(pidKey);
  if (to < 0) return false;
  cursor.at = to;
  row.a = readTid(cursor, pidKey);
  cursor.expect(CHILD_COMM);
  const childFrom = cursor.at;
  const childTo = cursor.endOfName(CHILD_PID);
  if (childTo < 0) return false;
  cursor.at = childTo;
  row.b = readTid(cursor, CHILD_PID);
  if (!cursor.ok) return false;
  tasks.name(row.a, cursor, from, to);
  tasks.name(row.b, cursor, childFrom, childTo);
  return true;
};

/** `filename=PATH pid=N old_pid=N`; the path may contain anything, so it is read from its end. */
export const schedProcessExec: PayloadReader = (cursor, row) => {
  cursor.expect(FILENAME);
  const pid = cursor.lastIndexOf(PID);
  if (pid < 0) return false;
  cursor.at = pid;
  row.a = readTid(cursor, PID);
  row.b = readTid(cursor, OLD_PID);
  return cursor.ok;
};

/** Also ` group_dead=` since 6.18, which has no column. */
export const schedProcessExit: PayloadReader = (cursor, row, tasks) => {
  row.a = commAndPid(cursor, tasks);
  row.c = readPrio(cursor, PRIO);
  return cursor.ok;
};

/** Also ` vruntime=` before 6.7, which has no column. */
export const schedStatRuntime: PayloadReader = (cursor, row, tasks) => {
  row.a = commAndPid(cursor, tasks);
  row.wide = cursor.intAfter(RUNTIME);
  return cursor.ok;
};

export const schedPiSetprio: PayloadReader = (cursor, row, tasks) => {
  row.a = commAndPid(cursor, tasks);
  row.b = readPrio(cursor, OLDPRIO);
  row.c = readPrio(cursor, NEWPRIO);
  return cursor.ok;
};
