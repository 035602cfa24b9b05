/** Recorded values, kept exactly: a growing array of numbers. */
export interface Samples {
  values: Float64Array;
  length: number;
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
