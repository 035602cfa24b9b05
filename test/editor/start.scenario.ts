// The first five minutes: the sample, the walkthrough, templates, the C beside its policy, and a recording.
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lane } from '../support/lanes.ts';
import { chooseFrom } from './actions.ts';
import { found, until } from './screen.ts';
import { editorSession } from './session.ts';
import { findEditorTools } from './tools.ts';
import { newWorkspace, writeSettings } from './workspace.ts';

const ROWS = '.quick-input-list .monaco-list-row';
const STEP_DONE = '.getting-started-step:has(.complete)';

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
    const window = await session.open('switch_boost.pvpolicy');
    await window.ready();
    await window.command('Welcome: Open Walkthrough...', 'asks');
    await window.page.locator(ROWS, { hasText: 'First Steps with PV Policy' }).click();
    await window.shows('.getting-started-step', /Open a policy/);
    await window.page.locator('.getting-started-media img, .getting-started-media .image').first().waitFor();
    await window.picture('walkthrough');
    const step = async (title: string, button: string): Promise<void> => {
      await window.page.locator('.getting-started-step', { hasText: title }).first().click();
      await window.page.locator('.getting-started-step.expanded .monaco-button', { hasText: button }).click();
    };
    await step('Open a policy', 'Open the Sample Policy');
    await window.shows('.tab.active', /irq_boost/);
    await window.page.locator('.tab', { hasText: 'Welcome' }).click();
    await step('See what is unsafe', 'Open an Unsafe Sample');
    await window.errorCount(3);
    // With the walkthrough in front the buttons are about the policy that is open and has no errors.
    await window.page.locator('.tab', { hasText: 'Welcome' }).click();
    await step('Simulate it on a trace', 'Simulate');
    await window.webview(/kvm_inj_virq/);
    await window.decorations(/✓ 3 of 3 hold/);
    // What was done has its tick; what nobody did has none.
    await window.page.locator('.tab', { hasText: 'Welcome' }).click();
    for (const title of ['Open a policy', 'See what is unsafe', 'Simulate it on a trace'])
      await window.page.locator(STEP_DONE, { hasText: title }).waitFor();
    expect(await window.page.locator(STEP_DONE, { hasText: 'Record' }).count()).toBe(0);
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
    await window.shows('.view-line', /SEC\(/);
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
    // The terminal of a task that has ended is in the way of what closes everything in the shared window.
    const folder = newWorkspace(session.scratch());
    const window = await session.openAnother({ folder, file: join(folder, 'irq_boost.pvpolicy') });
    await window.ready();
    await window.command('PV Policy: Record a Trace…', 'asks');
    await window.page.locator('.quick-input-widget input').waitFor();
    await window.page.keyboard.press('Enter');
    const text = await window.shows('.monaco-dialog-box', /sudo .*cli\.cjs record -o .* --seconds 10/);
    expect(text).toMatch(/needs Linux and root/);
    await window.picture('record');
    await window.page.locator('.monaco-dialog-box .monaco-button', { hasText: 'Run in Terminal' }).click();
    // The lane's `sudo` asks the command for its help, which it gives where it takes these arguments.
    const terminal = await window.shows('.xterm-rows', /Records on this host, as root/);
    expect(terminal.replace(/\s/gu, '').match(/cli\.cjsrecord-o/gu)).toHaveLength(1);
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
    await chooseFrom(window.page, 'Tasks: Run Task', 'pvpolicy');
    await window.page.locator(ROWS, { hasText: 'check all policies' }).first().click();
    // The terminal of the task has the focus, and with it the keys.
    await window.command('View: Focus First Editor Group');
    await window.problems(/PV\d{4}/);
    await window.picture('task');
  });

  test('a task compiles one policy to the folder of the settings, beside the policy', async () => {
    const folder = newWorkspace(session.scratch());
    mkdirSync(join(folder, 'host'));
    renameSync(join(folder, 'spin_guard.pvpolicy'), join(folder, 'host/spin_guard.pvpolicy'));
    writeSettings(folder, { 'pvpolicy.compile.outputFolder': 'made' });
    const window = await session.openAnother({ folder, file: join(folder, 'irq_boost.pvpolicy') });
    await window.ready();
    await chooseFrom(window.page, 'Tasks: Run Task', 'pvpolicy');
    await window.page.locator(ROWS, { hasText: 'compile host/spin_guard.pvpolicy' }).first().click();
    await until(
      () => Promise.resolve(existsSync(join(folder, 'host/made/spin_guard.bpf.c'))),
      () => 'the C is beside the policy',
    );
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
      () => Promise.resolve(START.exec(window.log()) ?? undefined),
      () => 'the log tells of the first diagnostics, and what they waited for',
    );
    console.log(`${log[0]} (budget 300 ms)`);
    expect(log[2]).toMatch(/server up \d+.*, server loaded \d+.*, diagnostics shown \d+/u);
    expect(Number(log[1])).toBeGreaterThan(0);
  });
});

const START = /first diagnostics (\d+) ms after activation began[^]*?in ms from then: (.*)/u;

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
