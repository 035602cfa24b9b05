// The language in the editor: what a person sees and does while writing a policy.
import { expect, test } from 'vitest';
import { lane } from '../support/lanes.ts';
import { editorSession } from './session.ts';
import { findEditorTools } from './tools.ts';

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
    await window.shows('.codelens-decoration', /Compile.*Simulate/);
    await window.picture('policy', 'documentation');
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
    const text = await window.hover('scx_bpf_cpuperf_set', /PV4001/);
    expect(text).toMatch(/for ever/);
    expect(text).toMatch(/sched_switch.* held/s);
    await window.picture('deadlock-hover', 'documentation');
  });

  test('hovering a hook shows what is held there', async () => {
    const window = await session.open('switch_boost.pvpolicy');
    const text = await window.hover('sched_switch', /interrupts off/);
    expect(text).toMatch(/rq.*__lock held/);
    await window.picture('hook-hover', 'documentation');
  });

  test('the quick fix defers the call and the problem is gone', async () => {
    const window = await session.open('switch_boost.pvpolicy');
    await window.problems(/PV4016/);
    await window.goTo('boost(v');
    await window.quickFix(/defer/);
    await window.picture('quick-fix');
    await window.page.keyboard.press('Enter');
    await window.errorCount(0);
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

  test('the language server comes back after it was killed', async () => {
    const window = await session.open('switch_boost.pvpolicy');
    await window.errorCount(1);
    window.killServer();
    await window.goTo('boost(v');
    await window.page.keyboard.type('defer ');
    await window.errorCount(0);
    await window.ready();
  });

  test('the language server can be restarted by hand', async () => {
    const window = await session.open('switch_boost.pvpolicy');
    await window.errorCount(1);
    await window.command('PV Policy: Restart Language Server');
    await window.ready();
    await window.hover('sched_switch', /interrupts off/);
    await window.errorCount(1);
  });
});
