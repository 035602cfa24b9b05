// One click: Compile and Simulate.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lane } from '../support/lanes.ts';
import { editorSession } from './session.ts';
import { findEditorTools } from './tools.ts';

lane('editor', 'actions in VS Code', findEditorTools, (tools) => {
  const session = editorSession(tools);

  test('Compile in the editor title opens the C beside the policy', async () => {
    const window = await session.open('irq_boost.pvpolicy');
    await window.ready();
    await window.titleButton('Compile to BPF C');
    await window.shows('.tab', /^irq_boost\.bpf ?\.c$/);
    await window.shows('.view-line', /#include|SEC\(/);
    const written = join(window.workspace, 'out/irq_boost.bpf.c');
    expect(existsSync(written)).toBe(true);
    expect(readFileSync(written, 'utf8')).toMatch(/SEC\(/);
    await window.picture('compile', 'documentation');
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
    await window.picture('simulate', 'documentation');
  });
});
