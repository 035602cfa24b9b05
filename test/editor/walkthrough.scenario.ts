// The pictures of the walkthrough: parts of a small window, as the walkthrough has little room for them.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, test } from 'vitest';
import { lane } from '../support/lanes.ts';
import { goToPosition, hoverAtCursor } from './actions.ts';
import { updatesImages } from './pictures.ts';
import { until, webviewWith } from './screen.ts';
import { editorSession } from './session.ts';
import type { Settings } from './server.ts';
import { findEditorTools } from './tools.ts';
import type { Window } from './window.ts';

const unsafe = join(dirname(fileURLToPath(import.meta.url)), '../../client/samples/unsafe.pvpolicy');
const EDITORS = '.part.editor > .content';
const SIDE_BAR = '.part.sidebar';
const EFFECT = /^switches of web/;
const ROWS = '.tree-explorer-viewlet-tree-view .monaco-list-row';

/** There is little room. */
const QUIET = {
  'editor.folding': false,
  'editor.stickyScroll.enabled': false,
  'breadcrumbs.enabled': false,
  'workbench.activityBar.location': 'hidden',
};

lane('editor', 'pictures of the walkthrough', findEditorTools, (tools) => {
  const session = editorSession(tools);

  /** A policy in a window so small that its text can be read where the walkthrough shows it. */
  const open = async (file: string, settings: Settings = {}, height = 420, width = 640): Promise<Window> => {
    const window = await session.open(file, { ...QUIET, ...settings });
    await window.ready();
    await window.command('View: Close Primary Side Bar').catch(() => {});
    await window.page.setViewportSize({ width, height });
    return window;
  };
  const take = async (
    window: Window,
    name: string,
    of: string,
    again: () => Promise<unknown> = () => window.page.mouse.move(5, 5),
  ): Promise<void> => window.picture(`walkthrough-${name}`, { use: 'walkthrough', of, again });

  // Nothing is tested here that is not in other files, and pictures take their time.
  describe.runIf(updatesImages)('with UPDATE_IMAGES=1', () => {
    test('a policy', async () => {
      const window = await open('irq_boost.pvpolicy');
      await window.goTo('param boost_prio');
      await window.shows('.codelens-decoration', /Compile.*Simulate/);
      await take(window, 'policy', EDITORS);
    });

    test('what is unsafe', async () => {
      const window = await open('irq_boost.pvpolicy', { 'editor.hover.above': false }, 460, 700);
      await window.command('PV Policy: Open an Unsafe Sample');
      await window.shows('.tab.active', /unsafe/);
      await window.page.locator('.squiggly-error').first().waitFor();
      await goToPosition(window.page, readFileSync(unsafe, 'utf8'), 'scx_bpf_cpuperf_set', 0);
      await hoverAtCursor(window.page, /PV4001/);
      // The hover stays while the mouse does.
      await take(window, 'unsafe', EDITORS, () => Promise.resolve());
    });

    test('a simulation', async () => {
      const window = await open('irq_boost.pvpolicy', { 'pvpolicy.simulate.openReport': false });
      await window.goTo('on tracepoint kvm:kvm_inj_virq');
      await window.page.keyboard.press('F5');
      await window.decorations(/fired \d+×/);
      await take(window, 'simulate', EDITORS);
    });

    test('a report', async () => {
      const window = await open('irq_boost.pvpolicy');
      await window.page.keyboard.press('F5');
      const frame = await webviewWith(window.page, '.schedule canvas');
      const zoom = frame.locator('.toolbar button').nth(1);
      await zoom.click();
      await window.page.locator('.tab', { hasText: ' on eevdf-3vm' }).click();
      await window.command('View: Toggle Maximize Editor Group');
      for (let times = 0; times < 3; times++) await zoom.click();
      await frame.locator('figure').nth(2).hover();
      await take(window, 'report', EDITORS);
      await window.command('View: Toggle Maximize Editor Group');
    });

    test('the C below its policy', async () => {
      const below = { 'workbench.editor.openSideBySideDirection': 'down' };
      const window = await open('irq_boost.pvpolicy', below, 520);
      await window.command('PV Policy: Compile to BPF C');
      await window.shows('.tab', /^irq_boost\.bpf ?\.c$/);
      await window.goTo('defer boost(v');
      await window.page.keyboard.press('ArrowRight');
      await window.shows('.editor-group-container:not(.active) .view-line', /pv_boost/);
      await take(window, 'compile', EDITORS);
    });

    test('params', async () => {
      const window = await open('irq_boost.pvpolicy', { 'pvpolicy.simulate.openReport': false });
      await window.command('Explorer: Focus on Policy View');
      const files = window.page.locator('.pane-header[aria-label^="Explorer Section"] .title');
      await files.click();
      await window.command('PV Policy: Simulate on a Trace');
      const before = await window.shows(ROWS, EFFECT);
      await setParam(window, '2ms');
      await window.shows(ROWS, /boost_limit.*2ms instead of 5ms/);
      await until(
        async () => (await window.shows(ROWS, EFFECT)) !== before,
        () => 'the effects are those of the new value',
      );
      await take(window, 'params', SIDE_BAR);
      await setParam(window, '5ms');
      await files.click();
    });

    test('scenarios', async () => {
      const window = await open('irq_boost.pvpolicy');
      await window.command('PV Policy: Test Scenarios');
      await window.shows('.test-explorer .monaco-list-row', /sum\(boosts of web\) > 100\s*153/);
      await take(window, 'tests', SIDE_BAR);
    });
  });
});

async function setParam(window: Window, value: string): Promise<void> {
  await window.command('PV Policy: Set Param for Simulation…', 'asks');
  await window.page.locator('.quick-input-list .monaco-list-row', { hasText: 'boost_limit' }).click();
  await window.shows('.quick-input-title', /boost_limit: duration/);
  await window.page.keyboard.press('Control+a');
  await window.page.keyboard.type(value);
  await window.page.keyboard.press('Enter');
}
