import { CHANGES, has } from '../rules.ts';
import type { Machine } from '../types.ts';
import { AverageIdle } from './average-idle.ts';

/** Of so many tries, the successful ones are the chance of the next ones (sd_init, update_newidle_stats). */
const TRIES = 1024;

/**
 * Does a CPU that runs dry look for work elsewhere? Not where it idles for less than that costs on average, and the less
 * often it found some, the more seldom (NI_RANDOM).
 */
export class NewlyIdle {
  private readonly machine: Machine;
  private readonly random: boolean;
  private readonly calls: Int32Array;
  private readonly successes: Int32Array;
  private readonly ratio: Int32Array;
  private draws = 0;
  private readonly average: AverageIdle;
  /** By CPU: since when it idles; NaN: it does not. */
  private readonly since: Float64Array;

  constructor(machine: Machine) {
    const { kernel, calibration } = machine.demand;
    this.machine = machine;
    this.random = kernel.features['NI_RANDOM'] ?? has(kernel, CHANGES.newidleRandom);
    this.average = new AverageIdle(machine.cpus, calibration.searchNs);
    this.since = new Float64Array(machine.cpus).fill(NaN);
    this.calls = new Int32Array(machine.cpus).fill(TRIES / 2);
    this.successes = new Int32Array(machine.cpus).fill(TRIES / 4);
    this.ratio = new Int32Array(machine.cpus).fill(TRIES / 2);
  }

  /** `cpu` runs dry. */
  begins(cpu: number): void {
    this.since[cpu] = this.machine.now;
  }

  /** Looks for work with `look`, which tells whether it found some, or leaves it. */
  try(cpu: number, look: () => boolean): void {
    const { searchNs } = this.machine.demand.calibration;
    if (this.average.of(cpu) >= searchNs && this.draw(cpu, look)) this.since[cpu] = NaN;
  }

  /** A task woke up on `cpu`, or it starts to run one (ttwu_do_activate; put_prev_task_idle since 7.0). */
  ends(cpu: number): void {
    const since = this.since[cpu]!;
    if (Number.isNaN(since)) return;
    this.average.idled(cpu, this.machine.now - since);
    this.since[cpu] = NaN;
  }

  private draw(cpu: number, look: () => boolean): boolean {
    if (!this.random) return look();
    const weight = 1 + this.ratio[cpu]!;
    const skips = Math.floor(this.machine.draw(this.draws++) * TRIES) > weight;
    const found = !skips && look();
    this.count(cpu, found ? Math.floor((TRIES + weight / 2) / weight) : 0);
    return found;
  }

  private count(cpu: number, success: number): void {
    this.calls[cpu]!++;
    this.successes[cpu]! += success;
    if (this.calls[cpu]! < TRIES) return;
    this.ratio[cpu] = this.successes[cpu]!;
    this.calls[cpu] = this.calls[cpu]! >> 1;
    this.successes[cpu] = this.successes[cpu]! >> 1;
  }
}
