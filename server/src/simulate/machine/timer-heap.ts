/**
 * Numbered timers in the order of their times; timers of the same time go off in the order in which they were set.
 * A binary heap that knows where each timer is, so that one can be moved or cancelled.
 */
export class TimerHeap {
  private times: Float64Array;
  private sequence: Float64Array;
  /** Place in the heap by timer; −1: not set. */
  private place: Int32Array;
  private heap: Int32Array;
  private size = 0;
  private next = 0;

  constructor(timers: number) {
    this.times = new Float64Array(timers);
    this.sequence = new Float64Array(timers);
    this.place = new Int32Array(timers).fill(-1);
    this.heap = new Int32Array(timers);
  }

  /** Makes room for `timers` timers. */
  grow(timers: number): void {
    if (timers <= this.times.length) return;
    const capacity = Math.max(timers, 2 * this.times.length);
    const times = new Float64Array(capacity);
    times.set(this.times);
    const sequence = new Float64Array(capacity);
    sequence.set(this.sequence);
    const place = new Int32Array(capacity).fill(-1);
    place.set(this.place);
    const heap = new Int32Array(capacity);
    heap.set(this.heap);
    [this.times, this.sequence, this.place, this.heap] = [times, sequence, place, heap];
  }

  /** Sets or moves `timer` to `time`. */
  set(timer: number, time: number): void {
    this.times[timer] = time;
    this.sequence[timer] = this.next++;
    let at = this.place[timer]!;
    if (at < 0) {
      at = this.size++;
      this.put(timer, at);
    }
    this.up(at);
    this.down(this.place[timer]!);
  }

  cancel(timer: number): void {
    const at = this.place[timer]!;
    if (at < 0) return;
    this.place[timer] = -1;
    const last = this.heap[--this.size]!;
    if (last === timer) return;
    this.put(last, at);
    this.up(at);
    this.down(this.place[last]!);
  }

  isSet(timer: number): boolean {
    return this.place[timer]! >= 0;
  }

  timeOf(timer: number): number {
    return this.place[timer]! >= 0 ? this.times[timer]! : Infinity;
  }

  /** The timer that goes off first; −1: none is set. */
  first(): number {
    return this.size > 0 ? this.heap[0]! : -1;
  }

  private put(timer: number, at: number): void {
    this.heap[at] = timer;
    this.place[timer] = at;
  }

  private before(left: number, right: number): boolean {
    const a = this.times[left]!;
    const b = this.times[right]!;
    return a < b || (a === b && this.sequence[left]! < this.sequence[right]!);
  }

  private up(from: number): void {
    const timer = this.heap[from]!;
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const other = this.heap[parent]!;
      if (!this.before(timer, other)) break;
      this.put(other, at);
      at = parent;
    }
    this.put(timer, at);
  }

  private down(from: number): void {
    const timer = this.heap[from]!;
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.size) break;
      if (child + 1 < this.size && this.before(this.heap[child + 1]!, this.heap[child]!)) child++;
      const other = this.heap[child]!;
      if (!this.before(other, timer)) break;
      this.put(other, at);
      at = child;
    }
    this.put(timer, at);
  }
}
