import type * as ast from '../../grammar/ast.ts';
import { parse } from '../../grammar/parser.ts';

/** A policy of the gallery to begin a new one with. */
export interface Template {
  /** What one asks for: the name of the file without its number. */
  readonly name: string;
  readonly target: string;
  /** The first sentence of its description. */
  readonly summary: string;
  /** A policy without scenarios: those are of the gallery's own traces. */
  readonly text: string;
}

/** Where the scenarios were. */
const ENDING = `// Say here what you expect on a recording of your own host, and try it with: pvpolicy test FILE
//
// scenario my_host {
//     trace "host.trace.gz"
//     vm mine = comm "CPU*KVM*"
//     expect p99(wakeup_latency of mine) < 1.05 * baseline
// }
`;

/** The template that the text of a gallery's file is; `file` is its name without a folder. */
export function templateOf(file: string, text: string): Template {
  const { file: tree } = parse(text);
  const scenarios = tree.decls.filter((decl) => decl.kind === 'scenario');
  const first = scenarios[0];
  const kept = first ? text.slice(0, beginOf(text, first)) : text;
  return {
    name: file.replace(/^\d+_/, '').replace(/\.pvpolicy$/, ''),
    target: tree.header?.target.text ?? '',
    summary: firstSentence(tree.header?.doc ?? ''),
    text: `${kept.trimEnd()}\n\n${ENDING}`,
  };
}

/** Comments right above a declaration go with it. */
function beginOf(text: string, decl: ast.Decl): number {
  const lines = text.slice(0, decl.span.start).split('\n');
  while (/^\s*\/\//.test(lines.at(-2) ?? '')) lines.splice(-2, 1);
  return lines.join('\n').length;
}

const firstSentence = (doc: string): string => /^[^.]*\./.exec(doc.replaceAll(/\s+/g, ' '))?.[0] ?? doc;

/** The template's text with the policy called `name`, which must be a word of the language. */
export function named({ text }: Template, name: string): string {
  const ident = parse(text).file.header?.name;
  return ident ? text.slice(0, ident.span.start) + name + text.slice(ident.span.end) : text;
}
