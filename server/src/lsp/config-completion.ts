import { CompletionItemKind, type CompletionItem } from 'vscode-languageserver';
import { describe, TABLE, type Code } from '../diagnostics/table.ts';
import { knownNames } from '../workspace/config.ts';
import { ENTRY_WORDS } from '../workspace/config-kernel.ts';
import { PROFILES } from '../kernel/profiles.ts';
import { mayChange, SEVERITIES } from '../workspace/settings.ts';

/** Where a text stands in JSON: the keys on the way in, and whether a key or a value is due. */
interface Spot {
  readonly path: readonly string[];
  readonly due: 'key' | 'value';
  readonly inString: boolean;
  /** What the object or the list has already. */
  readonly there: ReadonlySet<string>;
}

const KEYS: Readonly<Record<string, string>> = {
  profile: 'the kernel that policies are held against: a built-in profile, or a file',
  allow: 'the only kfuncs, tracepoints and actions that policies may use',
  deny: 'kfuncs, tracepoints and actions that policies must not use',
  severity: 'how grave a diagnostic is in this workspace',
  hooks: 'hooks that the catalogue lacks',
  kfuncs: 'kfuncs that the catalogue lacks',
};

const NARROWED: Readonly<Record<string, string>> = {
  kfuncs: 'names of kfuncs; * stands for anything',
  tracepoints: 'as system:name; * stands for anything',
  actions: 'boost, pin, kick, …',
};

/** What can be written at `offset` of a pvpolicy.json; what is there already is not offered again. */
export function configCompletion(text: string, offset: number): readonly CompletionItem[] {
  const { path, due, inString, there } = spotAt(text.slice(0, offset));
  const quoted = (label: string): string => (inString ? label : JSON.stringify(label));
  const item = (label: string, kind: CompletionItemKind, detail: string): CompletionItem => ({
    label,
    kind,
    detail,
    insertText: due === 'key' && !inString ? `${quoted(label)}: ` : quoted(label),
    filterText: quoted(label),
  });
  const open = candidates(path, due).filter(([label]) => !there.has(label));
  return open.map(([label, detail]) =>
    item(label, due === 'key' ? CompletionItemKind.Property : CompletionItemKind.Value, detail),
  );
}

function candidates(path: readonly string[], due: Spot['due']): readonly (readonly [string, string])[] {
  const [first, second, third = ''] = path;
  const depth = path.length;
  if (first === 'hooks' || first === 'kfuncs') {
    const entry = ENTRY_WORDS[first];
    if (due === 'key') return depth === 2 ? Object.keys(entry).map((key) => [key, first.slice(0, -1)]) : [];
    return depth === 3 ? (entry[third] ?? []).map((word) => [word, third]) : [];
  }
  if (due === 'key') {
    if (depth === 0) return Object.entries(KEYS);
    if (depth === 1 && (first === 'allow' || first === 'deny')) return Object.entries(NARROWED);
    if (depth === 1 && first === 'severity')
      return (Object.keys(TABLE) as Code[]).filter(mayChange).map((code) => [code, describe(code).title]);
    return [];
  }
  if (first === 'profile' && depth === 1) return PROFILES.map(({ id }) => [id, 'profile']);
  if (first === 'severity' && depth === 2) return SEVERITIES.map((word) => [word, 'severity']);
  if ((first === 'allow' || first === 'deny') && depth === 2 && second !== undefined && second in NARROWED)
    return [...knownNames(undefined, undefined)[second as 'kfuncs']].map((name) => [
      name,
      second.slice(0, -1),
    ]);
  return [];
}

const TOKEN = /\/\/[^\n]*|"(?:[^"\\\n]|\\.)*"?|[{}[\],:]/gu;

/** An object or a list that is open at the cursor. */
interface Open {
  readonly array: boolean;
  key: string | undefined;
  readonly there: Set<string>;
}

/** Reads the text up to the cursor, whole or not. */
function spotAt(before: string): Spot {
  const stack: Open[] = [];
  let word = '';
  let inString = false;
  for (const [token] of before.matchAll(TOKEN)) {
    inString = false;
    const top = stack.at(-1);
    if (token === '{' || token === '[')
      stack.push({ array: token === '[', key: undefined, there: new Set() });
    else if (token === '}' || token === ']') stack.pop();
    else if (token === ':' && top) {
      top.key = word;
      top.there.add(word);
    } else if (token === ',' && top) {
      if (top.array) top.there.add(word);
      else top.key = undefined;
    } else if (token.startsWith('"')) {
      inString = token.length === 1 || !token.endsWith('"');
      word = token.replaceAll('"', '');
    }
  }
  const top = stack.at(-1);
  const path = stack.flatMap(({ key }) => (key === undefined ? [] : [key]));
  const due = top?.array === true || top?.key !== undefined ? 'value' : 'key';
  return {
    path,
    due,
    inString,
    there: due === 'key' || top?.array === true ? (top?.there ?? NOTHING) : NOTHING,
  };
}

const NOTHING: ReadonlySet<string> = new Set();
