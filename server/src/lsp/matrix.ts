import type { CancellationToken } from 'vscode-languageserver';
import type { InParts } from '../../../grammar/in-parts.ts';
import { describe, TABLE, type Code } from '../diagnostics/table.ts';
import { PROFILES } from '../kernel/profiles.ts';
import { grouped, matrixInParts } from '../safety/matrix.ts';
import type { MatrixParams, MatrixResult } from './protocol.ts';
import { inTurns } from './turns.ts';

/** Answers `pvpolicy/kernels`. */
export const kernels = (): readonly string[] => PROFILES.map(({ id }) => id);

/** Answers `pvpolicy/matrix`: the calls that a policy may write, held against every hook of one kernel. */
export const matrix = async (
  { kernel }: MatrixParams,
  token: CancellationToken,
): Promise<MatrixResult | null> =>
  (await inTurns(matrixFor(kernel), () => !token.isCancellationRequested)) ?? null;

function* matrixFor(kernel: string): InParts<MatrixResult | null> {
  const profile = PROFILES.find(({ id }) => id === kernel);
  if (!profile) return null;
  const found = yield* matrixInParts(profile, true);
  yield;
  const { hooks, calls } = grouped(found);
  const codes = new Set(calls.flatMap(({ cells }) => cells.flatMap(({ why }) => why ?? [])));
  return {
    kernel,
    hooks: hooks.map(({ names }) => names),
    calls,
    codes: Object.fromEntries([...codes].toSorted().map((code) => [code, titleOf(code)])),
  };
}

const titleOf = (code: string): string => (code in TABLE ? describe(code as Code).title : '');
