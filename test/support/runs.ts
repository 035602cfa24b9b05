// What is random in tests: with which seed, and how much of it.

/** The seed: PVPOLICY_SEED, or one that is always the same, so that what has passed passes again. */
export const SEED = wholeNumber('PVPOLICY_SEED', 1);

/** PVPOLICY_RUNS times as many runs of a property, random policies or edits as the test run has. */
export function runs(usual: number): number {
  return usual * FACTOR;
}
const FACTOR = wholeNumber('PVPOLICY_RUNS', 1);

function wholeNumber(variable: string, otherwise: number): number {
  const text = process.env[variable] ?? String(otherwise);
  if (!/^\d+$/u.test(text)) throw new Error(`${variable} is a whole number, and not ${text}`);
  return Number(text);
}
