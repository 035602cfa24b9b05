import type { Diagnostic, Span } from '../diagnostics/diagnostic.ts';
import { diagnostic } from '../diagnostics/table.ts';

/** What the workspace narrows: names, with `*` for any characters. Absent `allow`: everything that is not denied. */
export interface Rules {
  readonly allow?: readonly string[];
  readonly deny?: readonly string[];
}

export interface Allowlist {
  readonly kfuncs?: Rules;
  readonly tracepoints?: Rules;
  readonly actions?: Rules;
}

/** A diagnostic where `name` is denied, or not among what is allowed. `what` is how the message names it. */
export function checkAllowed(
  rules: Rules | undefined,
  name: string,
  what: string,
  span: Span,
): readonly Diagnostic[] {
  const denied = rules?.deny?.find((pattern) => fits(pattern, name));
  if (denied !== undefined) {
    return [diagnostic('PV4022', span, { what, reason: `pvpolicy.json denies '${denied}'` })];
  }
  if (rules?.allow === undefined || rules.allow.some((pattern) => fits(pattern, name))) return [];
  return [diagnostic('PV4022', span, { what, reason: 'it is not among what pvpolicy.json allows' })];
}

const fits = (pattern: string, name: string): boolean =>
  pattern.split('*').length > 1
    ? new RegExp(`^${pattern.split('*').map(escape).join('.*')}$`).test(name)
    : pattern === name;

const escape = (text: string): string => text.replace(/[.+?^${}()|[\]\\]/g, '\\$&');
