import type { Num } from './number.ts';

/** Recorded values, a growing array of numbers, exact below 2⁵³. */
export interface Samples {
  values: Float64Array;
  length: number;
}

/** The number as a sample: what a double cannot hold is rounded down, which keeps it in the slot that the kernel counts it in. */
export function sampleOf(value: Num): number {
  const sample = Number(value);
  return sample > value ? sample * (1 - Number.EPSILON / 2) : sample;
}

export const newSamples = (): Samples => ({ values: new Float64Array(16), length: 0 });

export function addSample(samples: Samples, value: number): void {
  if (samples.length === samples.values.length) {
    const larger = new Float64Array(samples.length * 2);
    larger.set(samples.values);
    samples.values = larger;
  }
  samples.values[samples.length++] = value;
}
