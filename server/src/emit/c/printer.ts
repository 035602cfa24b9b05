/**
 * Where a line of generated C comes from: a line of the policy (1-based), the generator itself, or nowhere in
 * particular (blank lines, comments, braces), for which no code is generated.
 */
export type Origin = number | 'generated' | 'any';

export interface Line {
  readonly text: string;
  readonly origin: Origin;
}

/** Lines of the generator's own, from a template; blank lines and lines of comments have no origin. */
export function generated(...lines: readonly string[]): Line[] {
  return lines
    .flatMap((text) => text.split('\n'))
    .map((text) => ({ text, origin: isCode(text) ? 'generated' : 'any' }));
}

const isCode = (text: string): boolean => !/^\s*($|\/[/*]|\*|[{}]+;?$|#)/.test(text);

/** The lines moved right by one tab; blank lines and directives stay. */
export const indent = (lines: readonly Line[]): Line[] =>
  lines.map((line) =>
    line.text === '' || line.text.startsWith('#') ? line : { ...line, text: `\t${line.text}` },
  );

/** A gap of one line between two statements is kept, as in the policy; more blank lines than one are printed as one. */
const GAP = 1;

/**
 * Prints lines with the `#line` directives that they need. The compiler counts on from each directive, so one is
 * written only where counting on would name the wrong place. `file` is what the generated file is called, `source`
 * what the policy is called.
 */
export function print(lines: readonly Line[], file: string, source: string): string {
  const out: string[] = [];
  /** Place that the compiler gives to the next line. */
  let inPolicy = false;
  let next = 1;
  const push = (text: string): void => {
    out.push(text);
    next++;
  };
  for (const [i, line] of lines.entries()) {
    if (line.origin === 'generated' && inPolicy) {
      out.push(`#line ${out.length + 2} ${quote(file)}`);
      inPolicy = false;
      next = out.length + 1;
    } else if (typeof line.origin === 'number' && !(inPolicy && next === line.origin)) {
      const gap = inPolicy ? line.origin - next : 0;
      if (gap > 0 && gap <= GAP && mayFollowBlank(lines[i - 1])) {
        for (let k = 0; k < gap; k++) push('');
      } else {
        out.push(`#line ${line.origin} ${quote(source)}`);
        inPolicy = true;
        next = line.origin;
      }
    }
    push(line.text);
  }
  return `${out.join('\n')}\n`;
}

/** Not between the head of a statement and its only, unbraced, line. */
const mayFollowBlank = (line: Line | undefined): boolean => line !== undefined && /[;}]$/.test(line.text);

const quote = (name: string): string => JSON.stringify(name);

/** Columns that a comment fills at most. */
const WIDTH = 100;

/** Text of a doc comment as a kernel comment, or nothing. */
export function comment(doc: string | undefined): string[] {
  if (doc === undefined) return [];
  const lines = doc.replaceAll('*/', '* /').split('\n').flatMap(wrap);
  if (lines.length === 1) return [`/* ${lines[0]} */`];
  return ['/*', ...lines.map((line) => ` * ${line}`.trimEnd()), ' */'];
}

/** Lines of whole words that fit. */
export function wrap(text: string): string[] {
  if (text.length <= WIDTH) return [text];
  const at = text.lastIndexOf(' ', WIDTH);
  if (at <= 0) return [text];
  return [text.slice(0, at), ...wrap(text.slice(at + 1))];
}
