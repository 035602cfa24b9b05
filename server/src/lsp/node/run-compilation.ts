import { filesOf, snapshot } from '../../pipeline.ts';
import type { CompileJob } from '../host.ts';
import type { CompileResult } from '../protocol.ts';

/** Compiles a policy to the texts of its files. */
export async function runCompilation({ text, settings, name }: CompileJob): Promise<CompileResult> {
  const files = await filesOf(snapshot(text, settings), name);
  return files ? { ok: true, files } : { ok: false, message: 'it has errors' };
}
