import type { Machine } from '../types.ts';
import { decay } from './entity.ts';

/** Averages over the last tenths of a second of what steps up and down (kernel/sched/pelt.c), by number. */
export class Averages {
  private readonly machine: Machine;
  private readonly average: Float64Array;
  private readonly at: Float64Array;
  private readonly value: Float64Array;

  constructor(machine: Machine, count: number) {
    this.machine = machine;
    this.average = new Float64Array(count);
    this.at = new Float64Array(count).fill(machine.now);
    this.value = new Float64Array(count);
  }

  of(index: number): number {
    const { now } = this.machine;
    const value = this.value[index]!;
    const passed = now - this.at[index]!;
    const before = this.average[index]!;
    if (passed > 0 && before !== value) this.average[index] = value + (before - value) * decay(passed);
    this.at[index] = now;
    return this.average[index]!;
  }

  /** It is `value` from now on. */
  set(index: number, value: number): void {
    this.of(index);
    this.value[index] = value;
  }

  /** `by` of the average comes from elsewhere, or goes there. */
  add(index: number, by: number): void {
    this.average[index] = Math.max(0, this.of(index) + by);
  }
}
