import type { TraceNote } from './columns.ts';

/** So many different notes are kept; the rest are counted together. */
const MOST = 24;
const REST = 'other things that could not be read';

/** What a reader had to put up with, equal messages counted at their first place. */
export class Notes {
  private readonly notes = new Map<string, { line: number | undefined; offset: number; count: number }>();

  /** Notes `message` at `line` (from 1; of binary files undefined) and byte `offset`; messages hold no values, or the list has no end. */
  add(message: string, line: number | undefined, offset: number): void {
    const key = this.notes.has(message) || this.notes.size < MOST ? message : REST;
    const known = this.notes.get(key);
    if (known) known.count++;
    else this.notes.set(key, { line, offset, count: 1 });
  }

  /** The notes in the order of their first place. */
  list(): TraceNote[] {
    return [...this.notes].map(([message, place]) => ({ message, ...place }));
  }
}
