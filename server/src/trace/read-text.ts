import { ByteStrings } from './byte-strings.ts';
import { Collector, newRow } from './collector.ts';
import type { Row } from './column-builder.ts';
import type { TraceError, TraceFormat, TraceResult } from './columns.ts';
import { Cursor, ascii, key } from './cursor.ts';
import { KINDS } from './kinds.ts';
import { newLineHead, readHead } from './line-head.ts';
import { REFUSALS, otherLine, unusableForm } from './other-lines.ts';
import { rawFields } from './payload-raw.ts';
import { PAYLOADS } from './payloads.ts';

export interface TextReader {
  /** Reads the next bytes of the file; they may end anywhere. False: it is refused and needs no more of them. */
  push(chunk: Uint8Array): boolean;
  /** How many events there are so far. */
  readonly events: number;
  /** The trace. `cut`: why the file ends before its end, where the caller knows. */
  finish(cut?: string): TraceResult;
}

/** A reader of which parts of the file can be kept. */
export interface JumpingReader extends TextReader {
  /** Leaves out the next `bytes` bytes of the line. */
  jump(bytes: number): void;
}

/** No line of a trace is as long as this, in bytes; what is longer is skipped without being kept. */
const LONGEST_LINE = 64 * 1024;
/** Of a line that is no event, so many bytes are looked at. */
const EXAMINED = 512;
/** After so many lines without an event there will be none. */
const HOPELESS = 10_000;
const NEWLINE = 0x0a;
const UNPARSED = key('[FAILED TO PARSE]');
/** The name under which the lines of the function tracer are counted. */
const FUNCTION = ascii('function');
const FUNCTION_VIEW = new DataView(FUNCTION.buffer);
const VALUE_ENDS = ascii(' [(),|');
const TOO_LONG = 'the line is too long for an event';
const NO_END = 'the last line has no end: the file was cut there, and the line is left out';
/** A note of this reader, for others to look for. */
export const GOES_BACK =
  'the time goes back from the event before on this CPU: the clock was changed, or recordings were put together';
const NO_EVENTS =
  'no event was found; expected is the text of tracefs, of trace-cmd report or of perf script';

/** Reads the text of a trace: tracefs `trace` and `trace_pipe`, `trace-cmd report`, `perf script`. */
export function createTextReader(): JumpingReader {
  return new LineReader();
}

class LineReader implements JumpingReader {
  private readonly cursor = new Cursor();
  private readonly head = newLineHead();
  private readonly row = newRow();
  private readonly collected = new Collector();
  private readonly names = new ByteStrings();

  /** The beginning of a line whose end has not come yet. */
  private readonly carry = new Uint8Array(LONGEST_LINE + 1);
  private carried = 0;
  /** The line being read is too long. */
  private overlong = false;
  /** Of the line being read: its number and where it begins. */
  private line = 1;
  private offset = 0;
  /** Bytes in the chunks before this one. */
  private consumed = 0;

  /** Of each CPU the time of the event before, ns since the base. */
  private readonly before: number[] = [];
  private format: TraceFormat | undefined;
  private traceCmd = false;
  /** Why a file without any event may have none. */
  private hint: TraceError | undefined;
  private error: TraceError | undefined;

  push(chunk: Uint8Array): boolean {
    // Node's Buffer finds a byte faster; all else sees one type of array, which the JIT compiler needs to be fast.
    const bytes = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length);
    let at = 0;
    while (at < chunk.length && !this.error) {
      const end = chunk.indexOf(NEWLINE, at);
      if (end < 0) {
        this.keep(bytes.subarray(at));
        break;
      }
      if (this.carried > 0 || this.overlong) this.endCarried(bytes.subarray(at, end + 1));
      else this.readLine(bytes, at, end);
      at = end + 1;
      this.line++;
      this.offset = this.consumed + at;
    }
    this.consumed += chunk.length;
    return !this.error;
  }

  jump(bytes: number): void {
    this.consumed += bytes;
  }

  get events(): number {
    return this.collected.total;
  }

  finish(cut?: string): TraceResult {
    if (this.carried > 0 || this.overlong) this.skip(NO_END);
    if (cut !== undefined) this.skip(cut);
    if (this.collected.total === 0) this.giveUp(cut ?? NO_EVENTS);
    if (this.error) return { ok: false, error: this.error };
    return { ok: true, trace: this.collected.trace(this.format ?? 'ftrace-text', 'unknown') };
  }

  private keep(part: Uint8Array): void {
    if (this.overlong) return;
    if (this.carried + part.length > LONGEST_LINE) {
      this.overlong = true;
      return;
    }
    this.carry.set(part, this.carried);
    this.carried += part.length;
  }

  /** Reads the line that is carried and ends with `part`. */
  private endCarried(part: Uint8Array): void {
    this.keep(part.subarray(0, -1));
    const length = this.carried;
    if (this.overlong) this.skip(TOO_LONG);
    else {
      this.carry[length] = NEWLINE;
      this.readLine(this.carry, 0, length);
    }
    this.carried = 0;
    this.overlong = false;
  }

  private readLine(bytes: Uint8Array, from: number, newline: number): void {
    if (newline - from > LONGEST_LINE) {
      this.skip(TOO_LONG);
      return;
    }
    let end = newline;
    while (end > from && isSpace(bytes[end - 1]!)) end--;
    this.cursor.reset(bytes, from, end);
    if (readHead(this.cursor, this.head)) this.readEvent();
    else this.readOther(bytes, from, end);
  }

  private readEvent(): void {
    const { cursor, head, row, collected } = this;
    const { tasks } = collected;
    if (head.cycles) {
      if (collected.total === 0) this.refuse(REFUSALS.cycles);
      else this.skip('the time has no decimal point');
      return;
    }
    if (collected.total === 0) this.begin();
    row.time = collected.columns.since(head.seconds, head.nanos);
    row.cpu = head.cpu;
    this.watchClock(row);
    const kind = collected.saw(this.eventName(), row);
    tasks.nameIfUnknown(head.tid, cursor, head.commFrom, head.commTo);
    if (head.tgid >= 0) tasks.group(head.tid, head.tgid);
    if (kind < 0) return;
    row.kind = kind;
    row.tid = head.tid;
    row.context = head.context;
    if (this.readPayload(kind)) collected.columns.append(row);
    else
      this.skip(`the payload of ${KINDS[kind]!.name} has no known form; the event is counted, but left out`);
  }

  /** The kernel's buffers, one a CPU, hold events in the order of time, and all tools print those of a CPU in it. */
  private watchClock({ time, cpu }: Row): void {
    const { before } = this;
    while (before.length <= cpu) before.push(-Infinity);
    if (time < before[cpu]!) this.collected.notes.add(GOES_BACK, this.line, this.offset);
    before[cpu] = time;
  }

  /** Settles what the first event decides. */
  private begin(): void {
    const { head } = this;
    this.collected.columns.setBase(head.seconds, head.nanos);
    if (head.style === 'perf') this.format = 'perf-script-text';
    else this.format = this.traceCmd || head.padded ? 'trace-cmd-text' : 'ftrace-text';
  }

  /** The number of the event's name. */
  private eventName(): number {
    const { head, names, collected } = this;
    const { bytes, view } = this.cursor;
    const name = head.isFunction
      ? names.intern(FUNCTION, FUNCTION_VIEW, 0, FUNCTION.length)
      : names.intern(bytes, view, head.nameFrom, head.nameTo);
    if (name === collected.names) collected.addName(names.text(name));
    return name;
  }

  private readPayload(kind: number): boolean {
    const { cursor, row } = this;
    const { tasks, strings } = this.collected;
    const { at: start, end } = cursor;
    clear(row);
    if (!cursor.skip(UNPARSED)) {
      if (PAYLOADS[kind]!(cursor, row, tasks, strings) && ends(cursor)) return true;
      cursor.reset(cursor.bytes, start, end);
      clear(row);
    }
    return rawFields(cursor, row, tasks, strings);
  }

  private readOther(bytes: Uint8Array, from: number, end: number): void {
    const text = String.fromCharCode(...bytes.subarray(from, Math.min(end, from + EXAMINED)));
    const said = otherLine(text);
    switch (said?.kind) {
      case 'nothing':
        return;
      case 'cpus':
        this.collected.cpus = said.cpus;
        this.traceCmd ||= said.by === 'trace-cmd';
        if (said.overwritten) this.sawOverwritten();
        return;
      case 'trace-cmd':
        this.traceCmd = true;
        return;
      case 'overwritten':
        this.sawOverwritten();
        return;
      case 'lost':
        this.collected.sawLoss(said.events, this.line, this.offset);
        return;
      case 'refused':
        if (this.collected.total === 0) this.refuse(said.reason);
        return;
      case undefined:
        this.skip('the line is no event');
        if (this.collected.total > 0) return;
        this.hint ??= this.hintAt(unusableForm(text));
        if (this.collected.skipped >= HOPELESS) this.giveUp(NO_EVENTS);
    }
  }

  private sawOverwritten(): void {
    this.collected.sawOverwritten(this.line, this.offset);
  }

  private skip(message: string): void {
    this.collected.skip(message, this.line, this.offset);
  }

  private hintAt(message: string | undefined): TraceError | undefined {
    return message === undefined ? undefined : { message, line: this.line, offset: this.offset };
  }

  /** Refuses the file because of the line being read. */
  private refuse(message: string): void {
    this.error ??= { message, line: this.line, offset: this.offset };
  }

  /** Refuses the file because nothing in it can be used, from the first thing on that could not be read. */
  private giveUp(message: string): void {
    const first = this.collected.notes.list()[0];
    this.error ??= this.hint ?? { message, line: first?.line, offset: first?.offset };
  }
}

/** Sets the values of an event to zero. */
function clear(row: Row): void {
  row.a = 0;
  row.b = 0;
  row.c = 0;
  row.wide = 0;
}

/** Is the cursor where a value may end, and has all been read well? */
function ends(cursor: Cursor): boolean {
  return cursor.ok && (cursor.at >= cursor.end || VALUE_ENDS.includes(cursor.bytes[cursor.at]!));
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0d || byte === 0x09;
}
