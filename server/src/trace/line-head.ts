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
/** The `[cpu]` begins within so many bytes, even where threads have longer names than the kernel's. */
const LONGEST_HEAD = 256;
/** ns of the last digit, by the number of decimals. */
const SCALES = [0, 1e8, 1e7, 1e6, 1e5, 1e4, 1e3, 100, 10, 1];
const MOST_SECONDS_DIGITS = 10;
/** The columns have 15 bits for a CPU. */
const MOST_CPU = 0x7fff;
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
  const latest = Math.min(cursor.end, start + LONGEST_HEAD);
  for (let i = start; i < latest; i++) {
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

/**
 * Reads the head, given where the name of the thread ends. Each part below takes where it begins and gives where it
 * ends, or −1; none looks for the end of the line, because the byte that ends it fits nowhere.
 */
function headAt(cursor: Cursor, head: LineHead, start: number, separator: number): boolean {
  const { bytes, end } = cursor;
  if (separator >= end) return false;
  head.commFrom = start;
  head.commTo = separator;
  let at = readThread(bytes, separator, head);
  if (at >= 0) at = readCpu(bytes, at, head);
  if (at >= 0) at = readFlags(bytes, at, head);
  if (at >= 0) at = readTime(bytes, at, head);
  if (at >= 0) at = readName(bytes, at, head);
  if (at < 0 || at > end) return false;
  const payload = skipBlanks(bytes, at + 1);
  head.padded = payload > at + 2;
  cursor.at = Math.min(payload, end);
  return true;
}

/** `-tid [(tgid)]`; perf: ` tid` or ` tgid/tid`, with −1 for a thread that was gone. */
function readThread(bytes: Uint8Array, separator: number, head: LineHead): number {
  head.tgid = -1;
  if (bytes[separator] !== DASH)
    return bytes[separator] === BLANK ? readPerfThread(bytes, separator, head) : -1;
  head.style = 'ftrace';
  const first = separator + 1;
  let at = first;
  let tid = 0;
  for (let digit = bytes[at]! - 0x30; digit >= 0 && digit <= 9; digit = bytes[++at]! - 0x30)
    tid = tid * 10 + digit;
  if (at === first || !isThreadId(tid)) return -1;
  head.tid = tid;
  at = skipBlanks(bytes, at);
  return bytes[at] === 0x28 ? readGroup(bytes, at + 1, head) : at;
}

/** `   1095) `, or dashes where the recorder did not know it. */
function readGroup(bytes: Uint8Array, from: number, head: LineHead): number {
  let at = skipBlanks(bytes, from);
  const first = at;
  while (bytes[at] === DASH) at++;
  if (at === first) {
    at = digitsEnd(bytes, at);
    head.tgid = numberIn(bytes, first, at);
  }
  return at > first && bytes[at] === 0x29 ? skipBlanks(bytes, at + 1) : -1;
}

function readPerfThread(bytes: Uint8Array, separator: number, head: LineHead): number {
  head.style = 'perf';
  let at = skipBlanks(bytes, separator);
  const slash = digitsEnd(bytes, at);
  if (bytes[slash] === SLASH) {
    head.tgid = numberIn(bytes, at, slash);
    at = slash + 1;
  }
  const end = digitsEnd(bytes, at);
  head.tid = numberIn(bytes, at, end);
  return end > at && bytes[end] === BLANK && isTid(head.tid) ? skipBlanks(bytes, end) : -1;
}

/** `[001] ` */
function readCpu(bytes: Uint8Array, from: number, head: LineHead): number {
  if (bytes[from] !== 0x5b) return -1;
  const first = from + 1;
  let at = first;
  let cpu = 0;
  for (let digit = bytes[at]! - 0x30; digit >= 0 && digit <= 9; digit = bytes[++at]! - 0x30)
    cpu = cpu * 10 + digit;
  if (at === first || at - first > 5 || cpu > MOST_CPU || bytes[at] !== 0x5d || bytes[at + 1] !== BLANK)
    return -1;
  head.cpu = cpu;
  return skipBlanks(bytes, at + 2);
}

/** `d.h2.`: one letter each, in this order: interrupts off, need resched, in interrupt, preemption depth. */
function readFlags(bytes: Uint8Array, from: number, head: LineHead): number {
  head.context = 0;
  const irqs = bytes[from]!;
  if (isDigit(irqs)) return from;
  let at = from;
  while (bytes[at]! > BLANK) at++;
  if (bytes[at] !== BLANK || at < from + 4) return -1;
  // kernel/trace/trace_output.c, trace_print_lat_fmt, 6.18.
  let context: number = CONTEXT.known;
  if (irqs === 0x64 || irqs === 0x44) context |= CONTEXT.irqsOff; // d, D
  if (bytes[from + 1] !== DOT) context |= CONTEXT.needResched;
  const nested = bytes[from + 2];
  if (nested !== DOT) context |= nestedContext(nested);
  const depth = bytes[from + 3];
  if (depth !== DOT && depth !== 0x30) context |= CONTEXT.preemptOff;
  head.context = context;
  return skipBlanks(bytes, at);
}

function nestedContext(letter: number | undefined): number {
  switch (letter) {
    case 0x68: // h
      return CONTEXT.hardirq;
    case 0x48: // H
      return CONTEXT.hardirq | CONTEXT.softirq;
    case 0x73: // s
      return CONTEXT.softirq;
    case 0x7a: // z
      return CONTEXT.nmi;
    case 0x5a: // Z
      return CONTEXT.nmi | CONTEXT.hardirq;
    default:
      return 0;
  }
}

/** `3041.440313: `, with 1 to 9 decimals, or an integer of a clock that does not count time. */
function readTime(bytes: Uint8Array, from: number, head: LineHead): number {
  let at = from;
  let seconds = 0;
  for (let digit = bytes[at]! - 0x30; digit >= 0 && digit <= 9; digit = bytes[++at]! - 0x30) {
    seconds = seconds * 10 + digit;
  }
  if (at === from) return -1;
  head.seconds = seconds;
  head.nanos = 0;
  head.cycles = bytes[at] === COLON;
  if (!head.cycles) {
    if (bytes[at] !== DOT || at - from > MOST_SECONDS_DIGITS) return -1;
    const point = at++;
    let nanos = 0;
    for (let digit = bytes[at]! - 0x30; digit >= 0 && digit <= 9; digit = bytes[++at]! - 0x30) {
      nanos = nanos * 10 + digit;
    }
    const scale = SCALES[at - point - 1];
    if (!scale || bytes[at] !== COLON) return -1;
    head.nanos = nanos * scale;
  }
  return bytes[at + 1] === BLANK ? skipBlanks(bytes, at + 1) : -1;
}

/** `event:`, `system:event:`; perf may put the period before it. Ends at the last colon. */
function readName(bytes: Uint8Array, from: number, head: LineHead): number {
  let at = from;
  if (head.style === 'perf' && isDigit(bytes[at]!)) at = skipBlanks(bytes, digitsEnd(bytes, at));
  head.nameFrom = at;
  head.isFunction = false;
  for (let byte = bytes[at]!; byte > BLANK; byte = bytes[++at]!) {
    if (byte !== COLON) continue;
    if (bytes[at + 1]! <= BLANK) break;
    head.nameFrom = at + 1;
  }
  head.nameTo = at;
  if (at === head.nameFrom) return -1;
  if (bytes[at] === COLON) return at;
  head.isFunction = bytes[at] === BLANK && bytes[at + 1] === 0x3c && bytes[at + 2] === DASH;
  return head.isFunction ? at : -1;
}

function skipBlanks(bytes: Uint8Array, from: number): number {
  let at = from;
  while (bytes[at] === BLANK) at++;
  return at;
}

/** Where a number that begins at `from`, perhaps with a minus, ends. */
function digitsEnd(bytes: Uint8Array, from: number): number {
  let at = bytes[from] === DASH ? from + 1 : from;
  while (isDigit(bytes[at]!)) at++;
  return at;
}

function numberIn(bytes: Uint8Array, from: number, to: number): number {
  const negative = bytes[from] === DASH;
  let value = 0;
  for (let at = negative ? from + 1 : from; at < to; at++) value = value * 10 + bytes[at]! - 0x30;
  return negative ? -value : value;
}

function isTid(tid: number): boolean {
  return tid === -1 || isThreadId(tid);
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}
