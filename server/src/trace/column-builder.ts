import { grown, type Column } from './grown.ts';
import { stableOrder, stretchesOf } from './stable-order.ts';

/** A file may say that it is larger than it is. */
const MOST_RESERVED = 4_000_000;

/** Rows that are copied at once rather than one by one. */
const LONG = 32;

/** Rows in the order of time, and where stretches of them begin that are one after the other already. */
interface Order {
  readonly rows: Uint32Array;
  readonly starts: Uint32Array;
}

function orderOf(time: Float64Array): Order {
  const rows = stableOrder(time);
  return { rows, starts: stretchesOf(rows) };
}

/** One event on its way into the columns. */
export interface Row {
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

  /** Appends `row` at `time`, ns since the base. */
  append(time: number, row: Row): void {
    const i = this.length;
    if (i === this.capacity) this.grow();
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
    this.wide[i] = row.wide;
    this.length = i + 1;
  }

  /** The columns cut to their length, in order of time (ties as appended), time counted from `first` ns on. */
  finish(first: number) {
    const order = this.sorted ? undefined : orderOf(this.time.subarray(0, this.length));
    const columns = {
      length: this.length,
      baseNs: BigInt(this.baseSeconds) * 1_000_000_000n + BigInt(this.baseNanos) + BigInt(first),
      time: this.cut(this.time, order),
      kind: this.cut(this.kind, order),
      cpu: this.cut(this.cpu, order),
      tid: this.cut(this.tid, order),
      context: this.cut(this.context, order),
      a: this.cut(this.a, order),
      b: this.cut(this.b, order),
      c: this.cut(this.c, order),
      wide: this.cut(this.wide, order),
    };
    if (first !== 0) for (let i = 0; i < columns.length; i++) columns.time[i]! -= first;
    return columns;
  }

  /** The first `length` values; where no order is asked for, without a copy: unused memory was never touched. */
  private cut<T extends Column>(column: T, order: Order | undefined): T {
    if (!order) return column.subarray(0, this.length) as T;
    const cut = new (column.constructor as new (size: number) => T)(this.length);
    const { rows, starts } = order;
    for (let stretch = 0; stretch + 1 < starts.length; stretch++) {
      const to = starts[stretch]!;
      const length = starts[stretch + 1]! - to;
      const from = rows[to]!;
      if (length >= LONG) cut.set(column.subarray(from, from + length), to);
      else for (let i = 0; i < length; i++) cut[to + i] = column[from + i]!;
    }
    return cut;
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
