/** One row of the table: what was measured, the figure with its unit, the budget, and the yardsticks it is worth. */
export interface Row {
  readonly what: string;
  readonly figure: string;
  readonly budget: string;
  readonly ratio: string;
}

/** Times of repeated runs, in ms, ascending. */
export function times(runs: number, work: (run: number) => void): readonly number[] {
  const all: number[] = [];
  for (let run = 0; run < runs; run++) {
    const begin = performance.now();
    work(run);
    all.push(performance.now() - begin);
  }
  return all.toSorted((a, b) => a - b);
}

/** The value below which a share `q` of the sorted times lies. */
export function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}

/**
 * The machine's own speed in this run: ms to parse a fixed megabyte of JSON, best of 20. Figures are given as multiples
 * of it, so that runs on different machines, or on a busy one, can be compared.
 */
export function yardstick(): number {
  const rows = Array.from({ length: 8000 }, (_, id) => ({
    id,
    name: `thread ${id}`,
    cpus: [0, 1, 2],
    time: id / 7,
  }));
  const text = JSON.stringify(rows).slice(0, 2 ** 30);
  return times(20, () => JSON.parse(text))[0] ?? Number.NaN;
}
