import { viewOf } from '../binary/bytes.ts';
import type { Block } from '../binary/decode.ts';
import { contextTable } from '../binary/records.ts';
import { type Collector, newRow } from '../collector.ts';
import { kindIndex } from '../kinds.ts';
import { nameTasks } from '../named-event.ts';
import { isThreadId } from '../task-table.ts';
import { Clocks, bigOf } from './clocks.ts';
import { type Running, NOBODY, UNREADABLE, takeCompact } from './compact.ts';
import { type EventReader, Events } from './events.ts';
import type { Losses } from './losses.ts';
import { BUNDLE, CLOCKS, SWITCH, WAKING } from './messages.ts';
import type { ProtoReader } from './protobuf.ts';
import { Rounds } from './rounds.ts';

const OTHER_CLOCK =
  'events that another clock timed are left out: nothing says how the clocks lie to each other';
const NO_CPU = 'events are of a CPU that cannot be';
const INCOMPLETE = 'an event has no time, no thread or no kind';
const MISFIT = 'the columns of compact events do not go together';
const NO_REASON =
  'kvm_exit has neither reason nor vCPU: the recorder of Perfetto knows those fields of arm64 alone';
const CHANGE = kindIndex('sched_switch');
const EXIT = kindIndex('kvm_exit');

/** What a bundle says of all its events. */
interface Head {
  cpu: number;
  clock: string;
  /** The clock and the boot clock at one moment, ns; 0: it does not say. */
  clockTime: bigint;
  bootTime: bigint;
  /** Events are missing before it, and inside of it. */
  lost: boolean;
  errors: number;
  /** Time of the last event that the recorder had read before, in halves, 0 where there was none; undefined: it does not say. */
  last: { readonly low: number; readonly high: number } | undefined;
}

/** Reads bundles of ftrace events, each those of one CPU for a while, in the order of the file. */
export class Bundles {
  /** Name of the clock of the first bundle, which all times are made to be of; undefined: there was none yet. */
  clock: string | undefined;
  readonly clocks = new Clocks();
  readonly rounds = new Rounds();
  /** ns to add to the times of the bundle at hand. */
  private shift = 0;
  /** Times of its first event and its last, ns since the base. */
  private first = 0;
  private last = 0;
  private readonly collected: Collector;
  private readonly losses: Losses;
  private readonly events: Events;
  private readonly row = newRow();
  private text: Block = { bytes: new Uint8Array(0), view: new DataView(new ArrayBuffer(0)) };
  private readonly contexts = contextTable();
  /** Who runs on each CPU, where a switch has told it. */
  private readonly running: Running[] = [];
  /** Time of the first event, in halves. */
  private hasBase = false;
  private baseHigh = 0;
  private baseLow = 0;

  constructor(collected: Collector, losses: Losses) {
    this.collected = collected;
    this.losses = losses;
    this.events = new Events(collected);
  }

  /** Bundles are missing before the packet at `offset`. */
  lost(offset: number): void {
    this.losses.saw(offset);
    this.running.fill(NOBODY);
  }

  /** Reads the bundle that each `reader` begins to read, and that is at `offset` in the file. */
  read(reader: () => ProtoReader, offset: number): void {
    const head = this.readHead(reader());
    const { cpu, clock } = head;
    if (cpu > 0x7fff) {
      this.collected.skip(NO_CPU, undefined, offset);
      return;
    }
    this.clock ??= clock;
    if (head.clockTime !== 0n && head.bootTime !== 0n) this.clocks.note(clock, head.clockTime, head.bootTime);
    const shift = this.clocks.between(clock, this.clock);
    if (shift === undefined) {
      this.collected.skip(OTHER_CLOCK, undefined, offset);
      return;
    }
    this.shift = shift;
    this.noteLosses(head, offset);
    this.first = Infinity;
    this.last = -Infinity;
    const { total } = this.collected;
    const bundle = reader();
    this.text = { bytes: bundle.bytes, view: viewOf(bundle.bytes) };
    while (bundle.next()) {
      if (!bundle.isBlock) continue;
      if (bundle.field === BUNDLE.event) this.readEvent(bundle.message(), cpu, offset);
      else if (bundle.field === BUNDLE.compact) this.readCompact(bundle.message(), cpu, offset);
    }
    if (this.collected.total > total) this.rounds.saw(cpu, this.first, this.last, total);
  }

  private saw(name: number, time: number, cpu: number): number {
    if (time < this.first) this.first = time;
    if (time > this.last) this.last = time;
    this.row.time = time;
    this.row.cpu = cpu;
    return this.collected.saw(name, this.row);
  }

  /** What holds for all events may stand behind them. */
  private readHead(bundle: ProtoReader): Head {
    const head: Head = {
      cpu: 0,
      clock: CLOCKS[0]!,
      clockTime: 0n,
      bootTime: 0n,
      lost: false,
      errors: 0,
      last: undefined,
    };
    while (bundle.next()) {
      switch (bundle.field) {
        case BUNDLE.cpu:
          head.cpu = bundle.uint;
          break;
        case BUNDLE.clock:
          head.clock = CLOCKS[bundle.uint] ?? 'unknown';
          break;
        case BUNDLE.clockTime:
          head.clockTime = bigOf(bundle);
          break;
        case BUNDLE.bootTime:
          head.bootTime = bigOf(bundle);
          break;
        case BUNDLE.lost:
          head.lost = bundle.low !== 0;
          break;
        case BUNDLE.error:
          head.errors++;
          break;
        case BUNDLE.lastRead:
        case BUNDLE.lastWritten:
          head.last = { low: bundle.low, high: bundle.high };
          break;
        case BUNDLE.descriptor:
          if (bundle.isBlock) this.events.describe(bundle.message());
      }
    }
    return head;
  }

  private noteLosses({ cpu, lost, errors, last }: Head, offset: number): void {
    if (lost) {
      this.losses.saw(offset);
      this.running[cpu] = NOBODY;
    }
    // The recorder leaves out the rest of a page in which it finds one.
    for (let error = 0; error < errors; error++) this.losses.saw(offset);
    const none = last?.low === 0 && last.high === 0;
    this.losses.sawBundle(cpu, last && (none ? -Infinity : this.since(last.low, last.high)));
  }

  private readEvent(event: ProtoReader, cpu: number, offset: number): void {
    const { collected, row, text } = this;
    const { values } = this.events;
    let [time, tid, flags] = [NaN, -1, -1];
    let reader: EventReader | undefined;
    values.clear();
    while (event.next()) {
      if (event.isBlock) reader = this.events.read(event.field, event.message());
      else if (event.field === 1) time = this.since(event.low, event.high);
      else if (event.field === 2) tid = event.int;
      else if (event.field === 5) flags = event.int;
    }
    if (!reader || Number.isNaN(time) || !isThreadId(tid)) {
      collected.skip(INCOMPLETE, undefined, offset);
      return;
    }
    const kind = this.saw(reader.name, time, cpu);
    collected.tasks.mention(tid);
    const assemble = kind < 0 ? undefined : reader.assemble;
    if (assemble && !assemble(values, text, row)) {
      collected.skip(UNREADABLE, undefined, offset);
      return;
    }
    nameTasks(values, text, reader.names, collected);
    if (!assemble) return;
    if (kind === EXIT && !values.hasNumbers) collected.notes.add(NO_REASON, undefined, offset);
    if (kind === CHANGE) this.running[cpu] = { tid: row.b, prio: ((row.c >>> 8) & 0xff) - 1 };
    this.append(kind, tid, flags);
  }

  private readCompact(message: ProtoReader, cpu: number, offset: number): void {
    const { collected, row, text, running, events } = this;
    const fit = takeCompact(message, {
      collected,
      row,
      text,
      running,
      names: { change: events.readerOf(SWITCH).name, waking: events.readerOf(WAKING).name },
      since: (low, high) => this.since(low, high),
      saw: (name, time) => this.saw(name, time, cpu),
      append: (kind, tid, flags) => this.append(kind, tid, flags),
      cpu,
      offset,
    });
    if (!fit) collected.skip(MISFIT, undefined, offset);
  }

  /** Appends what was seen last. */
  private append(kind: number, tid: number, flags: number): void {
    const { row } = this;
    row.kind = kind;
    row.tid = tid;
    row.context = flags < 0 ? 0 : this.contexts[flags & 0xff]!;
    this.collected.columns.append(row);
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
    return ((high >>> 0) - this.baseHigh) * 2 ** 32 + ((low >>> 0) - this.baseLow) + this.shift;
  }
}
