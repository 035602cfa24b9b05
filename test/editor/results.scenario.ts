// Results beside the lines, and what keeps them true.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lane } from '../support/lanes.ts';
import { editorSession } from './session.ts';
import { findEditorTools } from './tools.ts';

/** The report would take half of the window. */
const QUIET = { 'pvpolicy.simulate.openReport': false };

lane('editor', 'results of simulations in VS Code', findEditorTools, (tools) => {
  const session = editorSession(tools);

  test('F5 shows hits, effects and measured values; what never ran is dimmed; an edit makes it stale', async () => {
    const window = await session.open('spin_guard.pvpolicy', QUIET);
    await window.ready();
    await window.goTo('on tracepoint kvm:kvm_exit');
    await window.page.keyboard.press('F5');
    await window.decorations(/fired 726×/);
    await window.decorations(/boost 1× on 1 thread, [\d.]+ ms in all/);
    await window.command('View: Close Primary Side Bar');
    await window.picture('inline-results', { use: 'documentation' });
    await window.goTo('m.used = 0');
    await window.decorations(/never ran/);
    await window.picture('inline-never-ran');
    await window.goTo('expect sum(boosts of web)');
    await window.decorations(/✓ 13.7 ms/);
    await window.picture('inline-expectations');

    await window.goTo('on tracepoint kvm:kvm_exit');
    await window.page.keyboard.press('Enter');
    await window.decorations(/fired 726×.*before the edit/);
    await window.picture('inline-stale');
    await window.page.keyboard.press('Control+z');
    const fresh = await window.decorations(/fired 726×$/);
    expect(fresh.join('\n')).not.toMatch(/before the edit/);
  });

  test('a policy that is closed and opened again has its results, unless its file is another by then', async () => {
    const window = await session.open('irq_boost.pvpolicy', QUIET);
    await window.ready();
    await window.goTo('on tracepoint kvm:kvm_inj_virq');
    await window.command('PV Policy: Simulate on a Trace');
    await window.decorations(/fired 295×$/);
    await window.command('View: Close Editor');
    await window.show('irq_boost.pvpolicy');
    await window.goTo('on tracepoint kvm:kvm_inj_virq');
    await window.decorations(/fired 295×$/);

    await window.command('View: Close Editor');
    writeFileSync(join(window.workspace, 'irq_boost.pvpolicy'), `\n${window.onDisk()}`);
    await window.show('irq_boost.pvpolicy');
    await window.goTo('on tracepoint kvm:kvm_inj_virq');
    await window.noDecorations(/fired/);
  });

  test('hovering a histogram shows its distribution as a picture', async () => {
    const window = await session.open('irq_boost.pvpolicy', QUIET);
    await window.ready();
    await window.goTo('on tracepoint kvm:kvm_inj_virq');
    await window.command('PV Policy: Simulate on a Trace');
    await window.decorations(/fired/);
    await window.hover('boost_length: duration', /histogram boost_length/);
    const picture = window.page.locator('.monaco-hover img[alt*="boost_length"]').first();
    await picture.waitFor();
    expect(await picture.getAttribute('src')).toMatch(/^data:image\/svg\+xml/);
    const again = () => window.hover('boost_length: duration', /histogram boost_length/);
    await window.picture('distribution-hover', { use: 'documentation', again });
    await window.hover('boost(v, FIFO', /On CPU/);
  });

  test('the toggle and the settings take results away and bring them back', async () => {
    const window = await session.open('irq_boost.pvpolicy', QUIET);
    await window.ready();
    await window.goTo('on tracepoint kvm:kvm_inj_virq');
    await window.command('PV Policy: Simulate on a Trace');
    await window.decorations(/fired/);
    await window.set({ ...QUIET, 'pvpolicy.results.hits': false });
    await window.noDecorations(/fired/);
    await window.set(QUIET);
    await window.decorations(/fired/);
    await window.command('PV Policy: Toggle Inline Results');
    await window.noDecorations(/./);
    // What the workspace says holds instead of the user's own.
    await window.set({ ...QUIET, 'pvpolicy.results.enabled': true });
    await window.decorations(/fired/);
    await window.command('PV Policy: Toggle Inline Results');
    await window.noDecorations(/./);
    await window.set(QUIET);
    await window.command('PV Policy: Toggle Inline Results');
    await window.decorations(/fired/);
    await window.command('PV Policy: Clear Simulation Results');
    await window.noDecorations(/./);
  });

  test('a saved policy runs again where that was asked for', async () => {
    const window = await session.open('irq_boost.pvpolicy', { ...QUIET, 'pvpolicy.simulate.onSave': true });
    await window.ready();
    await window.goTo('on tracepoint kvm:kvm_inj_virq');
    // The key works wherever the focus is while the policy is in front.
    await window.page.locator('#status\\.problems a').click();
    await window.page.locator('.markers-panel').waitFor();
    await window.page.keyboard.press('F5');
    await window.decorations(/fired/);
    await window.goTo('> 100');
    await window.decorations(/✓/);
    await window.page.keyboard.press('Control+Shift+ArrowRight');
    await window.page.keyboard.press('Control+Shift+ArrowRight');
    await window.page.keyboard.type('> 100000');
    await window.decorations(/before the edit/);
    await window.save(/> 100000/);
    await window.decorations(/✗ \d+/);
    await window.picture('expectation-failed');
  });
});
