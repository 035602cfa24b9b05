import { grown, type Column } from './grown.ts';
import { LONG, disordersIn, stableOrder, stretchesOf } from './stable-order.ts';

/** A file may say that it is larger than it is. */
const MOST_RESERVED = 4_000_000;

/** One event on its way into the columns. */
export interface Row {
  /** ns since the base. */
  time: number;
  kind: number;
  cpu: number;
  tid: number;
  context: number;
  a: number;
  b: number;
  c: number;
  wide: number;
}

/** Columns that grow by doubling as rows are appended. */
export class ColumnBuilder {
  length = 0;
  private capacity = 1024;
  private sorted = true;
  private latest = -Infinity;
  private baseSeconds = 0;
  private baseNanos = 0;
  private time = new Float64Array(this.capacity);
  private kind = new Uint8Array(this.capacity);
  private cpu = new Uint16Array(this.capacity);
  private tid = new Int32Array(this.capacity);
  private context = new Uint8Array(this.capacity);
  private a = new Int32Array(this.capacity);
  private b = new Int32Array(this.capacity);
  private c = new Int32Array(this.capacity);
  private wide = new Float64Array(this.capacity);

  /** Makes room for about so many rows, so that fewer have to be moved later. What is not filled costs nothing. */
  reserve(rows: number): void {
    const room = Math.min(rows, MOST_RESERVED);
    if (room > this.capacity) this.resize(room);
  }

  /** Takes `seconds` and `nanos` as the zero of time. */
  setBase(seconds: number, nanos: number): void {
    this.baseSeconds = seconds;
    this.baseNanos = nanos;
  }

  /** Nanoseconds from the base to `seconds` and `nanos`. */
  since(seconds: number, nanos: number): number {
    return (seconds - this.baseSeconds) * 1e9 + (nanos - this.baseNanos);
  }

  /** Appends `row`. (Its time is in it: a number with a fraction that is an argument is put on the heap.) */
  append(row: Row): void {
    const i = this.length;
    if (i === this.capacity) this.grow();
    const { time } = row;
    if (time < this.latest) this.sorted = false;
    else this.latest = time;
    this.time[i] = time;
    this.kind[i] = row.kind;
    this.cpu[i] = row.cpu;
    this.tid[i] = row.tid;
    this.context[i] = row.context;
    this.a[i] = row.a;
    this.b[i] = row.b;
    this.c[i] = row.c;
    // Memory is zero, and costs nothing until it is written to.
    if (row.wide !== 0) this.wide[i] = row.wide;
    this.length = i + 1;
  }

  /** The columns cut to their length, in order of time (ties as appended), time counted from `first` ns on. */
  finish(first: number) {
    if (!this.sorted) this.sort();
    const columns = {
      length: this.length,
      baseNs: BigInt(this.baseSeconds) * 1_000_000_000n + BigInt(this.baseNanos) + BigInt(first),
      time: this.cut(this.time),
      kind: this.cut(this.kind),
      cpu: this.cut(this.cpu),
      tid: this.cut(this.tid),
      context: this.cut(this.context),
      a: this.cut(this.a),
      b: this.cut(this.b),
      c: this.cut(this.c),
      wide: this.cut(this.wide),
    };
    if (first !== 0) for (let i = 0; i < columns.length; i++) columns.time[i]! -= first;
    return columns;
  }

  /** The first `length` values, without a copy: unused memory was never touched. */
  private cut<T extends Column>(column: T): T {
    return column.subarray(0, this.length) as T;
  }

  /** Puts the rows in the order of time. Those that change places are near each other, so little memory is needed. */
  private sort(): void {
    const time = this.time.subarray(0, this.length);
    const { kind, cpu, tid, context, a, b, c, wide } = this;
    const disorders = disordersIn(time);
    const longest = disorders.reduce((most, { from, to }) => Math.max(most, to - from), 0);
    const spare = new ArrayBuffer(longest * time.BYTES_PER_ELEMENT);
    for (const { from, to } of disorders) {
      const order = stableOrder(time.subarray(from, to));
      const starts = stretchesOf(order);
      for (const column of [kind, cpu, tid, context, a, b, c, wide, time])
        arrange(column.subarray(from, to), order, starts, spare);
    }
  }

  private grow(): void {
    this.resize(2 * this.capacity);
  }

  private resize(capacity: number): void {
    this.capacity = capacity;
    this.time = grown(this.time, this.capacity);
    this.kind = grown(this.kind, this.capacity);
    this.cpu = grown(this.cpu, this.capacity);
    this.tid = grown(this.tid, this.capacity);
    this.context = grown(this.context, this.capacity);
    this.a = grown(this.a, this.capacity);
    this.b = grown(this.b, this.capacity);
    this.c = grown(this.c, this.capacity);
    this.wide = grown(this.wide, this.capacity);
  }
}

/** Puts the values of `column` in `order`, whose stretches begin at `starts`, by way of the memory `spare`. */
function arrange<T extends Column>(
  column: T,
  order: Uint32Array,
  starts: Uint32Array,
  spare: ArrayBuffer,
): void {
  const before = new (column.constructor as new (memory: ArrayBuffer, at: number, size: number) => T)(
    spare,
    0,
    column.length,
  );
  before.set(column);
  for (let stretch = 0; stretch + 1 < starts.length; stretch++) {
    const to = starts[stretch]!;
    const length = starts[stretch + 1]! - to;
    const from = order[to]!;
    if (length >= LONG) column.set(before.subarray(from, from + length), to);
    else for (let i = 0; i < length; i++) column[to + i] = before[from + i]!;
  }
}
