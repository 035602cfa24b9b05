import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { closest } from '../diagnostics/suggest.ts';
import { diagnostic } from '../diagnostics/table.ts';
import { PROFILES } from '../kernel/profiles.ts';
import type { Allowlist, Rules } from '../safety/allowlist.ts';
import { readJson, type Json, type Member } from './json.ts';
import { DEFAULTS, type Settings } from './settings.ts';

/** What a pvpolicy.json says, and what is wrong with it. A wrong entry is left out; the others hold. */
export interface Config {
  readonly settings: Settings;
  readonly diagnostics: readonly Diagnostic[];
}

/** `$schema` is for editors. */
const KEYS = ['$schema', 'profile', 'allow', 'deny'];
const NARROWED = ['kfuncs', 'tracepoints', 'actions'] as const;

/** Reads the text of a pvpolicy.json. */
export function readConfig(text: string): Config {
  const json = readJson(text);
  if (!json.ok) {
    return { settings: DEFAULTS, diagnostics: [diagnostic('PV8003', json.span, { message: json.message })] };
  }
  const reader = new ConfigReader();
  const settings = reader.settings(json.value);
  return { settings, diagnostics: reader.problems };
}

class ConfigReader {
  readonly problems: Diagnostic[] = [];

  settings(json: Json): Settings {
    const entries = this.members(json, 'pvpolicy.json', KEYS);
    const allow = this.names(entries.get('allow'), 'allow');
    const deny = this.names(entries.get('deny'), 'deny');
    const rules = (of: (typeof NARROWED)[number]): Rules => ({
      ...(allow?.[of] && { allow: allow[of] }),
      ...(deny?.[of] && { deny: deny[of] }),
    });
    const allowlist: Allowlist = {
      kfuncs: rules('kfuncs'),
      tracepoints: rules('tracepoints'),
      actions: rules('actions'),
    };
    return { profile: this.profile(entries.get('profile')), allowlist };
  }

  /** The members of an object, by name; of a name that is given twice the last counts, as JSON has it. */
  private members(json: Json, name: string, known: readonly string[]): ReadonlyMap<string, Json> {
    if (json.kind !== 'object') {
      this.expected(json, name, 'an object');
      return new Map();
    }
    const right = json.members.filter((member) => {
      if (known.includes(member.key)) return true;
      this.unknown(member, known);
      return false;
    });
    return new Map(right.map(({ key, value }) => [key, value]));
  }

  private names(json: Json | undefined, name: string) {
    if (json === undefined) return undefined;
    const lists = this.members(json, name, NARROWED);
    const list = (of: string): readonly string[] | undefined => {
      const value = lists.get(of);
      return value && this.strings(value, `${name}.${of}`);
    };
    return { kfuncs: list('kfuncs'), tracepoints: list('tracepoints'), actions: list('actions') };
  }

  private strings(json: Json, name: string): readonly string[] | undefined {
    if (json.kind !== 'array') {
      this.expected(json, name, 'a list of names');
      return undefined;
    }
    return json.items.flatMap((item) => {
      if (item.kind === 'string') return item.value;
      this.expected(item, `an entry of ${name}`, 'a name in quotes');
      return [];
    });
  }

  private profile(json: Json | undefined): string | undefined {
    if (json === undefined) return undefined;
    if (json.kind !== 'string') {
      this.expected(json, 'profile', 'the name of a kernel profile');
      return undefined;
    }
    const ids = PROFILES.map(({ id }) => id);
    if (ids.includes(json.value)) return json.value;
    this.problems.push(diagnostic('PV8006', json.span, { name: json.value, known: ids.join(', ') }));
    return undefined;
  }

  private expected(json: Json, name: string, expected: string): void {
    this.problems.push(diagnostic('PV8005', json.span, { name, expected }));
  }

  private unknown({ key, keySpan }: Member, known: readonly string[]): void {
    const near = closest(key, known);
    const fixes =
      near === undefined
        ? []
        : [{ title: `Change to '${near}'`, edits: [{ span: keySpan, newText: JSON.stringify(near) }] }];
    this.problems.push(diagnostic('PV8004', keySpan, { key, known: known.join(', ') }, { fixes }));
  }
}
