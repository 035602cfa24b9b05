import { Collector, newRow } from '../collector.ts';
import { CONTEXT } from '../columns.ts';
import { isThreadId } from '../task-table.ts';
import { viewOf } from './bytes.ts';
import { type Block, type Decoder, decoderOf } from './decode.ts';
import { type EventFormat, parseFormat } from './event-format.ts';

interface EventType {
  readonly name: number;
  readonly decode: Decoder | undefined;
}

const UNREADABLE = 'the values of an event cannot be; the event is counted, but left out';
const SHORT = 'a record is too short for an event';
const NO_THREAD = 'a record has no thread';
/** Bits of `common_flags` (include/linux/trace_events.h, 6.18); 0x02 says "lazily" since 6.13. */
const FLAG = { irqsOff: 0x01, needReschedLazy: 0x02, needResched: 0x04, hardirq: 0x08, softirq: 0x10 };
const MORE = { preemptResched: 0x20, nmi: 0x40 };

/** A record where its reader found it. */
export interface FoundRecord {
  /** It has `length` bytes from `at` on. */
  readonly block: Block;
  readonly at: number;
  readonly length: number;
  /** Of the clock, since the base. */
  readonly time: number;
  readonly cpu: number;
  /** Where it is in the file, for notes. */
  readonly offset: number;
}

/** Records of events as the kernel writes them, on their way into the columns. */
export class Records {
  readonly collected = new Collector();
  /** What the clock of the records counts. */
  nsPerTick = 1;
  private readonly types = new Map<number, EventType>();
  /** By event id: the hot path's way to `types`. */
  private readonly byId: (EventType | undefined)[] = [];
  private readonly row = newRow();
  private readonly contexts = contextTable();
  private readonly little: boolean;
  /** The last thread that was seen with its name: most events are of the same one as those before. */
  private known = -1;
  private readonly comms: ReadonlyMap<number, string>;
  /** Where the number of the event and the thread are; −1: no event has been described. */
  private typeAt = -1;
  private pidAt = -1;
  private flagsAt = 2;
  private preemptAt = 3;
  private header = 8;

  /** `comms`: names of threads by id that the file holds beside its events. */
  constructor(little: boolean, comms: ReadonlyMap<number, string> = new Map()) {
    this.little = little;
    this.comms = comms;
  }

  /** Makes the event that the text of a `format` file describes known. */
  addFormat(text: string): void {
    const format = parseFormat(text);
    if (!format || this.types.has(format.id)) return;
    this.readHeader(format);
    const name = this.collected.addName(format.name);
    const type = { name, decode: decoderOf(format, this.little) };
    this.types.set(format.id, type);
    if (format.id < 0x10000) this.byId[format.id] = type;
  }

  /** The fields that all events have are the same in all. */
  private readHeader({ fields }: EventFormat): void {
    const [type, pid] = [fields.get('common_type'), fields.get('common_pid')];
    if (this.typeAt >= 0 || type?.size !== 2 || pid?.size !== 4) return;
    this.typeAt = type.offset;
    this.pidAt = pid.offset;
    this.flagsAt = fields.get('common_flags')?.offset ?? 2;
    this.preemptAt = fields.get('common_preempt_count')?.offset ?? 3;
    const ends = [type, pid].map(({ offset, size }) => offset + size);
    this.header = Math.max(...ends, this.flagsAt + 1, this.preemptAt + 1);
  }

  /** Takes one record. */
  take(record: FoundRecord): void {
    const { collected, row, little } = this;
    const { block, at, length } = record;
    const { view, bytes } = block;
    if (length < this.header || this.typeAt < 0) {
      collected.skip(SHORT, undefined, record.offset);
      return;
    }
    const type = this.byId[view.getUint16(at + this.typeAt, little)] ?? this.unknownType();
    const tid = view.getInt32(at + this.pidAt, little);
    if (!isThreadId(tid)) {
      collected.skip(NO_THREAD, undefined, record.offset);
      return;
    }
    row.time = record.time * this.nsPerTick;
    row.cpu = record.cpu;
    const kind = collected.saw(type.name, row);
    if (tid !== this.known) {
      if (collected.tasks.mention(tid)) this.nameFromTable(tid);
      else this.known = tid;
    }
    if (kind < 0) return;
    row.kind = kind;
    row.tid = tid;
    row.context =
      this.contexts[bytes[at + this.flagsAt]!]! |
      ((bytes[at + this.preemptAt]! & 0xf) === 0 ? 0 : CONTEXT.preemptOff);
    if (type.decode?.(block, at, length, row, collected.tasks, collected.strings))
      collected.columns.append(row);
    else collected.skip(UNREADABLE, undefined, record.offset);
  }

  private unknownType(): EventType {
    const known = this.types.get(-1);
    if (known) return known;
    const type = { name: this.collected.addName('(no description)'), decode: undefined };
    this.types.set(-1, type);
    return type;
  }

  private nameFromTable(tid: number): void {
    const comm = this.comms.get(tid);
    if (comm === undefined) return;
    const bytes = new TextEncoder().encode(comm);
    this.collected.tasks.nameIfUnknown(tid, { bytes, view: viewOf(bytes) }, 0, bytes.length);
  }
}

/** CONTEXT by `common_flags`. */
export function contextTable(): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, flags) => {
    const has = (bits: number, then: number): number => ((flags & bits) === 0 ? 0 : then);
    return (
      CONTEXT.known |
      has(FLAG.irqsOff, CONTEXT.irqsOff) |
      has(FLAG.needResched | FLAG.needReschedLazy | MORE.preemptResched, CONTEXT.needResched) |
      has(FLAG.hardirq, CONTEXT.hardirq) |
      has(FLAG.softirq, CONTEXT.softirq) |
      has(MORE.nmi, CONTEXT.nmi)
    );
  });
}
