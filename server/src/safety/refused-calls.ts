import type { Diagnostic } from '../diagnostics/diagnostic.ts';

/**
 * Says once of a call what is wrong with it: where the hook forbids what the call does, that no policy can make it anyway
 * (PV2012) is told beside it. A rule that the workspace has turned into a warning does not stand for the error.
 */
export function saidOnce(found: readonly Diagnostic[]): readonly Diagnostic[] {
  const refusals = new Map(found.filter(isRefusal).map((one) => [one.span.start, one]));
  if (refusals.size === 0) return found;
  const said = new Set<Diagnostic>();
  const told = found.map((one) => {
    const refusal = refusals.get(one.span.start);
    if (refusal === undefined || one.severity !== 'error' || !one.code.startsWith('PV4')) return one;
    said.add(refusal);
    return { ...one, related: [...one.related, { message: `besides, ${refusal.message}` }] };
  });
  return told.filter((one) => !said.has(one));
}

const isRefusal = ({ code }: Diagnostic): boolean => code === 'PV2012';
