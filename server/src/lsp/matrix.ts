import { describe, TABLE, type Code } from '../diagnostics/table.ts';
import { PROFILES } from '../kernel/profiles.ts';
import { grouped, matrixOf } from '../safety/matrix.ts';
import type { MatrixParams, MatrixResult } from './protocol.ts';

/** Answers `pvpolicy/kernels`. */
export const kernels = (): readonly string[] => PROFILES.map(({ id }) => id);

/** Answers `pvpolicy/matrix`: the calls that a policy may write, held against every hook of one kernel. */
export function matrix({ kernel }: MatrixParams): MatrixResult | null {
  const profile = PROFILES.find(({ id }) => id === kernel);
  if (!profile) return null;
  const { hooks, calls } = grouped(matrixOf(profile, true));
  const codes = new Set(calls.flatMap(({ cells }) => cells.flatMap(({ why }) => why ?? [])));
  return {
    kernel,
    hooks: hooks.map(({ names }) => names),
    calls,
    codes: Object.fromEntries([...codes].toSorted().map((code) => [code, titleOf(code)])),
  };
}

const titleOf = (code: string): string => (code in TABLE ? describe(code as Code).title : '');
