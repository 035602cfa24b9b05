import { filesOf } from '../pipeline.ts';
import type { Documents } from './documents.ts';
import type { CompileParams, CompileResult } from './protocol.ts';

/** Answers `pvpolicy/compile`: the generated files of an open policy, as text. */
export const compile =
  (documents: Documents) =>
  async ({ uri }: CompileParams): Promise<CompileResult> => {
    const snapshot = await documents.newest(uri, 'diagnostics');
    if (!snapshot) return { ok: false, message: 'the policy is not open' };
    const files = await filesOf(snapshot, nameOf(uri));
    return files ? { ok: true, files } : { ok: false, message: 'it has errors' };
  };

/** Of `file:///a/b%20c.pvpolicy` and of `untitled:Untitled-1` what follows the last `/` or `:`. */
const nameOf = (uri: string): string => decodeURIComponent(uri.split(/[/:]/u).at(-1) ?? uri);
