import { viewOf } from './binary/bytes.ts';
import { contextTable } from './binary/records.ts';
import { Collector, newRow } from './collector.ts';
import type { TraceResult } from './columns.ts';
import {
  type Assemble,
  type NameSlots,
  Values,
  assembler,
  nameTasks,
  namesIn,
  slotOf,
} from './named-event.ts';
import { isThreadId } from './task-table.ts';

/** Options of babeltrace2 for the lines that are read here. */
export const PRETTY = ['--clock-seconds', '--no-delta', '--names=payload,context', '--color=never'];

/** `[seconds.nanoseconds] host event: { … }, { … }`, as babeltrace2 prints it. */
const LINE = /^\[(-?\d+)\.(\d{9})\] (?:.* )?([\w:.-]+): (\{.*)$/;
/** A name with a text, a number, or a number and its names: `( "TASK_DEAD" : container = 16 )`. */
const PAIR = /(\w+) = (?:"((?:[^"\\]|\\.)*)"|(-?(?:0x[0-9A-Fa-f]+|\d+))|\( [^()]* : container = (-?\d+) \))/g;
const TEXT = /"(?:[^"\\]|\\.)*"/g;
/**
 * What LTTng calls fields that the kernel calls by the other name (include/instrumentation/events/sched.h of
 * lttng-modules 2.13). The kernel's name stands for the thread group there.
 */
const FIELDS: Readonly<Record<string, string>> = {
  tid: 'pid',
  prev_tid: 'prev_pid',
  next_tid: 'next_pid',
  parent_tid: 'parent_pid',
  child_tid: 'child_pid',
  old_tid: 'old_pid',
};
const GROUPS = new Set(Object.values(FIELDS));
const PRIORITIES = new Set(['prio', 'prev_prio', 'next_prio', 'oldprio', 'newprio']);
const LONGEST_LINE = 64 * 1024;
const NEWLINE = 0x0a;
const NO_EVENTS = 'babeltrace2 found no events in it';
const UNREADABLE = 'the values of an event cannot be; the event is counted, but left out';

/** Reads the lines that babeltrace2 prints of a CTF trace: of LTTng's kernel tracer, or converted by perf. */
export class CtfReader {
  private readonly collected = new Collector();
  private readonly values = new Values();
  private readonly row = newRow();
  private readonly contexts = contextTable();
  private readonly known = new Map<string, Event>();
  private readonly names: NameSlots = namesIn(slotOf);
  /** Who runs on each CPU, where a switch has told it: LTTng does not say in which thread an event fired. */
  private readonly running: number[] = [];
  private readonly encoder = new TextEncoder();
  /** The texts of the line at hand. */
  private readonly bytes = new Uint8Array(LONGEST_LINE);
  private readonly text = { bytes: this.bytes, view: viewOf(this.bytes) };
  private readonly decoder = new TextDecoder();
  private carried = '';
  private line = 1;
  private offset = 0;
  private hasBase = false;

  /** How many events there are so far. */
  get events(): number {
    return this.collected.total;
  }

  /** Reads the next bytes of the output; they may end anywhere. */
  push(chunk: Uint8Array): void {
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      this.readLine(this.carried + this.decoder.decode(chunk.subarray(from, at)));
      this.carried = '';
      from = at + 1;
    }
    // A character may be cut in two.
    const rest = this.decoder.decode(chunk.subarray(from), { stream: true });
    this.carried = this.carried.length > LONGEST_LINE ? this.carried : this.carried + rest;
  }

  /** The recorder lost so many events. */
  lost(events: number): void {
    this.collected.sawLoss(events, undefined, this.offset);
  }

  /** The trace; `failure`: why the output broke off. */
  finish(failure?: string): TraceResult {
    const { collected } = this;
    if (failure !== undefined) collected.skip(failure, undefined, this.offset);
    if (collected.total === 0)
      return { ok: false, error: { message: failure ?? NO_EVENTS, line: undefined, offset: undefined } };
    return { ok: true, trace: collected.trace('ctf', 'unknown') };
  }

  private readLine(line: string): void {
    const found = line.length <= LONGEST_LINE ? LINE.exec(line) : null;
    if (found) this.readEvent(found);
    else if (line !== '') this.collected.skip('the line is no event', this.line, this.offset);
    this.line++;
    this.offset += line.length + 1;
  }

  private readEvent([, seconds, nanos, fullName = '', groups = '']: readonly string[]): void {
    const { collected, values, row } = this;
    // Names of threads can have anything in them.
    const at = groups.replaceAll(TEXT, (text) => '.'.repeat(text.length)).lastIndexOf('}, {');
    const around = new Map([...pairs(at < 0 ? groups : groups.slice(0, at))]);
    const cpu = Number(around.get('cpu_id') ?? around.get('perf_cpu') ?? NaN);
    if (!(cpu >= 0 && cpu <= 0x7fff)) {
      collected.skip('an event does not tell its CPU', this.line, this.offset);
      return;
    }
    const payload = at < 0 ? around : new Map([...pairs(groups.slice(at + 3))]);
    this.takeValues(payload);
    const event = this.eventOf(fullName);
    row.time = this.since(Number(seconds), Number(nanos));
    row.cpu = cpu;
    const kind = collected.saw(event.name, row);
    if (kind < 0 || !event.assemble) return;
    if (!event.assemble(values, this.text, row)) {
      collected.skip(UNREADABLE, this.line, this.offset);
      return;
    }
    nameTasks(values, this.text, this.names, collected);
    for (const [tid, group] of Object.entries(FIELDS))
      if (payload.has(tid) && payload.has(group))
        collected.tasks.group(Number(payload.get(tid)), Number(payload.get(group)));
    const isSwitch = event.isSwitch;
    const told =
      around.get('common_pid') ?? around.get('perf_tid') ?? (at < 0 ? undefined : around.get('tid'));
    const tid = isSwitch ? row.a : Number(told ?? this.running[cpu] ?? -1);
    if (isSwitch) this.running[cpu] = row.b;
    if (isThreadId(tid)) collected.tasks.mention(tid);
    row.kind = kind;
    row.tid = isThreadId(tid) ? tid : -1;
    const flags = around.get('common_flags');
    row.context = flags === undefined ? 0 : this.contexts[Number(flags) & 0xff]!;
    collected.columns.append(row);
  }

  /** Takes the values of the fields; LTTng counts priorities from the first of tasks that are not real-time. */
  private takeValues(payload: ReadonlyMap<string, string>): void {
    const { values, encoder, bytes } = this;
    const isLttng = Object.keys(FIELDS).some((name) => payload.has(name));
    let used = 0;
    values.clear();
    for (const [name, value] of payload) {
      const slot = slotOf((isLttng ? FIELDS[name] : undefined) ?? name);
      if (slot === undefined || (isLttng && GROUPS.has(name))) continue;
      if (value.startsWith('"')) {
        const { written } = encoder.encodeInto(value.slice(1), bytes.subarray(used));
        values.takeText(slot, used, used + written);
        used += written;
      } else values.takeNumber(slot, Number(value) + (isLttng && PRIORITIES.has(name) ? 100 : 0));
    }
  }

  /** `perf data convert` puts the system before the name, and LTTng the architecture into those of KVM. */
  private eventOf(fullName: string): Event {
    let event = this.known.get(fullName);
    if (event) return event;
    const name = fullName.slice(fullName.lastIndexOf(':') + 1).replace(/^kvm_x86_/, 'kvm_');
    event = {
      name: this.collected.addName(name),
      assemble: assembler(name, slotOf, this.collected),
      isSwitch: name === 'sched_switch',
    };
    this.known.set(fullName, event);
    return event;
  }

  private since(seconds: number, nanos: number): number {
    const { columns } = this.collected;
    if (!this.hasBase) columns.setBase(seconds, nanos);
    this.hasBase = true;
    return columns.since(seconds, nanos);
  }
}

interface Event {
  readonly name: number;
  readonly assemble: Assemble | undefined;
  readonly isSwitch: boolean;
}

/** Names and values in a text; a value that is text begins with a quote. */
function* pairs(text: string): Generator<[string, string]> {
  for (const [, name = '', quoted, number, named] of text.matchAll(PAIR))
    yield [name, quoted === undefined ? (number ?? named ?? '') : `"${unescaped(quoted)}`];
}

const unescaped = (text: string): string => text.replaceAll(/\\(.)/g, '$1');
