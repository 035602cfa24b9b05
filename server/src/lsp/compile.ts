import { emitC } from '../emit/c/index.ts';
import { hasErrors } from '../pipeline.ts';
import type { Documents } from './documents.ts';
import type { CompileParams, CompileResult } from './protocol.ts';

/** Answers `pvpolicy/compile`: the generated files of an open policy, as text. */
export const compile =
  (documents: Documents) =>
  ({ uri }: CompileParams): CompileResult => {
    const snapshot = documents.get(uri);
    if (!snapshot) return { ok: false, message: 'the policy is not open' };
    const { program, diagnostics } = snapshot;
    if (!program || hasErrors(diagnostics)) return { ok: false, message: 'it has errors' };
    return { ok: true, files: emitC(program, { sourceName: fileName(uri) }) };
  };

const fileName = (uri: string): string => decodeURIComponent(uri.split('/').at(-1) ?? uri);
