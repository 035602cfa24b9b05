import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { closest } from '../diagnostics/suggest.ts';
import { diagnostic } from '../diagnostics/table.ts';
import type { Json, Member } from './json.ts';

/** Takes JSON values for what they should be; what they are not becomes a diagnostic, and the value undefined. */
export class ConfigReader {
  readonly problems: Diagnostic[] = [];

  /** The members of an object, by name; of a name that is given twice the last counts, as JSON has it. */
  members(json: Json, name: string, known?: readonly string[]): ReadonlyMap<string, Member> {
    if (json.kind !== 'object') {
      this.expected(json, name, 'an object');
      return new Map();
    }
    const right = json.members.filter((member) => {
      if (known === undefined || known.includes(member.key)) return true;
      this.unknownKey(member, known);
      return false;
    });
    return new Map(right.map((member) => [member.key, member]));
  }

  text(json: Json | undefined, name: string, expected: string): string | undefined {
    if (json === undefined) return undefined;
    if (json.kind === 'string') return json.value;
    this.expected(json, name, expected);
    return undefined;
  }

  /** The strings of a list, with where they stand. */
  strings(json: Json | undefined, name: string): readonly (Json & { readonly kind: 'string' })[] | undefined {
    if (json === undefined) return undefined;
    if (json.kind !== 'array') {
      this.expected(json, name, 'a list of names');
      return undefined;
    }
    return json.items.flatMap((item) => {
      if (item.kind === 'string') return item;
      this.expected(item, `an entry of ${name}`, 'a name in quotes');
      return [];
    });
  }

  /** One of the words of `known`; `what` is how a message calls them. */
  word<T extends string>(json: Json | undefined, what: string, known: readonly T[]): T | undefined {
    const text = this.text(json, what, `one of ${known.join(', ')}`);
    if (json === undefined || text === undefined) return undefined;
    const found = known.find((one) => one === text);
    if (found === undefined) this.unknownName(json, text, what, known);
    return found;
  }

  /** A list of such words. */
  words<T extends string>(
    json: Json | undefined,
    name: string,
    what: string,
    known: readonly T[],
  ): readonly T[] | undefined {
    return this.strings(json, name)?.flatMap((item) => this.word(item, what, known) ?? []);
  }

  expected(json: Pick<Json, 'span'>, name: string, expected: string): void {
    this.problems.push(diagnostic('PV8005', json.span, { name, expected }));
  }

  /** `name` is none of `known`; a list that is short is shown whole. */
  unknownName(json: Pick<Json, 'span'>, name: string, what: string, known: readonly string[]): void {
    const near = closest(name, known);
    const list = known.length <= MOST_LISTED ? known.join(', ') : undefined;
    this.problems.push(
      diagnostic('PV8007', json.span, { name, what, near, known: list }, { fixes: fixes(json, near) }),
    );
  }

  private unknownKey({ key, keySpan }: Member, known: readonly string[]): void {
    const near = closest(key, known);
    this.problems.push(
      diagnostic(
        'PV8004',
        keySpan,
        { key, known: known.join(', ') },
        { fixes: fixes({ span: keySpan }, near) },
      ),
    );
  }
}

const MOST_LISTED = 16;

const fixes = ({ span }: Pick<Json, 'span'>, near: string | undefined) =>
  near === undefined
    ? []
    : [{ title: `Change to '${near}'`, edits: [{ span, newText: JSON.stringify(near) }] }];
