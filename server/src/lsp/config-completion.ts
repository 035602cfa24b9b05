import { CompletionItemKind, type CompletionItem } from 'vscode-languageserver';
import { describe, TABLE, type Code } from '../diagnostics/table.ts';
import { knownNames } from '../workspace/config.ts';
import { PROFILES } from '../kernel/profiles.ts';
import { mayChange, SEVERITIES } from '../workspace/settings.ts';

/** Where a text stands in JSON: the keys on the way in, and whether a key or a value is due. */
interface Spot {
  readonly path: readonly string[];
  readonly due: 'key' | 'value';
  readonly inString: boolean;
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

/** What can be written at `offset` of a pvpolicy.json. */
export function configCompletion(text: string, offset: number): readonly CompletionItem[] {
  const { path, due, inString } = spotAt(text.slice(0, offset));
  const quoted = (label: string): string => (inString ? label : JSON.stringify(label));
  const item = (label: string, kind: CompletionItemKind, detail: string): CompletionItem => ({
    label,
    kind,
    detail,
    insertText: due === 'key' && !inString ? `${quoted(label)}: ` : quoted(label),
    filterText: quoted(label),
  });
  return candidates(path, due).map(([label, detail]) =>
    item(label, due === 'key' ? CompletionItemKind.Property : CompletionItemKind.Value, detail),
  );
}

function candidates(path: readonly string[], due: Spot['due']): readonly (readonly [string, string])[] {
  const [first, second] = path;
  const depth = path.length;
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

/** Reads the text up to the cursor, whole or not. */
function spotAt(before: string): Spot {
  const stack: { readonly array: boolean; key: string | undefined }[] = [];
  let word = '';
  let open = false;
  for (const [token] of before.matchAll(TOKEN)) {
    open = false;
    const top = stack.at(-1);
    if (token === '{' || token === '[') stack.push({ array: token === '[', key: undefined });
    else if (token === '}' || token === ']') stack.pop();
    else if (token === ':' && top) top.key = word;
    else if (token === ',' && top && !top.array) top.key = undefined;
    else if (token.startsWith('"')) {
      open = token.length === 1 || !token.endsWith('"');
      word = token.replaceAll('"', '');
    }
  }
  const top = stack.at(-1);
  const path = stack.flatMap(({ key }) => (key === undefined ? [] : [key]));
  return { path, due: top?.array === true || top?.key !== undefined ? 'value' : 'key', inString: open };
}
