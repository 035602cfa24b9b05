import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { diagnostic } from '../diagnostics/table.ts';
import { hookPresence } from '../kernel/existence.ts';
import { presence } from '../kernel/profiles.ts';
import { missing } from './explain.ts';
import { requireKernel } from './fixes.ts';
import type { Place } from './place.ts';

/** Diagnostics of the head of a handler: have the kernels such a hook, with such arguments? */
export function checkHook(place: Place): readonly Diagnostic[] {
  const { context, handler } = place;
  const { decl, hook } = handler;
  if (decl.kind !== 'hook' || hook === undefined) return [];
  if (hook.family === 'pvsched' && hook.name === 'intr_inj')
    return [diagnostic('PV4019', decl.hook.span, { hook: context.title })];
  const absent = checkPresence(place);
  return absent.length > 0 ? absent : checkArguments(place);
}

function checkPresence({ context, handler, selection, file }: Place): readonly Diagnostic[] {
  const { row } = context;
  const { decl } = handler;
  if (row === undefined || decl.kind !== 'hook') return [];
  const lacking = selection.profiles
    .map((profile) => ({ profile, found: hookPresence(row, profile) }))
    .filter(({ found }) => found !== 'yes')
    .map(({ profile, found }) => ({ profile, sure: found === 'no' }));
  if (lacking.length === 0) return [];
  const absent = missing(lacking, selection);
  return [
    diagnostic(
      'PV4013',
      decl.hook.span,
      { hook: context.title, ...absent },
      { fixes: requireKernel(file, absent.since) },
    ),
  ];
}

/** Arguments that older kernels do not pass: the program would read what is not there. */
function checkArguments({ context, handler, selection, file }: Place): readonly Diagnostic[] {
  return handler.params.flatMap(({ ident }, index) => {
    const since = context.row?.params[index]?.[2]?.since;
    if (since === undefined || ident.text === '_') return [];
    const lacking = selection.profiles
      .filter((profile) => profile.imported === undefined && presence({ since }, profile) !== 'yes')
      .map((profile) => ({ profile, sure: true }));
    if (lacking.length === 0) return [];
    const absent = missing(lacking, selection);
    const args = { hook: context.title, param: ident.text, ...absent };
    return [diagnostic('PV4024', ident.span, args, { fixes: requireKernel(file, absent.since) })];
  });
}
