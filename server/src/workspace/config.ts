import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { diagnostic, TABLE, type Code } from '../diagnostics/table.ts';
import { CALLS, HOOKS } from '../kernel/catalogue.ts';
import type { OpenedKernel } from '../kernel/open-kernel.ts';
import { PROFILES, type OutOfTree, type Profile } from '../kernel/profiles.ts';
import { RENAMED } from '../kernel/renames.ts';
import type { Allowlist, Rules } from '../safety/allowlist.ts';
import { ACTIONS } from '../semantics/actions.ts';
import { readOutOfTree } from './config-kernel.ts';
import { ConfigReader } from './config-reader.ts';
import { readJson, type Json } from './json.ts';
import { DEFAULTS, mayChange, SEVERITIES, type Settings, type SeverityRules } from './settings.ts';

/** What a pvpolicy.json says, and what is wrong with it. A wrong entry is left out; the others hold. */
export interface Config {
  readonly settings: Settings;
  readonly diagnostics: readonly Diagnostic[];
}

/** Opens the kernel of a `profile` that names a file, relative to the pvpolicy.json. */
export type OpenProfile = (path: string) => OpenedKernel;

/** `$schema` is for editors. */
const KEYS = ['$schema', 'profile', 'allow', 'deny', 'severity', 'hooks', 'kfuncs'];
const NARROWED = ['kfuncs', 'tracepoints', 'actions'] as const;
type Narrowed = (typeof NARROWED)[number];

/** Reads the text of a pvpolicy.json. */
export function readConfig(text: string, open?: OpenProfile): Config {
  const json = readJson(text);
  if (!json.ok) {
    return { settings: DEFAULTS, diagnostics: [diagnostic('PV8003', json.span, { message: json.message })] };
  }
  const reader = new ConfigReader();
  const settings = settingsOf(reader, json.value, open);
  return { settings, diagnostics: reader.problems };
}

function settingsOf(reader: ConfigReader, json: Json, open: OpenProfile | undefined): Settings {
  const entries = reader.members(json, 'pvpolicy.json', KEYS);
  const value = (key: string): Json | undefined => entries.get(key)?.value;
  const profile = profileOf(reader, value('profile'), open);
  const imported = typeof profile === 'object' ? profile : undefined;
  const outOfTree = readOutOfTree(reader, value('hooks'), value('kfuncs'), imported);
  const names = knownNames(imported, outOfTree);
  const allow = lists(reader, value('allow'), 'allow', names);
  const deny = lists(reader, value('deny'), 'deny', names);
  const rules = (of: Narrowed): Rules => ({
    ...(allow?.[of] && { allow: allow[of] }),
    ...(deny?.[of] && { deny: deny[of] }),
  });
  const allowlist: Allowlist = {
    kfuncs: rules('kfuncs'),
    tracepoints: rules('tracepoints'),
    actions: rules('actions'),
  };
  const severity = severityOf(reader, value('severity'));
  return { profile, allowlist, ...(severity && { severity }), ...(outOfTree && { outOfTree }) };
}

function lists(
  reader: ConfigReader,
  json: Json | undefined,
  name: string,
  known: Readonly<Record<Narrowed, ReadonlySet<string>>>,
) {
  if (json === undefined) return undefined;
  const members = reader.members(json, name, NARROWED);
  const list = (of: Narrowed): readonly string[] | undefined =>
    reader.strings(members.get(of)?.value, `${name}.${of}`)?.map((item) => {
      // A pattern may stand for what is yet to come; a name that nothing has is a slip.
      if (!item.value.includes('*') && !known[of].has(item.value))
        reader.unknownName(item, item.value, of.slice(0, -1), [...known[of]]);
      return item.value;
    });
  return { kfuncs: list('kfuncs'), tracepoints: list('tracepoints'), actions: list('actions') };
}

/** Every name that some kernel, the imported one or the file itself has. */
export function knownNames(
  profile: Profile | undefined,
  outOfTree: OutOfTree | undefined,
): Readonly<Record<Narrowed, ReadonlySet<string>>> {
  const tracepoints = [...HOOKS, ...(outOfTree?.hooks ?? [])]
    .filter((row) => row.family === 'tracepoint')
    .map((row) => (row.system ? `${row.system}:${row.name}` : row.name));
  return {
    kfuncs: new Set([
      ...CALLS.filter((row) => row.class !== 'internal').map((row) => row.name),
      ...RENAMED.flatMap(({ name, spellings }) => [name, ...spellings.map(({ kfunc }) => kfunc)]),
      ...Object.keys(profile?.imported?.kfuncs ?? {}),
      ...(profile?.imported?.helpers ?? []),
      ...(outOfTree?.calls ?? []).map((row) => row.name),
    ]),
    tracepoints: new Set(tracepoints),
    actions: new Set(ACTIONS.map((action) => action.name)),
  };
}

/** Does a `profile` that is no built-in one name a file, and not a version that there is none of? */
export const isFile = (profile: string): boolean => /[./\\]\D/.test(profile);

function profileOf(
  reader: ConfigReader,
  json: Json | undefined,
  open: OpenProfile | undefined,
): string | Profile | undefined {
  const name = reader.text(json, 'profile', 'the name of a kernel profile');
  if (json === undefined || name === undefined) return undefined;
  const ids = PROFILES.map(({ id }) => id);
  if (ids.includes(name)) return name;
  if (open === undefined || !isFile(name)) {
    reader.problems.push(diagnostic('PV8006', json.span, { name, known: ids.join(', ') }));
    return undefined;
  }
  const opened = open(name);
  if (opened.ok) return opened.profile;
  reader.problems.push(diagnostic('PV8008', json.span, { file: name, message: opened.message }));
  return undefined;
}

function severityOf(reader: ConfigReader, json: Json | undefined): SeverityRules | undefined {
  if (json === undefined) return undefined;
  const codes = Object.keys(TABLE) as Code[];
  const rules: Partial<Record<Code, (typeof SEVERITIES)[number]>> = {};
  for (const [key, member] of reader.members(json, 'severity')) {
    const code = codes.find((one) => one === key);
    if (code === undefined) {
      reader.unknownName({ span: member.keySpan }, key, 'diagnostic', codes);
      continue;
    }
    const wanted = reader.word(member.value, 'severity', SEVERITIES);
    if (wanted === undefined) continue;
    if (mayChange(code)) rules[code] = wanted;
    else reader.problems.push(diagnostic('PV8009', member.keySpan, { code }));
  }
  return rules;
}
