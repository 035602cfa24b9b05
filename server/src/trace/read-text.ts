import { ByteStrings } from './byte-strings.ts';
import { ColumnBuilder, type Row } from './column-builder.ts';
import type { Trace, TraceError, TraceFormat, TraceResult } from './columns.ts';
import { Cursor, ascii, key } from './cursor.ts';
import { KINDS, kindIndex } from './kinds.ts';
import { newLineHead, readHead } from './line-head.ts';
import { Notes } from './notes.ts';
import { REFUSALS, otherLine, unusableForm } from './other-lines.ts';
import { rawFields } from './payload-raw.ts';
import { PAYLOADS } from './payloads.ts';
import { TaskTable } from './task-table.ts';

export interface TextReader {
  /** Reads the next bytes of the file; they may end anywhere. False: it is refused and needs no more of them. */
  push(chunk: Uint8Array): boolean;
  /** The trace. `cut`: why the file ends before its end, where the caller knows. */
  finish(cut?: string): TraceResult;
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
const NO_EVENTS =
  'no event was found; expected is the text of tracefs, of trace-cmd report or of perf script';
const OVERWRITTEN =
  "the recorder's buffers were overwritten from their start: some CPUs begin later than others";

/** Reads the text of a trace: tracefs `trace` and `trace_pipe`, `trace-cmd report`, `perf script`. */
export function createTextReader(): TextReader {
  return new LineReader();
}

class LineReader implements TextReader {
  private readonly cursor = new Cursor();
  private readonly head = newLineHead();
  private readonly row: Row = { kind: 0, cpu: 0, tid: 0, context: 0, a: 0, b: 0, c: 0, wide: NaN };
  private readonly columns = new ColumnBuilder();
  private readonly tasks = new TaskTable();
  private readonly strings = new ByteStrings();
  private readonly names = new ByteStrings();
  private readonly kinds: number[] = [];
  private readonly counts: number[] = [];
  private readonly cpuStart: number[] = [];
  private readonly notes = new Notes();

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

  private total = 0;
  /** Time of the earliest and the latest event, ns since the base. */
  private first = Infinity;
  private last = -Infinity;
  private lost = 0;
  private skipped = 0;
  private cpusTold = 0;
  private overwritten = false;
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

  finish(cut?: string): TraceResult {
    if (this.carried > 0 || this.overlong) this.skip(NO_END);
    if (cut !== undefined) this.skip(cut);
    if (this.total === 0) this.giveUp(cut ?? NO_EVENTS);
    return this.error ? { ok: false, error: this.error } : { ok: true, trace: this.trace() };
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
    const { cursor, head, row, tasks } = this;
    if (head.cycles) {
      if (this.total === 0) this.refuse(REFUSALS.cycles);
      else this.skip('the time has no decimal point');
      return;
    }
    if (this.total === 0) this.begin();
    this.total++;
    const time = this.columns.since(head.seconds, head.nanos);
    this.sawTime(time);
    tasks.nameIfUnknown(head.tid, cursor, head.commFrom, head.commTo);
    if (head.tgid >= 0) tasks.group(head.tid, head.tgid);
    const kind = this.countName();
    if (kind < 0) return;
    row.kind = kind;
    row.cpu = head.cpu;
    row.tid = head.tid;
    row.context = head.context;
    if (this.readPayload(kind)) this.columns.append(time, row);
    else
      this.skip(`the payload of ${KINDS[kind]!.name} has no known form; the event is counted, but left out`);
  }

  /** Settles what the first event decides. */
  private begin(): void {
    const { head } = this;
    this.columns.setBase(head.seconds, head.nanos);
    if (head.style === 'perf') this.format = 'perf-script-text';
    else this.format = this.traceCmd || head.padded ? 'trace-cmd-text' : 'ftrace-text';
  }

  private sawTime(time: number): void {
    const { cpuStart, head } = this;
    if (time < this.first) this.first = time;
    if (time > this.last) this.last = time;
    while (cpuStart.length <= head.cpu) cpuStart.push(Infinity);
    if (time < cpuStart[head.cpu]!) cpuStart[head.cpu] = time;
  }

  /** Counts the event by its name; gives its index into KINDS, or −1. */
  private countName(): number {
    const { head, names, kinds, counts } = this;
    const { bytes, view } = this.cursor;
    const name = head.isFunction
      ? names.intern(FUNCTION, FUNCTION_VIEW, 0, FUNCTION.length)
      : names.intern(bytes, view, head.nameFrom, head.nameTo);
    if (name === kinds.length) {
      kinds.push(kindIndex(names.text(name)));
      counts.push(0);
    }
    counts[name]!++;
    return kinds[name]!;
  }

  private readPayload(kind: number): boolean {
    const { cursor, row, tasks, strings } = this;
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
        this.cpusTold = said.cpus;
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
        this.lost += said.events;
        this.notes.add('the recorder lost events here', this.line, this.offset);
        return;
      case 'refused':
        if (this.total === 0) this.refuse(said.reason);
        return;
      case undefined:
        this.skip('the line is no event');
        if (this.total > 0) return;
        this.hint ??= this.hintAt(unusableForm(text));
        if (this.skipped >= HOPELESS) this.giveUp(NO_EVENTS);
    }
  }

  private sawOverwritten(): void {
    if (!this.overwritten) this.notes.add(OVERWRITTEN, this.line, this.offset);
    this.overwritten = true;
  }

  private skip(message: string): void {
    this.skipped++;
    this.notes.add(message, this.line, this.offset);
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
    const first = this.notes.list()[0];
    this.error ??= this.hint ?? { message, line: first?.line, offset: first?.offset };
  }

  private trace(): Trace {
    const { first } = this;
    const cpus = Math.max(this.cpusTold, this.cpuStart.length);
    const cpuStart = Float64Array.from(
      { length: cpus },
      (_, cpu) => (this.cpuStart[cpu] ?? Infinity) - first,
    );
    return {
      format: this.format ?? 'ftrace-text',
      clock: 'unknown',
      cpus,
      ...this.columns.finish(first),
      durationNs: this.last - first,
      strings: this.strings.texts(),
      tasks: this.tasks.tasks(),
      cpuStart,
      partialUntil: this.overwritten ? Math.max(...cpuStart.filter(Number.isFinite)) : 0,
      counts: new Map(this.counts.map((count, name) => [this.names.text(name), count])),
      lost: this.lost,
      skipped: this.skipped,
      notes: this.notes.list(),
    };
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
