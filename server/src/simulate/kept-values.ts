import type { Value } from '../emit/executor/host.ts';
import { grown } from '../trace/grown.ts';

const NUMBER = 0;
const FALSE = 1;
const TRUE = 2;
const NONE = 3;
const OTHER = 4;
/**
 * Values one after the other, most of which are numbers: in typed arrays, so that keeping one allocates nothing. (A
 * plain array of mixed values makes an object of each number beyond 32 bits, and every time is such a number.)
 */
export class KeptValues {
  length = 0;
  private numbers: Float64Array;
  private sorts: Uint8Array;
  /** Wide numbers, texts and lists; `numbers` has the place. */
  private readonly others: Value[] = [];

  /** There is `room` for so many values at the start. */
  constructor(room: number) {
    this.numbers = new Float64Array(room);
    this.sorts = new Uint8Array(room);
  }

  push(value: Value): void {
    const at = this.length;
    if (at === this.numbers.length) this.grow();
    this.length = at + 1;
    if (typeof value === 'number') this.numbers[at] = value;
    else if (typeof value === 'boolean') this.sorts[at] = value ? TRUE : FALSE;
    else if (value === undefined) this.sorts[at] = NONE;
    else {
      this.sorts[at] = OTHER;
      this.numbers[at] = this.others.push(value) - 1;
    }
  }

  at(index: number): Value {
    switch (this.sorts[index]) {
      case NUMBER:
        return this.numbers[index];
      case FALSE:
        return false;
      case TRUE:
        return true;
      case OTHER:
        return this.others[this.numbers[index]!];
      default:
        return undefined;
    }
  }

  /** Are the `count` values from `a` on those from `b` on? Wide numbers, texts and lists never count as equal. */
  areEqual(a: number, b: number, count: number): boolean {
    const { numbers, sorts } = this;
    for (let i = 0; i < count; i++) {
      const sort = sorts[a + i];
      if (sort === OTHER || sort !== sorts[b + i] || numbers[a + i] !== numbers[b + i]) return false;
    }
    return true;
  }

  private grow(): void {
    const size = 2 * this.numbers.length + 1;
    this.numbers = grown(this.numbers, size);
    this.sorts = grown(this.sorts, size);
  }
}
