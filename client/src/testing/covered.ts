import type { SimulationReport } from '../../../server/src/lsp/protocol.ts';

type Replay = Pick<SimulationReport['replay'], 'lines' | 'branches' | 'hooks'>;
type Branch = Replay['branches'][number];

/** What ran of a policy in several runs together. Lines count from 1, columns from 0. */
export interface Covered {
  readonly lines: readonly CoveredLine[];
  readonly hooks: readonly { readonly hook: string; readonly line: number; readonly fired: number }[];
}

export interface CoveredLine {
  readonly line: number;
  readonly hits: number;
  /** Of the condition on this line. */
  readonly ways: readonly Way[];
}

/** One of the ways that a condition may go. */
export interface Way {
  readonly name: string;
  readonly taken: number;
  /** Where its block begins, which goes on to the end of that line; absent where it has none. */
  readonly at?: { readonly line: number; readonly column: number };
}

/** `text` is the policy's, as it ran. */
export function coveredBy(replays: readonly Replay[], text: string): Covered {
  const written = text.split(/\r\n?|\n/u);
  const hits = sums(replays.flatMap(({ lines }) => lines.map((one) => [one.line, one.hits] as const)));
  const fired = sums(replays.flatMap(({ hooks }) => hooks.map((one) => [one.line, one.fired] as const)));
  const branches = branchSums(replays);
  return {
    lines: [...hits].map(([line, count]) => ({
      line,
      hits: count,
      ways: waysOf(branches.get(line), written),
    })),
    hooks: (replays[0]?.hooks ?? []).map(({ hook, line }) => ({ hook, line, fired: fired.get(line) ?? 0 })),
  };
}

/** The counts of the ways belong to the blocks: that of the line itself is how often it was asked. */
function waysOf(branch: Branch | undefined, lines: readonly string[]): readonly Way[] {
  if (branch === undefined) return [];
  const { line, taken, arms } = branch;
  const places = arms ? armPlaces(lines, arms) : blocksOf(lines, line);
  const names = arms ? [...arms.map(({ pattern }) => pattern), 'none of the arms'] : ['then', 'else'];
  return taken.flatMap((count, way) => {
    const at = places[way];
    // That an arm is always found is nothing to reach; where the arms are all there are, it cannot be otherwise.
    if (arms && way === arms.length && count === 0) return [];
    return [{ name: names[way] ?? `way ${way + 1}`, taken: count, ...(at && { at }) }];
  });
}

/** Behind the arrow of each arm. */
function armPlaces(lines: readonly string[], arms: NonNullable<Branch['arms']>): readonly Way['at'][] {
  let [last, from] = [0, 0];
  return arms.map(({ line }) => {
    if (line !== last) [last, from] = [line, 0];
    const arrow = lines[line - 1]?.indexOf(ARROW, from) ?? -1;
    if (arrow < 0) return undefined;
    from = arrow + ARROW.length;
    return { line, column: from };
  });
}

const ARROW = '=>';

/** Where the block after the condition on a line begins, and the one after its `else`. */
function blocksOf(lines: readonly string[], line: number): readonly Way['at'][] {
  let depth = 0;
  let then: Way['at'];
  for (let at = line; at <= lines.length; at++) {
    // Braces in texts and comments are none.
    const text = (lines[at - 1] ?? '').replace(/"(?:[^"\\]|\\.)*"?|\/\/.*/gu, (other) =>
      '.'.repeat(other.length),
    );
    const from = at === line && text.trimStart().startsWith('}') ? text.indexOf('}') + 1 : 0;
    for (let column = from; column < text.length; column++) {
      if (text[column] === '{') {
        then ??= { line: at, column };
        depth++;
      }
      if (text[column] === '}' && --depth === 0) {
        const other = /^\s*else\s*(?=\{)/u.exec(text.slice(column + 1));
        return [then, other ? { line: at, column: column + 1 + other[0].length } : undefined];
      }
    }
    if (then === undefined) return [];
  }
  return [then];
}

function sums(pairs: readonly (readonly [number, number])[]): ReadonlyMap<number, number> {
  const all = new Map<number, number>();
  for (const [key, value] of pairs) all.set(key, (all.get(key) ?? 0) + value);
  return all;
}

/** By line; of two conditions on one line the first counts. */
function branchSums(replays: readonly Replay[]): ReadonlyMap<number, Branch> {
  const all = new Map<number, Branch>();
  for (const { branches } of replays) {
    const seen = new Set<number>();
    for (const branch of branches) {
      const { line, taken } = branch;
      if (seen.has(line)) continue;
      seen.add(line);
      const before = all.get(line)?.taken ?? [];
      all.set(line, { ...branch, taken: taken.map((one, way) => one + (before[way] ?? 0)) });
    }
  }
  return all;
}
