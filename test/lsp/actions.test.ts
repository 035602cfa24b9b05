import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import {
  CancellationTokenSource,
  ProgressType,
  WorkDoneProgress,
  type InlayHint,
} from 'vscode-languageserver/node';
import {
  CHECK_PARAM,
  COMPILE,
  EXPLAIN_LOG,
  SIMULATE,
  TEMPLATES,
  TIMINGS,
  type CompileResult,
  type ExplainLogResult,
  type PartialSimulation,
  type SimulateResult,
  type TemplatesResult,
} from '../../server/src/lsp/protocol.ts';
import { repository, Session } from './session.ts';

const path = join(repository, 'examples/spin_guard.pvpolicy');
const uri = pathToFileURL(path).href;
const text = readFileSync(path, 'utf8');

let session: Session;
afterEach(() => void session.child.kill());

const start = async (source = text): Promise<void> => {
  session = await Session.start();
  await session.open(uri, source);
};
const request = <R>(method: string, params: object): Promise<R> =>
  session.connection.sendRequest(method, params);

describe('compile', () => {
  test('gives the files of the text in the editor', async () => {
    await start(text.replace('policy spin_guard', 'policy renamed'));
    const result = await request<CompileResult>(COMPILE, { uri });
    const files = result.ok ? result.files : [];
    expect(files.map(({ name }) => name)).toContain('renamed.bpf.c');
    expect(files.map((file) => file.text).join('')).toContain('"spin_guard.pvpolicy"');
  });

  test('refuses errors and documents that are not open', async () => {
    await start(
      text.replace('defer boost', 'boost').replace('kvm:kvm_exit(kvcpu, isa)', 'sched:sched_waking(p)'),
    );
    expect(await request(COMPILE, { uri })).toEqual({ ok: false, message: 'it has errors' });
    expect(await request(COMPILE, { uri: 'file:///nowhere' })).toMatchObject({ ok: false });
  });
});

describe('explainLog', () => {
  const log = readFileSync(join(repository, 'test/fixtures/verifier/6.18-null.log'), 'utf8');

  test('names the lines of the text in the editor', async () => {
    await start('policy p for tracing\n\n    v.runs += 1\n');
    const [finding, ...more] = await request<ExplainLogResult>(EXPLAIN_LOG, { log, uri });
    expect(more).toEqual([]);
    expect(finding).toMatchObject({ file: 'spin_guard.pvpolicy', line: 3, remedy: 'pvpolicy' });
  });

  test('needs no document', async () => {
    await start();
    const [finding] = await request<ExplainLogResult>(EXPLAIN_LOG, { log });
    expect(finding).toMatchObject({ file: 'broken.pvpolicy', line: 15 });
    expect(await request(EXPLAIN_LOG, { log: 'nothing', uri: 'file:///nowhere' })).toEqual([]);
  });
});

describe('checkParam', () => {
  test('says why a param cannot have a value, without a run', async () => {
    await start('policy p for tracing\nparam limit: duration = 5ms in 2ms..20ms\n');
    const refused = (name: string, value: string): Promise<string | null> =>
      request(CHECK_PARAM, { uri, name, value });
    expect(await refused('limit', '10ms')).toBeNull();
    expect(await refused('limit', '77ms')).toBe('limit = 77ms is outside of its range 2ms..20ms');
    expect(await refused('limit', 'banana')).toMatch(/'banana' is no value.*5ms/);
    expect(await refused('limmit', '3ms')).toMatch(/did you mean 'limit'/);
  });

  test('knows nothing of a policy with errors, or that is not open', async () => {
    await start('policy p for tracing\nparam limit: duration = 5\n');
    expect(await request(CHECK_PARAM, { uri, name: 'limit', value: 'x' })).toBeNull();
    expect(await request(CHECK_PARAM, { uri: 'file:///nowhere', name: 'a', value: 'b' })).toBeNull();
  });
});

describe('simulate', () => {
  test('runs the scenario, tells how far it is, and answers requests meanwhile', async () => {
    await start();
    const told: string[] = [];
    session.connection.onProgress(WorkDoneProgress.type, 'token', (value) => {
      told.push(value.kind === 'report' ? (value.message ?? '') : value.kind);
    });
    const simulated = request<SimulateResult>(SIMULATE, { uri, workDoneToken: 'token' });
    const first = await Promise.race([
      simulated.then(() => 'simulation'),
      session.ask('textDocument/documentSymbol', uri).then(() => 'symbols'),
    ]);
    expect(first).toBe('symbols');
    const result = await simulated;
    expect(result).toMatchObject({ ok: true, report: { policy: 'spin_guard', scenario: 'three_vms' } });
    expect(told.slice(0, 3)).toEqual(['begin', 'reading the trace', 'replaying 4087 events']);
    expect(told.slice(3)).toContain('simulating, 100 %');
    expect(told.at(-1)).toBe('end');
  });

  test('tells of a long trace first what its first part shows', async () => {
    await start();
    const told: PartialSimulation[] = [];
    const partial = new ProgressType<PartialSimulation>();
    session.connection.onProgress(partial, 'partial', (found) => void told.push(found));
    const run = (trace: string): Promise<SimulateResult> =>
      request(SIMULATE, { uri, trace, partialResultToken: 'partial' });
    const result = await run(join(repository, 'examples/traces/eevdf-3vm-6s.trace.gz'));
    const whole = result.ok ? result.report : undefined;
    expect(told).toHaveLength(1);
    const { report } = told[0]!;
    expect(report.trace.events).toBeGreaterThan(20_000);
    expect(report.trace.events).toBeLessThan(whole?.trace.events ?? 0);
    expect(report.whatif).toBeNull();
    for (const [i, { fired }] of report.replay.hooks.entries())
      expect(fired).toBeLessThanOrEqual(whole?.replay.hooks[i]?.fired ?? -1);
    expect((await run(join(repository, 'examples/traces/eevdf-3vm.trace.gz'))).ok).toBe(true);
    expect(told).toHaveLength(1);
  });

  test('runs the text in the editor, with params, and again', async () => {
    await start();
    const run = async (params: object): Promise<unknown> => {
      const result = await request<SimulateResult>(SIMULATE, { uri, ...params });
      return result.ok ? result.report.replay.actions : result;
    };
    expect(await run({})).toEqual({ boost: 1, unboost: 1 });
    expect(await run({ params: { spin_after: '50ms' } })).toEqual({});
    await session.change(uri, 2, [
      { text: text.replace('spin_after: duration = 3ms', 'spin_after: duration = 50ms') },
    ]);
    expect(await run({})).toEqual({});
  });

  test('says what it needs', async () => {
    await start(text.replace(/scenario [^]*/u, ''));
    expect(await request(SIMULATE, { uri })).toMatchObject({ ok: false, needsTrace: true });
    const trace = join(repository, 'examples/traces/eevdf-3vm.trace.gz');
    expect(await request(SIMULATE, { uri, trace })).toMatchObject({ ok: true, report: { scenario: null } });
    expect(await request(SIMULATE, { uri, trace: 'nowhere.txt' })).toMatchObject({
      ok: false,
      message: expect.stringContaining('nowhere.txt'),
    });
    expect(await request(SIMULATE, { uri, trace, scenario: 'none' })).toMatchObject({ ok: false });
  });

  test('ends when it is cancelled, and the next run works', async () => {
    await start();
    const cancel = new CancellationTokenSource();
    const long = join(repository, 'examples/traces/eevdf-3vm-6s.trace.gz');
    const run = session.connection.sendRequest(SIMULATE, { uri, trace: long }, cancel.token);
    setTimeout(() => cancel.cancel(), 20);
    await expect(run).rejects.toMatchObject({ code: -32800 });
    expect(await request(SIMULATE, { uri })).toMatchObject({ ok: true });
  });
});

describe('the command of clients that have none of their own', () => {
  const runs = (...args: unknown[]): Promise<string> =>
    session.connection.sendRequest('workspace/executeCommand', {
      command: 'pvpolicy.simulate',
      arguments: args,
    });
  const hints = async (): Promise<string[]> => {
    const range = { start: { line: 0, character: 0 }, end: { line: 999, character: 0 } };
    const found = await session.ask<InlayHint[]>('textDocument/inlayHint', uri, undefined, { range });
    return found
      .filter(({ label }) => /×|✓|✗|never/u.test(String(label)))
      .map(({ position, label }) => `${position.line + 1}: ${String(label)}`);
  };

  test('simulates, and the results stand behind the lines', async () => {
    await start();
    expect(await hints()).toEqual([]);
    const messages: string[] = [];
    session.connection.onNotification('window/showMessage', ({ message }) => void messages.push(message));
    expect(await runs(uri)).toBe('spin_guard, three_vms: boost 1×, unboost 1×; 3 of 3 expectations hold');
    expect(messages).toHaveLength(1);
    const found = await hints();
    const lines = text.split('\n');
    const boost = lines.findIndex((line) => line.includes('boost(')) + 1;
    expect(found).toContain(`${boost}: 1×`);
    const expectation = lines.findIndex((line) => line.includes('expect ')) + 1;
    expect(found).toContain(`${expectation}: ✓ holds`);

    // A line more at the top moves them; a line that is changed has none.
    const changed = `// more\n${text.slice(0, text.indexOf('scenario'))}`;
    await session.change(uri, 2, [{ text: `// more\n${text}` }]);
    expect(await hints()).toContain(`${boost + 1}: 1×`);
    await session.change(uri, 3, [{ text: changed }]);
    expect((await hints()).some((hint) => hint.includes('holds'))).toBe(false);
  });

  test('says what is wrong with what it is given', async () => {
    await start(text.replace(/scenario [^]*/u, ''));
    expect(await runs(uri)).toContain('trace');
    expect(await runs('file:///nowhere')).toContain('takes the URI of an open policy');
    expect(await runs(7)).toContain('takes the URI of an open policy');
  });

  test('is not offered to a client that has its own', async () => {
    session = await Session.start({ initializationOptions: { lenses: true } });
    expect(session.initialized.capabilities.executeCommandProvider).toBeUndefined();
  });
});

test('timings tell how long requests took', async () => {
  await start();
  await session.ask('textDocument/documentSymbol', uri);
  const timings = await session.connection.sendRequest(TIMINGS);
  expect(timings).toContainEqual(expect.objectContaining({ name: 'symbols', count: 1 }));
});

test('templates are the policies of the gallery, without their scenarios', async () => {
  await start();
  const templates = await session.connection.sendRequest<TemplatesResult>(TEMPLATES);
  expect(templates.map(({ name }) => name)).toContain('sticky_home');
  for (const template of templates) expect(template.text).not.toMatch(/^scenario /mu);
});
