import type { Severity } from './diagnostic.ts';

/** One row of the diagnostics table. `A` are the values that the message needs. */
export interface Entry<A> {
  readonly severity: Severity;
  /** A few words that name the mistake; the heading of its page in docs/diagnostics/. */
  readonly title: string;
  readonly message: (args: A) => string;
}

/** Rows whose message needs no values are written `error('title', () => 'message')`. */
export const error = <A = void>(title: string, message: (args: A) => string): Entry<A> => ({
  severity: 'error',
  title,
  message,
});

export const warning = <A = void>(title: string, message: (args: A) => string): Entry<A> => ({
  severity: 'warning',
  title,
  message,
});

export const info = <A = void>(title: string, message: (args: A) => string): Entry<A> => ({
  severity: 'info',
  title,
  message,
});
