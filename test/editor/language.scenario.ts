// The language in the editor: what a person sees and does while writing a policy.
import { expect, test } from 'vitest';
import { lane } from '../support/lanes.ts';
import { editorSession } from './session.ts';
import { findEditorTools } from './tools.ts';

lane('editor', 'language in VS Code', findEditorTools, (tools) => {
  const session = editorSession(tools);

  test('a sound policy opens in colour and without problems', async () => {
    const window = await session.open('irq_boost.pvpolicy');
    await window.shows('.statusbar-item', /PV Policy/);
    await window.problemCount(0);
    const colours = await window.page.evaluate(
      `new Set([...document.querySelectorAll('.view-line span')].map((span) => getComputedStyle(span).color)).size`,
    );
    expect(colours).toBeGreaterThan(3);
    await window.picture('policy', 'documentation');
  });

  test('an unsafe call is underlined and listed with its code', async () => {
    const window = await session.open('switch_boost.pvpolicy');
    const problems = await window.problems(/PV4\d{3}/);
    expect(problems.join('\n')).toMatch(/boost\(\).*defer/);
    await window.goTo('boost(v');
    await window.page.locator('.squiggly-error').first().waitFor();
    await window.picture('unsafe-problems');
  });

  test('hovering an unsafe call explains it', async () => {
    const window = await session.open('switch_boost.pvpolicy');
    const text = await window.hover('boost(v', /PV4\d{3}/);
    expect(text).toMatch(/sched_switch/);
    await window.picture('unsafe-hover', 'documentation');
  });

  test('hovering a hook shows what is held there', async () => {
    const window = await session.open('switch_boost.pvpolicy');
    const text = await window.hover('sched_switch', /rq/);
    expect(text).toMatch(/interrupts|irqs/i);
    await window.picture('hook-hover', 'documentation');
  });

  test('the quick fix defers the call and the problem is gone', async () => {
    const window = await session.open('switch_boost.pvpolicy');
    await window.problems(/PV4\d{3}/);
    await window.goTo('boost(v');
    await window.page.keyboard.press('Control+.');
    await window.shows('.action-widget .monaco-list-row', /defer/i);
    await window.picture('quick-fix');
    await window.page.keyboard.press('Enter');
    await window.problemCount(0);
    expect(await window.save()).toContain('defer boost(v, FIFO, 8, for: limit)');
  });

  test('Format Document lays the policy out', async () => {
    const window = await session.open('switch_boost.pvpolicy');
    await window.shows('.statusbar-item', /PV Policy/);
    await window.command('Format Document');
    await window.shows('.view-line', /\(preempt, prev, next, prev_state\) \{$/);
    expect(await window.save()).toMatch(/\n {4}if let v = vcpu\(next\) \{\n/);
  });

  test('completion offers what may be called in the hook', async () => {
    const window = await session.open('switch_boost.pvpolicy');
    await window.problems(/PV4\d{3}|No problems/);
    await window.goTo('boost(v');
    await window.page.keyboard.type('defer ');
    await window.page.keyboard.press('Control+Space');
    await window.shows('.suggest-widget .monaco-list-row', /boost/);
    await window.picture('completion');
  });

  test('an error is told while it is typed and gone when it is taken back', async () => {
    const window = await session.open('irq_boost.pvpolicy');
    await window.problemCount(0);
    await window.goTo('param boost_limit');
    await window.page.keyboard.type('param oops: = 3\n');
    await window.problems(/PV\d{4}/);
    await window.page.keyboard.press('Control+z');
    await window.problemCount(0);
  });
});
