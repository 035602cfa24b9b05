// Workspaces that are not one trusted folder on a disk.
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lane } from '../support/lanes.ts';
import { editorSession } from './session.ts';
import { findEditorTools } from './tools.ts';
import { newWorkspace } from './workspace.ts';

const STATUS = '.statusbar-item[id*="pvpolicy.status"]';
const ROWS = '.quick-input-list .monaco-list-row';

lane('editor', 'workspaces in VS Code', findEditorTools, (tools) => {
  const session = editorSession(tools);

  test('an untrusted workspace is checked, compiled and simulated; nothing of it is run', async () => {
    const folder = newWorkspace(session.scratch());
    const window = await session.openAnother(
      { folder, file: join(folder, 'irq_boost.pvpolicy') },
      { 'security.workspace.trust.enabled': true, 'security.workspace.trust.startupPrompt': 'never' },
    );
    await window.ready();
    await window.shows('.statusbar-item', /Restricted Mode/);
    await window.command('PV Policy: Simulate on a Trace');
    await window.webview(/kvm_inj_virq/);
    await window.goTo('on tracepoint kvm:kvm_inj_virq');
    await window.decorations(/fired \d+×/);
    await window.picture('untrusted');
    await window.command('PV Policy: Record a Trace…', 'asks');
    await window.page.locator('.quick-input-widget input').waitFor();
    await window.page.keyboard.press('Enter');
    const dialog = await window.shows('.monaco-dialog-box', /trust the workspace first/);
    expect(dialog).toMatch(/Copy Command/);
    expect(dialog).not.toMatch(/Run in Terminal/);
    await window.picture('untrusted-record');
    await window.page.keyboard.press('Escape');
    // A kernel may be a file, so the workspace's own settings do not choose it.
    await window.set({ 'pvpolicy.kernelProfile': '7.3' });
    await window.show('vm_share.pvpolicy');
    await window.shows(STATUS, /Linux 6\.12 to 7\.3/);
    // What is picked here is the user's own choice, and holds.
    await window.page.locator(`${STATUS} a`).click();
    await window.page.locator(ROWS, { hasText: 'Linux 7.0' }).click();
    await window.shows(STATUS, /Linux 7\.0/);
  });

  test('each folder of a workspace has the kernel of its own pvpolicy.json', async () => {
    const policies = newWorkspace(session.scratch());
    const root = join(policies, '..');
    for (const [name, profile] of [
      ['older', '7.0'],
      ['newer', '7.3'],
    ] as const) {
      mkdirSync(join(root, name));
      cpSync(join(policies, 'vm_share.pvpolicy'), join(root, name, `${name}.pvpolicy`));
      writeFileSync(join(root, name, 'pvpolicy.json'), JSON.stringify({ profile }));
    }
    const workspace = join(root, 'both.code-workspace');
    writeFileSync(workspace, JSON.stringify({ folders: [{ path: 'older' }, { path: 'newer' }] }));
    const window = await session.openAnother({ workspace, file: join(root, 'older/older.pvpolicy') });
    await window.shows(STATUS, /Linux 7\.0/);
    await window.show('../newer/newer.pvpolicy');
    await window.shows(STATUS, /Linux 7\.3/);
    await window.command('Testing: Focus on Test Explorer View');
    await window.shows('.test-explorer .monaco-list-row', /older\/older\.pvpolicy/);
    await window.shows('.test-explorer .monaco-list-row', /newer\/newer\.pvpolicy/);
    await window.picture('two-folders');
    // What is typed into one is checked, once, and holds before it is saved.
    await window.show('../newer/pvpolicy.json');
    await window.goTo('profile');
    await window.page.keyboard.type('x');
    const found = await window.problems(/xprofile/);
    expect(found.filter((row) => row.includes('xprofile'))).toHaveLength(1);
    expect(found.join('\n')).toMatch(/PV8\d{3}/);
    await window.picture('config-typed');
    // The list of problems has the keys.
    await window.goTo('profile');
    await window.page.keyboard.press('Delete');
    await window.errorCount(0);
    await window.goTo('3"');
    await window.page.keyboard.press('Delete');
    await window.page.keyboard.type('1');
    await window.show('../newer/newer.pvpolicy');
    await window.shows(STATUS, /Linux 7\.1/);
  });

  test('a policy on no disk is checked and compiled, and says why it is not simulated', async () => {
    const window = await session.openAnother({
      folder: 'memfs:/policies',
      file: 'memfs:/policies/elsewhere.pvpolicy',
    });
    await window.ready();
    await window.problems(/PV4016/);
    await window.page.locator('.monaco-editor .view-line', { hasText: 'FIFO' }).click();
    await window.quickFix(/defer/);
    await window.page.keyboard.press('Enter');
    await window.errorCount(0);
    await window.command('PV Policy: Simulate on a Trace');
    await window.shows('.notification-toast', /not saved on a disk/);
    await window.picture('on-no-disk');
    await window.command('PV Policy: Compile to BPF C');
    await window.shows('.tab', /^elsewhere\.bpf ?\.c$/);
    await window.shows('.view-line', /#line \d+ "elsewhere\.pvpolicy"/);
  });

  test('an untitled policy is simulated on a trace that is chosen', async () => {
    const window = await session.open('irq_boost.pvpolicy', { 'pvpolicy.simulate.openReport': false });
    await window.ready();
    await window.command('PV Policy: New Policy from Template…', 'asks');
    await window.page.locator(ROWS, { hasText: 'Empty' }).click();
    await window.shows('.tab.active', /Untitled/);
    await window.shows('.view-line', /policy my_policy for tracing/);
    await window.command('PV Policy: Simulate on a Trace');
    await window.page.locator('.notification-toast .monaco-button', { hasText: 'Choose a Trace…' }).click();
    await window.page.locator(ROWS, { hasText: 'eevdf-3vm.trace.gz' }).click();
    await window.decorations(/fired \d+×/);
    await window.picture('untitled');
  });
});
