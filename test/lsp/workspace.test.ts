import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type {
  CompletionList,
  SymbolInformation,
  WorkspaceDiagnosticReport,
  WorkspaceEdit,
} from 'vscode-languageserver';
import { marked, Session } from './session.ts';

const folder = mkdtempSync(join(tmpdir(), 'pvpolicy-workspace-'));
const uriOf = (name: string): string => pathToFileURL(join(folder, name)).href;
let session: Session;

beforeAll(async () => {
  mkdirSync(join(folder, 'inner/traces'), { recursive: true });
  mkdirSync(join(folder, 'node_modules'));
  writeFileSync(join(folder, 'good.pvpolicy'), 'policy good for tracing\n\nfn shared_name() {\n}\n');
  writeFileSync(
    join(folder, 'inner/bad.pvpolicy'),
    'policy bad for tracing\n\nparam x: = 1\n\nscenario s {\n    trace "traces/t.gz"\n    compare "../good.pvpolicy"\n}\n',
  );
  writeFileSync(join(folder, 'node_modules/skipped.pvpolicy'), 'nonsense');
  session = await Session.start({
    folders: [pathToFileURL(folder).href],
    initializationOptions: { diagnostics: 'pull' },
  });
});
afterAll(async () => {
  await session.end();
  rmSync(folder, { recursive: true });
});

const request = <R>(method: string, params: object): Promise<R> =>
  session.connection.sendRequest(method, params);

describe('workspace diagnostics', () => {
  const ask = (previousResultIds: object[] = []) =>
    request<WorkspaceDiagnosticReport>('workspace/diagnostic', { previousResultIds });

  test('tell of every policy, open or not', async () => {
    const { items } = await ask();
    const codes = new Map(
      items.map((item) => [item.uri, item.kind === 'full' ? item.items.map(({ code }) => String(code)) : []]),
    );
    expect([...codes.keys()].toSorted()).toEqual([uriOf('good.pvpolicy'), uriOf('inner/bad.pvpolicy')]);
    expect(codes.get(uriOf('inner/bad.pvpolicy'))?.some((code) => code.startsWith('PV1'))).toBe(true);
  });

  test('are not sent again while they hold', async () => {
    const { items } = await ask();
    const known = items.map(({ uri, resultId }) => ({ uri, value: resultId }));
    const again = await ask(known);
    expect(again.items.map(({ kind }) => kind)).toEqual(['unchanged', 'unchanged']);
  });
});

test('workspace symbols are found by their letters', async () => {
  const found = await request<SymbolInformation[]>('workspace/symbol', { query: 'shnam' });
  expect(found.map(({ name, location }) => [name, location.uri])).toEqual([
    ['shared_name', uriOf('good.pvpolicy')],
  ]);
});

describe('renaming files', () => {
  const rename = (oldName: string, newName: string) =>
    request<WorkspaceEdit | null>('workspace/willRenameFiles', {
      files: [{ oldUri: uriOf(oldName), newUri: uriOf(newName) }],
    });
  const put = (edit: WorkspaceEdit | null): unknown =>
    Object.entries(edit?.changes ?? {}).map(([uri, edits]) => [uri, edits.map(({ newText }) => newText)]);

  test.each([
    ['a trace', 'inner/traces/t.gz', 'inner/traces/u.gz', ['"traces/u.gz"']],
    ['the folder of a trace', 'inner/traces', 'recordings', ['"../recordings/t.gz"']],
    ['a policy that is compared with', 'good.pvpolicy', 'inner/better.pvpolicy', ['"better.pvpolicy"']],
    ['the policy itself', 'inner/bad.pvpolicy', 'bad.pvpolicy', ['"inner/traces/t.gz"', '"good.pvpolicy"']],
  ])('%s keeps the paths right', async (_, from, to, wanted) => {
    expect(put(await rename(from, to))).toEqual([[uriOf('inner/bad.pvpolicy'), wanted]]);
  });

  test('the kernel that a pvpolicy.json names follows', async () => {
    const config = join(folder, 'inner/pvpolicy.json');
    writeFileSync(config, '{ "profile": "../kernels/vm.btf" }');
    await session.connection.sendNotification('workspace/didChangeWatchedFiles', {
      changes: [{ uri: pathToFileURL(config).href, type: 1 }],
    });
    const edit = await rename('kernels', 'inner/btf');
    expect(put(edit)).toEqual([[uriOf('inner/pvpolicy.json'), ['"btf/vm.btf"']]]);
    rmSync(config);
    await session.connection.sendNotification('workspace/didChangeWatchedFiles', {
      changes: [{ uri: pathToFileURL(config).href, type: 3 }],
    });
  });

  test('of what nobody names changes nothing', async () => {
    expect(await rename('notes.txt', 'other.txt')).toBeNull();
  });
});

test('a path in a scenario is completed by what is there', async () => {
  writeFileSync(join(folder, 'inner/traces/long-run.trace.gz'), '');
  const ask = async (line: string, triggerCharacter?: string) => {
    const { text, marks } = marked(`policy p for tracing\n\nscenario s {\n    ${line}\n}\n`);
    const uri = uriOf(`inner/paths-${line.length}.pvpolicy`);
    await session.open(uri, text);
    const context = { triggerKind: triggerCharacter === undefined ? 1 : 2, triggerCharacter };
    const { items } = await session.ask<CompletionList>('textDocument/completion', uri, marks[0], {
      context,
    });
    await session.connection.sendNotification('textDocument/didClose', { textDocument: { uri } });
    return items;
  };
  expect((await ask('trace "<|>"')).map(({ label }) => label)).toContain('traces/');
  const [trace] = await ask('trace "traces/long-r<|>"');
  expect(trace?.textEdit).toEqual({
    range: { start: { line: 3, character: 18 }, end: { line: 3, character: 24 } },
    newText: 'long-run.trace.gz',
  });
  expect((await ask('compare eevdf, "../<|>')).map(({ label }) => label)).toEqual([
    'good.pvpolicy',
    'inner/',
    'node_modules/',
  ]);
  // A '/' elsewhere asks for nothing.
  expect(await ask('expect 4 /<|>', '/')).toEqual([]);
});

describe('pvpolicy.json', () => {
  const uri = uriOf('pvpolicy.json');
  let version = 0;
  const open = async (source: string) => {
    const { text, marks } = marked(source);
    if (version++ === 0) {
      await session.connection.sendNotification('textDocument/didOpen', {
        textDocument: { uri, languageId: 'json', version, text },
      });
    } else await session.change(uri, version, [{ text }]);
    return marks[0] ?? { line: 0, character: 0 };
  };
  const labels = async (source: string): Promise<string[]> => {
    const at = await open(source);
    const { items } = await session.ask<CompletionList>('textDocument/completion', uri, at);
    return items.map(({ label }) => label);
  };

  test('is completed by its keys and by what they take', async () => {
    expect(await labels('{ <|> }')).toContain('profile');
    expect(await labels('{ "profile": "<|>" }')).toContain('6.12');
    expect(await labels('{ "deny": { "<|>')).toEqual(['kfuncs', 'tracepoints', 'actions']);
    expect(await labels('{ "deny": { "actions": ["<|>"] } }')).toContain('boost');
    expect(await labels('{ "severity": { "PV5001": <|> } }')).toEqual(['error', 'warning', 'info', 'off']);
    expect(await labels('{ "severity": { "<|>" } }')).toContain('PV5001');
    expect(await labels('{ "hooks": { "kvm:x": { "<|>" } } }')).toContain('mayHold');
    expect(await labels('{ "hooks": { "kvm:x": { "irqs": "<|>" } } }')).toEqual(['on', 'off', 'either']);
    expect(await labels('{ "kfuncs": { "f": { "effects": ["<|>"] } } }')).toContain('may_sleep');
  });

  test('what is there already is not offered again', async () => {
    expect(await labels('{ "profile": "6.12", <|> }')).not.toContain('profile');
    expect(await labels('{ "deny": { "actions": ["boost", "<|>"] } }')).not.toContain('boost');
    expect(await labels('{ "deny": { "actions": ["boost"] }, "allow": { "<|>" } }')).toContain('actions');
  });

  test('is checked as it is typed, and holds at once', async () => {
    session.published.length = 0;
    await open('{ "profil": "6.12" }');
    const report = await request<{ items: { code: string }[] }>('textDocument/diagnostic', {
      textDocument: { uri },
    });
    expect(report.items.map(({ code }) => code)).toContain('PV8004');
    // Who pulls is not told twice.
    expect(session.published.flatMap(({ diagnostics }) => diagnostics)).toEqual([]);
  });
});
