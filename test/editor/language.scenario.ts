// The language in the editor: what a person sees and does while writing a policy.
import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lane } from '../support/lanes.ts';
import { squiggleAfter, until } from './screen.ts';
import { editorSession } from './session.ts';
import { findEditorTools } from './tools.ts';
import { newWorkspace } from './workspace.ts';

lane('editor', 'language in VS Code', findEditorTools, (tools) => {
  const session = editorSession(tools);

  test('a sound policy opens in colour and without problems', async () => {
    const window = await session.open('irq_boost.pvpolicy');
    await window.ready();
    await window.errorCount(0);
    const colours = await window.page.evaluate(
      `new Set([...document.querySelectorAll('.view-line span')].map((span) => getComputedStyle(span).color)).size`,
    );
    expect(colours).toBeGreaterThan(3);
    await window.goTo('policy irq_boost');
    await window.shows('.codelens-decoration', /Compile.*Simulate/);
    await window.picture('policy');
  });

  test('a deadlock is underlined and listed with its code and the way into it', async () => {
    const window = await session.open('unsafe/cpuperf_in_switch.pvpolicy');
    const problems = await window.problems(/PV4001/);
    expect(problems.join('\n')).toMatch(/__lock/);
    await window.page.locator('.squiggly-error').first().waitFor();
    await window.picture('deadlock-problems');
  });

  test('hovering the call explains the deadlock', async () => {
    const window = await session.open('unsafe/cpuperf_in_switch.pvpolicy');
    await window.command('View: Close Primary Side Bar');
    const text = await window.hover('scx_bpf_cpuperf_set', /PV4001/);
    expect(text).toMatch(/for ever/);
    expect(text).toMatch(/sched_switch.* held/s);
    await window.picture('deadlock-hover', { use: 'documentation' });
  });

  test('hovering a hook shows what is held there', async () => {
    const window = await session.open('switch_boost.pvpolicy');
    const text = await window.hover('sched_switch', /interrupts off/);
    expect(text).toMatch(/rq.*__lock held/);
    await window.picture('hook-hover');
  });

  test('the quick fix defers the call and the problem is gone', async () => {
    const window = await session.open('switch_boost.pvpolicy');
    await window.problems(/PV4016/);
    await window.goTo('boost(v');
    await window.quickFix(/defer/);
    await window.picture('quick-fix');
    await window.page.keyboard.press('Enter');
    await window.errorCount(0);
    await window.picture('quick-fix-applied');
    await window.save(/\bdefer boost\(v, FIFO, 8, for: limit\)/);
  });

  test('Format Document lays the policy out', async () => {
    const window = await session.open('switch_boost.pvpolicy');
    await window.ready();
    await window.command('Format Document');
    // The types are inlay hints.
    await window.shows(
      '.view-line',
      /\(preempt(?:: \w+)?, prev(?:: \w+)?, next(?:: \w+)?, prev_state(?:: \w+)?\) \{$/,
    );
    await window.save(/\n {4}if let v = vcpu\(next\) \{\n {8}boost\(/);
  });

  test('completion after defer offers actions only', async () => {
    const window = await session.open('switch_boost.pvpolicy');
    await window.errorCount(1);
    await window.goTo('boost(v');
    await window.page.keyboard.type('defer b');
    await window.shows('.suggest-widget .monaco-list-row', /boost/);
    const offered = await window.page.locator('.suggest-widget .monaco-list-row .label-name').allInnerTexts();
    expect(offered).toEqual(['boost']);
    await window.picture('completion');
  });

  test('an error is told while it is typed and gone when it is taken back', async () => {
    const window = await session.open('irq_boost.pvpolicy');
    await window.ready();
    await window.errorCount(0);
    await window.goTo('param boost_limit');
    await window.page.keyboard.type('param oops: = 3');
    await window.problems(/PV\d{4}/);
    await window.goTo('param boost_limit');
    await window.page.keyboard.press('Shift+End');
    await window.page.keyboard.type('param boost_limit: duration = 5ms in 2ms..20ms');
    await window.errorCount(0);
  });

  test('the time from a key to the squiggle that is drawn is in the log', async () => {
    const window = await session.open('irq_boost.pvpolicy');
    await window.ready();
    await window.errorCount(0);
    await window.goTo('boost_limit: duration');
    const times: number[] = [];
    for (let round = 0; round < 12; round++) times.push(await squiggleAfter(window.page, '('));
    times.sort((a, b) => a - b);
    const [median = 0, most = 0] = [times[times.length >> 1], times.at(-1)];
    console.log(
      `squiggle drawn ${median.toFixed(0)} ms after the key (median of 12; at most ${most.toFixed(0)})`,
    );
    expect(times).toHaveLength(12);
  });

  test('the language server comes back after it was killed', async () => {
    const window = await session.open('switch_boost.pvpolicy');
    await window.errorCount(1);
    window.killServer();
    await window.goTo('boost(v');
    await window.page.keyboard.type('defer ');
    await window.errorCount(0);
    await window.ready();
  });

  test('a language server that keeps ending is left alone, and comes back when it is asked for', async () => {
    const window = await session.open('irq_boost.pvpolicy', { 'pvpolicy.simulate.openReport': false });
    const status = window.page.locator('.statusbar-item[id*="pvpolicy.status"]');
    const stopped = status.locator('.codicon-error');
    await window.ready();
    for (let ended = 0; ended < 10 && !(await stopped.isVisible()); ended++) {
      const before = window.servers();
      window.killServer();
      await until(
        async () => (await stopped.isVisible()) || window.servers().some((id) => !before.includes(id)),
        () => 'the server runs again or is given up',
      );
    }
    await stopped.waitFor();
    await window.picture('server-stopped');
    await window.goTo('on tracepoint kvm:kvm_inj_virq');
    await window.page.keyboard.press('F5');
    await window.decorations(/fired \d+×/);
    await window.ready();
  });

  test('the language server can be restarted by hand, also one that hangs', async () => {
    const window = await session.open('switch_boost.pvpolicy');
    await window.errorCount(1);
    await window.command('PV Policy: Restart Language Server');
    await window.ready();
    await window.hover('sched_switch', /interrupts off/);
    await window.errorCount(1);
    window.hangServer();
    await window.command('PV Policy: Restart Language Server');
    await window.hover('sched_switch', /interrupts off/);
    await window.errorCount(1);
  });

  test('one that does not start is told in the status bar, where a click starts it again', async () => {
    const folder = newWorkspace(session.scratch());
    const server = session.installed('dist/server.mjs');
    renameSync(server, `${server}.away`);
    try {
      const window = await session.openAnother({ folder, file: join(folder, 'switch_boost.pvpolicy') });
      await window.shows('.statusbar-item[id*="pvpolicy.status"]', /PV Policy stopped/);
      await window.picture('server-stopped');
      renameSync(`${server}.away`, server);
      await window.page.locator('.statusbar-item[id*="pvpolicy.status"] a').click();
      await window.ready();
      await window.errorCount(1);
    } finally {
      if (existsSync(`${server}.away`)) renameSync(`${server}.away`, server);
    }
  });
});
