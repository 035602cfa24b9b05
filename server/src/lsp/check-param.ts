import type { Documents } from './documents.ts';
import type { CheckParamParams } from './protocol.ts';

/**
 * Answers `pvpolicy/checkParam`: why a param of an open policy cannot have a value; null where it can, and where the policy
 * has errors, so that nothing is known of it.
 */
export const checkParam =
  (documents: Documents) =>
  async ({ uri, name, value }: CheckParamParams): Promise<string | null> => {
    const program = (await documents.newest(uri, 'diagnostics'))?.program;
    if (!program) return null;
    const { parseSetting } = await import('../simulate/params.ts');
    const setting = parseSetting(program, `${name}=${value}`);
    return 'code' in setting ? setting.message : null;
  };
