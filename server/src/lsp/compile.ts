import type { CancellationToken } from 'vscode-languageserver';
import { hasErrors } from '../pipeline.ts';
import type { Documents } from './documents.ts';
import type { Host } from './host.ts';
import type { CompileParams, CompileResult } from './protocol.ts';

/** Answers `pvpolicy/compile`: the generated files of an open policy, as text. */
export const compile =
  (documents: Documents, host: Host) =>
  async ({ uri }: CompileParams, token: CancellationToken): Promise<CompileResult> => {
    const snapshot = await documents.newest(uri, 'diagnostics');
    if (!snapshot) return { ok: false, message: 'the policy is not open' };
    const { text, settings, diagnostics } = snapshot;
    if (hasErrors(diagnostics)) return { ok: false, message: 'it has errors' };
    return host.compile({ text, settings, name: nameOf(uri) }, token);
  };

/** Of `file:///a/b%20c.pvpolicy` and of `untitled:Untitled-1` what follows the last `/` or `:`. */
const nameOf = (uri: string): string => decodeURIComponent(uri.split(/[/:]/u).at(-1) ?? uri);
