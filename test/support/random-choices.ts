/** Choices read from a tape of numbers. Past its end, and where it says 0, the first and simplest is chosen. */
export class Choices {
  readonly #tape: readonly number[];
  #at = 0;

  constructor(tape: readonly number[]) {
    this.#tape = tape;
  }

  /** A whole number from 0 up to, not including, `n`. */
  below(n: number): number {
    return (this.#tape[this.#at++] ?? 0) % n;
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error('nothing to choose from');
    return item;
  }

  /** True once in `n` times; false where the tape is at its end. */
  flip(n = 2): boolean {
    return this.below(n) === n - 1;
  }

  /** Has the tape been used up? */
  get ended(): boolean {
    return this.#at >= this.#tape.length;
  }
}
