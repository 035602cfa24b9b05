/** A task that ran so recently stays where its data is; the average below reaches twice that (sysctl_sched_migration_cost). */
export const MIGRATION_COST_NS = 500_000;

/** How long a CPU idles on average, as the kernel sees it (ttwu_do_activate; update_rq_avg_idle since 7.0). */
export class AverageIdle {
  private readonly average: Float64Array;
  private readonly most: number;

  /** `cost`: what a search for work costs, ns (max_newidle_lb_cost); the average is at most twice that, or 1 ms. */
  constructor(cpus: number, cost: number) {
    this.average = new Float64Array(cpus).fill(2 * MIGRATION_COST_NS);
    this.most = 2 * Math.max(MIGRATION_COST_NS, cost);
  }

  of(cpu: number): number {
    return this.average[cpu]!;
  }

  idled(cpu: number, ns: number): void {
    const average = this.average[cpu]!;
    this.average[cpu] = Math.min(this.most, average + (ns - average) / 8);
  }
}
