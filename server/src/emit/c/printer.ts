/**
 * Where a line of generated C comes from: a line of the policy (1-based), the generator itself, or nowhere in
 * particular (blank lines, comments, braces), for which no code is generated.
 */
export type Origin = number | 'generated' | 'any';

export interface Line {
  readonly text: string;
  readonly origin: Origin;
  /** In a block around one statement, which nothing leaves before its end. */
  readonly apart?: true;
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
 * what the policy is called; `remarks` are the comments of the policy that stand on lines of their own, by the line:
 * those right before a statement come along, once.
 */
export function print(
  lines: readonly Line[],
  file: string,
  source: string,
  remarks: ReadonlyMap<number, string>,
): string {
  const out: string[] = [];
  const told = new Set<number>();
  /** The line of the policy with which what is said of a statement on `line` begins. */
  const beginning = (line: number): number => {
    let first = line;
    while (remarks.has(first - 1) && !told.has(first - 1)) first--;
    return first;
  };
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
    } else if (typeof line.origin === 'number') {
      const first = beginning(line.origin);
      const gap = inPolicy ? first - next : -1;
      if (gap > 0 && gap <= GAP && mayFollowBlank(lines[i - 1])) {
        for (let k = 0; k < gap; k++) push('');
      } else if (gap !== 0) {
        out.push(`#line ${first} ${quote(source)}`);
        inPolicy = true;
        next = first;
      }
      for (let at = first; at < line.origin; at++) {
        push(`${/^\t*/.exec(line.text)?.[0] ?? ''}/* ${inComment(remarks.get(at) ?? '')} */`);
        told.add(at);
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

/** Comments of the policy that have a line for themselves, without their slashes, by the line; doc comments are not among them. */
export function remarksOf(source: string): ReadonlyMap<number, string> {
  const found = source
    .split(/\r\n|\n|\r/)
    .map((text, i) => [i + 1, /^\s*\/\/(?!\/)\s*(.*?)\s*$/.exec(text)?.[1] ?? ''] as const);
  return new Map(found.filter(([, text]) => text !== ''));
}

/** The text where it cannot end a comment, and looks like the beginning of none. */
export const inComment = (text: string): string => text.replaceAll('*/', '* /').replaceAll('/*', '/ *');

/** Text of a doc comment as a kernel comment, or nothing. */
export function comment(doc: string | undefined): string[] {
  if (doc === undefined) return [];
  const lines = inComment(doc).split('\n').flatMap(wrap);
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
