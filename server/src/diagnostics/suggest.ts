/** A word this long is no misspelling worth the time; it also bounds the table below. */
const LONGEST = 64;

/**
 * The candidate that `word` most likely stands for: at most one edit in three letters away (an insertion, a
 * deletion, a substitution or a swap of neighbours; so none for words of two). Undefined when none is that near. The first of equals wins.
 */
export function closest(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length > LONGEST) return undefined;
  const lower = word.toLowerCase();
  let best: string | undefined;
  let bound = Math.floor(word.length / 3) + 1;
  for (const candidate of candidates) {
    if (candidate === word) continue;
    const d = distance(lower, candidate.toLowerCase(), bound);
    if (d < bound) {
      best = candidate;
      bound = d;
    }
  }
  return best;
}

/** What `word` most likely stands for: `known`, if it is one of the candidates, else the nearest of them. */
export const likely = (
  word: string,
  known: string | undefined,
  candidates: readonly string[],
): string | undefined =>
  known !== undefined && candidates.includes(known) ? known : closest(word, candidates);

/** Edits between `a` and `b`, with a swap of neighbours as one; `bound` or more is answered as `bound`. */
function distance(a: string, b: string, bound: number): number {
  if (Math.abs(a.length - b.length) >= bound) return bound;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    let least = i;
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let d = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        d = Math.min(d, (beforeLast[j - 2] ?? 0) + 1);
      }
      row.push(d);
      least = Math.min(least, d);
    }
    if (least >= bound) return bound;
    [beforeLast, last] = [last, row];
  }
  return Math.min(bound, last[b.length] ?? bound);
}
