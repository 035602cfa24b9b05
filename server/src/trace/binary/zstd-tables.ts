/** A table of states (RFC 8878, 4.1): in a cell a symbol, 8 bits up the bits that the next state takes, 16 up its base. */
export interface Table {
  log: number;
  readonly cells: Uint32Array;
}

export const fseTable = (log: number): Table => ({ log, cells: new Uint32Array(1 << log) });

/** The position of the highest bit that is set. */
export const highBit = (value: number): number => 31 - Math.clz32(value);

/** The table for these counts of symbols. */
export const bitTable = (counts: readonly number[], log: number): Table =>
  fillFse(fseTable(log), Int16Array.from(counts), counts.length, log);

const symbolAt = new Uint8Array(512);
const nextOf = new Uint16Array(256);

/** Fills `table` for the first `symbols` of `counts`, which together fill 2^log states; −1 is less than one. */
export function fillFse(table: Table, counts: Int16Array, symbols: number, log: number): Table {
  const size = 1 << log;
  let high = size - 1;
  for (let symbol = 0; symbol < symbols; symbol++) {
    const count = counts[symbol]!;
    nextOf[symbol] = count < 0 ? 1 : count;
    if (count < 0) symbolAt[high--] = symbol;
  }
  const step = (size >> 1) + (size >> 3) + 3;
  let at = 0;
  for (let symbol = 0; symbol < symbols; symbol++) {
    for (let i = 0; i < counts[symbol]!; i++) {
      symbolAt[at] = symbol;
      do at = (at + step) & (size - 1);
      while (at > high);
    }
  }
  for (let state = 0; state < size; state++) {
    const symbol = symbolAt[state]!;
    const next = nextOf[symbol]!++;
    const bits = log - highBit(next);
    table.cells[state] = symbol | (bits << 8) | (((next << bits) - size) << 16);
  }
  table.log = log;
  return table;
}

/** Reads counts of symbols from `at` on; undefined: they cannot be, or reach beyond `end`. */
export function readCounts(
  view: DataView,
  at: number,
  end: number,
  mostLog: number,
  counts: Int16Array,
  mostSymbol: number,
): { readonly at: number; readonly log: number; readonly symbols: number } | undefined {
  let bit = 8 * at;
  const peek = (bits: number): number => (view.getUint32(bit >> 3, true) >>> (bit & 7)) & ((1 << bits) - 1);
  const log = peek(4) + 5;
  bit += 4;
  if (log > mostLog) return undefined;
  let remaining = (1 << log) + 1;
  let threshold = 1 << log;
  let bits = log + 1;
  let symbols = 0;
  while (remaining > 1) {
    if (symbols > mostSymbol || bit > 8 * end) return undefined;
    const most = 2 * threshold - 1 - remaining;
    let count = peek(bits - 1);
    if (count < most) bit += bits - 1;
    else {
      count = peek(bits);
      if (count >= threshold) count -= most;
      bit += bits;
    }
    count--;
    remaining -= count < 0 ? 1 : count;
    counts[symbols++] = count;
    if (count === 0) {
      for (let zeros = 3; zeros === 3;) {
        zeros = peek(2);
        bit += 2;
        if (symbols + zeros > mostSymbol + 1) return undefined;
        for (let i = 0; i < zeros; i++) counts[symbols++] = 0;
      }
    }
    while (remaining < threshold) {
      bits--;
      threshold >>= 1;
    }
  }
  const next = (bit + 7) >> 3;
  return remaining === 1 && next <= end ? { at: next, log, symbols } : undefined;
}
