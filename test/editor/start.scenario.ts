// The first five minutes: the sample, the walkthrough, templates, the C beside its policy, and a recording.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lane } from '../support/lanes.ts';
import { found } from './screen.ts';
import { editorSession } from './session.ts';
import { findEditorTools } from './tools.ts';
import { newWorkspace } from './workspace.ts';

const ROWS = '.quick-input-list .monaco-list-row';

lane('editor', 'first steps in VS Code', findEditorTools, (tools) => {
  const session = editorSession(tools);

  test('the sample policy opens with its trace and simulates at once', async () => {
    const window = await session.open('vm_share.pvpolicy', { 'pvpolicy.simulate.openReport': false });
    await window.ready();
    await window.command('PV Policy: Open the Sample Policy');
    await window.shows('.tab.active', /irq_boost/);
    await window.shows('.view-line', /policy irq_boost for pvsched/);
    await window.page.keyboard.press('F5');
    await window.decorations(/449×/);
  });

  test('the walkthrough has pictures and its buttons work', async () => {
    const window = await session.open('vm_share.pvpolicy');
    await window.ready();
    await window.command('Welcome: Open Walkthrough...', 'asks');
    await window.page.locator(ROWS, { hasText: 'First Steps with PV Policy' }).click();
    await window.shows('.getting-started-step', /Open a policy/);
    await window.page.locator('.getting-started-media img, .getting-started-media .image').first().waitFor();
    await window.picture('walkthrough');
    await window.page
      .locator('.getting-started-step .monaco-button', { hasText: 'Open the Sample Policy' })
      .click();
    await window.shows('.tab.active', /irq_boost/);
  });

  test('a new policy starts from a template, unsaved, and compiles', async () => {
    const window = await session.open('vm_share.pvpolicy');
    await window.ready();
    await window.command('PV Policy: New Policy from Template…', 'asks');
    await window.shows(ROWS, /halt_poll.*vCPU may poll a while/);
    await window.picture('templates');
    await window.page.locator(ROWS, { hasText: 'halt_poll' }).click();
    await window.shows('.tab.active', /Untitled/);
    await window.errorCount(0);
    await window.command('PV Policy: Compile to BPF C');
    await window.shows('.tab', /\.bpf ?\.c/);
    await window.shows('.view-line', /#include/);
  });

  test('the C beside the policy follows the cursor and the saved text', async () => {
    const window = await session.open('spin_guard.pvpolicy');
    await window.ready();
    await window.command('PV Policy: Compile to BPF C');
    await window.shows('.tab', /^spin_guard\.bpf ?\.c$/);
    await window.goTo('defer boost(s');
    await window.page.keyboard.press('ArrowRight');
    await window.shows('.editor-group-container:not(.active) .view-line', /boost/);
    await window.picture('c-follows');
    await window.command('PV Policy: Go to Policy or C');
    await window.shows('.tab.active', /spin_guard\.bpf ?\.c/);
  });

  test('recording shows the command and what it needs', async () => {
    const window = await session.open('irq_boost.pvpolicy');
    await window.ready();
    await window.command('PV Policy: Record a Trace…', 'asks');
    await window.page.locator('.quick-input-widget input').waitFor();
    await window.page.keyboard.press('Enter');
    const text = await window.shows('.monaco-dialog-box', /sudo .*cli\.cjs record -o .* --seconds 10/);
    expect(text).toMatch(/needs Linux and root/);
    await window.picture('record');
    await window.page.locator('.monaco-dialog-box .monaco-button', { hasText: 'Run in Terminal' }).click();
    // The lane's `sudo` asks the command for its help, which it gives where it takes these arguments.
    await window.shows('.xterm-rows', /Records on this host, as root/);
    await window.picture('record-terminal');
  });

  test('a verifier log is explained on the lines of the policy', async () => {
    const window = await session.open('irq_boost.pvpolicy');
    await window.ready();
    await window.page.keyboard.press('Control+Alt+n');
    await window.shows('.tab.active', /Untitled/);
    await window.page.keyboard.type(LOG);
    await window.command('PV Policy: Explain a Verifier Log');
    await window.problems(/irq_boost\.pvpolicy/);
    await window.problems(/R1 type=scalar expected=ptr_/);
    await window.picture('verifier-log');
  });

  test('a task checks every policy of the folder, and its findings are problems', async () => {
    // What a task has found stays in the list of problems.
    const folder = newWorkspace(session.scratch());
    const window = await session.openAnother({ folder, file: join(folder, 'irq_boost.pvpolicy') });
    await window.ready();
    await window.command('Tasks: Run Task', 'asks');
    await window.page.locator(ROWS, { hasText: 'pvpolicy' }).first().click();
    await window.page.locator(ROWS, { hasText: 'check all policies' }).first().click();
    // The terminal of the task has the focus, and with it the keys.
    await window.command('View: Focus First Editor Group');
    await window.problems(/PV\d{4}/);
    await window.picture('task');
  });

  test('the time from activation to the first diagnostics is in the log', async () => {
    // A window that has come to rest, in which nothing has activated the extension so far.
    const policies = newWorkspace(session.scratch());
    const folder = join(policies, '../notes');
    mkdirSync(folder);
    writeFileSync(join(folder, 'notes.txt'), 'nothing to activate for\n');
    const window = await session.openAnother({ folder, file: join(folder, 'notes.txt') });
    await window.shows('.explorer-folders-view .monaco-list-row', /notes\.txt/);
    await window.show('../policies/irq_boost.pvpolicy');
    await window.ready();
    const log = await found(
      () => Promise.resolve(/first diagnostics (\d+) ms after activation/u.exec(window.log()) ?? undefined),
      () => 'the log tells of the first diagnostics',
    );
    console.log(`${log[0]} (budget 300 ms)`);
    expect(Number(log[1])).toBeGreaterThan(0);
  });
});

const LOG = `libbpf: prog 'kvm_kvm_inj_virq': -- BEGIN PROG LOAD LOG --
0: R1=ctx() R10=fp0
; x @ irq_boost.pvpolicy:44
1: (79) r1 = *(u64 *)(r1 +0)
2: (85) call bpf_ringbuf_submit#132
R1 type=scalar expected=ptr_, trusted_ptr_
processed 3 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
-- END PROG LOAD LOG --
libbpf: prog 'kvm_kvm_inj_virq': failed to load: -13
`;
