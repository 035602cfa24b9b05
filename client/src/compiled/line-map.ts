/** Which lines of generated C come from which lines of the policy, by its `#line` directives. Lines count from 0. */
export interface LineMap {
  /** Of a line of C; undefined where it comes from no line of the policy. */
  policyLine(cLine: number): number | undefined;
  /** In their order. */
  cLines(policyLine: number): readonly number[];
  /** Of a line of C in the head of a function: the line of the policy that the function's body begins with. */
  bodyOf(cLine: number): number | undefined;
  /** What came of the first line, at this one or below it, that anything came of: where it begins a body, the head. */
  fromBelow(policyLine: number): readonly number[];
}

/** Reads the directives of `c`; those that name a file other than `policy` (its own name) lead back to the C itself. */
export function lineMap(c: string, policy: string): LineMap {
  const toPolicy: (number | undefined)[] = [];
  const toC = new Map<number, number[]>();
  const heads = new Map<number, readonly number[]>();
  const bodies = new Map<number, number>();
  // The lines of C so far of what has been blank lines around it, until a line of the policy is named in it.
  let head: number[] | undefined = [];
  let next: number | undefined;
  for (const [at, text] of c.split('\n').entries()) {
    const [, line, file] = /^#line (\d+) "(.*)"$/u.exec(text) ?? [];
    if (line !== undefined) {
      next = file?.replaceAll(/\\(.)/gu, '$1') === policy ? Number(line) - 1 : undefined;
      toPolicy[at] = undefined;
      if (next === undefined || head === undefined) continue;
      if (!heads.has(next)) heads.set(next, head);
      for (const one of head) bodies.set(one, next);
      head = undefined;
      continue;
    }
    toPolicy[at] = next;
    if (next === undefined) {
      head = text === '' ? [] : head && [...head, at];
      continue;
    }
    toC.set(next, [...(toC.get(next) ?? []), at]);
    next++;
  }
  const cLines = (line: number): readonly number[] => toC.get(line) ?? [];
  const last = Math.max(-1, ...toC.keys());
  return {
    policyLine: (line) => toPolicy[line],
    cLines,
    bodyOf: (line) => bodies.get(line),
    fromBelow(line) {
      let at = line;
      while (at < last && cLines(at).length === 0) at++;
      return heads.get(at) ?? cLines(at);
    },
  };
}
