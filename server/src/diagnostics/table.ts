import { COMPILATION } from './codes/compilation.ts';
import { LIVENESS } from './codes/liveness.ts';
import { NAMES } from './codes/names.ts';
import { SAFETY } from './codes/safety.ts';
import { SYNTAX } from './codes/syntax.ts';
import { TRACES } from './codes/traces.ts';
import { TYPES } from './codes/types.ts';
import { WORKSPACE } from './codes/workspace.ts';
import type { Diagnostic, Fix, Related, Severity, Span } from './diagnostic.ts';
import type { Entry } from './entry.ts';

/** Every diagnostic there is. A code is never reused; its page is docs/diagnostics/CODE.md. */
export const TABLE = {
  ...SYNTAX,
  ...NAMES,
  ...TYPES,
  ...SAFETY,
  ...LIVENESS,
  ...COMPILATION,
  ...TRACES,
  ...WORKSPACE,
} as const;

export type Code = keyof typeof TABLE;

/** The values that the message of `C` needs. */
export type Args<C extends Code> = (typeof TABLE)[C] extends Entry<infer A> ? A : never;

interface Details {
  readonly related?: readonly Related[];
  readonly fixes?: readonly Fix[];
}

type Rest<A> = A extends void ? [args?: undefined, details?: Details] : [args: A, details?: Details];

/** Builds the diagnostic `code` at `span`; severity and message come from the table. */
export function diagnostic<C extends Code>(code: C, span: Span, ...rest: Rest<Args<C>>): Diagnostic {
  // The table pairs each code with its own arguments; TypeScript cannot follow that through the lookup.
  const entry = TABLE[code] as unknown as Entry<unknown>;
  const [args, details] = rest;
  return {
    code,
    severity: entry.severity,
    message: entry.message(args),
    span,
    related: details?.related ?? [],
    fixes: details?.fixes ?? [],
  };
}

/** Severity and title of a code, as the docs and SARIF rules show them. */
export function describe(code: Code): { severity: Severity; title: string } {
  const { severity, title } = TABLE[code] as unknown as Entry<unknown>;
  return { severity, title };
}
