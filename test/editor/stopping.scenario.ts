// What takes long can be stopped.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { test } from 'vitest';
import { lane } from '../support/lanes.ts';
import { editorSession } from './session.ts';
import { findEditorTools } from './tools.ts';
import type { Window } from './window.ts';

const TEST_ROWS = '.test-explorer .monaco-list-row';
const TRACE = 'traces/eevdf-3vm-6s.trace.gz';

/** A policy in the workspace whose simulation takes half a minute or more. */
function longRun({ workspace }: Window): string {
  const lines = gunzipSync(readFileSync(join(workspace, TRACE)))
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  const repeated = Array.from({ length: 8 }, (_, turn) =>
    lines.map((line) =>
      line.replace(/ (\d+)(\.\d{6}:)/u, (_all, s, rest) => ` ${Number(s) + turn * 7}${rest}`),
    ),
  );
  writeFileSync(join(workspace, 'traces/long.trace'), repeated.flat().join('\n'));
  const policy = readFileSync(join(workspace, 'irq_boost.pvpolicy'), 'utf8');
  writeFileSync(
    join(workspace, 'long_run.pvpolicy'),
    policy
      .replaceAll('irq_boost', 'long_run')
      .replace('eevdf-3vm.trace.gz', 'long.trace')
      .replace('three_vms', 'long'),
  );
  return 'long_run.pvpolicy';
}

lane('editor', 'stopping in VS Code', findEditorTools, (tools) => {
  const session = editorSession(tools);

  test('a simulation is cancelled in its notification, and the next one runs', async () => {
    const window = await session.open('irq_boost.pvpolicy', { 'pvpolicy.simulate.openReport': false });
    await window.show(longRun(window));
    await window.ready();
    await window.command('PV Policy: Simulate on a Trace');
    const toast = window.page.locator('.notification-toast', { hasText: 'PV Policy' });
    await window.shows('.notification-toast', /replaying|simulating/);
    await window.picture('simulating');
    await toast.locator('.monaco-button', { hasText: 'Cancel' }).click();
    await toast.waitFor({ state: 'hidden' });
    await window.goTo('on tracepoint kvm:kvm_inj_virq');
    await window.noDecorations(/fired/);
    await window.show('irq_boost.pvpolicy');
    await window.command('PV Policy: Simulate on a Trace');
    await window.goTo('on tracepoint kvm:kvm_inj_virq');
    await window.decorations(/fired \d+×/);
  });

  test('a test run is cancelled in the Test Explorer', async () => {
    const window = await session.open('irq_boost.pvpolicy');
    await window.show(longRun(window));
    await window.ready();
    await window.command('PV Policy: Test Scenarios');
    await window.shows(TEST_ROWS, /long_run/);
    await window.page
      .locator(`${TEST_ROWS} .codicon-testing-loading-icon, ${TEST_ROWS} .codicon-modifier-spin`)
      .first()
      .waitFor();
    await window.picture('testing');
    await window.command('Test: Cancel Test Run');
    await window.page
      .locator(`${TEST_ROWS} .codicon-testing-loading-icon, ${TEST_ROWS} .codicon-modifier-spin`)
      .first()
      .waitFor({ state: 'detached' });
    await window.picture('testing-cancelled');
    await window.show('irq_boost.pvpolicy');
    await window.command('PV Policy: Test Scenarios');
    await window.page.locator(`${TEST_ROWS} .codicon-testing-passed-icon`).first().waitFor();
  });
});
