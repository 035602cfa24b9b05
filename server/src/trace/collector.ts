import { ByteStrings } from './byte-strings.ts';
import { ColumnBuilder, type Row } from './column-builder.ts';
import type { Trace, TraceFormat } from './columns.ts';
import { kindIndex } from './kinds.ts';
import { Notes } from './notes.ts';
import { TaskTable } from './task-table.ts';

const OVERWRITTEN =
  "the recorder's buffers were overwritten from their start: some CPUs begin later than others";

/** A row to fill again and again. */
export function newRow(): Row {
  return { time: NaN, kind: 0, cpu: 0, tid: 0, context: 0, a: 0, b: 0, c: 0, wide: NaN };
}

/** What every reader fills while it reads: the columns, and what is counted of events without a row as well. */
export class Collector {
  readonly columns = new ColumnBuilder();
  readonly tasks = new TaskTable();
  readonly strings = new ByteStrings();
  readonly notes = new Notes();
  total = 0;
  skipped = 0;
  /** Events that the recorder lost, at least. */
  lost = 0;
  /** The number of CPUs that the file tells; 0: it does not. */
  cpus = 0;
  private readonly eventNames: string[] = [];
  private readonly kinds: number[] = [];
  private readonly counts: number[] = [];
  private readonly cpuStart: number[] = [];
  /** Time of the earliest and the latest event, ns since the base. */
  private first = Infinity;
  private last = -Infinity;
  private overwritten = false;
  /** ns since the base until when events may be missing where buffers were overwritten, as far as the file tells. */
  private wholeFrom: number | undefined;

  /** Time of the earliest event, ns since the base. */
  get earliest(): number {
    return this.first;
  }

  /** How many names of events there are. */
  get names(): number {
    return this.eventNames.length;
  }

  /** Takes `name` as that of an event; gives its number, one more each time. */
  addName(name: string): number {
    this.eventNames.push(name);
    this.kinds.push(kindIndex(name));
    return this.counts.push(0) - 1;
  }

  /** Counts an event of the name with this number, by its time and CPU; gives its index into KINDS, or −1. */
  saw(name: number, { time, cpu }: Row): number {
    const { cpuStart } = this;
    this.total++;
    if (time < this.first) this.first = time;
    if (time > this.last) this.last = time;
    this.tasks.now = time;
    while (cpuStart.length <= cpu) cpuStart.push(Infinity);
    if (time < cpuStart[cpu]!) cpuStart[cpu] = time;
    this.counts[name]!++;
    return this.kinds[name]!;
  }

  sawLoss(events: number, line: number | undefined, offset: number): void {
    this.lost += events;
    this.notes.add('the recorder lost events here', line, offset);
  }

  /** `wholeFrom`: ns since the base until when events may be missing, where that is not when the last CPU begins. */
  sawOverwritten(line: number | undefined, offset: number, wholeFrom?: number): void {
    if (!this.overwritten) this.notes.add(OVERWRITTEN, line, offset);
    this.overwritten = true;
    this.wholeFrom = wholeFrom;
  }

  skip(message: string, line: number | undefined, offset: number): void {
    this.skipped++;
    this.notes.add(message, line, offset);
  }

  /** The trace of what was collected: at least one event. */
  trace(format: TraceFormat, clock: string): Trace {
    const { first } = this;
    const cpus = Math.max(this.cpus, this.cpuStart.length);
    const cpuStart = Float64Array.from(
      { length: cpus },
      (_, cpu) => (this.cpuStart[cpu] ?? Infinity) - first,
    );
    const names = [...this.eventNames.entries()].filter(([name]) => this.counts[name]! > 0);
    const counts = new Map<string, number>();
    const renamed = this.tasks.renamed(first);
    for (const [number, name] of names) counts.set(name, (counts.get(name) ?? 0) + this.counts[number]!);
    return {
      format,
      clock,
      cpus,
      ...this.columns.finish(first),
      durationNs: this.last - first,
      strings: this.strings.texts(),
      tasks: this.tasks.tasks(),
      ...(renamed.size > 0 && { renamed }),
      cpuStart,
      partialUntil: this.overwritten ? this.partialUntil(cpuStart) : 0,
      counts,
      lost: this.lost,
      skipped: this.skipped,
      notes: this.notes.list(),
    };
  }
  private partialUntil(cpuStart: Float64Array): number {
    const { first, last, wholeFrom } = this;
    if (wholeFrom === undefined) return Math.max(...cpuStart.filter(Number.isFinite));
    return Math.min(Math.max(0, wholeFrom - first), last - first);
  }
}
