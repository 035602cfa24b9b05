/** How long requests took, for people who find the server slow: the newest runs of each kind. */
export interface Timing {
  readonly name: string;
  readonly count: number;
  /** ms */
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
}

const KEPT = 512;

export class Timings {
  private readonly runs = new Map<string, { count: number; readonly ms: number[] }>();

  /** Notes a run of `name` that took `ms`. */
  add(name: string, ms: number): void {
    const known = this.runs.get(name) ?? { count: 0, ms: [] };
    known.ms[known.count % KEPT] = ms;
    known.count++;
    this.runs.set(name, known);
  }

  summary(): readonly Timing[] {
    return [...this.runs].map(([name, { count, ms }]) => {
      const sorted = ms.toSorted((a, b) => a - b);
      const at = (share: number): number =>
        sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
      return { name, count, p50: at(0.5), p95: at(0.95), max: sorted.at(-1) ?? 0 };
    });
  }
}
