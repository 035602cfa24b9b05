import type { Decl } from '../../../grammar/ast.ts';
import { snapshot, type Snapshot } from '../pipeline.ts';

/** A part of a policy that says as much about one place as the whole does. */
export interface Excerpt {
  readonly of: Snapshot;
  /** Where the place is in it. */
  readonly offset: number;
}

/**
 * The policy with `inserted` at the offset, without the bodies of other functions and hooks: what a line that is being
 * typed would mean with a word more. It costs little, also where the policy is long.
 */
export function excerpt({ text, file, settings }: Snapshot, at: number, inserted: string): Excerpt {
  let part = '';
  let from = 0;
  let offset = at;
  for (const decl of file.decls) {
    const body = bodyOf(decl);
    if (body === undefined || (decl.span.start <= at && at <= decl.span.end + 1)) continue;
    if (body.start + 1 >= body.end - 1 || (body.start < at && at < body.end)) continue;
    if (from <= at && at < body.start) offset = part.length + at - from;
    part += text.slice(from, body.start + 1);
    from = body.end - 1;
  }
  if (from <= at) offset = part.length + at - from;
  part += text.slice(from);
  return {
    of: snapshot(part.slice(0, offset) + inserted + part.slice(offset), settings),
    offset,
  };
}

const bodyOf = (decl: Decl) =>
  decl.kind === 'fn' || decl.kind === 'hook' || decl.kind === 'every' ? decl.body.span : undefined;
