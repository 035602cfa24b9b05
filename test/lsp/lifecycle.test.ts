import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { policyOfLines } from '../bench/policies.ts';
import { smallKernel } from '../support/kernel.ts';
import { snapshot } from '../../server/src/pipeline.ts';
import { DEFAULTS } from '../../server/src/workspace/settings.ts';
import { WARM_UP } from '../../server/src/lsp/warm-up.ts';
import { repository, Session } from './session.ts';

const folder = mkdtempSync(join(tmpdir(), 'pvpolicy-lsp-'));
afterAll(() => rmSync(folder, { recursive: true }));

const uri = pathToFileURL(join(folder, 'test.pvpolicy')).href;
const SAFE = `policy test for tracing

param limit: duration = 5ms in 2ms..20ms

on tracepoint sched:sched_switch(preempt, prev, next, prev_state) {
    if let v = vcpu(next) { defer boost(v, FIFO, 8, for: limit) }
}
`;
const UNSAFE = SAFE.replace('defer ', '');

let session: Session;
afterEach(() => void session.child.kill());

describe('the server', () => {
  test('says who it is and what it can do', async () => {
    session = await Session.start();
    const { serverInfo, capabilities } = session.initialized;
    expect(serverInfo).toEqual({ name: 'pvpolicy', version: packageJson.version });
    expect(capabilities).toMatchObject({ hoverProvider: true, documentFormattingProvider: true });
    expect(capabilities.codeLensProvider).toBeUndefined();
    expect(capabilities.diagnosticProvider).toBeUndefined();
  });

  test('publishes diagnostics with code, page, steps and version', async () => {
    session = await Session.start();
    await session.open(uri, UNSAFE, 7);
    const { version, diagnostics } = await session.publish((params) => params.diagnostics.length > 0);
    expect(version).toBe(7);
    const [found] = diagnostics;
    expect(found).toMatchObject({
      source: 'pvpolicy',
      severity: 1,
      range: { start: { line: 5, character: 28 } },
      message: expect.stringContaining('boost'),
    });
    expect(found?.code).toMatch(/^PV4\d{3}$/u);
    expect(found?.relatedInformation?.length).toBeGreaterThan(0);
    expect(found?.relatedInformation?.every(({ location }) => location.uri === uri)).toBe(true);
    const page = fileURLToPath(found?.codeDescription?.href ?? '');
    expect(page).toBe(join(repository, 'docs/diagnostics', `${found?.code}.md`));
  });

  test('takes changes as increments', async () => {
    session = await Session.start();
    await session.open(uri, SAFE, 1);
    await session.publish((params) => params.version === 1 && params.diagnostics.length === 0);
    const start = { line: 5, character: 28 };
    await session.change(uri, 2, [{ range: { start, end: { line: 5, character: 34 } }, text: '' }]);
    const unsafe = await session.publish((params) => params.version === 2);
    expect(unsafe.diagnostics[0]?.code).toMatch(/^PV4/u);
    await session.change(uri, 3, [{ range: { start, end: start }, text: 'defer ' }]);
    expect((await session.publish((params) => params.version === 3)).diagnostics).toEqual([]);
  });

  test('shows syntax errors first, and what was known of the rest where it stands now', async () => {
    session = await Session.start();
    await session.open(uri, UNSAFE, 1);
    await session.publish((params) => params.diagnostics.length > 0);
    const top = { line: 1, character: 0 };
    await session.change(uri, 2, [{ range: { start: top, end: top }, text: 'param x:\n\n' }]);
    const first = await session.publish((params) => params.version === 2);
    const codes = first.diagnostics.map(({ code }) => String(code));
    expect(codes.some((code) => code.startsWith('PV1'))).toBe(true);
    const unsafe = first.diagnostics.find(({ code }) => String(code).startsWith('PV4'));
    expect(unsafe?.range.start).toEqual({ line: 7, character: 28 });
  });

  test('ends a storm of changes with the newest text, in order', async () => {
    session = await Session.start();
    await session.open(uri, SAFE, 1);
    for (let version = 2; version <= 200; version++) {
      void session.change(uri, version, [{ text: version % 2 === 0 ? UNSAFE : SAFE.slice(0, version * 2) }]);
    }
    await session.change(uri, 201, [{ text: SAFE }]);
    const last = await session.publish((params) => params.version === 201);
    expect(last.diagnostics).toEqual([]);
    const versions = session.published.map(({ version }) => version ?? 0);
    expect(versions).toEqual(versions.toSorted((a, b) => a - b));
    await sleep(200);
    expect(session.published.at(-1)).toBe(last);
  });

  test('clears its diagnostics when the document is closed', async () => {
    session = await Session.start();
    await session.open(uri, UNSAFE);
    await session.publish((params) => params.diagnostics.length > 0);
    session.published.length = 0;
    await session.connection.sendNotification('textDocument/didClose', { textDocument: { uri } });
    expect((await session.publish((params) => params.uri === uri)).diagnostics).toEqual([]);
  });

  test('lets a client pull that asks for it, and then pushes nothing', async () => {
    session = await Session.start({ initializationOptions: { diagnostics: 'pull' } });
    expect(session.initialized.capabilities.diagnosticProvider).toBeDefined();
    await session.open(uri, UNSAFE);
    const report = await session.ask<{ kind: string; items: { code: string }[] }>(
      'textDocument/diagnostic',
      uri,
    );
    expect(report.kind).toBe('full');
    expect(report.items.map(({ code }) => code)).toEqual([expect.stringMatching(/^PV4/u)]);
    await sleep(100);
    expect(session.published).toEqual([]);
  });

  test('reads pvpolicy.json, shows what is wrong in it, and follows its changes', async () => {
    const nested = mkdtempSync(join(folder, 'nested-'));
    const config = join(nested, 'pvpolicy.json');
    const policy = pathToFileURL(join(nested, 'test.pvpolicy')).href;
    writeFileSync(config, '{ "deny": { "actions": ["boost"] }, "profil": 1 }');
    session = await Session.start();
    await session.open(policy, SAFE);
    const denied = await session.publish((params) => params.uri === policy && params.diagnostics.length > 0);
    expect(denied.diagnostics[0]?.message).toContain("pvpolicy.json denies 'boost'");
    const ofConfig = await session.publish((params) => params.uri === pathToFileURL(config).href);
    expect(ofConfig.diagnostics.map(({ code }) => code)).toEqual(['PV8004']);
    session.published.length = 0;
    writeFileSync(config, '{}');
    await session.connection.sendNotification('workspace/didChangeWatchedFiles', {
      changes: [{ uri: pathToFileURL(config).href, type: 2 }],
    });
    expect((await session.publish((params) => params.uri === policy)).diagnostics).toEqual([]);
    expect((await session.publish((params) => params.uri !== policy)).diagnostics).toEqual([]);
    // What was said of a file goes with it.
    const told = (change: number) =>
      session.connection.sendNotification('workspace/didChangeWatchedFiles', {
        changes: [{ uri: pathToFileURL(config).href, type: change }],
      });
    writeFileSync(config, '{ "profil": 1 }');
    await told(2);
    await session.publish((params) => params.uri !== policy && params.diagnostics.length > 0);
    session.published.length = 0;
    rmSync(config);
    await told(3);
    expect((await session.publish((params) => params.uri !== policy)).diagnostics).toEqual([]);
  });

  test('holds policies against the imported kernel that pvpolicy.json names', async () => {
    const nested = mkdtempSync(join(folder, 'imported-'));
    const config = join(nested, 'pvpolicy.json');
    const policy = pathToFileURL(join(nested, 'test.pvpolicy')).href;
    writeFileSync(join(nested, 'kernel.btf'), smallKernel().bytes());
    writeFileSync(config, '{ "profile": "./kernel.btf" }');
    session = await Session.start();
    const text =
      'policy p for tracing\n\non tracepoint vendor:vendor_pause(p) {\n    log "{vendor_load_of(p)}"\n}\n';
    await session.open(policy, text);
    const unknown = await session.publish((params) => params.uri === policy && params.diagnostics.length > 0);
    expect(unknown.diagnostics.map(({ code }) => code)).toEqual(['PV4040']);
    const onCall = { line: 3, character: 14 };
    const hover = JSON.stringify(await session.ask('textDocument/hover', policy, onCall));
    expect(hover).toContain('unsigned int vendor_load_of(struct task_struct *p)');
    session.published.length = 0;
    writeFileSync(
      config,
      `{ "profile": "./kernel.btf", "hooks": { "vendor:vendor_pause": { "locks": [], "irqs": "on" } },
         "kfuncs": { "vendor_load_of": { "effects": [] } } }`,
    );
    await session.connection.sendNotification('workspace/didChangeWatchedFiles', {
      changes: [{ uri: pathToFileURL(config).href, type: 2 }],
    });
    expect((await session.publish((params) => params.uri === policy)).diagnostics).toEqual([]);
  });

  test("the client's kernel profile comes before everything", async () => {
    session = await Session.start({ configuration: { kernelProfile: '6.12' } });
    const text = 'policy s for sched_ext\n\non op running(p) {\n    log "{scx_bpf_cpu_node(0)}"\n}\n';
    await session.open(uri, text);
    const { diagnostics } = await session.publish((params) => params.diagnostics.length > 0);
    expect(diagnostics.map(({ message }) => message).join('\n')).toContain('does not exist in kernel 6.12');

    session.child.kill();
    session = await Session.start({ initializationOptions: { settings: { kernelProfile: '6.12' } } });
    await session.open(uri, text);
    const first = await session.publish((params) => params.uri === uri);
    expect(first.diagnostics.map(({ message }) => message).join('\n')).toContain('kernel 6.12');
  });

  test('survives nonsense from the client', async () => {
    session = await Session.start({ initializationOptions: { diagnostics: 3, lenses: 'x' } });
    await session.connection.sendNotification('$/setTrace', { value: 'verbose' });
    await session.connection.sendNotification('workspace/didChangeConfiguration', { settings: null });
    await session.connection.sendNotification('workspace/didChangeConfiguration', {
      settings: { pvpolicy: 7 },
    });
    await session.open('untitled:Untitled-1', UNSAFE);
    await session.open('file:///%zz/x.pvpolicy', UNSAFE);
    await session.publish((params) => params.uri === 'untitled:Untitled-1' && params.diagnostics.length > 0);
    expect(
      await session.ask('textDocument/hover', 'file:///not/open.pvpolicy', { line: 0, character: 0 }),
    ).toBeNull();
    const far = { line: 9999, character: 9999 };
    expect(await session.ask('textDocument/hover', 'untitled:Untitled-1', far)).toBeNull();
  });

  test('answers a cancelled request with that, and goes on', async () => {
    session = await Session.start();
    await session.open(uri, SAFE);
    const { CancellationTokenSource } = await import('vscode-languageserver/node');
    const cancel = new CancellationTokenSource();
    // It reads the request and the cancellation at once.
    session.child.kill('SIGSTOP');
    const asked = session.connection.sendRequest(
      'textDocument/semanticTokens/full',
      { textDocument: { uri } },
      cancel.token,
    );
    cancel.cancel();
    // Messages are written one after the other.
    await session.connection.sendNotification('$/setTrace', { value: 'off' });
    session.child.kill('SIGCONT');
    await expect(asked).rejects.toMatchObject({ code: -32800 });
    expect(await session.ask('textDocument/documentSymbol', uri)).not.toEqual([]);
  });

  test('reads messages while a long text is analysed, and says so of what they ask when it has changed', async () => {
    session = await Session.start();
    const long = policyOfLines(20_000);
    await session.open(uri, long, 1);
    const hover = session.ask('textDocument/hover', uri, { line: 8, character: 8 });
    // What needs nothing of the text is answered before the text is understood.
    expect(await session.connection.sendRequest('pvpolicy/timings')).not.toContainEqual(
      expect.objectContaining({ name: 'diagnostics' }),
    );
    expect(session.published).toEqual([]);
    await session.change(uri, 2, [{ text: SAFE }]);
    await expect(hover).rejects.toMatchObject({ code: -32801 });
    expect((await session.publish(({ version }) => version === 2)).diagnostics).toEqual([]);
    expect(session.published.map(({ version }) => version)).toEqual([2]);
  });

  test('ends with status 0 after shutdown and exit, and when its input ends', async () => {
    session = await Session.start();
    expect(await session.end()).toBe(0);
    session = await Session.start();
    const exited = session.exited();
    session.child.stdin?.end();
    expect(await exited).not.toBeNull();
  });
});

test('what the server warms up with is a sound policy, so that no stage is left out', () => {
  const { diagnostics, program } = snapshot(WARM_UP, DEFAULTS);
  expect(diagnostics).toEqual([]);
  expect(program).toBeDefined();
});
