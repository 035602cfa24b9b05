import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { PROFILES } from '../../server/src/kernel/profiles.ts';
import { readConfig } from '../../server/src/workspace/config.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const { contributes } = manifest;
const commands = contributes.commands.map(({ command }) => command);

/** All the code of the extension. */
const sources = readdirSync(join(root, 'client/src'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => read(`client/src/${name}`))
  .join('\n');

interface MenuEntry {
  readonly command?: string;
  readonly submenu?: string;
  readonly when: string;
}

describe('the manifest', () => {
  test('names files that exist', () => {
    const paths = JSON.stringify(manifest)
      .match(/"\.\/[^"]+"/gu)
      ?.map((quoted) => JSON.parse(quoted) as string);
    expect(paths?.length).toBeGreaterThan(5);
    expect(paths?.filter((path) => !existsSync(join(root, path)))).toEqual([]);
    expect(existsSync(join(root, manifest.bin.pvpolicy))).toBe(true);
  });

  test('has JSON where it names JSON', () => {
    const [language] = contributes.languages;
    const [snippets] = contributes.snippets;
    for (const path of [language?.configuration, snippets?.path, contributes.jsonValidation[0]?.url]) {
      expect(() => JSON.parse(read(path ?? ''))).not.toThrow();
    }
  });

  test('offers the commands that the code registers, and no others', () => {
    const registered = read('client/src/commands.ts') + read('server/src/lsp/protocol.ts');
    const ids = [...new Set(registered.match(/'pvpolicy\.\w+'/gu))].map((quoted) => quoted.slice(1, -1));
    expect(commands.toSorted()).toEqual(ids.toSorted());
    const used = [...sources.matchAll(/registerCommand\(\s*COMMANDS\.(\w+)/gu)].map(([, key]) => key);
    expect(used).toHaveLength(commands.length);
  });

  test('has menu entries for commands that exist, each in its place', () => {
    for (const [menu, entries] of Object.entries(contributes.menus)) {
      for (const { command, submenu, when } of entries as readonly MenuEntry[]) {
        if (submenu === undefined) expect(commands, menu).toContain(command);
        else expect(contributes.submenus.map(({ id }) => id)).toContain(submenu);
        expect(when, `${menu} ${command}`).toBeTruthy();
      }
    }
    // A command with an icon may stand in the title of an editor.
    const titled = [...contributes.menus['editor/title'], ...contributes.menus['view/title']]
      .filter(({ group }) => group.startsWith('navigation'))
      .map(({ command }) => command);
    for (const { command, icon } of contributes.commands.map((row) => ({ icon: undefined, ...row }))) {
      if (titled.includes(command)) expect(icon).toMatch(/^\$\([\w-]+\)$/u);
    }
  });

  test('has keys for commands, only where a policy, its C or its report is in front', () => {
    for (const { command, when } of contributes.keybindings) {
      expect(commands).toContain(command);
      expect(when).toMatch(
        /(?:editorTextFocus|!terminalFocus) && \(editorLangId == pvpolicy \|\| [^()]*\)(?: && \w+)?$/u,
      );
    }
  });

  test('has a walkthrough whose links are commands', () => {
    for (const { description, completionEvents } of contributes.walkthroughs.flatMap(({ steps }) => steps)) {
      const named = [...description.matchAll(/\(command:([\w.]+)\)/gu)].map(([, command]) => command);
      expect(named.length).toBeGreaterThan(0);
      expect(named.filter((command) => !commands.includes(command ?? ''))).toEqual([]);
      expect(completionEvents.length).toBeGreaterThan(0);
      // The editor takes two grave accents and two asterisks; others it shows as they are.
      expect(description.replaceAll(/``[^`]+``|\*\*[^*]+\*\*/gu, '')).not.toMatch(/[`*]/u);
    }
  });

  test('has the colours that the code draws with, for every kind of theme', () => {
    const drawn = new Set(sources.match(/pvpolicy\.results\.\w+(?=')/gu));
    expect(contributes.colors.map(({ id }) => id).toSorted()).toEqual([...drawn].toSorted());
    for (const { id, defaults } of contributes.colors)
      expect(Object.keys(defaults).toSorted(), id).toEqual([
        'dark',
        'highContrast',
        'highContrastLight',
        'light',
      ]);
  });

  test('has settings that the code reads, with a default and a description', () => {
    for (const [name, setting] of Object.entries(contributes.configuration.properties)) {
      expect(setting, name).toMatchObject({
        default: expect.anything(),
        markdownDescription: expect.any(String),
      });
      // The trace setting is read by the library that talks to the server.
      if (name !== 'pvpolicy.trace.server') expect(sources).toContain(name.split('.').at(-1));
    }
  });

  test('has a page that tells of every command and setting', () => {
    const guide = read('docs/vscode.md');
    for (const { title } of contributes.commands) expect(guide).toContain(title);
    for (const name of Object.keys(contributes.configuration.properties))
      expect(guide).toContain(`| \`${name}\` |`);
  });

  test('activates on the language, by name: the implied event needs more', () => {
    expect(manifest.activationEvents).toContain('onLanguage:pvpolicy');
    expect(contributes.languages.map(({ id }) => id)).toEqual(['pvpolicy']);
  });

  test('pins every dependency exactly', () => {
    const versions = Object.values({ ...manifest.dependencies, ...manifest.devDependencies });
    expect(versions.filter((version) => !/^\d+\.\d+\.\d+$/u.test(version))).toEqual([]);
    expect(manifest.devDependencies['@types/vscode']).toBe(manifest.engines.vscode.replace('^', ''));
  });
});

describe('the schema of pvpolicy.json', () => {
  const schema = JSON.parse(read('client/pvpolicy.schema.json'));

  test('suggests names and leaves it to the server to refuse some, which would say it twice', () => {
    const text = JSON.stringify(schema);
    expect(text).not.toContain('"additionalProperties":false');
    const open = text.match(/"anyOf":\[\{"enum":\[[^\]]*\]\},\{"type":"string"/gu);
    expect(open).toHaveLength(text.match(/"enum":/gu)?.length ?? 0);
  });

  test('knows the profiles', () => {
    expect(schema.properties.profile.anyOf[0].enum).toEqual(PROFILES.map(({ id }) => id));
  });

  test('has the settings that are read, at every depth', () => {
    const names = { kfuncs: ['a*'], tracepoints: ['b*'], actions: ['c*'] };
    const hook = {
      params: ['int a'],
      locks: ['rq'],
      mayHold: ['any'],
      irqs: 'off',
      contexts: ['task'],
      doc: '',
    };
    const kfunc = {
      signature: 'int f(int a)',
      effects: ['may_sleep'],
      programs: ['tracing'],
      fires: ['x'],
      delivers: 'boost',
      mayBeNull: false,
      doc: '',
    };
    const full = {
      $schema: '',
      profile: '7.3',
      allow: names,
      deny: names,
      severity: { PV4017: 'off' },
      hooks: { 'a:b': hook },
      kfuncs: { f: kfunc },
    };
    const keysOf = (of: string) => Object.keys(schema.properties[of].additionalProperties.properties);
    expect(keysOf('hooks').toSorted()).toEqual(Object.keys(hook).toSorted());
    expect(keysOf('kfuncs').toSorted()).toEqual(Object.keys(kfunc).toSorted());
    expect(readConfig(JSON.stringify(full)).diagnostics).toEqual([]);
    expect(Object.keys(schema.properties).toSorted()).toEqual(Object.keys(full).toSorted());
    expect(Object.keys(schema.properties.allow.properties).toSorted()).toEqual(Object.keys(names).toSorted());
    expect(schema.properties.deny.properties).toEqual(schema.properties.allow.properties);
  });
});

test('what ships is listed, and has neither sources nor tests', () => {
  const shipped = read('.vscodeignore')
    .split('\n')
    .filter((line) => line !== '');
  expect(shipped[0]).toBe('**');
  expect(shipped.slice(1).every((line) => line.startsWith('!'))).toBe(true);
  expect(shipped.filter((line) => /\.ts$|test|server|client\/src|grammar|node_modules/u.test(line))).toEqual(
    [],
  );
  expect(shipped).toContain('!dist/*');
  expect(readdirSync(join(root, 'dist')).filter((name) => !/\.[cm]?js$|^report\.css$/u.test(name))).toEqual([
    'third-party-notices.txt',
  ]);
});

test('what is loaded at the start is within the budget', () => {
  const loaded = new Set<string>();
  const load = (name: string): void => {
    if (loaded.has(name)) return;
    loaded.add(name);
    for (const [, chunk] of read(`dist/${name}`).matchAll(/(?:from|import)\s*"\.\/([^"]+\.mjs)"/gu))
      load(chunk ?? '');
  };
  for (const name of ['client.cjs', 'client-later.cjs', 'protocol.cjs', 'server.mjs']) load(name);
  const bytes = [...loaded].reduce((sum, name) => sum + statSync(join(root, 'dist', name)).size, 0);
  expect(loaded.size).toBeGreaterThan(3);
  expect(bytes).toBeLessThan(1_200_000);
});
