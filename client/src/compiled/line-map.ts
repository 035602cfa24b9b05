/** Which lines of generated C come from which lines of the policy, by its `#line` directives. Lines count from 0. */
export interface LineMap {
  /** Of a line of C; undefined where it comes from no line of the policy. */
  policyLine(cLine: number): number | undefined;
  /** In their order. */
  cLines(policyLine: number): readonly number[];
}

/** Reads the directives of `c`; those that name a file other than `policy` (its own name) lead back to the C itself. */
export function lineMap(c: string, policy: string): LineMap {
  const toPolicy: (number | undefined)[] = [];
  const toC = new Map<number, number[]>();
  let next: number | undefined;
  for (const [at, text] of c.split('\n').entries()) {
    const [, line, file] = /^#line (\d+) "(.*)"$/u.exec(text) ?? [];
    if (line !== undefined) {
      next = file?.replaceAll(/\\(.)/gu, '$1') === policy ? Number(line) - 1 : undefined;
      toPolicy[at] = undefined;
      continue;
    }
    toPolicy[at] = next;
    if (next === undefined) continue;
    toC.set(next, [...(toC.get(next) ?? []), at]);
    next++;
  }
  return { policyLine: (line) => toPolicy[line], cLines: (line) => toC.get(line) ?? [] };
}
