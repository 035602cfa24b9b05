import { CONTEXT } from './columns.ts';
import type { Cursor } from './cursor.ts';
import { isThreadId } from './task-table.ts';

/** What stands before the payload of an event line. */
export interface LineHead {
  tid: number;
  /** −1: the line does not tell. */
  tgid: number;
  cpu: number;
  context: number;
  seconds: number;
  nanos: number;
  /** The left column's name of the thread: from here to `commTo`. */
  commFrom: number;
  commTo: number;
  /** The name of the event without its system. */
  nameFrom: number;
  nameTo: number;
  style: 'ftrace' | 'perf';
  /** The name of the event is padded with blanks, as trace-cmd does it. */
  padded: boolean;
  /** A line of the function tracer: `name <-caller`. */
  isFunction: boolean;
  /** The time has no decimal point: it counts something else than seconds. */
  cycles: boolean;
}

/** A fresh LineHead. */
export function newLineHead(): LineHead {
  return {
    tid: 0,
    tgid: -1,
    cpu: 0,
    context: 0,
    seconds: 0,
    nanos: 0,
    commFrom: 0,
    commTo: 0,
    nameFrom: 0,
    nameTo: 0,
    style: 'ftrace',
    padded: false,
    isFunction: false,
    cycles: false,
  };
}

/** The kernel, trace-cmd and perf all right-align the name of the thread in 16 columns (TASK_COMM_LEN). */
const COMM_WIDTH = 16;
/** ns of the last digit, by the number of decimals. */
const SCALES = [0, 1e8, 1e7, 1e6, 1e5, 1e4, 1e3, 100, 10, 1];
const BLANK = 0x20;
const DASH = 0x2d;
const DOT = 0x2e;
const SLASH = 0x2f;
const COLON = 0x3a;

/**
 * Reads the head of the event line to which the cursor points and leaves the cursor at the payload. False: it is no
 * event line. The grammar: `comm-tid [(tgid)] [cpu] [flags] time: event: payload`; perf separates `comm tid` or
 * `comm tgid/tid` by blanks and prints `system:event`.
 */
export function readHead(cursor: Cursor, head: LineHead): boolean {
  const start = cursor.at;
  if (headAt(cursor, head, start, start + COMM_WIDTH)) return true;
  // Pasted text loses its indentation: look for the `[cpu]` then. A name may contain one, so each is tried.
  for (let i = start; i < cursor.end; i++) {
    if (cursor.bytes[i] !== 0x5b) continue;
    const separator = separatorBefore(cursor.bytes, start, i);
    if (separator <= start || !headAt(cursor, head, start, separator)) continue;
    if (head.style === 'perf') while (cursor.bytes[head.commTo - 1] === BLANK) head.commTo--;
    return true;
  }
  return false;
}

/** Where the thread's name ends, given that `[cpu]` begins at `bracket`; −1: nowhere. */
function separatorBefore(bytes: Uint8Array, start: number, bracket: number): number {
  let at = bracket - 1;
  while (at > start && bytes[at] === BLANK) at--;
  if (bytes[at] === 0x29) {
    while (at > start && bytes[at] !== 0x28) at--;
    at--;
    while (at > start && bytes[at] === BLANK) at--;
  }
  while (at > start && (isDigit(bytes[at]!) || bytes[at] === SLASH)) at--;
  return at > start ? at : -1;
}

function headAt(cursor: Cursor, head: LineHead, start: number, separator: number): boolean {
  const { bytes } = cursor;
  if (separator >= cursor.end) return false;
  const style = bytes[separator];
  if (style !== DASH && style !== BLANK) return false;
  cursor.at = separator + 1;
  cursor.ok = true;
  head.commFrom = start;
  head.commTo = separator;
  head.tgid = -1;
  if (style === DASH) ftraceThread(cursor, head);
  else perfThread(cursor, head);
  if (!cursor.ok || (!isThreadId(head.tid) && head.tid !== -1) || !readCpu(cursor, head)) return false;
  readFlags(cursor, head);
  return readTime(cursor, head) && readName(cursor, head);
}

/** `tid`, then perhaps `(   tgid)` or `(-------)`. */
function ftraceThread(cursor: Cursor, head: LineHead): void {
  head.style = 'ftrace';
  head.tid = cursor.int();
  cursor.blanks();
  if (cursor.bytes[cursor.at] !== 0x28) return;
  cursor.at++;
  cursor.blanks();
  if (cursor.bytes[cursor.at] === DASH) while (cursor.bytes[cursor.at] === DASH) cursor.at++;
  else head.tgid = cursor.int();
  if (cursor.bytes[cursor.at] !== 0x29) cursor.ok = false;
  cursor.at++;
  cursor.blanks();
}

/** `tid` or `tgid/tid`; −1 for a thread that was gone. */
function perfThread(cursor: Cursor, head: LineHead): void {
  head.style = 'perf';
  cursor.blanks();
  head.tid = cursor.int();
  if (cursor.bytes[cursor.at] === SLASH) {
    cursor.at++;
    head.tgid = head.tid;
    head.tid = cursor.int();
  }
  if (cursor.bytes[cursor.at] !== BLANK) cursor.ok = false;
  cursor.blanks();
}

/** `[001] ` */
function readCpu(cursor: Cursor, head: LineHead): boolean {
  const { bytes } = cursor;
  if (bytes[cursor.at] !== 0x5b) return false;
  cursor.at++;
  head.cpu = cursor.int();
  if (bytes[cursor.at] !== 0x5d || bytes[cursor.at + 1] !== BLANK) return false;
  cursor.at += 2;
  cursor.blanks();
  return cursor.ok && head.cpu >= 0 && head.cpu <= 0x7fff;
}

/** `d.h2.`: one letter each, in this order: interrupts off, need resched, in interrupt, preemption depth. */
function readFlags(cursor: Cursor, head: LineHead): void {
  head.context = 0;
  const { bytes, at, end } = cursor;
  if (at + 4 > end || isDigit(bytes[at]!)) return;
  let context: number = CONTEXT.known;
  // kernel/trace/trace_output.c, trace_print_lat_fmt, 6.18.
  const irqs = bytes[at];
  if (irqs === 0x64 || irqs === 0x44) context |= CONTEXT.irqsOff; // d, D
  if (bytes[at + 1] !== DOT) context |= CONTEXT.needResched;
  const nested = bytes[at + 2];
  if (nested === 0x68) context |= CONTEXT.hardirq; // h
  if (nested === 0x48) context |= CONTEXT.hardirq | CONTEXT.softirq; // H
  if (nested === 0x73) context |= CONTEXT.softirq; // s
  if (nested === 0x7a) context |= CONTEXT.nmi; // z
  if (nested === 0x5a) context |= CONTEXT.nmi | CONTEXT.hardirq; // Z
  const depth = bytes[at + 3];
  if (depth !== DOT && depth !== 0x30) context |= CONTEXT.preemptOff;
  head.context = context;
  let next = at;
  while (next < end && bytes[next] !== BLANK) next++;
  cursor.at = next;
  cursor.blanks();
}

/** `3041.440313: `, with 1 to 9 decimals, or an integer of a clock that does not count time. */
function readTime(cursor: Cursor, head: LineHead): boolean {
  const { bytes, end } = cursor;
  const first = cursor.at;
  head.seconds = cursor.int();
  if (!cursor.ok || bytes[first] === DASH) return false;
  head.cycles = bytes[cursor.at] === COLON;
  head.nanos = 0;
  if (!head.cycles) {
    if (bytes[cursor.at] !== DOT || cursor.at - first > 10) return false;
    const point = cursor.at;
    let nanos = 0;
    let at = point + 1;
    for (; at < end && isDigit(bytes[at]!); at++) nanos = nanos * 10 + bytes[at]! - 0x30;
    const scale = SCALES[at - point - 1];
    if (!scale || bytes[at] !== COLON) return false;
    head.nanos = nanos * scale;
    cursor.at = at;
  }
  cursor.at++;
  if (bytes[cursor.at] !== BLANK || cursor.at >= end) return false;
  cursor.blanks();
  return true;
}

/** `event: `, `system:event: `; perf may put the period before it. */
function readName(cursor: Cursor, head: LineHead): boolean {
  const { bytes, end } = cursor;
  let at = cursor.at;
  if (head.style === 'perf' && isDigit(bytes[at]!)) {
    while (at < end && isDigit(bytes[at]!)) at++;
    while (at < end && bytes[at] === BLANK) at++;
  }
  let from = at;
  head.isFunction = false;
  for (; at < end; at++) {
    const byte = bytes[at]!;
    if (byte === BLANK) return (head.isFunction = bytes[at + 1] === 0x3c && bytes[at + 2] === DASH);
    if (byte !== COLON) continue;
    if (at + 1 >= end || bytes[at + 1] === BLANK) break;
    from = at + 1;
  }
  if (at >= end || at === from) return false;
  head.nameFrom = from;
  head.nameTo = at;
  cursor.at = at + 1;
  cursor.blanks();
  head.padded = cursor.at - at > 2;
  return true;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}
