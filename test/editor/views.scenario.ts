// The Policy view, the Test Explorer, and the safety matrix.
import { expect, test } from 'vitest';
import { lane } from '../support/lanes.ts';
import { editorSession } from './session.ts';
import { findEditorTools } from './tools.ts';

const POLICY_ROWS = '.tree-explorer-viewlet-tree-view .monaco-list-row';
const TEST_ROWS = '.test-explorer .monaco-list-row';

lane('editor', 'views of policies in VS Code', findEditorTools, (tools) => {
  const session = editorSession(tools);

  test('a param that is changed in the Policy view changes the simulation and not the file', async () => {
    const window = await session.open('irq_boost.pvpolicy', { 'pvpolicy.simulate.openReport': false });
    await window.ready();
    await window.goTo('policy irq_boost');
    await window.command('Explorer: Focus on Policy View');
    await window.shows(POLICY_ROWS, /boost_limit.*5ms in 2ms..20ms/);
    // Room for the view.
    const files = window.page.locator('.pane-header[aria-label^="Explorer Section"] .title');
    await files.click();
    await window.command('PV Policy: Simulate on a Trace');
    // The list holds only the rows that are in view: the hooks are below.
    await window.shows(POLICY_ROWS, /Effect of the policy/);
    const before = window.onDisk();
    const row = window.page.locator(POLICY_ROWS, { hasText: 'boost_limit' });
    await row.hover();
    await row.locator('a[aria-label^="Set Param for Simulation"]').click();
    await window.page.locator('.quick-input-widget input').waitFor();
    await window.page.keyboard.press('Control+a');
    await window.page.keyboard.type('2ms');
    await window.page.keyboard.press('Enter');
    await window.shows(POLICY_ROWS, /boost_limit.*2ms instead of 5ms/);
    await window.decorations(/simulated with 2ms/);
    expect(window.onDisk()).toBe(before);
    await window.picture('params', { use: 'documentation' });

    await row.hover();
    await row.locator('a[aria-label^="Set Param for Simulation"]').click();
    await window.page.locator('.quick-input-widget input').waitFor();
    await window.page.keyboard.press('Control+a');
    await window.page.keyboard.type('9s');
    await window.shows('.quick-input-message', /boost_limit = 9s is outside of its range/);
    await window.page.keyboard.press('Enter');
    await window.shows('.quick-input-message', /boost_limit = 9s is outside of its range/);
    await window.page.keyboard.press('Escape');
    await window.page.locator('.quick-input-widget').waitFor({ state: 'hidden' });
    await window.shows(POLICY_ROWS, /boost_limit.*2ms instead of 5ms/);
    await row.hover();
    await row.locator('a[aria-label^="Use the Policy"]').click();
    await window.shows(POLICY_ROWS, /boost_limit.*5ms in 2ms..20ms/);
    await window.noDecorations(/simulated with/);
    await files.click();
  });

  test('scenarios and expectations are tests, with measured values and coverage', async () => {
    const window = await session.open('irq_boost.pvpolicy');
    await window.ready();
    await window.command('PV Policy: Test Scenarios');
    await window.shows(TEST_ROWS, /sum\(boosts of web\) > 100\s*153/);
    await window.page.locator(`${TEST_ROWS} .codicon-testing-passed-icon`).first().waitFor();
    // The keys are where they were.
    await window.page.locator('.monaco-editor.focused').waitFor();
    await window.picture('tests', { use: 'documentation' });
    await window.command('Test: Run All Tests with Coverage');
    await window.shows('.pane-header', /Test Coverage/i);
    await window.shows('.pane:has(.pane-header[aria-label^="Test Coverage"]) .monaco-list-row', /irq_boost/);
    await window.show('irq_boost.pvpolicy');
    await window.goTo('on tracepoint kvm:kvm_inj_virq');
    await window.page.locator('.coverage-deco-gutter.coverage-deco-hit').first().waitFor();
    await window.command('Test: Toggle Inline Coverage');
    // The counter of a line that ran 449 times says so.
    await window.shows('.coverage-deco-inline-count', /^99\+x$/);
    // A condition was asked 206 times; its block ran 76 times.
    await window.goTo('on pvsched halt');
    await window.shows('.view-line', /^99\+x\s*if v\.boosted ?76x ?\{ end_boost/);
    await window.picture('coverage');
    await window.command('Test: Clear Coverage');
  });

  test('what was measured stands beside an expectation that does not hold', async () => {
    const window = await session.open('vm_share.pvpolicy');
    await window.ready();
    await window.goTo('expect queued > 0');
    await window.page.keyboard.press('End');
    await window.page.keyboard.press('Backspace');
    await window.page.keyboard.type('1000000');
    await window.command('PV Policy: Test Scenarios');
    await window.shows('.test-error-content-widget', /^measured 375, expected queued > 1000000$/);
    await window.picture('test-failed');
  });

  test('the safety matrix shows what each hook may call', async () => {
    const window = await session.open('spin_guard.pvpolicy');
    await window.ready();
    await window.set({ 'pvpolicy.kernelProfile': '7.3' });
    await window.shows('.statusbar-item[id*="pvpolicy.status"]', /Linux 7\.3/);
    await window.command('PV Policy: Show Kernel Matrix');
    const page = await window.webview(/what a hook may call/);
    expect(page).toMatch(/scx_bpf_/);
    await window.picture('matrix', { use: 'documentation' });
  });

  test('the kernel profile is picked from the status bar', async () => {
    const window = await session.open('vm_share.pvpolicy');
    await window.ready();
    await window.page.locator('.statusbar-item[id*="pvpolicy.status"] a').click();
    await window.shows('.quick-input-list .monaco-list-row', /Every supported kernel/);
    await window.picture('profiles');
    await window.page.keyboard.type('Linux 7.0');
    await window.page.keyboard.press('Enter');
    await window.shows('.statusbar-item[id*="pvpolicy.status"]', /Linux 7\.0/);
  });
});
