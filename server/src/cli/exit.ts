/** Exit status: what a script learns from a run. */
export const EXIT = {
  ok: 0,
  /** The policy has errors, or an expectation failed. */
  findings: 1,
  /** Usage, configuration, or input that cannot be read. */
  usage: 2,
  /** A bug of ours. */
  bug: 3,
} as const;

export type Exit = (typeof EXIT)[keyof typeof EXIT];
