import type { Documents } from './documents.ts';
import type { ExplainLogParams, ExplainLogResult } from './protocol.ts';

/**
 * Answers `pvpolicy/explainLog`: each refusal in a log, on the lines of the policy if it is open. What the kernel's messages
 * mean is loaded by the first call.
 */
export const explain =
  (documents: Documents) =>
  async ({ log, uri }: ExplainLogParams): Promise<ExplainLogResult> => {
    const { explainLog } = await import('../kernel/verifier-log/explain.ts');
    const snapshot = uri === undefined ? undefined : documents.get(uri);
    const name = decodeURIComponent(uri?.split('/').at(-1) ?? '');
    return explainLog(log, snapshot && { name, text: snapshot.text });
  };
