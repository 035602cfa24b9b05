import { closest } from '../diagnostics/suggest.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { diagnostic } from '../diagnostics/table.ts';
import { PROFILES } from '../kernel/profiles.ts';
import { readJson, type Json, type Member } from './json.ts';
import { DEFAULTS, type Settings } from './settings.ts';

/** What a pvpolicy.json says, and what is wrong with it. A wrong entry is left out; the others hold. */
export interface Config {
  readonly settings: Settings;
  readonly diagnostics: readonly Diagnostic[];
}

/** `$schema` is for editors. */
const KEYS = ['$schema', 'profile'] as const;

/** Reads the text of a pvpolicy.json. */
export function readConfig(text: string): Config {
  const json = readJson(text);
  if (!json.ok) {
    const wrong = diagnostic('PV8003', json.span, { message: json.message });
    return { settings: DEFAULTS, diagnostics: [wrong] };
  }
  if (json.value.kind !== 'object') {
    const wrong = diagnostic('PV8005', json.value.span, { name: 'pvpolicy.json', expected: 'an object' });
    return { settings: DEFAULTS, diagnostics: [wrong] };
  }
  const problems: Diagnostic[] = [];
  let settings = DEFAULTS;
  for (const member of json.value.members) {
    if (member.key === 'profile') {
      settings = { ...settings, profile: profile(member.value, problems) };
    } else if (member.key !== '$schema') problems.push(unknownKey(member));
  }
  return { settings, diagnostics: problems };
}

function profile(value: Json, problems: Diagnostic[]): string | undefined {
  if (value.kind !== 'string') {
    problems.push(
      diagnostic('PV8005', value.span, { name: 'profile', expected: 'the name of a kernel profile' }),
    );
    return undefined;
  }
  const ids = PROFILES.map(({ id }) => id);
  if (ids.includes(value.value)) return value.value;
  problems.push(diagnostic('PV8006', value.span, { name: value.value, known: ids.join(', ') }));
  return undefined;
}

function unknownKey({ key, keySpan }: Member): Diagnostic {
  const near = closest(key, KEYS);
  const fixes = near
    ? [{ title: `Change to '${near}'`, edits: [{ span: keySpan, newText: JSON.stringify(near) }] }]
    : [];
  return diagnostic('PV8004', keySpan, { key, known: KEYS.join(', ') }, { fixes });
}
