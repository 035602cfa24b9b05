import { error } from '../entry.ts';

/** PV1xxx: the text is not a policy. */
export const SYNTAX = {
  PV1001: error<{ found: string; expected: string }>(
    'unexpected token',
    (a) => `expected ${a.expected}, found ${a.found}`,
  ),
};
