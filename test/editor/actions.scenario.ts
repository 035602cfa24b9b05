// One click: Compile and Simulate.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lane } from '../support/lanes.ts';
import { editorSession } from './session.ts';
import { findEditorTools } from './tools.ts';
import { newWorkspace } from './workspace.ts';

lane('editor', 'actions in VS Code', findEditorTools, (tools) => {
  const session = editorSession(tools);

  test('Compile in the editor title opens the C beside the policy', async () => {
    const window = await session.open('irq_boost.pvpolicy');
    await window.ready();
    await window.goTo('policy irq_boost');
    await window.titleButton('Compile to BPF C');
    await window.shows('.tab', /^irq_boost\.bpf ?\.c$/);
    // What the first hook or function became, not the declarations above.
    await window.shows('.view-line', /^static bool wants_boost\(struct vcpu \*v\)$/);
    const written = join(window.workspace, 'out/irq_boost.bpf.c');
    expect(existsSync(written)).toBe(true);
    expect(readFileSync(written, 'utf8')).toMatch(/SEC\(/);
    await window.picture('compile');
  });

  test('Compile of an unsafe policy says why it did not', async () => {
    const window = await session.open('switch_boost.pvpolicy');
    await window.problems(/PV4016/);
    await window.command('PV Policy: Compile to BPF C');
    await window.shows('.notification-toast', /was not compiled/);
    await window.picture('compile-refused');
  });

  test('Simulate in the editor title shows hits beside the lines and a report', async () => {
    const window = await session.open('irq_boost.pvpolicy');
    await window.ready();
    await window.titleButton('Simulate on a Trace');
    const report = await window.webview(/kvm_inj_virq/);
    expect(report).toMatch(/boost/);
    const marks = await window.decorations(/\d/);
    expect(marks.length).toBeGreaterThan(0);
    await window.goTo('on tracepoint kvm:kvm_inj_virq');
    await window.decorations(/boost \d+× on \d+ thread/);
    await window.command('View: Close Primary Side Bar');
    await window.picture('simulate', { use: 'documentation' });
  });

  test('a trace in the explorer has a menu that simulates a policy on it', async () => {
    // The choice is kept with the workspace.
    const folder = newWorkspace(session.scratch());
    const window = await session.openAnother({ folder, file: join(folder, 'irq_boost.pvpolicy') });
    await window.ready();
    const row = (hasText: string) =>
      window.page.locator('.explorer-folders-view .monaco-list-row', { hasText }).first();
    await row('traces').click();
    await row('eevdf-3vm-6s.trace.gz').click({ button: 'right' });
    await window.page
      .locator('.monaco-menu .action-item', { hasText: 'Simulate a Policy on This Trace' })
      .hover();
    await window.page.keyboard.press('Enter');
    await window.page.locator('.quick-input-list .monaco-list-row', { hasText: 'irq_boost' }).first().click();
    // The report takes the focus when it opens.
    await window.shows('.tab', /on eevdf-3vm-6s\.trace\.gz/);
    await window.goTo('on tracepoint kvm:kvm_inj_virq');
    await window.decorations(/fired 5,498×/);
  });
});
