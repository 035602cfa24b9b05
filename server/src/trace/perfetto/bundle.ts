import { viewOf } from '../binary/bytes.ts';
import type { Block } from '../binary/decode.ts';
import { contextTable } from '../binary/records.ts';
import { type Collector, newRow } from '../collector.ts';
import { KINDS } from '../kinds.ts';
import { isThreadId } from '../task-table.ts';
import { type Running, UNREADABLE, readCompact, takeCompact } from './compact.ts';
import {
  type Assemble,
  type NameSlots,
  Values,
  assembler,
  nameTasks,
  namesIn,
  slotOf,
} from '../named-event.ts';
import { BUNDLE, CLOCKS, type EventMessage, GENERIC, MESSAGES, SWITCH, WAKING } from './messages.ts';
import type { ProtoReader } from './protobuf.ts';

const OTHER_CLOCK = 'events that another clock timed are left out';

/** How one kind of event is read. */
interface EventReader {
  /** Its number in the collector. */
  readonly name: number;
  readonly assemble: Assemble | undefined;
  readonly names: NameSlots;
}

/** Reads bundles of ftrace events, each those of one CPU for a while, in the order of the file. */
export class Bundles {
  /** Name of the clock; undefined: there was no bundle yet. */
  clock: string | undefined;
  private readonly collected: Collector;
  private readonly readers = new Map<number, EventReader>();
  private readonly generic = new Map<string, EventReader>();
  private readonly values = new Values();
  private readonly row = newRow();
  private text: Block = { bytes: new Uint8Array(0), view: new DataView(new ArrayBuffer(0)) };
  private readonly contexts = contextTable();
  /** Who runs on each CPU, and with what priority, where a switch has told it; −1. */
  private readonly running: Running[] = [];
  /** Time of the first event, in halves. */
  private hasBase = false;
  private baseHigh = 0;
  private baseLow = 0;

  constructor(collected: Collector) {
    this.collected = collected;
  }

  /** Reads the bundle of `reader`, which is at `offset` in the file. */
  read(reader: () => ProtoReader, offset: number): void {
    let cpu = 0;
    let clock = CLOCKS[0]!;
    let lost = false;
    // What holds for all events may stand behind them.
    for (const bundle = reader(); bundle.next();) {
      if (bundle.field === BUNDLE.cpu) cpu = bundle.uint;
      else if (bundle.field === BUNDLE.clock) clock = CLOCKS[bundle.uint] ?? 'unknown';
      else if (bundle.field === BUNDLE.lost) lost = bundle.low !== 0;
      else if (bundle.field === BUNDLE.descriptor && bundle.isBlock) this.describe(bundle.message());
    }
    if (cpu > 0x7fff) {
      this.collected.skip('events are of a CPU that cannot be', undefined, offset);
      return;
    }
    this.clock ??= clock;
    if (clock !== this.clock) {
      this.collected.skip(OTHER_CLOCK, undefined, offset);
      return;
    }
    if (lost) {
      this.collected.sawLoss(1, undefined, offset);
      this.running[cpu] = { tid: -1, prio: -1 };
    }
    const bundle = reader();
    this.text = { bytes: bundle.bytes, view: viewOf(bundle.bytes) };
    while (bundle.next()) {
      if (!bundle.isBlock) continue;
      if (bundle.field === BUNDLE.event) this.readEvent(bundle.message(), cpu, offset);
      else if (bundle.field === BUNDLE.compact) this.readCompact(bundle.message(), cpu, offset);
    }
  }

  private readEvent(event: ProtoReader, cpu: number, offset: number): void {
    const { values, collected } = this;
    let [time, tid, flags] = [NaN, -1, -1];
    let reader: EventReader | undefined;
    values.clear();
    while (event.next()) {
      if (event.isBlock) {
        const message = event.message();
        reader = event.field === GENERIC ? this.readGeneric(message) : this.readMessage(event.field, message);
      } else if (event.field === 1) time = this.since(event.low, event.high);
      else if (event.field === 2) tid = event.int;
      else if (event.field === 5) flags = event.int;
    }
    if (!reader || Number.isNaN(time)) return;
    if (!isThreadId(tid)) {
      collected.skip('an event has no thread', undefined, offset);
      return;
    }
    collected.tasks.now = time;
    const kind = collected.saw(reader.name, time, cpu);
    collected.tasks.mention(tid);
    const { text } = this;
    const { row } = this;
    if (kind < 0 || !reader.assemble) {
      nameTasks(values, text, reader.names, collected);
      return;
    }
    if (!reader.assemble(values, text, row)) {
      collected.skip(UNREADABLE, undefined, offset);
      return;
    }
    nameTasks(values, text, reader.names, collected);
    if (KINDS[kind]!.name === 'sched_switch')
      this.running[cpu] = { tid: row.b, prio: ((row.c >>> 8) & 0xff) - 1 };
    this.append(kind, time, cpu, tid, flags);
  }

  private append(kind: number, time: number, cpu: number, tid: number, flags: number): void {
    const { row } = this;
    row.kind = kind;
    row.cpu = cpu;
    row.tid = tid;
    row.context = flags < 0 ? 0 : this.contexts[flags & 0xff]!;
    this.collected.columns.append(time, row);
  }

  private readCompact(message: ProtoReader, cpu: number, offset: number): void {
    const compact = readCompact(message, (low, high) => this.since(low, high));
    const { collected, row, running } = this;
    const names = { change: this.readerFor(SWITCH).name, waking: this.readerFor(WAKING).name };
    const append = (kind: number, time: number, tid: number, flags: number): void =>
      this.append(kind, time, cpu, tid, flags);
    if (compact) takeCompact(compact, { collected, row, running, names, append, cpu, offset });
    else collected.skip('the columns of compact events do not go together', undefined, offset);
  }

  private readMessage(field: number, message: ProtoReader): EventReader {
    while (message.next()) take(this.values, message.field, message);
    return this.readerFor(field);
  }

  private readerOf(field: number, known: EventMessage | undefined): EventReader {
    const { name, fields, comms } = known ?? { name: `ftrace event ${field}`, fields: {}, comms: {} };
    const slots = new Map(Object.entries(fields).map(([slot, of]) => [of, Number(slot)]));
    const own = (of: string): number | undefined => slots.get(of);
    const told = Object.entries(comms).flatMap(([text, pid]) => {
      const id = slots.get(pid);
      return id === undefined ? [] : [{ id, text: Number(text) }];
    });
    const names = [...told, ...namesIn(own)];
    const assemble = assembler(name, own, this.collected);
    return { name: this.collected.addName(name), assemble, names };
  }

  /** Reads an event that tells the names of its fields. */
  private readGeneric(message: ProtoReader): EventReader {
    let name = '';
    while (message.next()) {
      if (!message.isBlock) continue;
      if (message.field === 1) name = message.text();
      else if (message.field === 2) this.readField(message.message());
    }
    let reader = this.generic.get(name);
    if (!reader) {
      const assemble = assembler(name, slotOf, this.collected);
      reader = { name: this.collected.addName(name), assemble, names: namesIn(slotOf) };
      this.generic.set(name, reader);
    }
    return reader;
  }

  private readField(field: ProtoReader): void {
    let slot: number | undefined;
    while (field.next()) {
      if (field.field === 1) slot = slotOf(field.text());
      else if (slot !== undefined) take(this.values, slot, field);
    }
  }

  /** Takes the description of an event that has a message of its own in this file alone (a DescriptorProto). */
  private describe(descriptor: ProtoReader): void {
    let number = -1;
    let name = '';
    const fields: Record<number, string> = {};
    while (descriptor.next()) {
      if (descriptor.field === 1) number = descriptor.int;
      if (descriptor.field !== 2 || !descriptor.isBlock) continue;
      for (const message = descriptor.message(); message.next();) {
        if (message.field === 1 && message.isBlock) name = message.text();
        if (message.field !== 2 || !message.isBlock) continue;
        let [of, at] = ['', 0];
        for (const field = message.message(); field.next();) {
          if (field.field === 1 && field.isBlock) of = field.text();
          if (field.field === 3) at = field.int;
        }
        fields[at] = of;
      }
    }
    if (number < 0 || name === '' || this.readers.has(number)) return;
    this.readers.set(number, this.readerOf(number, { name, fields, comms: {} }));
  }

  /** How events of the message with this number are read. */
  private readerFor(field: number): EventReader {
    let reader = this.readers.get(field);
    if (!reader) this.readers.set(field, (reader = this.readerOf(field, MESSAGES[field])));
    return reader;
  }

  /** ns since the first event. */
  private since(low: number, high: number): number {
    if (!this.hasBase) {
      this.hasBase = true;
      this.baseHigh = high >>> 0;
      this.baseLow = low >>> 0;
      const base = (BigInt(this.baseHigh) << 32n) | BigInt(this.baseLow);
      this.collected.columns.setBase(Number(base / 1_000_000_000n), Number(base % 1_000_000_000n));
    }
    return ((high >>> 0) - this.baseHigh) * 2 ** 32 + ((low >>> 0) - this.baseLow);
  }
}

/** Takes the value that the message has at hand. */
function take(values: Values, slot: number, message: ProtoReader): void {
  if (message.isBlock) values.takeText(slot, message.from, message.to);
  else values.takeNumber(slot, message.int);
}
