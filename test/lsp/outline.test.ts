import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { PROFILES } from '../../server/src/kernel/profiles.ts';
import type { MatrixResult, PolicyOutline } from '../../server/src/lsp/protocol.ts';
import { outlineOf } from '../../server/src/lsp/outline.ts';
import { snapshot } from '../../server/src/pipeline.ts';
import { DEFAULTS } from '../../server/src/workspace/settings.ts';
import { repository, Session } from './session.ts';

const path = join(repository, 'examples/irq_boost.pvpolicy');
const text = readFileSync(path, 'utf8');
const lines = text.split('\n');

test('the outline tells what a policy declares, as it is written and where', () => {
  const outline = outlineOf(snapshot(text, DEFAULTS));
  expect(outline).toMatchObject({ policy: 'irq_boost', target: 'pvsched', hasErrors: false });
  expect(outline.params.map(({ name, value, range }) => [name, value, range])).toEqual([
    ['boost_prio', '8', '1..50'],
    ['boost_limit', '5ms', '2ms..20ms'],
  ]);
  expect(outline.measures.map(({ kind, name, per }) => `${kind} ${name} ${per}`)).toEqual([
    'counter boosts vm',
    'histogram boost_length vm',
  ]);
  const [scenario] = outline.scenarios;
  expect(scenario).toMatchObject({ name: 'three_vms', trace: 'traces/eevdf-3vm.trace.gz' });
  expect(scenario?.expectations.map(({ text }) => text)).toEqual([
    'sum(boosts of web) > 100',
    'p99(boost_length of db) < 5ms',
  ]);
  const marked = [
    ...outline.params.map(({ name, line }) => [name, line] as const),
    ...outline.hooks.map(({ title, line }) => [title.split(/[ :]/u).at(-1) ?? '', line] as const),
    ...outline.state.map(({ title, line }) => [title, line] as const),
    ...outline.invariants.map(({ name, line }) => [name, line] as const),
    ...(scenario?.expectations.map(({ text, line }) => [text, line] as const) ?? []),
  ];
  expect(marked.length).toBeGreaterThan(7);
  for (const [name, line] of marked) expect(lines[line - 1]).toContain(name);
  expect(lines[(scenario?.end ?? 0) - 1]).toBe('}');
});

test('the outline of a broken policy has what can be read of it', () => {
  const broken =
    'policy p for tracing\nparam a: u32 = 1\nparam b: = \nstate {\n  x: \n}\nscenario s {\n expect p99(\n';
  const outline = outlineOf(snapshot(broken, DEFAULTS));
  expect(outline.hasErrors).toBe(true);
  expect(outline.params[0]).toMatchObject({ name: 'a', value: '1', line: 2 });
  expect(outline.scenarios[0]?.name).toBe('s');
  expect(outlineOf(snapshot('', DEFAULTS))).toMatchObject({ policy: '', params: [], scenarios: [] });
});

test('the server answers for open policies, for those on disk, and for kernels', async () => {
  const session = await Session.start();
  onTestFinished(async () => void (await session.end()));
  const ask = <R>(method: string, params: object): Promise<R> =>
    session.connection.sendRequest(method, params);
  const onDisk = await ask<PolicyOutline>('pvpolicy/outline', { uri: pathToFileURL(path).href });
  expect(onDisk.policy).toBe('irq_boost');
  expect(await ask('pvpolicy/outline', { uri: 'untitled:nothing' })).toBeNull();
  expect(await ask('pvpolicy/kernels', {})).toEqual(PROFILES.map(({ id }) => id));
  const matrix = await ask<MatrixResult>('pvpolicy/matrix', { kernel: '7.3' });
  const column = matrix.hooks.findIndex((names) => names.includes('sched:sched_switch'));
  const row = matrix.calls.find(({ names }) => names.includes('scx_bpf_cpuperf_set'));
  expect(row?.cells[column]).toMatchObject({ permission: 'deferred' });
  expect(matrix.codes[row?.cells[column]?.why ?? '']).toBeTruthy();
  expect(await ask('pvpolicy/matrix', { kernel: 'none' })).toBeNull();
});
